/*
 * inspector.js - what really happened to one message: the signed request, the answer, the
 * session's step, the REST request and the status callbacks.
 *
 * Shows what the twin recorded (src/twin/API.md, "inspection") and works nothing out itself.
 */
import { clockTime } from "./bubble.js";
import { codeMeaning, messageState, verdictWords } from "./codes.js";
import { el, icon } from "./dom.js";
import { indentXml } from "./xml.js";

const TOLD_MS = 1500;
const QUOTED_CHARS = 80;
const TITLES = { params: "Parameters", took_ms: "Took (ms)" };

function copyButton(text, what) {
	const words = el("span", {}, "Copy");
	const button = el("button", { type: "button", class: "copy", "aria-label": "Copy " + what },
		icon("copy"), words);

	button.addEventListener("click", async () => {
		try {
			await navigator.clipboard.writeText(text);
			words.textContent = "Copied";
		} catch {
			words.textContent = "Not allowed";
		}
		setTimeout(() => (words.textContent = "Copy"), TOLD_MS);
	});
	return button;
}

/* A headed piece of text that can be copied. */
function block(title, text, shown = text) {
	return el("div", { class: "piece" }, el("div", { class: "piece-head" }, el("h4", {}, title),
		copyButton(text, title)), el("pre", { tabindex: "0", dir: "auto" }, shown));
}

/* [[name, value]] or an object, as rows. */
function pairs(values) {
	return Array.isArray(values) ? values : Object.entries(values ?? {});
}

function plain(value) {
	return typeof value === "string" ? value : JSON.stringify(value);
}

function table(title, values, copied) {
	const rows = pairs(values);

	if (!rows.length)
		return null;
	const text = copied ?? rows.map(([name, value]) => `${name}: ${plain(value)}`).join("\n");

	return el("div", { class: "piece" },
		el("div", { class: "piece-head" }, el("h4", {}, title), copyButton(text, title)),
		el("table", {}, el("tbody", {}, ...rows.map(([name, value]) => el("tr", {},
			el("th", { scope: "row" }, name), el("td", { dir: "auto" }, plain(value)))))));
}

function part(title, open, ...children) {
	return el("details", { class: "part", open }, el("summary", {}, el("h3", {}, title)),
		...children);
}

function byName([a], [b]) {
	return a < b ? -1 : a > b ? 1 : 0;
}

/* ---- the parts ---- */

function drawVerdict(response) {
	const good = response.verdict === "ok";
	const code = response.code ? ` · ${response.code}: ${codeMeaning(response.code)}` : "";

	return el("p", { class: "verdict " + (good ? "good" : "bad") },
		el("strong", {}, verdictWords(response.verdict)),
		`${response.status ? " · HTTP " + response.status : ""} · ${response.took_ms} ms${code}`,
		response.why ? el("span", { class: "why" }, response.why) : null);
}

function drawAttempt(attempt, i, all) {
	const { request, response } = attempt;
	const params = pairs(request.params).toSorted(byName);
	const form = new URLSearchParams(params).toString();
	const isXml = /xml/.test(JSON.stringify(response.headers ?? "")) || /^\s*</.test(response.body ?? "");

	return part(all.length > 1 ? `Webhook, delivery ${i + 1} of ${all.length}` : "Webhook", true,
		drawVerdict(response),
		block("URL", attempt.url),
		table("Parameters, sorted as signed", params, form),
		block("X-Twilio-Signature", request.signature ?? ""),
		part("What was signed, and the headers", false,
			request.signed_string ? block("Signed text", request.signed_string) : null,
			table("Request headers", request.headers)),
		response.body && isXml ? block("TwiML answer", indentXml(response.body)) : null,
		response.body ? part("Answer as it came", false, block("Raw answer", response.body),
			table("Answer headers", response.headers)) : null);
}

function drawSession(session) {
	if (!session || (!session.before && !session.after))
		return null;
	const state = (side) => side ? el("span", { class: "step" }, el("strong", {}, side.step),
		` ${side.flow}, ${side.language}`) : el("span", { class: "step" }, el("strong", {}, "no session"));

	return part("Session", true, el("p", { class: "steps" }, state(session.before),
		el("span", { class: "arrow", "aria-hidden": "true" }, "→"), el("span", { class: "spoken" }, "became"),
		state(session.after)));
}

/* What a member holds decides how it is shown: the REST record has several. */
function drawMembers(record) {
	const simple = [];
	const nodes = [];

	for (const [name, value] of Object.entries(record)) {
		const title = TITLES[name] ?? name.replaceAll("_", " ");

		if (Array.isArray(value) || (value && typeof value === "object"))
			nodes.push(Array.isArray(value) && !value.every(Array.isArray) ?
				block(title, JSON.stringify(value, null, 2)) : table(title, value) ??
				el("p", { class: "nothing" }, title + ": none"));
		else if (typeof value === "string" && value.length > 120)
			nodes.push(block(title, value, /^\s*[{[]/.test(value) ? indentJson(value) : value));
		else
			simple.push([title, value ?? "–"]);
	}
	return [table("In short", simple), ...nodes];
}

function indentJson(text) {
	try {
		return JSON.stringify(JSON.parse(text), null, 2);
	} catch {
		return text;
	}
}

function drawCallbacks(callbacks) {
	if (!callbacks?.length)
		return null;
	return part(`Status callbacks (${callbacks.length})`, false, ...callbacks.map((c) =>
		el("div", { class: "callback" }, el("p", {}, el("strong", {}, c.status), " → ",
			typeof c.answer === "object" && c.answer ? JSON.stringify(c.answer) : `answered ${c.answer}`),
		block("URL", c.url), table("Parameters", pairs(c.params).toSorted(byName)))));
}

function drawSummary(message) {
	const from = { in: "Written by the person", out: "Answered by the program", sms: "An SMS" };
	const failed = message.error_code;

	return el("div", { class: "summary" },
		el("p", {}, `${from[message.direction]} at ${clockTime(message.at_ms)}`,
			message.direction === "sms" ? "" : `, ${messageState(message.status).word}`),
		failed ? el("p", { class: "verdict bad" }, `${failed}: ${codeMeaning(failed)}`) : null,
		block("Message id", message.sid));
}

/* Does this TwiML hold this text? */
export function saysText(twiml, text) {
	const tree = new DOMParser().parseFromString(twiml ?? "", "application/xml");

	return [...tree.querySelectorAll("Message, Body")].some((m) => m.textContent === text);
}

/* Everything about one message. `again` delivers the same message once more. */
export function drawInspection(message, inspection, again) {
	const nodes = [drawSummary(message)];

	if (message.direction === "in" && !message.past) {
		nodes.push(el("button", { type: "button", class: "button", on: { click: again } },
			icon("restart"), "Deliver it again, as a duplicate"));
	}
	if (!inspection) {
		nodes.push(el("p", { class: "nothing" }, message.past ?
			"The server was restarted since and has no record of this message." :
			"There is no record of this message."));
		return nodes;
	}
	if (inspection.question) {
		nodes.push(el("p", { class: "note" }, "It travelled in the answer to ",
			el("q", {}, inspection.question.text.slice(0, QUOTED_CHARS) || "an empty message"), ":"));
	}
	nodes.push(drawSession(inspection.session),
		...(inspection.attempts ?? []).map(drawAttempt),
		inspection.rest ? part("REST request", true, ...drawMembers(inspection.rest)) : null,
		drawCallbacks(inspection.callbacks));
	return nodes.filter(Boolean);
}
