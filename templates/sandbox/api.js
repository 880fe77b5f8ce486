/*
 * api.js - the twin's HTTP interface (src/twin/API.md), one function per request.
 *
 * Each returns what the server answered, or throws an Error whose message can be shown.
 */

const BASE = "/sandbox/api";
const PATIENCE_MS = 20000;

async function reason(answer) {
	try {
		const { error } = await answer.json();

		return error.field ? `${error.message} (${error.field})` : error.message;
	} catch {
		return `the server answered ${answer.status}`;
	}
}

async function request(method, path, body) {
	let answer;

	try {
		answer = await fetch(BASE + path, {
			method,
			headers: body ? { "Content-Type": "application/json" } : {},
			body: body ? JSON.stringify(body) : undefined,
			signal: AbortSignal.timeout(PATIENCE_MS),
		});
	} catch {
		throw new Error("the server cannot be reached");
	}
	if (!answer.ok)
		throw new Error(await reason(answer));
	return answer.status === 204 ? null : answer.json();
}

const phonePath = (id) => "/phones/" + encodeURIComponent(id);

export const getState = () => request("GET", "/state");
export const addPhone = (wishes) => request("POST", "/phones", wishes);
export const removePhone = (id) => request("DELETE", phonePath(id));
export const changePhone = (id, some) => request("PATCH", phonePath(id), some);
export const send = (id, message) => request("POST", phonePath(id) + "/messages", message);
export const markRead = (id) => request("POST", phonePath(id) + "/read", {});
export const clearChat = (id) => request("POST", phonePath(id) + "/clear", {});
export const getInspection = (sid) =>
	request("GET", "/messages/" + encodeURIComponent(sid) + "/inspection");
export const advanceClock = (ms) => request("POST", "/clock", { advance_ms: ms });
export const setFaults = (some) => request("PUT", "/faults", some);
export const clearFaults = () => request("DELETE", "/faults");
export const transcriptUrl = (id) => BASE + phonePath(id) + "/transcript";
