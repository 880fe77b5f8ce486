/* state.js: events in, what to draw out. */
import assert from "node:assert/strict";
import test from "node:test";
import { loadModule } from "./load.mjs";

const { activeFaults, applyEvent, hasUnread, loadSnapshot, messagesOf, newState,
	virtualNow } = await loadModule("state.js");

const phone = (id, more = {}) => ({ id, address: "whatsapp:+91" + id, number: "+91" + id,
	profile_name: "Asha", joined: true, opted_out: false, window_until_ms: 0, ...more });
const message = (sid, event, more = {}) => ({ sid, phone: "p1", direction: "out", text: "t",
	kind: "text", status: "sent", at_ms: 1000, event, ...more });
const snapshot = (more = {}) => ({ now_ms: 5000, real_now_ms: 5000, last_event: 10,
	account_sid: "AC1", webhook_url: "http://x/webhook", phones: [phone("p1")],
	messages: [message("a", 9)], faults: { duplicate: 1 }, ...more });

function loaded(more) {
	const state = newState();

	loadSnapshot(state, snapshot(more), 4000);
	return state;
}

/* One event after the snapshot: what it changes. */
const EVENTS = [
	["a new message", 11, { type: "message", ...message("b", 11) },
		[{ what: "message", phone: "p1", sid: "b", fresh: true }]],
	["a changed one", 11, { type: "message", ...message("a", 11, { status: "read" }) },
		[{ what: "message", phone: "p1", sid: "a", fresh: false }]],
	["the same again", 9, { type: "message", ...message("a", 9) }, []],
	["an older state that came late", 8, { type: "message", ...message("a", 8) }, []],
	["a phone", 11, { type: "phone", ...phone("p2") }, [{ what: "phone", phone: "p2" }]],
	["a phone that was removed", 11, { type: "removed", phone: "p1" },
		[{ what: "gone", phone: "p1" }]],
	["an unknown phone that was removed", 11, { type: "removed", phone: "p7" }, []],
	["typing", 11, { type: "typing", phone: "p1", on: true }, [{ what: "typing", phone: "p1" }]],
	["an inspection", 11, { type: "inspection", sid: "a" }, [{ what: "inspection", sid: "a" }]],
	["the clock", 11, { type: "clock", now_ms: 90000 }, [{ what: "clock" }]],
	["faults", 11, { type: "faults", duplicate: 3 }, [{ what: "faults" }]],
	["a cleared chat", 11, { type: "cleared", phone: "p1" }, [{ what: "cleared", phone: "p1" }]],
	["a type of tomorrow", 11, { type: "weather" }, []],
	["a type that every object has", 11, { type: "constructor" }, []],
];

for (const [name, number, event, want] of EVENTS) {
	test("event: " + name, () => {
		const state = loaded();

		assert.deepEqual(applyEvent(state, number, event, 4000), want);
		assert.equal(state.lastEvent, Math.max(10, number));
	});
}

test("an old event does not bring an old status back", () => {
	const state = loaded();

	applyEvent(state, 12, { type: "message", ...message("a", 12, { status: "read" }) }, 0);
	applyEvent(state, 11, { type: "message", ...message("a", 11, { status: "delivered" }) }, 0);
	assert.equal(state.messages.get("a").status, "read");
});

test("messages keep the order in which they came", () => {
	const state = loaded({ messages: [message("a", 3), message("b", 9)] });

	applyEvent(state, 11, { type: "message", ...message("c", 11) }, 0);
	applyEvent(state, 12, { type: "message", ...message("a", 12) }, 0);
	applyEvent(state, 13, { type: "message", ...message("d", 13, { phone: "p2" }) }, 0);
	assert.deepEqual(messagesOf(state, "p1").map((m) => m.sid), ["a", "b", "c"]);
});

test("what is kept has an end: the oldest goes", () => {
	const state = loaded();

	for (let i = 0; i < 5000; i++)
		applyEvent(state, 11 + i, { type: "message", ...message("n" + i, 11 + i) }, 0);
	assert.equal(state.messages.size, 5000);
	assert.ok(!state.messages.has("a"));
	assert.ok(state.messages.has("n4999"));
});

test("an answer ends the typing, a message of the person does not", () => {
	const state = loaded();

	applyEvent(state, 11, { type: "typing", phone: "p1", on: true }, 0);
	applyEvent(state, 12, { type: "message", ...message("b", 12, { direction: "in" }) }, 0);
	assert.ok(state.typing.has("p1"));
	const changes = applyEvent(state, 13, { type: "message", ...message("c", 13) }, 0);

	assert.deepEqual(changes.map((c) => c.what), ["message", "typing"]);
	assert.ok(!state.typing.has("p1"));
});

test("clearing and removing touch one phone only", () => {
	const state = loaded({ phones: [phone("p1"), phone("p2")],
		messages: [message("a", 1), message("b", 2, { phone: "p2" })] });

	applyEvent(state, 11, { type: "cleared", phone: "p1" }, 0);
	assert.deepEqual([...state.messages.keys()], ["b"]);
	assert.equal(state.phones.size, 2);
	applyEvent(state, 12, { type: "removed", phone: "p2" }, 0);
	assert.equal(state.messages.size, 0);
	assert.deepEqual([...state.phones.keys()], ["p1"]);
});

test("virtual time goes on with the machine's, from where the twin stands", () => {
	const state = loaded();

	assert.equal(virtualNow(state, 4000), 5000);
	applyEvent(state, 11, { type: "clock", now_ms: 90005000 }, 5000);
	assert.equal(virtualNow(state, 6000), 90006000);
});

test("the same server again: the snapshot is the truth", () => {
	const state = loaded();
	const lost = loadSnapshot(state, snapshot({ last_event: 20, messages: [message("b", 15)] }), 0);

	assert.deepEqual(lost, []);
	assert.deepEqual([...state.messages.keys()], ["b"]);
});

test("a server that forgot: phones are named, messages stay as past", () => {
	const state = loaded();
	const lost = loadSnapshot(state, snapshot({ last_event: 1, phones: [], messages: [] }), 0);

	assert.deepEqual(lost.map((p) => p.id), ["p1"]);
	assert.ok(state.messages.get("a").past);
	assert.equal(state.lastEvent, 1, "numbers begin anew");
	const changes = applyEvent(state, 2, { type: "message", ...message("b", 2) }, 0);

	assert.equal(changes.length, 1, "a small number is not an old one");
	assert.deepEqual(messagesOf(state, "p1").map((m) => m.sid), ["a", "b"]);
});

test("a server that remembers its phones has lost none", () => {
	const state = loaded();

	assert.deepEqual(loadSnapshot(state, snapshot({ last_event: 1 }), 0), []);
	assert.equal(state.messages.get("a").past, undefined, "what it knows is not past");
});

const UNREAD = [
	["delivered", { status: "delivered" }, true],
	["read already", { status: "read" }, false],
	["on its way", { status: "sent" }, false],
	["the person's own", { status: "delivered", direction: "in" }, false],
	["of a server that is gone", { status: "delivered", past: true }, false],
];

for (const [name, more, want] of UNREAD) {
	test("unread: " + name, () => {
		const state = loaded({ messages: [message("a", 1, more)] });

		assert.equal(hasUnread(state, "p1"), want);
	});
}

test("faults that are on", () => {
	const defaults = { duplicate: 1, auth: "ok", reorder: false };

	assert.deepEqual(activeFaults({ duplicate: 1, auth: "500", later: 3 }, defaults), ["auth"]);
	assert.deepEqual(activeFaults({}, defaults), []);
});
