"""The twin's phone page in a real browser: what a person sees, taps and hears."""
import base64
import json
import os
import re
import urllib.parse

from selenium.webdriver.common.keys import Keys
from twilio.request_validator import RequestValidator

import canary
from browser import Page, chromium, onboard, page, sandbox  # noqa: F401 (fixtures)
from person import SENDER, new_number
from server import wait_for


# ---- the whole way

def test_onboarding(page):
    (phone,) = page.phones()
    said, number = onboard(phone)
    assert f"An OTP has been sent to +91{number}" in said
    (sms,) = wait_for("the OTP", 10, lambda: phone.bubbles("message-sms"))
    assert re.search(r"\b\d{6}\b", sms.text)
    wait_for("every answer to be read", 10, lambda: set(phone.states()) == {"read"})
    link = sms.parent.find_element("partial link text", "/login?phone=%2B91")
    assert link.get_attribute("rel") == "noopener noreferrer"
    assert link.get_attribute("target") == "_blank"
    assert [d.text for d in phone.all(".day")] == ["Today"]
    assert [b.text for b in phone.all(".message-out strong")][0] == "Welcome to MSMEBazaar!"
    assert "*" not in said, "marks are drawn, not shown"
    for bubble in phone.all(".meta time"):
        assert re.fullmatch(r"\d\d:\d\d( [AP]M)?", bubble.text)


def test_screenshots(page):
    """Pictures for people; the test itself holds the page to its width."""
    (first,) = page.phones()
    second = page.new_person()
    onboard(first)
    for word in ("नमस्ते", "कैनारिया देवी"):
        second.say(word)
    second.write("👍🎉")
    wait_for("ticks", 10, lambda: set(first.states()) == {"read"})
    first.inspect(first.bubbles("message-in")[-1])
    for width, height in ((1280, 800), (360, 740)):
        page.size(width, height)
        for scheme in ("light", "dark"):
            page.scheme(scheme)
            page.screenshot(f"inspector-{width}-{scheme}")
            page.close_panel()
            page.screenshot(f"phone-{width}-{scheme}")
            for name in ("faults", "clock"):
                page.open_panel(name)
                page.screenshot(f"{name}-{width}-{scheme}")
                assert page.js("return document.documentElement.scrollWidth") <= width
                page.close_panel()
            bubble = [b for p in page.phones() for b in p.bubbles("message-in") if b.is_displayed()]
            page.js("arguments[0].click()", bubble[-1].find_element("css selector", ".meta"))
            page.wait_panel("Message id")


def account(sandbox):
    """(sid, token) of the account that the sandbox made for itself."""
    with open(os.path.join(sandbox.folder, "data", "sandbox.json"), encoding="utf-8") as f:
        made = json.load(f)
    return (next(v for k, v in made.items() if "sid" in k),
            next(v for k, v in made.items() if "token" in k))


def test_buttons_are_tapped(page, sandbox):
    (phone,) = page.phones()
    phone.say("Hi", "full name")
    sid, token = account(sandbox)
    form = {"To": "whatsapp:" + phone.all(".number")[0].text, "From": SENDER,
            "ContentSid": "HX" + "1".zfill(32), "ContentVariables": '{"1":"Monday","2":"10 am"}'}
    status, _, body = sandbox.request(
        "POST", f"/sandbox/twilio/2010-04-01/Accounts/{sid}/Messages.json",
        urllib.parse.urlencode(form).encode(), headers={
            "Authorization": "Basic " + base64.b64encode(f"{sid}:{token}".encode()).decode(),
            "Content-Type": "application/x-www-form-urlencoded"})
    assert status == 201, body
    wait_for("the buttons, drawn", 10,
             lambda: [t.text for t in phone.all(".tap")] == ["Confirm", "Cancel"])
    phone.all(".tap")[0].click()
    wait_for("the tap as a message", 10, lambda: phone.texts("message-in")[-1] == "Confirm")
    phone.inspect(phone.bubbles("message-in")[-1])
    page.wait_panel("Parameters")
    params = table(page, "Parameters, sorted as signed")
    assert (params["ButtonPayload"], params["ButtonText"]) == ("confirm", "Confirm")


