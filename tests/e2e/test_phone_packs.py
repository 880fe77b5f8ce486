"""The packs that come along, on the phone's page: right to left, menus, and buttons that are tapped."""
import pytest

from browser import Page, chromium  # noqa: F401 (a fixture)
from server import wait_for


@pytest.fixture
def pages(chromium, servers):  # noqa: F811
    def open_page(pack):
        server = servers(pack, FLOW=pack, TWILIO_ACCOUNT_SID=None, TWILIO_AUTH_TOKEN=None,
                         TWILIO_API_BASE=None, AUTH_API_URL=None).start()
        page = Page(chromium, server)
        page.complaints()
        return page.load()
    yield open_page
    chromium.get("about:blank")


def order_on_screen(page, bubble, parts):
    """Where these parts of a bubble's text begin, from left to right. Its time is no text: at
    06:12 it would be found."""
    return page.js("""
        const found = {};
        const walk = document.createTreeWalker(arguments[0], NodeFilter.SHOW_TEXT);
        while (walk.nextNode()) {
            if (walk.currentNode.parentElement.closest("time")) continue;
            for (const part of arguments[1]) {
                const at = walk.currentNode.data.indexOf(part);
                if (at < 0) continue;
                const range = document.createRange();
                range.setStart(walk.currentNode, at);
                range.setEnd(walk.currentNode, at + part.length);
                found[part] = range.getBoundingClientRect().left;
            }
        }
        return Object.keys(found).sort((a, b) => found[a] - found[b]);""", bubble, parts)


def test_arabic(pages):
    page = pages("wafr")
    (phone,) = page.phones()
    phone.say("السلام عليكم", "WafR")
    phone.say("2", "10", "إرسال تعبئة اتصالات المغرب")
    page.screenshot("wafr-arabic-menu")
    menu = phone.bubbles("message-out")[-1]
    phone.say("10", "رقم الهاتف")
    phone.say("0612345678", "المبلغ")
    phone.say("6", "العرض")
    page.screenshot("wafr-arabic-offers")
    phone.say("5", "ملخص", "06 12 34 56 78")
    summary = phone.bubbles("message-out")[-1]
    page.screenshot("wafr-arabic-summary")
    assert order_on_screen(page, menu, ["إنوي", "11"]) == ["إنوي", "11"]
    assert order_on_screen(page, summary, ["درهم", "50", "المبلغ"]) == ["درهم", "50", "المبلغ"]
    # the number is read from left to right, inside of a line that runs the other way
    assert order_on_screen(page, summary, ["06", "12", "34", "56", "78"]) == \
        ["06", "12", "34", "56", "78"]
    phone.say("تأكيد", "تمت التعبئة")
    page.size(360, 740)
    page.screenshot("wafr-arabic-done-360")
    assert page.js("return document.documentElement.scrollWidth") <= 360


def test_production(pages):
    page = pages("production")
    (phone,) = page.phones()
    phone.say("hi", "Production desk")
    phone.say("1", "My orders")
    phone.say("1", "ORD-001")
    page.screenshot("production-orders")
    phone.say("2", "1 500")
    phone.say("4", "Production desk")
    phone.say("3", "Today")
    phone.say("1", "Cutting")
    page.screenshot("production-schedule")
    phone.say("menu", "Production desk")
    phone.say("2", "Report a defect")
    phone.say("1", "What is wrong")
    phone.say("The LEFT hinge is bent", "DEF-")
    phone.say("2", "The LEFT hinge is bent")
    wait_for("ticks", 10, lambda: set(phone.states()) == {"read"})
    for scheme in ("light", "dark"):
        page.scheme(scheme)
        page.screenshot(f"production-defects-{scheme}")
    page.size(360, 740)
    page.screenshot("production-defects-360")
    assert page.js("return document.documentElement.scrollWidth") <= 360
