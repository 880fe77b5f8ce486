"""Broadcasts as an admin uses them: who is written to, what is refused, seen, paused and repeated."""
import datetime
import json
import time

import pytest

from audience import Admin, gather, large_twilio, sender
from person import Person
from server import run, wait_for
from twin import Twin, start as start_twin


@pytest.fixture
def twilio(servers):
    """Twilio, played by a server of its own."""
    return large_twilio(servers)


@pytest.fixture
def server(servers, twilio, store):
    return sender(servers, twilio, SEND_RATE=500, **store)


@pytest.fixture
def embedded(servers, twilio):
    return sender(servers, twilio, SEND_RATE=500)


@pytest.fixture
def admin(request):
    name = "server" if "server" in request.fixturenames else "embedded"
    return Admin(request.getfixturevalue(name))


def tally(twin, **query):
    more = "&".join(f"{k}={v}" for k, v in query.items())
    return twin.call("GET", "/api/tally" + (f"?{more}" if more else ""))


# ---- accept

def test_everyone_gets_it_once(server, twilio, admin):
    people = gather([server], 60, ("name", "sector", "pincode", "phone", "confirmation"))
    told = admin.send("News for all")
    assert told["recipient_count"] == 60 and told["skipped"] == {} and told["status_url"]
    done = admin.wait(told["broadcast_id"])
    assert done["audience"] == done["recipient_count"] == 60
    got = tally(twilio, text="News%20for%20all")
    assert (got["messages"], got["recipients"], got["most"]) == (60, 60, 1)
    admin.wait_progress(told["broadcast_id"], delivered=60)
    rows = admin.recipients(told["broadcast_id"])
    assert {r["contact"] for r in rows} == {p.contact for p in people}
    assert {r["outcome"] for r in rows} == {"delivered"}


def test_only_those_at_a_step(server, twilio, admin):
    people = gather([server], 30, ("name", "pincode", "confirmation"))
    told = admin.send("Your pincode is missing", target_step="pincode")
    assert told["recipient_count"] == 10
    admin.wait(told["broadcast_id"])
    assert ({r["contact"] for r in admin.recipients(told["broadcast_id"])}
            == {p.contact for p in people if p.step == "pincode"})
    assert tally(twilio)["messages"] == 10


def test_saved_values(server, twilio, admin):
    """Each reads their own; who has not said it is skipped, with the reason."""
    gather([server], 8, ("name", "pincode"))
    told = admin.send("Dear {{name}}, {{sector}} needs your pincode.")
    assert told["recipient_count"] == 4 and told["skipped"] == {"no_value": 4}
    done = admin.wait(told["broadcast_id"])
    assert done["progress"]["skipped"] == 4 and done["skipped"] == {"no_value": 4}
    texts = {m["text"] for m in twilio.state()["messages"] if m["direction"] == "out"}
    assert len(texts) == 4
    assert all(t.startswith("Dear Canaria A") and "Technology needs" in t for t in texts)
    reasons = {r["reason"] for r in admin.recipients(told["broadcast_id"], outcome="skipped")}
    assert reasons == {"no_value"}


def test_who_said_stop_is_left_alone(server, twilio, admin):
    people = gather([server], 6)
    for person in people[:2]:
        person.say("STOP")
    told = admin.send("News")
    assert told["recipient_count"] == 4 and told["skipped"] == {"opted_out": 2}
    people[0].say("START")
    assert admin.dry_run("News")["skipped"] == {"opted_out": 1}
    admin.wait(told["broadcast_id"])
    assert tally(twilio)["messages"] == 4
    ledger = admin.ask("GET", "/consent?contact=" + people[0].contact.replace("+", "%2B"))
    assert [e["consent"] for e in ledger["entries"]] == ["in", "out"]
    assert ledger["entries"][1]["words"] == "STOP" and ledger["entries"][1]["message_id"]
    assert ledger["entries"][1]["at"]


def test_stop_between_plan_and_send(server, twilio, admin):
    """Consent counts when a message leaves, not when it was planned."""
    people = gather([server], 5)
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=4)
    told = admin.send("Soon", send_at=at.isoformat(timespec="seconds"))
    assert told["recipient_count"] == 5
    people[3].say("STOP")
    done = admin.wait(told["broadcast_id"], 30)
    assert done["skipped"] == {"opted_out": 1}
    assert tally(twilio)["messages"] == 4


def test_nobody_there(embedded, admin, twilio):
    told = admin.send("Hello?")
    assert told["recipient_count"] == 0
    assert admin.wait(told["broadcast_id"])["audience"] == 0