# ---- inspector


def piece(page, title):
    """The text of a headed piece of the inspector."""
    return page.js("""
        for (const p of document.querySelectorAll('#panel .piece'))
            if (p.querySelector('h4').textContent === arguments[0])
                return (p.querySelector('pre') ?? p.querySelector('table')).innerText;
        return null;""", title)


def table(page, title):
    return dict(page.js("""
        for (const p of document.querySelectorAll('#panel .piece'))
            if (p.querySelector('h4').textContent === arguments[0])
                return [...p.querySelectorAll('tr')].map((r) =>
                    [...r.children].map((c) => c.textContent));
        return [];""", title))


def test_inspector_shows_what_was_signed(page, sandbox):
    (phone,) = page.phones()
    onboard(phone, upto="3")
    phone.inspect(phone.bubbles("message-in")[1])
    page.wait_panel("accepted", "HTTP 200", "TwiML answer")
    params = table(page, "Parameters, sorted as signed")
    assert params["Body"] == "Canaria Rao"
    assert list(params) == sorted(params)
    assert RequestValidator(account(sandbox)[1]).validate(
        piece(page, "URL"), params, piece(page, "X-Twilio-Signature"))
    twiml = piece(page, "TwiML answer")
    assert twiml.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<Response>\n  <Message>')
    steps = [s.text.split("\n")[0] for s in page.all("#panel .step strong")]
    assert steps == ["name", "sector"]


def test_inspector_of_an_answer_leads_to_its_question(page):
    (phone,) = page.phones()
    onboard(phone, upto="Canaria Rao")
    phone.inspect(phone.bubbles("message-out")[-1])
    page.wait_panel("It travelled in the answer to", "Canaria Rao", "TwiML answer")


