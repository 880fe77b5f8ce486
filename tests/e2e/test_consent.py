"""Who said STOP gets nothing that they did not ask for since: every road out, and what the ledger says."""
import urllib.parse

import pytest

import canary
from audience import Admin, gather
from person import Person, post
from server import wait_for
from test_broadcast_twilio import OddTwilio

OUT = ["STOP", "stop", " Stop. ", "STOP!", "STOPALL", "UNSUBSCRIBE", "रोकें", "बंद"]
NOT_OUT = ["stop 12345", "please stop", "CANCEL"]


@pytest.fixture
def odd():
    api = OddTwilio().start()
    yield api
    api.stop()


@pytest.fixture
def sending(servers, store, odd, auth):
    server = servers("one", TWILIO_API_BASE=odd.url, SEND_RATE=500, AUTH_API_URL=auth.url,
                     REPLY_BUDGET_MS="200", **store)
    server.set(PUBLIC_URL=server.url)
    return server.start()


@pytest.fixture
def admin(sending):
    return Admin(sending)


def ledger(admin, person):
    rows = admin.ask("GET", "/consent?contact=" + urllib.parse.quote(person.contact))["entries"]
    assert all(r["at"] for r in rows)
    return [(r["consent"], r["words"]) for r in rows]


def tell(server, message, status, code):
    """Twilio says what became of a message."""
    url = urllib.parse.urlsplit(message["status_callback"])
    got, _, _ = post(server.port, f"{url.path}?{url.query}", {
        "MessageSid": message["sid"], "MessageStatus": status, "ErrorCode": str(code),
        "AccountSid": canary.ACCOUNT, "To": message["to"], "From": message["from"]})
    assert got == 204


def last_to(odd, person):
    return [m for m in odd.messages if m["to"] == person.contact][-1]


def outcome(admin, id, person):
    return [(r["outcome"], r["reason"]) for r in admin.recipients(id)
            if r["contact"] == person.contact]


def test_words(sending, admin):
    """Whole messages, in both languages; what was said is kept as it was said."""
    for word in OUT + NOT_OUT:
        person = Person(sending)
        person.go_to("name")
        assert person.say(word)
        assert ledger(admin, person) == ([("out", word)] if word in OUT else []), word
    person.say("STOP")
    person.say("शुरू")
    assert ledger(admin, person) == [("in", "शुरू"), ("out", "STOP")]


def test_twilio_has_answered_already(sending, admin):
    """OptOutType: written down, and not answered a second time."""
    person = Person(sending)
    person.say("Hi")
    for kind, word in (("STOP", "ARRÊTER"), ("START", "UNSTOP"), ("HELP", "INFO")):
        assert person.deliver(word, OptOutType=kind).texts == []
    assert ledger(admin, person) == [("in", "UNSTOP"), ("out", "ARRÊTER")]


def test_repeat(sending, admin, odd):
    """STOP while a refused message waits for its next attempt."""
    person, other = gather([sending], 2)
    odd.odd[person.contact] = "429 for 3 s"
    told = admin.send("Storm")
    wait_for("the refusal", 10, lambda: odd.tries(person.contact))
    person.say("STOP")
    admin.wait(told["broadcast_id"], 30)
    assert odd.to(person.contact) == [] and len(odd.to(other.contact)) == 1
    assert outcome(admin, told["broadcast_id"], person) == [("skipped", "opted_out")]


def test_parked(sending, admin, odd):
    """63016, then STOP: what was parked does not leave when they write again."""
    person, = gather([sending], 1)
    told = admin.send("Storm")
    admin.wait(told["broadcast_id"])
    tell(sending, last_to(odd, person), "undelivered", 63016)
    assert outcome(admin, told["broadcast_id"], person) == [("parked", "")]
    person.say("STOP")
    admin.wait_progress(told["broadcast_id"], 20, skipped=1)
    assert len(odd.to(person.contact)) == 1
    assert outcome(admin, told["broadcast_id"], person) == [("skipped", "opted_out")]


def test_template(sending, admin, odd):
    """63016 after the broadcast is done: the template follows, but not to who said STOP."""
    stays, leaves = gather([sending], 2)
    told = admin.send("Storm", content_sid="HX" + "0" * 31 + "1",
                      content_variables={"1": "you", "2": "now"})
    admin.wait(told["broadcast_id"])
    leaves.say("STOP")
    for person in (stays, leaves):
        tell(sending, last_to(odd, person), "failed", 63016)
    admin.wait_progress(told["broadcast_id"], 30, accepted=1, skipped=1)
    admin.wait(told["broadcast_id"])
    assert odd.to(stays.contact) == ["Storm", None]
    assert odd.to(leaves.contact) == ["Storm"]


def test_late_result(sending, odd, auth):
    """Asked for before the STOP, ready after it."""
    person = Person(sending)
    person.go_to("confirmation")
    auth.delay = 1.0
    person.say("YES")
    person.say("STOP")
    wait_for("the result to be held back", 20, lambda: sending.metric(
        "samvad_sends_skipped_total", reason="opted_out") == 1)
    assert odd.to(person.contact) == []


def test_answers_go_on(sending, odd, auth):
    """Who writes after STOP is answered, late as well."""
    person = Person(sending)
    person.go_to("confirmation")
    person.say("STOP")
    auth.delay = 1.0
    person.say("YES")
    wait_for("the result", 20, lambda: odd.to(person.contact))