def test_dry_run_sends_nothing(server, twilio, admin):
    gather([server], 12, ("name", "sector"))
    got = admin.dry_run("{{name}}")
    assert got["recipient_count"] == 6 and got["skipped"] == {"no_value": 6} and got["dry_run"]
    assert got["expected_finish"]
    assert admin.ask("GET", "/broadcasts")["broadcasts"] == []
    assert tally(twilio)["messages"] == 0


def test_idempotency_key(server, twilio, admin):
    gather([server], 10)
    first = admin.send("Once", key="november-1")
    again = admin.send("Once", key="november-1")
    assert again["broadcast_id"] == first["broadcast_id"] and again["recipient_count"] == 10
    other = admin.send("Another", key="november-1", want=(409,))
    assert other["error"]["code"]
    admin.wait(first["broadcast_id"])
    assert tally(twilio)["messages"] == 10
    assert len(admin.ask("GET", "/broadcasts")["broadcasts"]) == 1


LATER = (datetime.datetime.now(datetime.timezone.utc)
         + datetime.timedelta(days=40)).strftime("%Y-%m-%dT%H:%M:%SZ")

REFUSED = [
    ("no body", b"", 400, None),
    ("bad JSON", b'{"message":', 400, None),
    ("no object", b'["message"]', 400, None),
    ("no message", b"{}", 400, "message"),
    ("empty message", b'{"message":""}', 400, "message"),
    ("blank message", b'{"message":" \\n"}', 400, "message"),
    ("message is no text", b'{"message":5}', 400, "message"),
    ("1601 characters", b'{"message":"' + b"x" * 1601 + b'"}', 400, "message"),
    ("70 KB", b'{"message":"' + b"x" * 70000 + b'"}', 413, "message"),
    ("a tag that never ends", b'{"message":"Dear {{name"}', 400, "message"),
    ("a value nobody has", b'{"message":"Dear {{nmae}}"}', 400, "message"),
    ("unknown step", b'{"message":"x","target_step":"nowhere"}', 400, "target_step"),
    ("step is no text", b'{"message":"x","target_step":1}', 400, "target_step"),
    ("send_at is no time", b'{"message":"x","send_at":"tomorrow"}', 400, "send_at"),
    ("send_at without zone", b'{"message":"x","send_at":"2099-01-01T10:00:00"}', 400, "send_at"),
    ("send_at long ago", b'{"message":"x","send_at":"2020-01-01T10:00:00Z"}', 400, "send_at"),
    ("send_at too late", b'{"message":"x","send_at":"%s"}' % LATER.encode(), 400, "send_at"),
    ("dry_run is no bool", b'{"message":"x","dry_run":"yes"}', 400, "dry_run"),
    ("content_sid", b'{"message":"x","content_sid":"HX1"}', 400, "content_sid"),
    ("variables alone", b'{"message":"x","content_variables":{"1":"a"}}', 400,
     "content_variables"),
    ("unknown member", b'{"message":"x","target":"name"}', 400, "target"),
]


@pytest.mark.parametrize("name,body,status,field", REFUSED, ids=[r[0] for r in REFUSED])
def test_refusals(embedded, name, body, status, field):
    got, _, text = embedded.request("POST", "/send-broadcast", body, admin=True)
    assert got == status, text
    error = json.loads(text)["error"]
    assert error.get("field") == field and error["message"]


def test_refusals_leave_nothing(embedded, admin, twilio):
    gather([embedded], 2)
    for _, body, _, _ in REFUSED:
        embedded.request("POST", "/send-broadcast", body, admin=True)
    assert admin.ask("GET", "/broadcasts")["broadcasts"] == []
    assert tally(twilio)["messages"] == 0


@pytest.mark.parametrize("method,path", [
    ("POST", "/send-broadcast"), ("GET", "/broadcasts"), ("GET", "/broadcasts/1f"),
    ("GET", "/broadcasts/1f/recipients"), ("POST", "/broadcasts/1f/pause"), ("GET", "/audit"),
    ("GET", "/consent?contact=x"),
])
def test_needs_the_token(embedded, method, path):
    body = b'{"message":"x"}' if method == "POST" else None
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}):
        status, head, _ = embedded.request(method, path, body, headers=headers)
        assert status == 401 and head["WWW-Authenticate"], (status, headers)


def test_without_a_token_nobody_may(servers):
    server = servers(ADMIN_TOKEN=None).start()
    status, _, text = server.request("POST", "/send-broadcast", b'{"message":"x"}', admin=True)
    assert status == 403 and "ADMIN_TOKEN" in text


def test_unknown_ids_and_methods(embedded, admin):
    for path in ("/broadcasts/" + "0" * 32, "/broadcasts/x/recipients"):
        assert embedded.get(path, admin=True)[0] == 404
    assert embedded.request("POST", "/broadcasts/" + "0" * 32 + "/pause", b"", admin=True)[0] == 404
    assert embedded.request("POST", "/broadcasts/" + "0" * 32 + "/explode", b"",
                            admin=True)[0] == 404
    status, head, _ = embedded.request("GET", "/send-broadcast", admin=True)
    assert status == 405 and "POST" in head["Allow"]


