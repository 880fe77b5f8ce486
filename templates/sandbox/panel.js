/*
 * panel.js - the side of the page that shows one of: inspector, faults, clock.
 *
 * The focus goes in when it opens, and back to where it came from when it closes.
 */

export class Panel {
	/* `closed` is called after each closing. */
	constructor(element, closed) {
		this.element = element;
		this.title = element.querySelector("h2");
		this.body = element.querySelector(".panel-body");
		this.name = "";
		this.opener = null;
		this.closed = closed;
		element.querySelector(".panel-close").addEventListener("click", () => this.close());
		element.addEventListener("keydown", (e) => {
			if (e.key === "Escape")
				this.close();
		});
	}

	open(name, title, nodes) {
		if (!this.name)
			this.opener = document.activeElement;
		this.name = name;
		this.title.textContent = title;
		this.fill(nodes);
		this.element.hidden = false;
		document.body.classList.add("has-panel");
		this.body.scrollTop = 0;
		this.title.focus();
	}

	fill(nodes) {
		this.body.replaceChildren(...nodes);
	}

	/* The same once more with what is new: whoever reads it stays where he is. */
	refill(nodes) {
		const names = (part) => part.querySelector("summary").textContent;
		const open = new Map([...this.body.querySelectorAll("details")].map((p) => [names(p), p.open]));
		const buttons = () => [...this.body.querySelectorAll("button, summary, pre")];
		const focused = buttons().indexOf(document.activeElement);
		const top = this.body.scrollTop;

		this.fill(nodes);
		for (const part of this.body.querySelectorAll("details"))
			part.open = open.get(names(part)) ?? part.open;
		this.body.scrollTop = top;
		if (focused >= 0)
			buttons()[focused]?.focus({ preventScroll: true });
	}

	close() {
		if (!this.name)
			return;
		this.name = "";
		this.element.hidden = true;
		document.body.classList.remove("has-panel");
		this.body.replaceChildren();
		if (this.opener?.isConnected)
			this.opener.focus();
		this.closed();
	}
}
