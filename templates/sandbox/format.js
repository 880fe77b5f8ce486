/*
 * format.js - WhatsApp's text formatting, as a tree of plain values.
 *
 * formatText() returns blocks: { kind: "text" | "quote" | "bullet" | "mono" } with `spans`
 * (mono: `text`). A span is a string or { kind: "bold" | "italic" | "strike", spans },
 * { kind: "code" | "mono", text } or { kind: "link", text, href }.
 * Pure: touches no document, makes no markup. Whoever draws the tree writes text nodes, so a
 * message can never become an element that is not named here.
 * Work grows with the length of the text, whatever is in it: an opener that finds no closer is
 * not looked for again in its line.
 */

const STYLES = { "*": "bold", "_": "italic", "~": "strike" };
const FENCE = "```";
/* http and https only: no other scheme may ever become a link. */
const LINK = /^(?:https?:\/\/|www\.)[^\s<>"]+/i;
const MAIL = /^[a-z0-9._%+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,8}\.[a-z]{2,24}/i;
const PICTURE = /\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20E3/u;
const EMOJI = new RegExp("^(?:\\p{Extended_Pictographic}|\\p{Regional_Indicator}|\\p{Emoji_Modifier}|" +
	"[#*0-9]\\uFE0F?\\u20E3|[\\u200D\\uFE0F]|\\s)+$", "u");

/* Vowel signs belong to their letter; what makes an emoji of a character does not. */
function isWord(char) {
	return char !== undefined && /[\p{L}\p{N}\p{Mn}\p{Mc}]/u.test(char) && char !== "\uFE0F";
}

function isSpace(char) {
	return char === undefined || /\s/.test(char);
}

/* Where the style opened at `from` closes in `line`, or -1. */
function findCloser(line, from, mark) {
	for (let at = line.indexOf(mark, from + 2); at >= 0; at = line.indexOf(mark, at + 1)) {
		if (!isSpace(line[at - 1]) && !isWord(line[at + 1]))
			return at;
	}
	return -1;
}

/* "https://a.b/c)." ends before what only belongs to the sentence. */
function trimLink(text) {
	let end = text.length;
	let open = 0;
	let close = 0;

	for (const char of text) {
		open += char === "(";
		close += char === ")";
	}
	while (end > 0) {
		const last = text[end - 1];

		if (last === ")" && close > open)
			close--;
		else if (!/[.,;:!?'*_~\]}]/.test(last))
			break;
		end--;
	}
	return text.slice(0, end);
}

function linkAt(line, at) {
	if (isWord(line[at - 1]) || !/[a-z0-9]/i.test(line[at]))
		return null;
	/* an address has an end: what is looked at stays short however long the line is */
	const rest = line.slice(at, at + 2048);
	const url = LINK.exec(rest);

	if (url) {
		const text = trimLink(url[0]);
		const href = /^www\./i.test(text) ? "https://" + text : text;

		return text.length > 8 && URL.canParse(href) ? { kind: "link", text, href } : null;
	}
	const mail = MAIL.exec(rest.slice(0, 320));

	return mail ? { kind: "link", text: mail[0], href: "mailto:" + mail[0] } : null;
}

/* The span that starts at `at`, and where it ends; null: an ordinary character. */
function spanAt(line, at, used, hopeless) {
	const char = line[at];

	if (char === "`") {
		const end = hopeless.has("`") || line[at + 1] === "`" ? -1 : line.indexOf("`", at + 2);

		if (end < 0 && line[at + 1] !== "`")
			hopeless.add("`");
		else if (end > 0 && line.slice(at + 1, end).trim())
			return { span: { kind: "code", text: line.slice(at + 1, end) }, end: end + 1 };
		return null;
	}
	if (STYLES[char] && !used.includes(char) && !hopeless.has(char) && !isWord(line[at - 1]) &&
		!isSpace(line[at + 1]) && line[at + 1] !== char) {
		const end = findCloser(line, at, char);

		if (end < 0) {
			hopeless.add(char);
			return null;
		}
		const spans = formatLine(line.slice(at + 1, end), used + char);

		return { span: { kind: STYLES[char], spans }, end: end + 1 };
	}
	const link = linkAt(line, at);

	return link ? { span: link, end: at + link.text.length } : null;
}

/* The spans of one line. `used` names the styles around it: none is inside itself. */
export function formatLine(line, used = "") {
	const spans = [];
	const hopeless = new Set();
	let plain = 0;
	let at = 0;

	while (at < line.length) {
		const found = spanAt(line, at, used, hopeless);

		if (!found) {
			at++;
			continue;
		}
		if (at > plain)
			spans.push(line.slice(plain, at));
		spans.push(found.span);
		at = plain = found.end;
	}
	if (plain < line.length)
		spans.push(line.slice(plain));
	return spans;
}

function lineBlock(line) {
	const bullet = /^[-*] +(\S.*)$/.exec(line);

	if (bullet)
		return { kind: "bullet", spans: formatLine(bullet[1]) };
	if (/^> ?\S/.test(line))
		return { kind: "quote", spans: formatLine(line.replace(/^> ?/, "")) };
	return { kind: "text", spans: formatLine(line) };
}

export function formatText(text) {
	const blocks = [];
	const addLines = (piece) => {
		for (const line of piece.split("\n"))
			blocks.push(lineBlock(line));
	};
	let at = 0;

	for (;;) {
		const open = text.indexOf(FENCE, at);
		const close = open < 0 ? -1 : text.indexOf(FENCE, open + FENCE.length + 1);

		if (close < 0)
			break;
		const before = text.slice(at, open);

		/* the line break beside a fence belongs to the fence */
		if (before.replace(/\n$/, ""))
			addLines(before.replace(/\n$/, ""));
		blocks.push({ kind: "mono", text: text.slice(open + FENCE.length, close)
			.replace(/^\n|\n$/g, "") });
		at = close + FENCE.length;
		if (text[at] === "\n")
			at++;
	}
	if (at < text.length || !blocks.length)
		addLines(text.slice(at));
	return blocks;
}

/* One to three emoji and nothing else are shown large. */
export function isLargeEmoji(text) {
	if (text.length > 40 || !EMOJI.test(text) || !PICTURE.test(text))
		return false;
	const parts = [...new Intl.Segmenter("en").segment(text)].filter((p) => p.segment.trim());

	return parts.length <= 3;
}
