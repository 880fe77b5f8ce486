/* The page against what the twin says: every code has words, every fault has a row. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { loadModule } from "./load.mjs";

const { codeMeaning, messageState } = await loadModule("codes.js");
const read = (path) => readFileSync(new URL("../../" + path, import.meta.url), "utf8");
const api = read("src/twin/API.md");

test("every code that the twin knows has words", () => {
	const codes = [...read("src/twin/codes.c").matchAll(/^\t\{ (\d{5}),/gm)].map((m) => m[1]);
	const none = codeMeaning(1);

	assert.ok(codes.length > 30);
	assert.deepEqual(codes.filter((code) => codeMeaning(Number(code)) === none), []);
});

test("every fault of the interface can be set, with its default", () => {
	const table = api.slice(api.indexOf("\n`faults`:"), api.indexOf("## How it behaves"));
	const rows = [...table.matchAll(/^\| `(\w+)` \| (\S+) \| /gm)].map((m) =>
		`${m[1]}: ${m[2].replace(/`/g, "")}`);
	const shown = [...read("templates/sandbox/faults.js").matchAll(/^\t\t\["(\w+)", ([^,]+),/gm)]
		.map((m) => `${m[1]}: ${m[2]}`);

	assert.ok(rows.length >= 11);
	assert.deepEqual(shown.sort(), rows.sort());
});

test("every state of a message has ticks", () => {
	const line = api.split("\n").find((l) => l.includes('"status":"received"|'));
	const states = line.slice(0, line.indexOf('"error_code"')).match(/"\w+"/g).slice(1);

	assert.deepEqual(Object.fromEntries(states.map((s) => s.slice(1, -1)).map((s) =>
		[s, messageState(s).picture])), {
		received: "ticks", accepted: "clock", queued: "clock", sending: "clock", sent: "tick",
		delivered: "ticks", read: "ticks", failed: "failed", undelivered: "failed",
	});
});
