/*
 * bubble.js - one message as a bubble: its text, what can be tapped, time and ticks.
 *
 * Text is drawn from format.js's tree with text nodes only. A changed state changes the ticks in
 * place, so that a screen reader does not hear the whole message again.
 */
import { codeMeaning, messageState } from "./codes.js";
import { el, icon, spoken } from "./dom.js";
import { formatText, isLargeEmoji } from "./format.js";

const TAGS = { bold: "strong", italic: "em", strike: "s", code: "code" };
const SPEAKER = { in: "Person:", out: "Business:", sms: "SMS:" };
const MOST_BUTTONS = 3; /* WhatsApp shows more as a list that unfolds */

function drawSpan(span) {
	if (typeof span === "string")
		return span;
	if (span.kind === "link")
		return el("a", { href: span.href, target: "_blank", rel: "noopener noreferrer" }, span.text);
	return el(TAGS[span.kind], {}, ...(span.spans ? span.spans.map(drawSpan) : [span.text]));
}

function drawBlock(block) {
	if (block.kind === "mono")
		return el("pre", { dir: "auto" }, block.text);
	const spans = block.spans.map(drawSpan);

	switch (block.kind) {
	case "quote":
		return el("blockquote", { dir: "auto" }, ...spans);
	case "bullet":
		return el("li", { dir: "auto" }, ...spans);
	default:
		return el("p", { dir: "auto" }, ...spans);
	}
}

/* Neighbouring bullets become one list. */
export function drawText(text) {
	const nodes = [];

	for (const block of formatText(text)) {
		const node = drawBlock(block);
		const last = nodes.at(-1);

		if (block.kind !== "bullet")
			nodes.push(node);
		else if (last?.tagName === "UL")
			last.append(node);
		else
			nodes.push(el("ul", {}, node));
	}
	return nodes;
}

/* The page loads nothing from elsewhere: a picture of another host is a link. */
function isOwnPicture(message) {
	return (message.media_type ?? "").startsWith("image/") && message.media_url &&
		URL.canParse(message.media_url) && new URL(message.media_url).origin === location.origin;
}

function drawMedia(message) {
	const type = message.media_type ?? "file";
	const [family] = type.split("/");
	const picture = { image: "picture", audio: "sound", video: "picture" }[family] ?? "file";

	if (isOwnPicture(message)) {
		return el("img", { class: "preview", src: message.media_url, alt: "Picture, " + type,
			width: 320, height: 200 });
	}
	const words = el("span", {}, type);
	const card = /^https?:/.test(message.media_url ?? "") ?
		el("a", { class: "file", href: message.media_url, target: "_blank",
			rel: "noopener noreferrer" }, icon(picture), words) :
		el("span", { class: "file" }, icon(picture), words);

	return card;
}

function drawPlace(message) {
	const where = [message.latitude, message.longitude].filter((x) => x !== undefined).join(", ");

	return el("span", { class: "file" }, icon("place"), el("span", { dir: "auto" },
		[message.label, where].filter(Boolean).join(" · ") || "Location"));
}

function drawContent(message) {
	const content = el("div", { class: "content" });

	if (message.kind === "media")
		content.append(drawMedia(message));
	if (message.kind === "location")
		content.append(drawPlace(message));
	if (message.text) {
		const text = el("div", { class: "text" }, ...drawText(message.text));

		text.classList.toggle("large", isLargeEmoji(message.text));
		content.append(text);
	} else if (message.kind === "text" || message.kind === "choice") {
		content.append(el("p", { class: "blank" }, "(empty message)"));
	}
	return content;
}

function drawTaps(message, tap) {
	const buttons = (message.buttons ?? []).map((b) => el("button", { type: "button", class: "tap",
		dir: "auto", on: { click: () => tap(b) } }, b.title));

	if (!buttons.length)
		return null;
	if (buttons.length <= MOST_BUTTONS)
		return el("div", { class: "taps" }, ...buttons);
	const list = el("details", { class: "taps" },
		el("summary", { class: "tap" }, icon("list"), "Choose"), ...buttons);

	list.addEventListener("click", (e) => {
		if (e.target.closest("button"))
			list.open = false;
	});
	return list;
}

export function clockTime(ms) {
	return new Date(ms).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

function fillMeta(meta, message) {
	const { picture, word } = messageState(message.status);
	const failed = Boolean(message.error_code) || picture === "failed";
	const time = clockTime(message.at_ms);
	const state = message.direction === "sms" ? "" : failed && picture !== "failed" ?
		"failed" : word;

	meta.setAttribute("aria-label", `Inspect the message of ${time}` + (state ? `, ${state}` : ""));
	meta.title = (state ? state + "; " : "") + "click for what happened";
	meta.replaceChildren(el("time", { datetime: new Date(message.at_ms).toISOString() }, time));
	if (state)
		meta.append(icon(failed ? "failed" : picture));
	meta.dataset.state = failed ? "failed" : message.status;
}

function failureText(message) {
	const { picture, word } = messageState(message.status);

	if (!message.error_code && picture !== "failed")
		return "";
	return message.error_code ? `${message.error_code}: ${codeMeaning(message.error_code)}` : word;
}

/* Hooks: inspect(message), tap(message, button). */
export function drawBubble(message, hooks) {
	const meta = el("button", { type: "button", class: "meta" });
	const bubble = el("div", { class: "bubble" }, spoken(SPEAKER[message.direction]),
		message.direction === "sms" ? el("p", { class: "sms-head" }, icon("sms"),
			"SMS" + (message.to ? " to " + message.to : "")) : null,
		drawContent(message), el("p", { class: "failure", hidden: true }), meta);
	const item = el("li", { class: "message message-" + message.direction, "data-sid": message.sid },
		bubble, drawTaps(message, (button) => hooks.tap(message, button)));

	/* the button in the corner is what keyboards and screen readers use; a pointer may take the
	 * whole bubble, unless it follows a link or marks text */
	bubble.addEventListener("click", (e) => {
		if (e.target.closest("a") || (!meta.contains(e.target) && getSelection().toString()))
			return;
		hooks.inspect(item.message);
	});
	refreshBubble(item, message);
	return item;
}

/* What may have changed about a message that is shown already. */
export function refreshBubble(item, message) {
	const failure = item.querySelector(".failure");
	const words = failureText(message);

	if (item.message && item.message.text !== message.text)
		item.querySelector(".content").replaceWith(drawContent(message));
	item.message = message;
	item.classList.toggle("past", Boolean(message.past));
	if (failure.textContent !== words)
		failure.textContent = words;
	failure.hidden = !words;
	fillMeta(item.querySelector(".meta"), message);
}
