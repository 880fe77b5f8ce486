/*
 * page.js - puts the page together: state in the middle, phones and panels around it.
 *
 * Requests go out through api.js; what they change comes back as events, to this page and to
 * every other, and is drawn from there. Nothing is drawn on trust.
 */
import * as api from "./api.js";
import { Chat, phoneName } from "./chat.js";
import { aheadWords, drawClock, showClock, timeWords } from "./clock.js";
import { el, isolated } from "./dom.js";
import { follow } from "./events.js";
import { countFaults, drawFaults, showFaults } from "./faults.js";
import { drawInspection, saysText } from "./inspector.js";
import { foldMenusOutside } from "./menu.js";
import { Panel } from "./panel.js";
import { applyEvent, hasUnread, loadSnapshot, messagesOf, newState, virtualNow } from "./state.js";
import { toggleTheme, useStoredTheme } from "./theme.js";

const READ_AFTER_MS = 700; /* as long as it takes to glance at a message */
const INSPECT_AGAIN_MS = 150;
const QUESTIONS_BACK = 5; /* so many messages are searched for the one that was answered */
const LATE_MS = 9000;

const state = newState();
const chats = new Map(); /* phone id -> Chat */
const $ = (id) => document.getElementById(id);
const narrow = matchMedia("(max-width: 719px)");
const now = () => virtualNow(state, Date.now());
let current = ""; /* the phone that a narrow page shows */
let started = false;
let inspected = null; /* the message in the inspector */
let inspectTimer = 0;
let readTimer = 0;
let tabsFrame = 0;

useStoredTheme();

const panel = new Panel($("panel"), () => {
	inspected = null;
	markInspected();
	showPressed();
});

function tell(text) {
	$("trouble").textContent = text;
	$("trouble").hidden = !text;
}

/* Does it; a failure is told on top of the page. Resolves to what came, or to null. */
async function attempt(request) {
	try {
		const got = await request;

		tell("");
		return got ?? true;
	} catch (e) {
		tell("That did not work: " + e.message);
		return null;
	}
}

/* ---- phones ---- */

async function newPerson(wishes = {}) {
	const phone = await attempt(api.addPhone(wishes));

	if (!phone)
		return false;
	applyAndDraw(0, { type: "phone", ...phone });
	choose(phone.id);
	chats.get(phone.id).focus();
	return true;
}

function hooksOf(id) {
	const chat = () => chats.get(id);

	return {
		now,
		inspect,
		send: (message) => api.send(id, message),
		rename: (name) => chat().attempt(() => api.changePhone(id, { profile_name: name })),
		optOut: (out) => chat().attempt(() => api.changePhone(id, { opted_out: out })),
		restart: () => chat().deliver({ text: "RESTART" }),
		clear: () => chat().attempt(() => api.clearChat(id)),
		remove: () => chat().attempt(() => api.removePhone(id)
			.then(() => applyAndDraw(0, { type: "removed", phone: id }))),
		transcript: api.transcriptUrl(id),
	};
}

function drawPhone(id) {
	const phone = state.phones.get(id);

	if (chats.has(id)) {
		chats.get(id).refresh(phone);
	} else {
		const chat = new Chat(phone, hooksOf(id));

		chats.set(id, chat);
		$("phones").append(chat.element);
		chat.showAll(messagesOf(state, id));
	}
	if (!chats.has(current))
		choose(id);
	drawTabs();
}

function dropPhone(id) {
	chats.get(id)?.element.remove();
	chats.delete(id);
	if (current === id)
		choose(chats.keys().next().value ?? "");
	drawTabs();
}

/* On a narrow page one phone is seen at a time. */
function choose(id) {
	current = id;
	for (const [own, chat] of chats)
		chat.element.classList.toggle("current", own === id);
	chats.get(id)?.scrollDown();
	drawTabs();
	lookSoon();
}

