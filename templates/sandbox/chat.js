/*
 * chat.js - one phone: whose it is, its messages, and where the person writes.
 *
 * Owns its column of the page and nothing else. What is done with a word or a tap is the page's
 * business: it comes in as `hooks` (see page.js).
 */
import { drawBubble, refreshBubble } from "./bubble.js";
import { el, icon, iconButton, isolated } from "./dom.js";
import { menu } from "./menu.js";

const NEAR_END_PX = 80;
const MOST_SHOWN = 1000; /* messages per phone; the oldest go first */

/* What a person may send besides text; nothing is uploaded, the program gets the address. */
const SAMPLES = [
	["Picture", "picture", () => ({ media_type: "image/svg+xml", caption: "Our shop",
		media_url: location.origin + "/sandbox/page/picture.svg" })],
	["Document", "file", () => ({ media_type: "application/pdf" })],
	["Voice note", "sound", () => ({ media_type: "audio/ogg" })],
	["Location", "place", () => ({ latitude: 19.076, longitude: 72.8777, label: "Mumbai" })],
];

export function phoneName(phone) {
	return phone.number || phone.address.replace(/^whatsapp:/, "");
}

function dayOf(ms) {
	return new Date(ms).toDateString();
}

export function dayLabel(ms, now) {
	const day = 24 * 3600 * 1000;

	if (dayOf(ms) === dayOf(now))
		return "Today";
	if (dayOf(ms) === dayOf(now - day))
		return "Yesterday";
	return new Date(ms).toLocaleDateString([], { weekday: "short", day: "numeric", month: "long",
		year: "numeric" });
}

/* The 24 hours after a person's last message: may the program write without an approved template? */
function windowWords(phone, now) {
	const left = phone.window_until_ms - now;

	if (phone.opted_out)
		return "opted out at Twilio";
	if (!phone.window_until_ms)
		return "has not written yet";
	if (left <= 0)
		return "24 h window closed";
	const minutes = Math.ceil(left / 60000);

	return "window open: " + (minutes >= 60 ? Math.floor(minutes / 60) + " h" : minutes + " min") +
		" left";
}

export class Chat {
	/* hooks: send(message) -> promise, rename(name), restart(), optOut(bool), clear(), remove(),
	 * transcript (an address), inspect(message), now() */
	constructor(phone, hooks) {
		this.phone = phone;
		this.hooks = hooks;
		this.lastDay = "";
		this.items = new Map(); /* sid -> <li> */
		this.follows = true; /* the newest message is to be seen */
		this.build();
		this.refresh(phone);
	}

	build() {
		this.list = el("ol", { class: "messages" });
		this.log = el("div", { class: "log", role: "log", "aria-label": "Messages",
			"aria-relevant": "additions", tabindex: "0" }, this.list);
		this.typing = el("div", { class: "typing", role: "status" });
		this.trouble = el("p", { class: "trouble", role: "alert" });
		this.jump = iconButton("down", "Go to the newest message", () => this.scrollDown(),
			{ class: "icon-button jump", hidden: true });
		this.log.addEventListener("scroll", () => {
			this.follows = this.isAtEnd();
			this.jump.hidden = this.follows;
		});
		/* a log that gets narrower or lower stays at its end */
		new ResizeObserver(() => this.follow()).observe(this.log);
		this.element = el("section", { class: "phone" }, this.buildHead(), this.log, this.jump,
			this.trouble, this.buildComposer());
		this.list.after(this.typing);
	}

	buildHead() {
		this.face = el("span", { class: "face", "aria-hidden": "true" });
		this.profile = el("input", { class: "profile", "aria-label": "Profile name",
			autocomplete: "off", spellcheck: "false", dir: "auto", title: "Profile name: click to change",
			on: {
				change: () => this.hooks.rename(this.profile.value),
				keydown: (e) => e.key === "Enter" && this.profile.blur(),
			} });
		this.number = el("span", { class: "number" });
		this.window = el("span", { class: "window" });
		return el("header", { class: "phone-head" }, this.face,
			el("div", { class: "who" }, this.profile, el("p", {}, this.number, " · ", this.window)),
			menu("More about this phone", "more", [
				["Start again (RESTART)", "restart", () => this.hooks.restart()],
				["Opt out or in at Twilio", "failed", () => this.hooks.optOut(!this.phone.opted_out)],
				["Clear chat", "close", () => this.hooks.clear()],
				["Save as test", "file", { href: this.hooks.transcript,
					download: `${phoneName(this.phone).replace(/\W/g, "")}.chat` }],
				["Remove this person", "bin", () => this.hooks.remove()],
			]));
	}

