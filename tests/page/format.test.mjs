/* format.js: WhatsApp's formatting as a tree, by tables of named rows. */
import assert from "node:assert/strict";
import test from "node:test";
import { loadModule } from "./load.mjs";

const { formatLine, formatText, isLargeEmoji } = await loadModule("format.js");

/* A tree as short text: [b:…] bold, [i:…], [s:…], [c:…] code, [m:…] mono, [a:text|href]. */
function brief(spans) {
	return spans.map((s) => {
		if (typeof s === "string")
			return s;
		if (s.kind === "link")
			return `[a:${s.text}|${s.href}]`;
		return `[${s.kind[0]}:${s.spans ? brief(s.spans) : s.text}]`;
	}).join("");
}

const LINES = [
	["plain", "Hello there", "Hello there"],
	["empty", "", ""],
	["bold", "*Welcome* to us", "[b:Welcome] to us"],
	["italic", "an _odd_ word", "an [i:odd] word"],
	["strike", "~no~ yes", "[s:no] yes"],
	["code", "type `a*b*` now", "type [c:a*b*] now"],
	["one inside another", "*_both_*", "[b:[i:both]]"],
	["three deep", "~*_all_*~", "[s:[b:[i:all]]]"],
	["crossing closes the outer first", "*a _b* c_", "[b:a _b] c_"],
	["in brackets", "(*bold*)", "([b:bold])"],
	["before a full stop", "*bold*.", "[b:bold]."],
	["space after the opener", "* no*", "* no*"],
	["space before the closer", "*no * yes", "*no * yes"],
	["inside a word", "snake_case_name", "snake_case_name"],
	["2*3*4", "2*3*4", "2*3*4"],
	["never closed", "*open", "*open"],
	["nothing between", "**", "**"],
	["stars alone", "*****", "*****"],
	["Hindi", "*नाम* और _पता_", "[b:नाम] और [i:पता]"],
	["glued to Hindi letters", "क*नाम*", "क*नाम*"],
	["glued to a vowel sign", "की*नाम*", "की*नाम*"],
	["after a tick that is an emoji", "✔️*yes*", "✔️[b:yes]"],
	["Arabic", "*مرحبا* بك", "[b:مرحبا] بك"],
	["beside emoji", "🎉*yes*🎉", "🎉[b:yes]🎉"],
	["empty code", "` `", "` `"],
	["link", "see https://a.in/b?c=1&d=2", "see [a:https://a.in/b?c=1&d=2|https://a.in/b?c=1&d=2]"],
	["link at the end of a sentence", "Go to http://a.in/b.", "Go to [a:http://a.in/b|http://a.in/b]."],
	["link in brackets", "(https://a.in/b)", "([a:https://a.in/b|https://a.in/b])"],
	["link with brackets", "https://a.in/b_(c)", "[a:https://a.in/b_(c)|https://a.in/b_(c)]"],
	["link with a port", "http://localhost:3000/login?phone=%2B9198&source=whatsapp",
		"[a:http://localhost:3000/login?phone=%2B9198&source=whatsapp|" +
		"http://localhost:3000/login?phone=%2B9198&source=whatsapp]"],
	["underscores in a link", "https://a.in/_b_c_", "[a:https://a.in/_b_c|https://a.in/_b_c]_"],
	["www", "www.a.in", "www.a.in"],
	["a longer www", "www.abc.in/x", "[a:www.abc.in/x|https://www.abc.in/x]"],
	["bold link", "*https://a.in/bc*", "[b:[a:https://a.in/bc|https://a.in/bc]]"],
	["mail", "ask me@abc.in.", "ask [a:me@abc.in|mailto:me@abc.in]."],
	["javascript is no link", "javascript:alert(1)", "javascript:alert(1)"],
	["data is no link", "data:text/html,<b>x</b>", "data:text/html,<b>x</b>"],
	["markup is text", "<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"],
	["a tag ends a link", "https://a.in/x<b>", "[a:https://a.in/x|https://a.in/x]<b>"],
	["broken link", "http://", "http://"],
	["scheme within a word", "xhttp://a.in/b", "xhttp://a.in/b"],
];

for (const [name, line, want] of LINES)
	test("line: " + name, () => assert.equal(brief(formatLine(line)), want));

const TEXTS = [
	["one line", "a", ["text:a"]],
	["empty", "", ["text:"]],
	["lines and a blank one", "a\n\nb", ["text:a", "text:", "text:b"]],
	["style ends with its line", "*a\nb*", ["text:*a", "text:b*"]],
	["bullets", "- a\n* *b*\n-c", ["bullet:a", "bullet:[b:b]", "text:-c"]],
	["a rule of dashes", "- ", ["text:- "]],
	["quote", "> a _b_\n>c\n>", ["quote:a [i:b]", "quote:c", "text:>"]],
	["numbers stay as they were", "1. Food\n12. Other", ["text:1. Food", "text:12. Other"]],
	["mono", "a ```x *y*``` b", ["text:a ", "mono:x *y*", "text: b"]],
	["mono over lines", "```\nx\ny\n```\nz", ["mono:x\ny", "text:z"]],
	["mono never closed", "```x", ["text:```x"]],
	["only mono", "```x```", ["mono:x"]],
	["six ticks", "``````", ["text:``````"]],
];

for (const [name, text, want] of TEXTS) {
	test("text: " + name, () => {
		const got = formatText(text).map((b) => `${b.kind}:${b.spans ? brief(b.spans) : b.text}`);

		assert.deepEqual(got, want);
	});
}

const EMOJI = [
	["one", "👍", true], ["three", "🎉 🎉 🎉", true], ["four", "🎉🎉🎉🎉", false],
	["a family is one", "👩‍👩‍👧", true], ["a flag", "🇮🇳", true], ["a keycap", "3️⃣", true],
	["with skin", "👋🏽", true], ["with text", "👍 ok", false], ["a digit", "3", false],
	["nothing", "", false], ["blank", "  ", false],
];

for (const [name, text, want] of EMOJI)
	test("large emoji: " + name, () => assert.equal(isLargeEmoji(text), want));

/* Whatever is written is shown: without marks nothing may be lost or added. */
test("no character is lost", () => {
	const words = ["*", "_", "~", "`", "```", " ", "\n", "a", "म", "https://a.in/b", "> ", "- ", "م"];
	let seed = 7;
	const plain = (spans) => spans.map((s) => typeof s === "string" ? s :
		s.spans ? plain(s.spans) : s.text).join("");

	for (let round = 0; round < 2000; round++) {
		let text = "";

		for (let i = 0; i < 12; i++) {
			seed = (seed * 1103515245 + 12345) % 2147483648;
			text += words[(seed >> 8) % words.length];
		}
		const shown = formatText(text).map((b) => b.spans ? plain(b.spans) : b.text).join("");
		const letters = (s) => s.replace(/[^aमمhtpsinb:/.]/g, "");

		assert.equal(letters(shown), letters(text), JSON.stringify(text));
	}
});

for (const piece of ["*", "_a", "`", "*a _b ~c ", "a@", "http://", "```", "(", ") ", "a.", "*a*"]) {
	test(`long input stays quick: ${piece}`, () => {
		const began = performance.now();

		formatText(piece.repeat(40000));
		assert.ok(performance.now() - began < 2000);
	});
}
