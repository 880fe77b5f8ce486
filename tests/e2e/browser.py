"""A headless Chromium, and the phone page of the twin as a person uses it."""
import os
import time

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from person import new_number
from server import ROOT, wait_for

SCREENSHOTS = os.path.join(ROOT, os.environ.get("BUILD") or "build", "tests", "screenshots")
CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--window-size=1280,860", "--lang=en-GB")
REPLY_BUDGET_MS = 1500  # so that a slow Auth API need not be very slow


def start_chromium(folder):
    """A browser with a profile of its own, that writes to this folder only."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in FLAGS + (f"--user-data-dir={folder}/profile",):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    env = dict(os.environ, HOME=str(folder), XDG_CONFIG_HOME=str(folder),
               XDG_CACHE_HOME=str(folder), LANGUAGE="en_GB")
    return webdriver.Chrome(options=options, service=Service(DRIVER, env=env))


class Page:
    """One tab with the page in it."""

    def __init__(self, driver, server):
        self.driver = driver
        self.server = server
        self.size(1280, 860)
        self.scheme("light")

    def load(self):
        self.driver.get(self.server.url + "/sandbox")
        wait_for("the page's first phone", 10, self.phones)
        return self

    def size(self, width, height):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def scheme(self, name, **features):
        wanted = {"prefers-color-scheme": name, **features}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": k, "value": v} for k, v in wanted.items()]})

    def screenshot(self, name):
        os.makedirs(SCREENSHOTS, exist_ok=True)
        time.sleep(0.3)  # what is drawn comes to rest
        self.driver.save_screenshot(os.path.join(SCREENSHOTS, name + ".png"))

    # ---- finding

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def one(self, css):
        return wait_for(css, 10, lambda: self.all(css))[0]

    def js(self, code, *args):
        return self.driver.execute_script(code, *args)

    def phones(self):
        return [Phone(self, e) for e in self.all("section.phone")]

    def complaints(self):
        """What the browser's console says went wrong."""
        return [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] in ("WARNING", "SEVERE")]

    # ---- acting

    def new_person(self):
        before = len(self.phones())
        self.one("#new-person").click()
        return wait_for("the new phone", 10, lambda: self.phones()[before:])[0]

    def choose(self, css, value):
        """Sets a field as a person does: what listens to it hears of it."""
        self.js("arguments[0].value = arguments[1];"
                "arguments[0].dispatchEvent(new Event('change', { bubbles: true }));",
                self.one(css), str(value))

    def press(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def press_shifted(self, key):
        ActionChains(self.driver).key_down(Keys.SHIFT).send_keys(key).key_up(Keys.SHIFT).perform()

    def insert(self, text):
        """Types into what has the focus; chromedriver's own keys know no emoji."""
        self.driver.execute_cdp_cmd("Input.insertText", {"text": text})

    def panel(self):
        return self.one("#panel").text

    def wait_panel(self, *parts, seconds=10):
        return wait_for(f"{parts} in the panel", seconds,
                        lambda: all(p in self.panel() for p in parts) and self.panel())

    def close_panel(self):
        self.one("#panel .panel-close").click()

    def open_panel(self, name):
        if self.one(f"#open-{name}").get_attribute("aria-expanded") != "true":
            self.one(f"#open-{name}").click()


class Phone:
    """One phone on the page."""

    def __init__(self, page, element):
        self.page = page
        self.element = element

    def all(self, css):
        return self.element.find_elements(By.CSS_SELECTOR, css)

    def write(self, text):
        self.all("textarea")[0].click()
        self.page.insert(text)
        self.page.press(Keys.ENTER)

    def bubbles(self, kind="message"):
        return self.all("." + kind)

    def texts(self, kind="message-out"):
        return [b.text for b in self.all(f".{kind} .content")]

    def say(self, text, *parts, seconds=15):
        """Writes, waits for an answer with all these parts in it, and returns the answer."""
        before = len(self.bubbles("message-out"))
        self.write(text)

        def answer():
            said = "\n".join(self.texts()[before:])
            return said if said and all(p in said for p in parts) else None
        try:
            return wait_for(f"{parts}", seconds, answer)
        except AssertionError:
            raise AssertionError(f"{parts} after {text!r}: {self.texts()[before:]}") from None

    def menu(self, label):
        self.all(".phone-head summary")[0].click()
        for item in self.all(".phone-head .menu li > *"):
            if label in item.text:
                item.click()
                return
        raise AssertionError(f"no {label} in the menu")

    def state(self, bubble):
        return bubble.find_element(By.CSS_SELECTOR, ".meta").get_attribute("data-state")

    def states(self, kind="message-out"):
        return [self.state(b) for b in self.bubbles(kind)]

    def inspect(self, bubble):
        bubble.find_element(By.CSS_SELECTOR, ".meta").click()
        return self.page.wait_panel("Message id")


# ---- fixtures: a test file imports them

@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    driver = start_chromium(tmp_path_factory.mktemp("chromium"))
    yield driver
    driver.quit()


@pytest.fixture
def sandbox(servers):
    """A server with no account: Twilio and the Auth API are the twin's."""
    return servers("sandbox", TWILIO_ACCOUNT_SID=None, TWILIO_AUTH_TOKEN=None,
                   TWILIO_API_BASE=None, AUTH_API_URL=None,
                   REPLY_BUDGET_MS=REPLY_BUDGET_MS).start()


@pytest.fixture
def page(chromium, sandbox):
    page = Page(chromium, sandbox)
    page.complaints()  # of the test before
    page.load()
    yield page
    complaints = [c for c in page.complaints() if "net::ERR_" not in c]  # a server that is away
    chromium.get("about:blank")
    assert not complaints, complaints


def onboard(phone, name="Canaria Rao", upto="YES"):
    """From the greeting to this word; returns what was answered to it."""
    number = new_number()
    for word, part in (("Hi", "full name"), (name, "Which sector"), ("3", "pincode"),
                       ("400001", "mobile number"), (number, "check your details"),
                       ("YES", "Registration successful")):
        said = phone.say(word, part)
        if word == upto:
            break
    return said, number
