/*
 * events.js - the twin's stream of events, for as long as the page is open.
 *
 * Nothing is polled. A break is mended by the browser: it connects again, names the last event it
 * saw (Last-Event-ID) and gets what it missed. Who was away too long, or meets a server that was
 * restarted, is told "reset" and fetches the whole state. Only when the browser gives up (an
 * answer that is no stream) does this file begin anew, less and less often.
 */

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5000;

/* Hooks: snapshot() fetches and draws everything and resolves to the number to go on from;
 * event(number, data); online(bool) when the server comes and goes. */
export function follow(hooks) {
	let wait = FIRST_WAIT_MS;
	let source = null;

	function later() {
		source?.close();
		source = null;
		hooks.online(false);
		setTimeout(begin, wait);
		wait = Math.min(wait * 2, LONGEST_WAIT_MS);
	}

	function take(message) {
		const event = JSON.parse(message.data);

		if (event.type === "reset")
			hooks.snapshot().catch(later);
		else
			hooks.event(Number(message.lastEventId), event);
	}

	function listen(since) {
		const own = new EventSource("/sandbox/events?since=" + since);

		source = own;
		own.addEventListener("message", take);
		own.addEventListener("open", () => {
			wait = FIRST_WAIT_MS;
			hooks.online(true);
		});
		own.addEventListener("error", () => {
			if (source !== own)
				return;
			if (own.readyState === EventSource.CLOSED)
				later();
			else
				hooks.online(false);
		});
	}

	async function begin() {
		try {
			listen(await hooks.snapshot());
		} catch {
			later();
		}
	}

	begin();
	/* a browser that leaves the page breaks its streams: no banner for that */
	addEventListener("pagehide", () => {
		const last = source;

		source = null;
		last?.close();
	});
	addEventListener("pageshow", (e) => {
		if (e.persisted)
			begin();
	});
}