/* A burst of messages is one drawing. */
function drawTabs() {
	tabsFrame ||= requestAnimationFrame(() => {
		tabsFrame = 0;
		drawTabsNow();
	});
}

function drawTabsNow() {
	const focused = document.activeElement?.dataset?.phone;

	$("nobody").hidden = !started || chats.size > 0;
	$("tabs").replaceChildren(...[...state.phones.values()].map((phone) => {
		const unread = phone.id !== current && hasUnread(state, phone.id);

		return el("button", { type: "button", class: "tab", "data-phone": phone.id,
			"aria-current": phone.id === current ? "true" : null,
			on: { click: () => choose(phone.id) } },
		isolated(phone.profile_name || phoneName(phone)),
		unread ? el("span", { class: "badge" }, el("span", { class: "spoken" }, "new messages")) : null);
	}));
	if (focused)
		$("tabs").querySelector(`[data-phone="${CSS.escape(focused)}"]`)?.focus();
}

/* Who has a phone before his eyes has read what is on it. */
function lookSoon() {
	readTimer ||= setTimeout(look, READ_AFTER_MS);
}

function look() {
	readTimer = 0;
	if (document.visibilityState !== "visible")
		return;
	for (const id of chats.keys()) {
		if ((!narrow.matches || id === current) && hasUnread(state, id))
			api.markRead(id).catch(() => {}); /* the next message brings the next try */
	}
}

/* ---- panels ---- */

function showPressed() {
	for (const name of ["faults", "clock"])
		$("open-" + name).setAttribute("aria-expanded", String(panel.name === name));
}

function openPanel(name, title, nodes) {
	if (panel.name === name && name !== "inspector") {
		panel.close();
		return;
	}
	inspected = null;
	panel.open(name, title, nodes);
	markInspected();
	showPressed();
	drawFaultsAndClock();
}

/* An answer that comes late without a delay would not be late: longer than the program keeps a
 * webhook waiting, shorter than it waits for the Auth API. */
function withDelay(some) {
	return some.auth === "slow" && !state.faults.auth_delay_ms ?
		{ ...some, auth_delay_ms: LATE_MS } : some;
}

function markInspected() {
	for (const chat of chats.values())
		chat.mark(inspected?.sid);
}

function inspect(message) {
	openPanel("inspector", "What happened", []);
	inspected = message;
	markInspected();
	fillInspector();
}

/* What the twin recorded of a message. An answer in TwiML travelled in the request of what the
 * person wrote before it: `question` is that message, when its TwiML holds this text. */
async function recordOf(message) {
	const own = await api.getInspection(message.sid).catch(() => null);

	if (!own || message.direction !== "out" || own.rest || own.attempts.length)
		return own && { ...own, question: null };
	const all = messagesOf(state, message.phone);
	const before = all.slice(0, all.findIndex((m) => m.sid === message.sid))
		.filter((m) => m.direction === "in" && !m.past).slice(-QUESTIONS_BACK).reverse();

	for (const question of before) {
		const asked = await api.getInspection(question.sid).catch(() => null);

		if (asked?.attempts.some((a) => saysText(a.response.body, message.text)))
			return { ...asked, callbacks: own.callbacks, question };
	}
	return { ...own, question: null };
}

async function fillInspector() {
	const { sid } = inspected;
	const record = inspected.past ? null : await recordOf(inspected);

	if (inspected?.sid !== sid)
		return; /* another one was opened meanwhile */
	const message = state.messages.get(sid) ?? inspected;

	panel.refill(drawInspection(message, record, () =>
		chats.get(message.phone)?.deliver({ sid })));
}

/* Several events in a row are one look. */
function inspectAgain(sid) {
	if (inspected?.sid !== sid)
		return;
	clearTimeout(inspectTimer);
	inspectTimer = setTimeout(() => inspected?.sid === sid && fillInspector(), INSPECT_AGAIN_MS);
}