# ---- steer

def test_pause_resume(servers, twilio, store):
    server = sender(servers, twilio, SEND_RATE=20, **store)
    admin = Admin(server)
    gather([server], 60)
    told = admin.send("Slowly")
    wait_for("some to be sent", 20, lambda: tally(twilio)["messages"] >= 5)
    assert admin.steer(told["broadcast_id"], "pause")["state"] == "paused"
    admin.wait_progress(told["broadcast_id"], sending=0)
    before = tally(twilio)["messages"]
    assert before < 60
    time.sleep(1.5)  # nothing happens, which can only be seen by looking later
    assert tally(twilio)["messages"] == before
    # doing it twice is fine; a late STOP of this program changes nothing either
    admin.steer(told["broadcast_id"], "pause")
    server.stop()
    server.start()
    assert admin.show(told["broadcast_id"])["state"] == "paused"
    admin.steer(told["broadcast_id"], "resume")
    admin.wait(told["broadcast_id"])
    got = tally(twilio)
    assert (got["messages"], got["most"]) == (60, 1)
    actions = [e["action"] for e in admin.show(told["broadcast_id"])["audit"]]
    assert sorted(set(actions)) == ["broadcast.create", "broadcast.pause", "broadcast.resume"]


def test_cancel(servers, twilio, store):
    server = sender(servers, twilio, SEND_RATE=20, **store)
    admin = Admin(server)
    gather([server], 40)
    told = admin.send("Never mind")
    wait_for("some to be sent", 20, lambda: tally(twilio)["messages"] >= 3)
    got = admin.steer(told["broadcast_id"], "cancel")
    assert got["state"] == "cancelled" and got["progress"]["cancelled"] > 0
    final = admin.wait_progress(told["broadcast_id"], sending=0, waiting=0)
    sent = tally(twilio)["messages"]
    assert sent + final["cancelled"] == 40
    admin.steer(told["broadcast_id"], "resume", want=(409,))


def test_send_at(servers):
    """The clock of the sandbox moves; nothing leaves before its time."""
    server = start_twin(servers)
    twin, admin = Twin(server), Admin(server)
    phone = twin.phone()
    phone.say("Hi")
    now = twin.state()["now_ms"]
    at = datetime.datetime.fromtimestamp(now / 1000 + 7200, datetime.timezone.utc)
    told = admin.send("In two hours", send_at=at.strftime("%Y-%m-%dT%H:%M:%S+00:00"))
    assert told["recipient_count"] == 1
    got = admin.show(told["broadcast_id"])
    assert got["state"] == "scheduled" and got["progress"]["waiting"] == 1
    twin.advance(hours=1)
    time.sleep(1)  # nothing is to happen
    assert not [m for m in phone.messages("out") if "two hours" in m["text"]]
    twin.advance(hours=1, seconds=5)
    phone.wait_text("In two hours")
    admin.wait(told["broadcast_id"])


def test_outside_the_window(servers):
    """24 hours after the last message: a skip, or the approved template."""
    server = start_twin(servers, SESSION_TTL=400000)
    twin, admin = Twin(server), Admin(server)
    old, new = twin.phone(), twin.phone()
    old.say("Hi")
    twin.advance(hours=25)
    new.say("Hi")
    assert admin.dry_run("News")["skipped"] == {"outside_window": 1}
    told = admin.send("News", content_sid="HX" + "0" * 31 + "1",
                      content_variables={"1": "you", "2": "today"})
    assert told["recipient_count"] == 2
    admin.wait(told["broadcast_id"])
    new.wait_text("News")
    assert [m for m in old.messages("out") if m["text"] != "News" and "today" in m["text"]]


def test_quiet_hours(servers, twilio):
    """Planned at once, sent when the night is over; replies go at any time."""
    now = datetime.datetime.now(datetime.timezone.utc)
    quiet = f"{now - datetime.timedelta(hours=1):%H:%M}-{now + datetime.timedelta(hours=1):%H:%M}Z"
    server = sender(servers, twilio, QUIET_HOURS=quiet)
    admin = Admin(server)
    gather([server], 3)
    told = admin.send("Good night")
    got = wait_for("the quiet", 10,
                   lambda: [g for g in [admin.show(told["broadcast_id"])] if g["state"] == "quiet"])
    assert got[0]["progress"]["waiting"] == 3 and got[0]["expected_finish"]
    assert tally(twilio)["messages"] == 0