	buildComposer() {
		this.input = el("textarea", { rows: 1, dir: "auto", "aria-label": "Message",
			placeholder: "Message", autocomplete: "off", on: {
				keydown: (e) => this.onKey(e),
				input: () => this.grow(),
			} });
		return el("form", { class: "composer", on: { submit: (e) => {
			e.preventDefault();
			this.submit();
		} } },
		menu("Send something else", "attach", SAMPLES.map(([label, name, make]) =>
			[label, name, () => this.deliver(make())]), "upwards"),
		this.input,
		el("button", { class: "send", "aria-label": "Send", title: "Send (Enter)" }, icon("send")));
	}

	onKey(e) {
		/* Enter that ends an input method's choice is not a wish to send */
		if (e.key !== "Enter" || e.shiftKey || e.isComposing)
			return;
		e.preventDefault();
		this.submit();
	}

	/* As high as its lines, to a limit that the style sheet sets. */
	grow() {
		this.input.rows = Math.min(6, this.input.value.split("\n").length);
	}

	async submit() {
		const text = this.input.value;

		if (!text.trim())
			return;
		this.input.value = "";
		this.grow();
		if (!await this.deliver({ text }) && !this.input.value)
			this.input.value = text;
	}

	/* true when the server took it */
	async deliver(message) {
		this.scrollDown();
		return this.attempt(() => this.hooks.send(message));
	}

	/* Does it, and tells here when it did not work. */
	async attempt(what) {
		try {
			await what();
			this.trouble.textContent = "";
			return true;
		} catch (e) {
			this.trouble.textContent = "That did not work: " + e.message;
			return false;
		}
	}

	focus() {
		this.input.focus({ preventScroll: true });
		this.element.scrollIntoView({ block: "nearest", inline: "nearest" });
	}

	/* ---- what the server says ---- */

	refresh(phone) {
		this.phone = phone;
		this.element.setAttribute("aria-label", `Phone of ${phone.profile_name}, ${phoneName(phone)}`);
		this.face.textContent = [...phone.profile_name.trim()][0]?.toUpperCase() ?? "?";
		if (document.activeElement !== this.profile)
			this.profile.value = phone.profile_name;
		this.number.replaceChildren(isolated(phoneName(phone)));
		this.refreshTime();
	}

	/* The virtual clock went on: the window, and what "today" means. */
	refreshTime() {
		const now = this.hooks.now();
		const words = windowWords(this.phone, now);

		if (this.window.textContent !== words)
			this.window.textContent = words;
		for (const day of this.list.querySelectorAll(".day time")) {
			const label = dayLabel(Number(day.dataset.ms), now);

			if (day.textContent !== label)
				day.textContent = label;
		}
	}

	showAll(messages) {
		/* a whole chat at once is no news to be read out */
		this.log.setAttribute("aria-live", "off");
		this.items.clear();
		this.lastDay = "";
		this.list.replaceChildren();
		messages.forEach((m) => this.append(m));
		this.scrollDown();
		setTimeout(() => this.log.removeAttribute("aria-live"), 500);
	}

	showMessage(message) {
		const item = this.items.get(message.sid);

		if (item)
			refreshBubble(item, message);
		else
			this.append(message);
		this.follow();
	}

	append(message) {
		const day = dayOf(message.at_ms);
		const item = drawBubble(message, {
			inspect: this.hooks.inspect,
			tap: (_, button) => this.deliver({ payload: button.id, title: button.title }),
		});

		if (day !== this.lastDay) {
			this.list.append(el("li", { class: "day" },
				el("time", { "data-ms": message.at_ms }, dayLabel(message.at_ms, this.hooks.now()))));
			this.lastDay = day;
		}
		this.items.set(message.sid, item);
		this.list.append(item);
		if (this.items.size > MOST_SHOWN) {
			const [oldest, gone] = this.items.entries().next().value;

			gone.remove();
			this.items.delete(oldest);
		}
	}

	showTyping(on) {
		this.typing.replaceChildren(...(on ? [el("span", { class: "spoken" }, "Business is typing"),
			el("span", { class: "dot" }), el("span", { class: "dot" }), el("span", { class: "dot" })] : []));
		this.follow();
	}

	mark(sid) {
		for (const [own, item] of this.items)
			item.classList.toggle("inspected", own === sid);
	}

	isAtEnd() {
		return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < NEAR_END_PX;
	}

	follow() {
		if (this.follows)
			this.scrollDown();
	}

	scrollDown() {
		this.follows = true;
		this.log.scrollTop = this.log.scrollHeight;
		this.jump.hidden = true;
	}
}