function drawFaultsAndClock() {
	const count = countFaults(state.faults);
	const ahead = aheadWords(state.clockSkew);

	$("fault-count").textContent = count ? ` (${count} on)` : "";
	$("open-faults").classList.toggle("on", count > 0);
	$("time").textContent = timeWords(now());
	$("ahead").textContent = ahead ? " · " + ahead : "";
	$("open-clock").classList.toggle("on", Boolean(ahead));
	if (panel.name === "faults")
		showFaults(panel.body, state.faults);
	if (panel.name === "clock")
		showClock(panel.body, now(), Date.now());
}

/* ---- events ---- */

const DRAW = {
	phone: (c) => drawPhone(c.phone),
	gone: (c) => dropPhone(c.phone),
	cleared: (c) => chats.get(c.phone)?.showAll([]),
	typing: (c) => chats.get(c.phone)?.showTyping(state.typing.has(c.phone)),
	inspection: (c) => inspectAgain(c.sid),
	faults: drawFaultsAndClock,
	message(c) {
		chats.get(c.phone)?.showMessage(state.messages.get(c.sid));
		inspectAgain(c.sid);
		drawTabs();
		lookSoon();
	},
	clock() {
		drawFaultsAndClock();
		for (const chat of chats.values())
			chat.refreshTime();
	},
};

function applyAndDraw(number, event) {
	for (const change of applyEvent(state, number, event, Date.now()))
		DRAW[change.what](change);
}

function drawAll() {
	for (const id of [...chats.keys()]) {
		if (!state.phones.has(id))
			dropPhone(id);
	}
	for (const id of state.phones.keys()) {
		drawPhone(id);
		chats.get(id).showAll(messagesOf(state, id));
		chats.get(id).showTyping(false);
	}
	drawTabs();
	drawFaultsAndClock();
	lookSoon();
}

/* The server forgot its phones when it was restarted: the same numbers are told to it again, so
 * that people can go on where they were. */
async function giveBack(lost) {
	for (const old of lost) {
		if (!old.number)
			continue; /* an id without a number cannot be asked for */
		await api.addPhone({ number: old.number, profile_name: old.profile_name }).catch(() => {});
	}
}

async function snapshot() {
	const got = await api.getState();
	const lost = loadSnapshot(state, got, Date.now());
	const first = !started;

	started = true;
	drawAll();
	await giveBack(lost);
	if (first && !state.phones.size)
		await newPerson();
	else if (first)
		chats.get(current)?.focus();
	return got.last_event;
}

function online(is) {
	$("offline").hidden = is;
}

/* ---- the page's own controls ---- */

function setUpDialog() {
	const dialog = $("person-dialog");
	const form = dialog.querySelector("form");

	$("person-options").addEventListener("click", () => dialog.showModal());
	$("person-cancel").addEventListener("click", () => dialog.close());
	form.addEventListener("submit", async (e) => {
		const wishes = Object.fromEntries([...new FormData(form)].filter(([, value]) => value));

		e.preventDefault();
		if (wishes.bsuid)
			wishes.bsuid = true;
		dialog.close();
		if (await newPerson(wishes))
			form.reset();
	});
}

$("new-person").addEventListener("click", () => newPerson());
$("first-person").addEventListener("click", () => newPerson());
$("theme").addEventListener("click", toggleTheme);
$("open-faults").addEventListener("click", () => openPanel("faults", "Faults", drawFaults({
	change: (some) => attempt(api.setFaults(withDelay(some))),
	clear: () => attempt(api.clearFaults()),
})));
$("open-clock").addEventListener("click", () => openPanel("clock", "Virtual clock",
	drawClock((ms) => attempt(api.advanceClock(ms)))));
setUpDialog();
foldMenusOutside();
document.addEventListener("visibilitychange", lookSoon);
narrow.addEventListener("change", lookSoon);
setInterval(() => {
	drawFaultsAndClock();
	for (const chat of chats.values())
		chat.refreshTime();
}, 1000);
follow({ snapshot, online, event: applyAndDraw });
