/*
 * menu.js - a button that unfolds a few more buttons or links. Escape, a choice, or a click
 * elsewhere folds it again.
 */
import { el, icon } from "./dom.js";

/* rows: [label, icon, click] or [label, icon, { href, download }] */
export function menu(label, picture, rows, place = "") {
	const summary = el("summary", { class: "icon-button", "aria-label": label, title: label },
		icon(picture));
	const items = rows.map(([text, name, action]) => el("li", {}, typeof action === "function" ?
		el("button", { type: "button", on: { click: action } }, icon(name), text) :
		el("a", action, icon(name), text)));
	const box = el("details", { class: "menu " + place }, summary, el("ul", {}, ...items));

	box.addEventListener("click", (e) => {
		if (e.target.closest("li"))
			box.open = false;
	});
	box.addEventListener("keydown", (e) => {
		if (e.key === "Escape" && box.open) {
			e.stopPropagation();
			box.open = false;
			summary.focus();
		}
	});
	return box;
}

/* Once per page: a click or the focus outside folds what is open. */
export function foldMenusOutside() {
	for (const event of ["click", "focusin"]) {
		document.addEventListener(event, (e) => {
			for (const box of document.querySelectorAll("details.menu[open]")) {
				if (!box.contains(e.target))
					box.open = false;
			}
		});
	}
}
