/*
 * state.js - what the page knows: phones, their messages, faults, the clock.
 *
 * Pure: events go in, what has changed comes out as a list the page draws from:
 *   { what: "phone" | "gone" | "typing" | "cleared", phone }, { what: "message", phone, sid, fresh },
 *   { what: "inspection", sid }, { what: "clock" }, { what: "faults" }, { what: "all" }
 * An event may come twice or late (a reconnection repeats some): a message carries the number of
 * its last change, and an older one is ignored.
 * A server that was restarted has forgotten its phones. What was shown stays on the page, marked
 * `past`: it can be read, but no longer inspected.
 */

const MOST_MESSAGES = 5000; /* the oldest go first; the twin itself keeps 10000 */

export function newState() {
	return {
		phones: new Map(), /* id -> phone, in the order of arrival */
		messages: new Map(), /* sid -> message, in the order of arrival */
		typing: new Set(), /* ids of the phones that are written to just now */
		faults: {},
		clockSkew: 0, /* virtual time minus this machine's */
		lastEvent: 0,
		accountSid: "",
		webhookUrl: "",
	};
}

/* The twin starts its numbers at 1 each time: fewer than we saw means that it is a new one. */
export function isOtherServer(state, snapshot) {
	return snapshot.last_event < state.lastEvent;
}

/* Takes over a whole snapshot. Returns the phones that the server has lost. */
export function loadSnapshot(state, snapshot, realNow) {
	const other = isOtherServer(state, snapshot);
	const lost = other ? [...state.phones.values()].filter((old) =>
		!snapshot.phones.some((p) => p.number === old.number && p.address === old.address)) : [];
	const past = other ? [...state.messages.values()].map((m) => ({ ...m, past: true })) : [];

	state.phones = new Map([...snapshot.phones, ...lost].map((p) => [p.id, p]));
	state.messages = new Map([...past, ...snapshot.messages].map((m) => [m.sid, m]));
	state.typing.clear();
	state.faults = snapshot.faults;
	state.clockSkew = snapshot.now_ms - realNow;
	state.lastEvent = snapshot.last_event;
	state.accountSid = snapshot.account_sid;
	state.webhookUrl = snapshot.webhook_url;
	return lost;
}

function applyMessage(state, message) {
	const known = state.messages.get(message.sid);

	if (known && !known.past && known.event >= message.event)
		return [];
	state.messages.set(message.sid, message);
	if (state.messages.size > MOST_MESSAGES)
		state.messages.delete(state.messages.keys().next().value);
	const changes = [{ what: "message", phone: message.phone, sid: message.sid, fresh: !known }];

	/* an answer that is there is no longer being written */
	if (!known && message.direction === "out" && state.typing.delete(message.phone))
		changes.push({ what: "typing", phone: message.phone });
	return changes;
}

function clearPhone(state, id) {
	for (const [sid, message] of state.messages) {
		if (message.phone === id)
			state.messages.delete(sid);
	}
	state.typing.delete(id);
}

const HANDLERS = {
	phone(state, data) {
		state.phones.set(data.id, data);
		return [{ what: "phone", phone: data.id }];
	},
	removed(state, data) {
		if (!state.phones.delete(data.phone))
			return [];
		clearPhone(state, data.phone);
		return [{ what: "gone", phone: data.phone }];
	},
	message: applyMessage,
	inspection: (state, data) => [{ what: "inspection", sid: data.sid }],
	typing(state, data) {
		if (data.on)
			state.typing.add(data.phone);
		else
			state.typing.delete(data.phone);
		return [{ what: "typing", phone: data.phone }];
	},
	clock(state, data, realNow) {
		state.clockSkew = data.now_ms - realNow;
		return [{ what: "clock" }];
	},
	faults(state, data) {
		state.faults = data;
		return [{ what: "faults" }];
	},
	cleared(state, data) {
		clearPhone(state, data.phone);
		return [{ what: "cleared", phone: data.phone }];
	},
};

/* One event of the stream: its number, its type and what it says. */
export function applyEvent(state, number, event, realNow) {
	const { type, ...data } = event;

	if (number > state.lastEvent)
		state.lastEvent = number;
	/* a newer twin may know more kinds of events than this page */
	return Object.hasOwn(HANDLERS, type) ? HANDLERS[type](state, data, realNow) : [];
}

export function messagesOf(state, phone) {
	return [...state.messages.values()].filter((m) => m.phone === phone);
}

export function virtualNow(state, realNow) {
	return realNow + state.clockSkew;
}

/* Would a glance at this phone change anything? */
export function hasUnread(state, phone) {
	return messagesOf(state, phone).some((m) => m.direction === "out" && !m.past &&
		m.status === "delivered");
}

/* Names of the faults that are on. */
export function activeFaults(faults, defaults) {
	return Object.keys(defaults).filter((name) =>
		faults[name] !== undefined && faults[name] !== defaults[name]);
}
