/*
 * xml.js - indents an XML answer for reading. Pure. Changes no text within an element: a long
 * message stays as it was sent. What is not well-formed comes back unchanged.
 */

const TOKEN = /<!--[^]*?-->|<\?[^]*?\?>|<!\[CDATA\[[^]*?\]\]>|<[^>]*>|[^<]+/g;

function depthChange(token) {
	if (/^<\//.test(token))
		return -1;
	return /^<[^?!]/.test(token) && !/\/>$/.test(token) ? 1 : 0;
}

export function indentXml(xml) {
	const tokens = xml.match(TOKEN) ?? [];
	const lines = [];
	let depth = 0;
	let joins = false; /* the last line is an open element with nothing but text in it */

	for (const [i, token] of tokens.entries()) {
		const change = depthChange(token);
		const isText = token[0] !== "<" || token.startsWith("<![CDATA[");

		/* blank counts only where it is all that an element holds */
		if (!token.trim() && !(joins && depthChange(tokens[i + 1] ?? "") < 0))
			continue;
		depth += Math.min(change, 0);
		if (depth < 0)
			return xml;
		if (joins && (isText || change < 0))
			lines.push(lines.pop() + token);
		else
			lines.push("  ".repeat(depth) + token);
		joins = change > 0 || (joins && isText);
		depth += Math.max(change, 0);
	}
	return depth === 0 ? lines.join("\n") : xml;
}
