/* xml.js: answers as they are read best, without a change to what was sent. */
import assert from "node:assert/strict";
import test from "node:test";
import { loadModule } from "./load.mjs";

const { indentXml } = await loadModule("xml.js");
const HEAD = '<?xml version="1.0" encoding="UTF-8"?>';

const CASES = [
	["nothing", "", ""],
	["an empty answer", "<Response/>", "<Response/>"],
	["an empty pair", "<Response></Response>", "<Response></Response>"],
	["a message", HEAD + "<Response><Message>Hi</Message></Response>",
		HEAD + "\n<Response>\n  <Message>Hi</Message>\n</Response>"],
	["lines and blanks of a text stay", "<R><M>a\n\n  b &amp; c </M></R>",
		"<R>\n  <M>a\n\n  b &amp; c </M>\n</R>"],
	["a blank text stays", "<R><M> </M></R>", "<R>\n  <M> </M>\n</R>"],
	["blank between elements goes", HEAD + "\n<R>\n\n\t<M>a</M>\n<M/>\n</R>\n",
		HEAD + "\n<R>\n  <M>a</M>\n  <M/>\n</R>"],
	["deeper", '<R><M to="a"><Body>x</Body><Media>u</Media></M></R>',
		'<R>\n  <M to="a">\n    <Body>x</Body>\n    <Media>u</Media>\n  </M>\n</R>'],
	["a comment", "<R><!-- <M> --></R>", "<R>\n  <!-- <M> -->\n</R>"],
	["CDATA is text", "<M><![CDATA[<b>]]></M>", "<M><![CDATA[<b>]]></M>"],
	["not closed: as it came", "<R><M>", "<R><M>"],
	["closed too often: as it came", "<R></R></R>", "<R></R></R>"],
	["no XML at all", "Internal error", "Internal error"],
];

for (const [name, xml, want] of CASES)
	test("xml: " + name, () => assert.equal(indentXml(xml), want));
