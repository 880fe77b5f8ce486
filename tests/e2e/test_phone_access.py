"""The twin's phone page for everybody: by keyboard, by ear, in the dark, on a small screen."""
import pytest
from selenium.webdriver.common.keys import Keys

from browser import chromium, onboard, page, sandbox  # noqa: F401 (fixtures)
from server import wait_for


# ---- keyboard and screen reader

def focused(page):
    return page.js("const e = document.activeElement;"
                   "return e.getAttribute('aria-label') || e.innerText || e.tagName")


def tab_to(page, part, back=False, most=60):
    """Walks by the Tab key until what has the focus is called like this."""
    seen = []
    for _ in range(most):
        (page.press_shifted if back else page.press)(Keys.TAB)
        seen.append(focused(page))
        if part in seen[-1] and "options" not in seen[-1]:
            return seen
    raise AssertionError(f"Tab never comes to {part!r}: {seen}")


def test_keyboard_only(page):
    assert focused(page) == "Message", "whoever comes can write at once"
    (phone,) = page.phones()
    page.press("Hi", Keys.ENTER)
    wait_for("an answer", 10, lambda: "full name" in "".join(phone.texts()))
    page.press("two")
    page.press_shifted(Keys.ENTER)
    page.press("lines")
    assert page.js("return document.activeElement.value") == "two\nlines"
    page.js("document.activeElement.value = ''")
    tab_to(page, "Inspect the message", back=True, most=4)
    outline = page.js("return getComputedStyle(document.activeElement.closest('.bubble')).outlineStyle")
    assert outline == "solid", "the focus can be seen"
    page.press(Keys.ENTER)
    page.wait_panel("What happened", "Message id")
    tab_to(page, "Copy Message id")
    page.press(Keys.ESCAPE)
    wait_for("the panel to close", 5, lambda: not page.one("#panel").is_displayed())
    assert "Inspect the message" in focused(page), "back where it was opened"
    tab_to(page, "Faults", back=True)
    page.press(Keys.ENTER)
    page.wait_panel("Deliver each message")
    page.press(Keys.ESCAPE)
    assert "Faults" in focused(page)
    tab_to(page, "New", back=True, most=5)
    page.press(Keys.ENTER)
    wait_for("a second phone", 10, lambda: len(page.phones()) == 2)
    wait_for("its box to be ready", 5, lambda: focused(page) == "Message")
    page.press("Hello", Keys.ENTER)
    wait_for("its answer", 10, lambda: "full name" in "".join(page.phones()[1].texts()))


NAMELESS = """
return [...document.querySelectorAll('button, a, input, select, textarea, summary, img')]
    .filter((e) => e.checkVisibility() && !(e.tagName === 'IMG' && e.hasAttribute('alt')))
    .filter((e) => !((e.getAttribute('aria-label') || '') + e.textContent +
        [...(e.labels ?? [])].map((l) => l.textContent).join('')).trim())
    .map((e) => e.outerHTML);
"""

# The contrast of every visible text with the ground below it: pairs under 4.5 (3 when large).
PALE = r"""
const parse = (c) => (c.match(/[\d.]+/g) ?? []).map(Number);
const light = ([r, g, b]) => {
    const f = [r, g, b].map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92
        : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * f[0] + 0.7152 * f[1] + 0.0722 * f[2];
};
const over = (top, low) => {
    const a = top[3] ?? 1;
    return [0, 1, 2].map((i) => top[i] * a + low[i] * (1 - a));
};
const ground = (e) => {
    if (!e) return [255, 255, 255];
    const own = parse(getComputedStyle(e).backgroundColor);
    if (own.length && (own[3] ?? 1) === 1) return own;
    return over(own.length ? own : [0, 0, 0, 0], ground(e.parentElement));
};
const found = [];
for (const e of document.querySelectorAll('body *')) {
    if (!e.checkVisibility() || e.closest('.spoken, svg, option') ||
        ![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    const style = getComputedStyle(e), low = ground(e);
    const a = light(over(parse(style.color), low)), b = light(low);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const large = parseFloat(style.fontSize) >= 24;
    if (ratio < (large ? 3 : 4.5))
        found.push(`${ratio.toFixed(2)} ${e.tagName}.${e.className}: ${e.textContent.slice(0, 30)}`);
}
return found;
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_everything_can_be_read(page, scheme, width):
    page.size(width, 740)
    page.scheme(scheme)
    (phone,) = page.phones()
    onboard(phone)
    page.open_panel("faults")
    page.choose("#fault-undelivered_code", "63003")
    assert page.js(PALE) == [] and page.js(NAMELESS) == []
    page.close_panel()
    phone.say("HELP")
    page.open_panel("clock")
    next(b for b in page.all("#panel .button") if b.text == "+25 h").click()
    page.wait_panel("1 d 1 h ahead")
    assert page.js(PALE) == [] and page.js(NAMELESS) == []
    page.close_panel()
    phone.inspect(phone.bubbles("message-in")[-1])
    page.wait_panel("accepted")
    assert page.js(PALE) == [] and page.js(NAMELESS) == []
    page.close_panel()
    assert page.js("return document.documentElement.scrollWidth") <= width
    assert page.js("return document.querySelector('.top-tools').offsetHeight") < 50, "one row"
    outside = page.js("return [...document.querySelectorAll('button, textarea, input')].filter((e) =>"
                      "e.checkVisibility() && !e.closest('.log, .spoken') &&"
                      "e.getBoundingClientRect().right > innerWidth).map((e) => e.outerHTML)")
    assert outside == []


def test_news_is_told_politely(page):
    (phone,) = page.phones()
    log = phone.all("[role=log]")[0]
    assert log.get_attribute("aria-label") and log.get_attribute("aria-relevant") == "additions"
    phone.say("Hi", "full name")
    shown = page.js("return arguments[0].textContent", phone.bubbles("message-out")[0])
    assert shown.startswith("Business:")
    for tag in ("header", "main", "nav"):
        assert page.all(tag)
    page.scheme("light", **{"prefers-reduced-motion": "reduce"})
    moving = page.js("return document.getAnimations().length")
    assert moving == 0
    assert page.js("return getComputedStyle(arguments[0]).animationName",
                   phone.bubbles()[0]) == "none"


def test_theme_is_kept(page):
    ground = "return getComputedStyle(document.body).backgroundColor"
    light = page.js(ground)
    page.one("#theme").click()
    dark = page.js(ground)
    assert dark != light
    page.load()
    assert page.js(ground) == dark
    page.one("#theme").click()
    assert page.js(ground) == light
    page.js("localStorage.clear()")