def test_pieces_can_be_copied(page):
    (phone,) = page.phones()
    phone.say("Hi", "full name")
    page.driver.execute_cdp_cmd("Browser.grantPermissions", {
        "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]})
    phone.inspect(phone.bubbles("message-in")[0])
    page.wait_panel("X-Twilio-Signature")
    button = page.one("#panel [aria-label='Copy X-Twilio-Signature']")
    button.click()
    wait_for("the word", 5, lambda: button.text in ("Copied", "Copy"))
    copied = page.driver.execute_async_script(
        "navigator.clipboard.readText().then(arguments[0], (e) => arguments[0]('' + e))")
    assert copied == piece(page, "X-Twilio-Signature")


# ---- faults and the clock

def test_a_duplicate_changes_nothing(page):
    (phone,) = page.phones()
    page.open_panel("faults")
    page.choose("#fault-duplicate", 3)
    wait_for("the mark", 5, lambda: "(1 on)" in page.one("#open-faults").text)
    page.close_panel()
    phone.say("Hi", "full name")
    phone.inspect(phone.bubbles("message-in")[0])
    page.wait_panel("delivery 1 of 3", "delivery 3 of 3")
    bodies = page.js("return [...document.querySelectorAll('#panel .piece')].filter((p) =>"
                     "p.querySelector('h4').textContent === 'Raw answer')"
                     ".map((p) => p.querySelector('pre').textContent)")
    assert len(bodies) == 3 and len(set(bodies)) == 1, "the same bytes each time"
    assert len([t for t in phone.texts() if "full name" in t]) == 1
    page.open_panel("faults")
    page.js("[...document.querySelectorAll('#panel button')].find("
            "(b) => b.textContent === 'No faults').click()")
    wait_for("no mark", 5, lambda: "on)" not in page.one("#open-faults").text)


def test_deliver_again(page):
    (phone,) = page.phones()
    onboard(phone, upto="Canaria Rao")
    before = len(phone.bubbles())
    phone.inspect(phone.bubbles("message-in")[-1])
    page.js("[...document.querySelectorAll('#panel button')].find("
            "(b) => b.textContent.startsWith('Deliver it again')).click()")
    page.wait_panel("delivery 2 of 2")
    assert len(phone.bubbles()) == before, "no second answer"


def test_slow_auth_api(page):
    (phone,) = page.phones()
    onboard(phone, upto="400001")
    phone.say(new_number(), "check your details")
    page.open_panel("faults")
    page.choose("#fault-auth", "slow")
    wait_for("a delay", 5, lambda: page.one("#fault-auth_delay_ms").get_attribute("value") == "9000")
    page.choose("#fault-auth_delay_ms", 3000)
    wait_for("both marks", 5, lambda: "(2 on)" in page.one("#open-faults").text)
    page.close_panel()
    phone.say("YES", "One moment please")
    wait_for("the late result", 15, lambda: "Registration successful" in phone.texts()[-1])
    phone.inspect(phone.bubbles("message-out")[-1])
    page.wait_panel("REST request", "Status callbacks")


def test_failed_message_says_why(page):
    (phone,) = page.phones()
    phone.say("Hi", "full name")
    page.open_panel("faults")
    page.choose("#fault-undelivered_code", "63016")
    page.close_panel()
    onboard(phone)
    failed = wait_for("a failed message", 15, lambda: [
        b for b in phone.bubbles("message-out") if phone.state(b) == "failed"])
    assert "63016: The 24-hour window is closed" in failed[0].text
    assert "not delivered" in failed[0].find_element(
        "css selector", ".meta").get_attribute("aria-label")


def test_a_day_later_the_answers_are_gone(page):
    (phone,) = page.phones()
    onboard(phone, upto="3")
    page.open_panel("clock")
    assert "the real time" in page.panel()
    next(b for b in page.all("#panel .button") if b.text == "+25 h").click()
    page.wait_panel("1 d 1 h ahead")
    wait_for("the mark", 5, lambda: "1 d 1 h ahead" in page.one("#open-clock").text)
    assert "24 h window closed" in phone.all(".phone-head")[0].text
    said = phone.say("400001", "not finished in time")
    assert "full name" in said
    days = [d.text for d in phone.all(".day")]
    assert len(days) == 2 and days[1] == "Today" and days[0] != "Today"


def test_custom_advance(page):
    page.open_panel("clock")
    amount = page.one("#clock-amount")
    amount.clear()
    amount.send_keys("2")
    amount.send_keys(Keys.ENTER)
    page.wait_panel("2 h ahead")


# ---- phones

def test_two_phones_side_by_side(page):
    (first,) = page.phones()
    second = page.new_person()
    first.say("Hi", "full name")
    second.say("नमस्ते", "पूरा नाम")
    assert first.element.rect["x"] + first.element.rect["width"] <= second.element.rect["x"]
    assert "पूरा नाम" not in "".join(first.texts())
    assert first.all(".number")[0].text != second.all(".number")[0].text


def test_narrow_page_shows_one_phone_and_marks_the_others(page):
    page.size(360, 740)
    (first,) = page.phones()
    first.say("Hi", "full name")
    second = page.new_person()
    assert second.element.is_displayed() and not first.element.is_displayed()
    page.driver.execute_async_script("""
        const done = arguments[0];
        fetch('/sandbox/api/state').then((a) => a.json()).then((s) => fetch(
            `/sandbox/api/phones/${s.phones[0].id}/messages`, { method: 'POST',
                headers: { 'Content-Type': 'application/json' },
                body: JSON.stringify({ text: 'HELP' }) })).then(done)""")
    wait_for("the badge", 10, lambda: page.all(".tab .badge"))
    wait_for("delivered, but unread", 10, lambda: first.states()[-1] == "delivered")
    page.all(".tab")[0].click()
    assert first.element.is_displayed() and not second.element.is_displayed()
    wait_for("read", 10, lambda: first.states()[-1] == "read" and not page.all(".tab .badge"))


def test_person_without_a_number(page):
    page.one("#person-options").click()
    page.one("#person-name").send_keys("Canaria Hidden")
    page.one("#person-bsuid").click()
    page.one("#person-dialog .primary").click()
    wait_for("the phone", 10, lambda: len(page.phones()) == 2)
    phone = page.phones()[1]
    assert phone.all(".number")[0].text.startswith("IN.")
    assert phone.all(".profile")[0].get_attribute("value") == "Canaria Hidden"
    phone.say("Hi", "full name")
    phone.inspect(phone.bubbles("message-in")[0])
    page.wait_panel("Parameters")
    assert table(page, "Parameters, sorted as signed")["From"].startswith("whatsapp:IN.")


def test_profile_name_can_be_changed(page):
    (phone,) = page.phones()
    field = phone.all(".profile")[0]
    field.clear()
    field.send_keys("Canaria Nova", Keys.ENTER)
    wait_for("the new name", 5, lambda: "Canaria Nova" in phone.element.get_attribute("aria-label"))
    phone.say("Hi", "full name")
    phone.inspect(phone.bubbles("message-in")[0])
    page.wait_panel("Parameters")
    assert table(page, "Parameters, sorted as signed")["ProfileName"] == "Canaria Nova"


def test_menu_of_a_phone(page):
    (phone,) = page.phones()
    onboard(phone, upto="Canaria Rao")
    phone.menu("RESTART")
    wait_for("the restart", 10, lambda: "have been removed" in "".join(phone.texts()))
    phone.all(".phone-head summary")[0].click()
    link = phone.all(".phone-head .menu a")[0]
    assert re.fullmatch(r"\d+\.chat", link.get_attribute("download"))
    chat = page.driver.execute_async_script(
        "fetch(arguments[0]).then((a) => a.text()).then(arguments[1])", link.get_attribute("href"))
    assert "Canaria Rao" in chat and "RESTART" in chat
    page.press(Keys.ESCAPE)
    phone.menu("Clear chat")
    wait_for("an empty chat", 5, lambda: not phone.bubbles())
    phone.menu("Opt out")
    wait_for("the opt-out", 5, lambda: "opted out" in phone.all(".window")[0].text)
    phone.menu("Opt out or in")
    wait_for("the opt-in", 5, lambda: "opted out" not in phone.all(".window")[0].text)
    phone.menu("Remove this person")
    wait_for("no phone", 5, lambda: not page.phones())
    invitation = page.one("#first-person")
    wait_for("the invitation to add one", 5, invitation.is_displayed)
    invitation.click()
    wait_for("a phone", 5, page.phones)


def test_what_is_no_text(page):
    (phone,) = page.phones()
    phone.say("Hi", "full name")
    for label in ("Picture", "Voice note", "Location"):
        before = len(phone.bubbles("message-out"))
        phone.all(".composer summary")[0].click()
        next(b for b in phone.all(".composer .menu button") if label in b.text).click()
        wait_for("an answer to " + label, 10,
                 lambda n=before: "full name" in "".join(phone.texts()[n:]))
    picture = phone.all(".message-in img.preview")[0]
    assert wait_for("the preview", 5, lambda: picture.get_property("naturalWidth")) > 0
    assert "Mumbai" in phone.bubbles("message-in")[-1].text


# ---- languages, and those who mean ill

def direction(element):
    return element.parent.execute_script("return getComputedStyle(arguments[0]).direction", element)


def test_hindi_and_arabic(page):
    (phone,) = page.phones()
    phone.say("नमस्ते", "पूरा नाम")
    phone.say("Canaria كاناريا", "Canaria كاناريا")
    phone.write("مرحبا *بك*")
    wait_for("the bubble", 5, lambda: "مرحبا" in phone.texts("message-in")[-1])
    arabic = phone.all(".message-in .text p")[-1]
    assert direction(arabic) == "rtl"
    assert arabic.find_element("css selector", "strong").text == "بك"
    assert direction(phone.all(".message-in .text p")[0]) == "ltr"


XSS = ["<img src=x onerror=window.pwned=1>", "<script>window.pwned=1</script>Canaria",
       "<svg/onload=window.pwned=1>", "*<b onclick=pwned=1>Canaria</b>*",
       "[x](javascript:window.pwned=1) javascript:pwned=1",
       "http://a.in/\"onmouseover=\"window.pwned=1", "```<iframe src=javascript:pwned=1>```",
       "Canaria</p></div><style>*{display:none}</style>"]


def test_markup_is_text(page):
    (phone,) = page.phones()
    field = phone.all(".profile")[0]
    field.clear()
    field.send_keys("<img src=x onerror=pwned=1>", Keys.ENTER)
    wait_for("the name", 5, lambda: "<img" in phone.element.get_attribute("aria-label"))
    phone.say("Hi", "full name")
    for text in XSS:
        before = len(phone.bubbles("message-in"))
        phone.say(text)
        shown = phone.texts("message-in")[before]
        assert shown.replace("`", "").replace("*", "") == text.replace("`", "").replace("*", "")
    phone.inspect(phone.bubbles("message-in")[-1])
    page.wait_panel("Parameters")
    assert page.js("return window.pwned") is None
    assert not page.all(".log img, .log script, .log iframe, .log style, .log b, #panel .piece img")
    links = page.js("return [...document.querySelectorAll('.log a')].map((a) => a.protocol)")
    assert set(links) <= {"http:", "https:", "mailto:"}
    handlers = page.js("return [...document.querySelectorAll('main *, aside *')].flatMap((e) =>"
                       "[...e.attributes]).filter((a) => /^on|^style$/.test(a.name)).length")
    assert handlers == 0


def test_nothing_comes_from_elsewhere(page, sandbox):
    (phone,) = page.phones()
    phone.say("Hi", "full name")
    urls = page.js("return performance.getEntriesByType('resource').map((e) => e.name)")
    assert urls and all(u.startswith(sandbox.url + "/sandbox/") for u in urls)
    _, headers, _ = sandbox.get("/sandbox")
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]


# ---- the server goes and comes

def test_server_restarts(page, sandbox):
    (phone,) = page.phones()
    onboard(phone, upto="Canaria Rao")
    number = phone.all(".number")[0].text
    sandbox.stop()
    wait_for("the banner", 10, lambda: page.one("#offline").is_displayed())
    sandbox.start()
    wait_for("no banner", 20, lambda: not page.one("#offline").is_displayed())
    (phone,) = wait_for("the phone", 10, page.phones)
    assert phone.all(".number")[0].text == number
    wait_for("what was said before", 10, lambda: "Canaria Rao" in phone.texts("message-in"))
    phone.say("3", "pincode")
    wait_for("ticks", 10, lambda: phone.states()[-1] == "read")


def test_a_second_page_sees_the_same(page, chromium):
    (phone,) = page.phones()
    phone.say("Hi", "full name")
    first = chromium.current_window_handle
    chromium.switch_to.new_window("tab")
    try:
        second = Page(chromium, page.server).load()
        (same,) = second.phones()
        wait_for("the messages", 10, lambda: "full name" in "".join(same.texts()))
        same.say("Canaria Rao", "Which sector")
        chromium.get("about:blank")
    finally:
        chromium.close()
        chromium.switch_to.window(first)
    wait_for("the other page's message", 10, lambda: "Canaria Rao" in phone.texts("message-in"))


def test_a_refused_request_is_told(page):
    (phone,) = page.phones()
    phone.write("x" * 5000)
    trouble = wait_for("a reason", 10, lambda: phone.all(".trouble")[0].text)
    assert "did not work" in trouble
    assert page.js("return document.querySelector('textarea').value.length") == 5000, "kept"
    page.complaints()  # the console tells of the refusal too
    assert canary.find(trouble) is None
