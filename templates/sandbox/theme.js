/*
 * theme.js - light or dark: as the system says, until a person chooses; the choice is kept.
 */

const KEY = "samvad-theme";
const root = document.documentElement;
const systemDark = matchMedia("(prefers-color-scheme: dark)");

/* A browser may forbid its store; then the choice lasts as long as the page. */
function stored() {
	try {
		return localStorage.getItem(KEY);
	} catch {
		return null;
	}
}

function keep(theme) {
	try {
		localStorage.setItem(KEY, theme);
	} catch {
		/* as said above */
	}
}

export function isDark() {
	return root.dataset.theme ? root.dataset.theme === "dark" : systemDark.matches;
}

export function useStoredTheme() {
	const theme = stored();

	if (theme === "dark" || theme === "light")
		root.dataset.theme = theme;
}

export function toggleTheme() {
	root.dataset.theme = isDark() ? "light" : "dark";
	keep(root.dataset.theme);
}
