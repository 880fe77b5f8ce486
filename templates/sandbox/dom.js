/*
 * dom.js - makes elements. Text always becomes a text node, never markup.
 */

/* el("button", { class: "x", type: "button", on: { click } }, "text", child…).
 * Properties that are null or false are left out; true means an empty attribute. */
export function el(tag, properties = {}, ...children) {
	const node = document.createElement(tag);

	for (const [name, value] of Object.entries(properties)) {
		if (name === "on") {
			for (const [event, handler] of Object.entries(value))
				node.addEventListener(event, handler);
		} else if (value !== null && value !== undefined && value !== false) {
			node.setAttribute(name, value === true ? "" : value);
		}
	}
	node.append(...children.filter((c) => c !== null && c !== undefined && c !== false));
	return node;
}

const SVG = "http://www.w3.org/2000/svg";

/* A drawing of icons.svg. It says nothing to a screen reader: the words stand beside it. */
export function icon(name) {
	const svg = document.createElementNS(SVG, "svg");
	const use = document.createElementNS(SVG, "use");

	use.setAttribute("href", "/sandbox/page/icons.svg#" + name);
	svg.setAttribute("class", "icon icon-" + name);
	svg.setAttribute("aria-hidden", "true");
	svg.append(use);
	return svg;
}

/* Text for screen readers only. */
export function spoken(text) {
	return el("span", { class: "spoken" }, text);
}

/* A person's name or number among other text: its direction does not turn the rest around. */
export function isolated(text) {
	return el("bdi", {}, text);
}

export function iconButton(name, label, click, properties = {}) {
	return el("button", { type: "button", class: "icon-button", "aria-label": label, title: label,
		on: { click }, ...properties }, icon(name));
}
