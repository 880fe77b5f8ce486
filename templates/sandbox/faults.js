/*
 * faults.js - the faults that can be put in the way, as a form. A change counts at once.
 *
 * One row per member of the API's `faults`; a new fault is a new row.
 */
import { el } from "./dom.js";
import { activeFaults } from "./state.js";

const number = (min, max, step = 1) => ({ type: "number", min, max, step, inputmode: "numeric" });

const GROUPS = [
	["Delivery to the webhook", [
		["duplicate", 1, "Deliver each message so many times at once", number(1, 20)],
		["delay_ms", 0, "Wait before delivery (ms)", number(0, 600000, 100)],
		["reorder", false, "Swap the next two messages of a phone"],
		["drop_answer", 0, "Throw away the answer of so many next messages", number(0, 100)],
	]],
	["Demo APIs (Auth, and the pack's own)", [
		["auth", "ok", "It answers", [["ok", "as it should"], ["400", "400 bad request"],
			["422", "422 unusable number"], ["429", "429 too many requests"],
			["500", "500 internal error"], ["503", "503 not available"],
			["malformed", "something that is no JSON"], ["slow", "late (see the delay)"],
			["hang", "never"]]],
		["auth_delay_ms", 0, "Delay of the late answer (ms)", number(0, 600000, 500)],
	]],
	["Twilio's REST API", [
		["rest", "ok", "It answers", [["ok", "as it should"], ["429", "429 too many requests"],
			["500", "500 internal error"], ["503", "503 not available"], ["hang", "never"],
			["lost", "not: it accepts, the answer is lost"]]],
		["rest_times", 0, "For so many requests (0: until changed)", number(0, 1000)],
		["rest_every", 1, "But only every so many-th request", number(1, 1000000)],
		["refused_code", 0, "Refuse sends at once, with", [["0", "no error"],
			["21610", "21610: opted out"], ["21211", "21211: no valid number"],
			["21611", "21611: the sender's queue is full"]]],
		["refused_every", 1, "But only every so many-th send", number(1, 1000000)],
		["undelivered_code", 0, "End sent messages as undelivered, with", [["0", "no error"],
			["63016", "63016: the 24-hour window is closed"], ["63003", "63003: not on WhatsApp"],
			["63024", "63024: recipient not valid"], ["63032", "63032: limited by WhatsApp"],
			["63049", "63049: Meta chose not to deliver"], ["30008", "30008: nobody says why"]]],
		["undelivered_every", 1, "But only every so many-th message", number(1, 1000000)],
		["callbacks", "ok", "Status callbacks come", [["ok", "in order"], ["lost", "never"],
			["reordered", "in the wrong order"], ["doubled", "twice"],
			["mixed", "each by chance as one of these"]]],
		["sandbox_rate", false, "One message every 3 seconds, as in Twilio's shared sandbox"],
	]],
];

const ROWS = GROUPS.flatMap(([, rows]) => rows);
const DEFAULTS = Object.fromEntries(ROWS.map(([name, value]) => [name, value]));

/* How many faults are on. */
export function countFaults(faults) {
	return activeFaults(faults, DEFAULTS).length;
}

function valueOf(input, normal) {
	if (input.type === "checkbox")
		return input.checked;
	return typeof normal === "number" ? Number(input.value) : input.value;
}

function drawRow([name, normal, label, kind], change) {
	const id = "fault-" + name;
	let input;

	if (typeof normal === "boolean")
		input = el("input", { type: "checkbox", id });
	else if (Array.isArray(kind))
		input = el("select", { id }, ...kind.map(([value, words]) => el("option", { value }, words)));
	else
		input = el("input", { id, required: true, ...kind });
	input.addEventListener("change", () => {
		if (input.reportValidity())
			change({ [name]: valueOf(input, normal) });
	});
	return el("p", { class: "row" }, el("label", { for: id }, label), input);
}

/* Hooks: change(some faults), clear(). Returns the panel's content. */
export function drawFaults(hooks) {
	return [
		el("p", {}, "What goes wrong from now on, for every phone. A change counts at once."),
		el("form", { class: "fields", on: { submit: (e) => e.preventDefault() } },
			...GROUPS.map(([title, rows]) => el("fieldset", {}, el("legend", {}, title),
				...rows.map((row) => drawRow(row, hooks.change))))),
		el("button", { type: "button", class: "button", on: { click: hooks.clear } }, "No faults"),
	];
}

/* Shows what the server has, also when another page changed it. */
export function showFaults(panel, faults) {
	for (const [name, normal] of ROWS) {
		const input = panel.querySelector("#fault-" + name);
		const value = faults[name] ?? normal;
		const row = input.closest(".row");

		if (input.type === "checkbox")
			input.checked = value;
		else if (document.activeElement !== input || input.tagName === "SELECT")
			input.value = String(value);
		/* a code that another program set has no words here */
		if (input.tagName === "SELECT" && input.value !== String(value)) {
			input.append(el("option", { value: String(value) }, String(value)));
			input.value = String(value);
		}
		row.classList.toggle("on", value !== normal);
	}
}