def test_audit(embedded, admin):
    gather([embedded], 1)
    told = admin.send("Hello")
    admin.wait(told["broadcast_id"])
    rows = admin.ask("GET", "/audit")["entries"]
    assert [(r["action"], r["object"]) for r in rows] == [("broadcast.create",
                                                          told["broadcast_id"])]
    assert rows[0]["request_id"] and rows[0]["at"]


# ---- a person who opts out of the provider, and one who writes again

def test_provider_opt_out(server, twilio, admin):
    """21610 from Twilio is an opt-out here as well, in the ledger too."""
    people = gather([server], 4)
    twilio.faults(refused_code=21610, refused_every=4)
    told = admin.send("News")
    done = admin.wait(told["broadcast_id"])
    assert done["progress"]["skipped"] == 1 and done["skipped"] == {"opted_out": 1}
    assert admin.dry_run("News")["skipped"] == {"opted_out": 1}
    gone = [r["contact"] for r in admin.recipients(told["broadcast_id"], outcome="skipped")]
    ledger = admin.ask("GET", "/consent?contact=" + gone[0].replace("+", "%2B"))["entries"]
    assert ledger[0]["consent"] == "out" and ledger[0]["words"] == "21610"
    person = [p for p in people if p.contact == gone[0]][0]
    person.say("START")
    assert admin.dry_run("News")["skipped"] == {}


def test_provider_opt_out_by_callback(server, twilio, admin):
    gather([server], 4)
    twilio.faults(undelivered_code=21610, undelivered_every=4)
    told = admin.send("News")
    admin.wait(told["broadcast_id"])
    wait_for("the opt-out", 20, lambda: admin.dry_run("News")["skipped"] == {"opted_out": 1})


def test_closed_window_parks(server, twilio, admin):
    """63016 by callback and no template: the text waits until the person writes."""
    people = gather([server], 3)
    twilio.faults(undelivered_code=63016, undelivered_every=3)
    told = admin.send("It waits")
    admin.wait_progress(told["broadcast_id"], parked=1, delivered=2)
    twilio.call("DELETE", "/api/faults")
    parked = admin.recipients(told["broadcast_id"], outcome="parked")[0]["contact"]
    person = [p for p in people if p.contact == parked][0]
    before = tally(twilio)["messages"]
    person.say("Hi")
    wait_for("the parked text", 20, lambda: tally(twilio)["messages"] == before + 1)
    admin.wait_progress(told["broadcast_id"], delivered=3)


def test_closed_window_becomes_the_template(server, twilio, admin):
    gather([server], 3)
    twilio.faults(undelivered_code=63016, undelivered_every=3)
    told = admin.send("It goes", content_sid="HX" + "0" * 31 + "1",
                      content_variables={"1": "you", "2": "now"})
    admin.wait_progress(told["broadcast_id"], delivered=3)
    assert tally(twilio)["messages"] == 4
    assert tally(twilio, text="It%20goes")["messages"] == 3


# ---- the shell

def test_from_the_shell(embedded, admin, twilio):
    gather([embedded], 5)
    env = embedded.env()
    status, out, err = run("broadcast", "send", "--watch", "--key", "k1", "Shell news", env=env)
    assert status == 0, err
    assert "5 recipients" in out and "done" in out
    assert tally(twilio, text="Shell%20news")["messages"] == 5
    status, out, _ = run("broadcast", "list", env=env)
    id = out.split()[0]
    assert status == 0 and len(id) == 32
    status, out, _ = run("broadcast", "recipients", id, env=env)
    assert status == 0 and len(out.splitlines()) == 5
    assert run("broadcast", "show", "0" * 32, env=env)[0] == 1
    status, _, err = run("broadcast", "send", "--step", "nowhere", "x", env=env)
    assert status == 1 and "target_step" in err
    status, _, err = run("broadcast", "list", env={**env, "ADMIN_TOKEN": ""})
    assert status == 1 and "ADMIN_TOKEN" in err
    assert run("broadcast", env=env)[0] == 2
    assert run("broadcast", "pause", env=env)[0] == 2


@pytest.mark.errors("send-configuration")
def test_config_trouble_pauses(servers, twilio):
    """A wrong token: no recipient is written off, the broadcast waits for the operator."""
    server = servers("one", TWILIO_API_BASE=f"http://127.0.0.1:{twilio.server.port}/sandbox/twilio",
                     TWILIO_ACCOUNT_SID="AC" + "9" * 32)
    server.set(PUBLIC_URL=server.url)
    server.start()
    admin = Admin(server)
    person = Person(server)
    person.deliver("Hi", AccountSid="AC" + "9" * 32)
    told = admin.send("News")
    got = admin.wait(told["broadcast_id"], 30, state="paused")
    assert got["why"] == "configuration" and got["why_code"] in (20003, 20404)
    assert got["progress"]["failed"] == 0
