/*
 * load.mjs - imports a module of the page into node.
 *
 * The page's files end in .js, as a browser wants, and no package.json tells node that they are
 * modules: so their text is imported. Modules loaded like this must not import others.
 */
import { readFile } from "node:fs/promises";

export async function loadModule(name) {
	const path = new URL(`../../templates/sandbox/${name}`, import.meta.url);
	const text = await readFile(path, "utf8");

	return import("data:text/javascript;charset=utf-8," + encodeURIComponent(text));
}
