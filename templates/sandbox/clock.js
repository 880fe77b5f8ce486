/*
 * clock.js - the virtual clock: what time the program takes it to be, and how to move it on.
 */
import { el } from "./dom.js";

const MINUTE = 60 * 1000;
const HOUR = 60 * MINUTE;
const STEPS = [["+1 min", MINUTE], ["+1 h", HOUR], ["+25 h", 25 * HOUR]];
const UNITS = [["minutes", MINUTE], ["hours", HOUR], ["days", 24 * HOUR]];

/* "2 d 3 h ahead"; "" when it is the real time. */
export function aheadWords(ms) {
	const minutes = Math.round(ms / MINUTE);

	if (minutes < 1)
		return "";
	const parts = [[Math.floor(minutes / 1440), "d"], [Math.floor(minutes / 60) % 24, "h"],
		[minutes % 60, "min"]];

	return parts.filter(([n]) => n).map(([n, unit]) => `${n} ${unit}`).join(" ") + " ahead";
}

export function timeWords(ms) {
	return new Date(ms).toLocaleString([], { day: "numeric", month: "short", hour: "2-digit",
		minute: "2-digit" });
}

/* Hook: advance(ms). Returns the panel's content. */
export function drawClock(advance) {
	const amount = el("input", { type: "number", id: "clock-amount", min: 1, max: 100000, value: 3,
		required: true, inputmode: "numeric" });
	const unit = el("select", { "aria-label": "Unit" }, ...UNITS.map(([words, ms]) =>
		el("option", { value: ms }, words)));

	unit.value = String(HOUR);
	return [
		el("p", {}, "Sessions, the 24-hour window and reminders follow this clock. It only goes on."),
		el("p", { class: "clock-now" }, el("time", {}), el("span", {})),
		el("div", { class: "button-row" }, ...STEPS.map(([words, ms]) =>
			el("button", { type: "button", class: "button", on: { click: () => advance(ms) } }, words))),
		el("form", { class: "button-row", on: { submit: (e) => {
			e.preventDefault();
			advance(Number(amount.value) * Number(unit.value));
		} } }, el("label", { for: "clock-amount" }, "Custom"), amount, unit,
		el("button", { class: "button" }, "Advance")),
	];
}

export function showClock(panel, now, realNow) {
	panel.querySelector(".clock-now time").textContent = new Date(now).toLocaleString([], {
		weekday: "short", day: "numeric", month: "long", year: "numeric", hour: "2-digit",
		minute: "2-digit", second: "2-digit" });
	panel.querySelector(".clock-now span").textContent = aheadWords(now - realNow) || "the real time";
}
