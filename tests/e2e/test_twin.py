"""The whole program with the twin as its only Twilio and Auth API: phones, faults, time, streams."""
import base64
import http.client
import json
import os
import re
import shutil
import time

import pytest

import canary
from person import new_number
from server import ROOT, run, wait_for
from twin import Events, Twin, rest_path, start

STEPS = ["welcome", "name", "sector", "pincode", "phone", "confirmation", "completed"]


@pytest.fixture
def server(servers, store):
    return start(servers, **store)


@pytest.fixture
def embedded(servers):
    return start(servers)


@pytest.fixture
def twin(request):
    names = request.fixturenames
    return Twin(request.getfixturevalue("server" if "server" in names else "embedded"))


def onboard(phone, number=None, upto=6):
    words = ["Hi", "Canaria Rao", "3", "400001", number or new_number(), "YES"]
    for word in words[:upto]:
        said = phone.say(word)
    return said


def otp_of(phone):
    text = phone.wait_text("Your OTP is")["text"]
    found = re.search(r"\d{6}", text).group()
    return found


# ---- the whole way

def test_onboarding(server, twin):
    phone = twin.phone()
    number = new_number()
    assert "Registration successful" in onboard(phone, number)
    sms = phone.messages("sms")
    assert [m["to"] for m in sms] == ["+91" + number]
    assert len(otp_of(phone)) == 6
    wait_for("ticks", 5, lambda: {m["status"] for m in phone.messages("out")} == {"delivered"})
    sids = [m["sid"] for m in phone.messages("in")]
    steps = [(twin.inspection(s)["session"]["before"] or {}).get("step") for s in sids]
    after = [twin.inspection(s)["session"]["after"] for s in sids]
    assert steps == [None] + STEPS[1:-1]
    assert [a["step"] for a in after] == STEPS[1:]
    assert [a["completed"] for a in after] == [False] * 5 + [True]
    assert all(set(a) == {"step", "flow", "language", "completed", "revision"} for a in after)


def test_the_sms_is_on_the_phone_of_its_number(embedded, twin):
    first, second = twin.phone(), twin.phone()
    onboard(first, second.number[3:])
    assert second.wait_text("Your OTP is")["direction"] == "sms"
    assert first.messages("sms") == []


def test_the_sms_is_where_its_number_was_typed(embedded, twin):
    """Of nobody's phone; in digits of another script, too."""
    phone = twin.phone()
    number = new_number()
    onboard(phone, number.translate({ord("0") + i: ord("०") + i for i in range(10)}))
    assert phone.wait_text("Your OTP is")["to"] == "+91" + number


def test_two_phones_do_not_disturb_each_other(embedded, twin):
    first, second = twin.phone(), twin.phone()
    onboard(first, upto=3)
    assert "full name" in second.say("Hi")
    assert "mobile number" in first.say("400001")


def test_without_a_number(embedded, twin):
    phone = twin.phone(bsuid=True)
    assert "Registration successful" in onboard(phone)


# ---- faults

def test_twenty_copies_are_one_turn(server, twin):
    phone = twin.phone()
    onboard(phone, upto=2)
    twin.faults(duplicate=20)
    phone.say("3")
    twin.faults(duplicate=1)
    sid = phone.messages("in")[-1]["sid"]
    seen = twin.inspection(sid)
    assert len({a["response"]["body"] for a in seen["attempts"]}) == 1
    assert len(seen["attempts"]) == 20
    assert "mobile number" in phone.say("400001")


def test_a_lost_answer_is_given_again(embedded, twin):
    phone = twin.phone()
    onboard(phone, upto=2)
    twin.faults(drop_answer=1)
    assert "pincode" in phone.say("3")
    first, second = twin.inspection(phone.messages("in")[-1]["sid"])["attempts"]
    assert first["response"]["body"] == second["response"]["body"]
    assert dict(second["request"]["params"])["ErrorCode"] == "11200"


def test_a_slow_auth_api(servers):
    server = start(servers, REPLY_BUDGET_MS=1000)
    twin = Twin(server)
    phone = twin.phone()
    onboard(phone, upto=5)
    twin.faults(auth="slow", auth_delay_ms=3000)
    assert "Registration successful" not in phone.say("YES")
    late = phone.wait_text("Registration successful")
    assert late["direction"] == "out"
    wait_for("its ticks", 5, lambda: twin.message(late["sid"])["status"] == "delivered")
    wait_for("its callbacks", 5, lambda: [
        c["answer"] for c in twin.inspection(late["sid"])["callbacks"]] == [204, 204])
    assert server.metric("samvad_status_total", status="delivered") == 1
    assert len(phone.messages("sms")) == 1


@pytest.mark.errors("call")
@pytest.mark.parametrize("word", ["400", "422", "429", "500", "503", "malformed"])
def test_a_failing_auth_api(embedded, twin, word):
    phone = twin.phone()
    onboard(phone, upto=5)
    twin.faults(auth=word)
    assert "Registration successful" not in phone.say("YES")
    assert phone.messages("sms") == []


@pytest.mark.parametrize("fault", [{"rest": "429"}, {"rest": "500"}, {"rest": "503"},
                                   {"rest": "lost"}])
def test_the_late_result_gets_through(servers, fault):
    server = start(servers, REPLY_BUDGET_MS=500)
    twin = Twin(server)
    phone = twin.phone()
    onboard(phone, upto=5)
    twin.faults(auth="slow", auth_delay_ms=1500, rest_times=1, **fault)
    phone.say("YES")
    phone.wait_text("Registration successful", 40)
    time.sleep(1.5)
    assert len([m for m in phone.messages("out")
                if "Registration successful" in m["text"]]) == 1


def server_waits(server):
    """A session waits for its business call."""
    return server.metric("samvad_calls_in_flight") >= 1


def test_hanging_faults_end_with_the_server(embedded, twin):
    phone = twin.phone()
    onboard(phone, upto=5)
    twin.faults(auth="hang")
    phone.send("YES")
    wait_for("the call", 5, lambda: server_waits(embedded))
    status, seconds = embedded.terminate()
    assert status == 0 and seconds < 15


# ---- time

def test_a_day_later_the_session_is_over(server, twin):
    phone = twin.phone()
    onboard(phone, upto=3)
    before = twin.state()["now_ms"]
    now = twin.advance(hours=25)
    assert 25 * 3600000 <= now - before < 25 * 3600000 + 10000
    assert "not finished in time" in phone.say("400001")
    session = twin.inspection(phone.messages("in")[-1]["sid"])["session"]
    assert session["before"] is None and session["after"]["step"] == "name"
    health = server.json("/health")
    assert health["timestamp"][:10] != time.strftime("%Y-%m-%d", time.gmtime())


def test_an_hour_later_it_is_not(server, twin):
    phone = twin.phone()
    onboard(phone, upto=3)
    twin.advance(hours=23)
    assert "mobile number" in phone.say("400001")
    twin.advance(hours=23)
    assert "check your details" in phone.say(new_number())


def test_the_outbox_follows_the_clock(servers):
    """Each refusal puts the row off twice as long; moved forward, it is due at once."""
    server = start(servers, REPLY_BUDGET_MS=500)
    twin = Twin(server)
    phone = twin.phone()
    onboard(phone, upto=5)
    twin.faults(auth="slow", auth_delay_ms=1200, rest="503")
    phone.say("YES")
    wait_for("a refused send", 15, lambda: server.metric("samvad_sends_total") >= 1, 0.05)
    began = time.monotonic()
    for attempts in range(2, 8):
        twin.advance(hours=1)
        wait_for("one more", 10,
                 lambda n=attempts: server.metric("samvad_sends_total") >= n, 0.05)
    assert time.monotonic() - began < 15, "without the clock it is half a minute and more"
    twin.faults(rest="ok")
    twin.advance(hours=1)
    phone.wait_text("Registration successful", 10)


@pytest.mark.parametrize("body", [{}, {"advance_ms": -1}, {"advance_ms": 1.5},
                                  {"advance_ms": 400 * 86400000}, {"advance_ms": "1"}])
def test_no_such_time(embedded, twin, body):
    before = twin.state()["now_ms"]
    twin.call("POST", "/api/clock", body, want=(400,))
    assert twin.state()["now_ms"] - before < 60000


# ---- phones

def test_phones(embedded, twin):
    made = twin.call("POST", "/api/phones", {})
    assert re.fullmatch(r"\+9198\d{8}", made["number"]) and made["id"] == made["number"][1:]
    canary.add_number(made["number"])
    assert made["window_until_ms"] == 0 and made["joined"] and not made["opted_out"]
    same = twin.call("POST", "/api/phones", {"number": made["number"]}, want=(200,))
    assert same == made
    path = f"/api/phones/{made['id']}"
    named = twin.call("PATCH", path, {"profile_name": "कैनारिया Canaria"})
    assert named["profile_name"] == "कैनारिया Canaria"
    twin.call("PATCH", path, {"profile_name": "x" * 61}, want=(400,))
    for number in ("abc", "+0123456789", "12", "+12345678901234567890"):
        twin.call("POST", "/api/phones", {"number": number}, want=(400,))
    twin.call("DELETE", path, want=(204,))
    assert twin.state()["phones"] == []
    for method, rest in (("DELETE", ""), ("PATCH", ""), ("POST", "/messages"), ("POST", "/read"),
                         ("POST", "/clear"), ("GET", "/transcript")):
        told = twin.call(method, path + rest, {} if method != "GET" else None, want=(404,))
        assert told["error"]["code"] == "no_such_phone"


def test_no_more_than_64_phones(embedded, twin):
    for _ in range(64):
        twin.phone()
    twin.call("POST", "/api/phones", {}, want=(409,))


def test_clear_keeps_the_session(embedded, twin):
    phone = twin.phone()
    onboard(phone, upto=3)
    twin.call("POST", f"/api/phones/{phone.id}/clear", want=(204,))
    assert phone.messages() == []
    assert "mobile number" in phone.say("400001")
    assert [m["text"] for m in phone.messages("in")] == ["400001"]


def passes(tmp_path, transcript):
    """`samvad test` on the pack with this as its only conversation."""
    pack = tmp_path / "msme"
    shutil.copytree(os.path.join(ROOT, "templates", "msme"), pack)
    shutil.rmtree(pack / "tests", ignore_errors=True)
    os.mkdir(pack / "tests")
    (pack / "tests" / "typed.chat").write_text(transcript, encoding="utf-8")
    return run("test", str(pack))


def test_a_transcript_passes(embedded, twin, tmp_path):
    phone = twin.phone()
    onboard(phone, upto=3)
    phone.say("oops")
    twin.advance(hours=2)
    phone.say("400001")
    phone.say(new_number())
    phone.write(payload="yes", title="YES, all correct")
    phone.wait_text("Your OTP")
    text = phone.transcript()
    assert "> Hi" in text and "> 400001" in text and "pass 2h" in text and "button yes" in text
    assert "call send_otp -> 200" in text and "REG-…" in text
    assert [x for x in text.split("\n") if x.startswith("contact")] == [f"contact {phone.address}"]
    status, out, err = passes(tmp_path, text)
    assert status == 0, f"{text}\n{out}{err}"


def test_a_transcript_of_a_late_result_passes(servers, tmp_path):
    twin = Twin(start(servers, REPLY_BUDGET_MS=500))
    phone = twin.phone()
    onboard(phone, upto=5)
    twin.faults(auth="slow", auth_delay_ms=1500)
    phone.say("YES")
    phone.wait_text("Registration successful")
    status, out, err = passes(tmp_path, phone.transcript())
    assert status == 0, f"{phone.transcript()}\n{out}{err}"


@pytest.mark.errors("call")
def test_a_transcript_of_a_failing_call_passes(embedded, twin, tmp_path):
    phone = twin.phone()
    onboard(phone, upto=5)
    twin.faults(auth="422")
    phone.say("YES")
    status, out, err = passes(tmp_path, phone.transcript())
    assert status == 0, f"{phone.transcript()}\n{out}{err}"


# ---- events

def test_events(embedded, twin):
    events = Events(embedded)
    phone = twin.phone()
    phone.say("Hi")
    events.wait("message", lambda e: e["direction"] == "out" and e["status"] == "delivered")
    assert [e["status"] for e in events.of("message") if e["direction"] == "out"] == [
        "queued", "sent", "delivered"]
    assert [e["on"] for e in events.of("typing")] == [True, False]
    assert events.of("inspection")[0]["sid"] == phone.messages("in")[0]["sid"]
    assert [n for n, _ in events.seen] == list(range(1, len(events.seen) + 1))
    twin.advance(hours=1)
    twin.faults(duplicate=2)
    twin.call("POST", f"/api/phones/{phone.id}/clear")
    assert events.wait("clock")["now_ms"] > time.time() * 1000 + 3500000
    assert events.wait("faults")["duplicate"] == 2
    assert events.wait("cleared")["phone"] == phone.id
    twin.call("DELETE", f"/api/phones/{phone.id}")
    assert events.wait("removed")["phone"] == phone.id
    assert twin.state()["last_event"] == events.seen[-1][0]
    events.close()


def test_a_stream_goes_on_where_it_was(embedded, twin):
    for _ in range(3):
        twin.phone()
    first = Events(embedded, since=1)
    wait_for("two events", 5, lambda: len(first.seen) == 2)
    assert [n for n, _ in first.seen] == [2, 3]
    second = Events(embedded, since=0, headers={"Last-Event-ID": "2"})
    wait_for("one event", 5, lambda: second.seen)
    assert [n for n, _ in second.seen] == [3]
    other_run = Events(embedded, since=999)
    assert other_run.wait("reset") == {"type": "reset"}
    first.close(), second.close(), other_run.close()


def test_who_was_away_too_long_is_told(embedded, twin):
    phone = twin.phone()
    for i in range(2100):
        twin.call("PATCH", f"/api/phones/{phone.id}", {"profile_name": f"Canaria {i}"})
    events = Events(embedded, since=1)
    events.wait("reset")
    assert events.seen[0][0] == twin.state()["last_event"]
    events.close()


def test_streams_are_few_and_places_come_back(embedded):
    streams = [Events(embedded) for _ in range(32)]
    assert {s.answer.status for s in streams} == {200}
    assert streams[0].answer.getheader("Content-Type").startswith("text/event-stream")
    one_more = Events(embedded)
    assert one_more.answer.status == 503
    assert embedded.get("/health/live")[0] == 200
    for s in streams:
        s.close()

    def again():
        Twin(embedded).phone()  # what is written to the dead ones tells that they are
        stream = Events(embedded)
        good = stream.answer.status == 200
        stream.close()
        return good
    wait_for("a free place", 5, again, 0.2)


def test_heartbeat(embedded):
    events = Events(embedded)
    wait_for("a comment", 18, lambda: events.comments)
    events.close()


def test_streams_do_not_hold_the_end_up(embedded):
    streams = [Events(embedded) for _ in range(10)]
    status, seconds = embedded.terminate()
    assert status == 0 and seconds < 3
    for s in streams:
        assert s.ended.wait(2)
        s.close()


# ---- who may, and what is there

def test_the_page(embedded):
    status, headers, body = embedded.get("/sandbox")
    assert status == 200 and headers["Content-Type"] == "text/html; charset=utf-8"
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';") and "unsafe" not in policy
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", body)
    for kind, name in re.findall(r"(src|href)=\"/?(?:sandbox/)?page/([\w.-]+)\"", body):
        assert embedded.get(f"/sandbox/page/{name}")[0] == 200, (kind, name)
    types = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
    folder = os.path.join(embedded.settings["TEMPLATES_DIR"], "sandbox")
    for name in os.listdir(folder):
        kind = types.get(os.path.splitext(name)[1])
        if kind:
            status, headers, _ = embedded.get(f"/sandbox/page/{name}")
            assert status == 200 and headers["Content-Type"].startswith(kind)


@pytest.mark.parametrize("path", [
    "/sandbox/page/../../msme/flow.json", "/sandbox/page/..%2f..%2fmsme%2fflow.json",
    "/sandbox/page/%2e%2e/x.js", "/sandbox/page/.hidden.js", "/sandbox/page/none.js",
    "/sandbox/page/index.txt", "/sandbox/page/", "/sandbox/page/a/b.js", "/sandbox/nothing",
    "/sandbox/page/..", "/sandbox/page/x%00.js"])
def test_no_other_file(embedded, path):
    connection = http.client.HTTPConnection("127.0.0.1", embedded.port, timeout=5)
    connection.request("GET", path)
    assert connection.getresponse().status in (400, 404)
    connection.close()


@pytest.mark.parametrize("headers, status", [
    ({"Host": "evil.example"}, 403), ({"X-Forwarded-For": "1.2.3.4"}, 403),
    ({"Origin": "https://evil.example"}, 403), ({"Origin": "null"}, 403),
    ({"Sec-Fetch-Site": "cross-site"}, 403), ({"Sec-Fetch-Site": "same-origin"}, 200),
    ({}, 200)])
def test_only_this_machine_and_its_own_page(embedded, headers, status):
    for path in ("/sandbox/api/state", "/sandbox/session?contact=whatsapp:%2B919876543210"):
        assert embedded.get(path, headers=headers)[0] == status
    own = {"Origin": f"http://127.0.0.1:{embedded.port}"}
    assert embedded.get("/sandbox/api/state", headers=own)[0] == 200


@pytest.mark.parametrize("path, mode, dest, status", [
    ("/sandbox", "navigate", "document", 200), ("/sandbox", "navigate", "iframe", 403),
    ("/sandbox", "no-cors", "empty", 403), ("/sandbox/api/state", "navigate", "document", 403)])
def test_a_link_elsewhere_leads_to_the_page(embedded, path, mode, dest, status):
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
    assert embedded.get(path, headers=headers)[0] == status


def test_session_says_nothing_private(embedded, twin):
    phone = twin.phone()
    path = "/sandbox/session?contact=" + phone.address.replace("+", "%2B")
    assert embedded.json(path) is None
    onboard(phone, upto=3)
    status, _, body = embedded.get(path)
    assert status == 200 and canary.find(body) is None
    assert json.loads(body)["step"] == "pincode"
    assert embedded.get("/sandbox/session")[0] == 400
    assert embedded.get("/sandbox/session?contact=x")[0] == 400


PATHS = ["/sandbox", "/sandbox/", "/sandbox/page/page.js", "/sandbox/events", "/sandbox/api/state",
         "/sandbox/session?contact=whatsapp:%2B919876543210", "/sandbox/api/phones",
         "/sandbox/api/faults", "/sandbox/api/clock", "/sandbox/auth/health",
         "/sandbox/auth/api/send-otp", "/sandbox" + rest_path()]


@pytest.mark.parametrize("sandbox", [None, 0])
def test_production_has_none_of_it(servers, sandbox):
    server = servers("live", SANDBOX=sandbox).start()
    basic = base64.b64encode(f"{canary.ACCOUNT}:{canary.AUTH_TOKEN}".encode()).decode()
    for path in PATHS:
        for method in ("GET", "POST", "PUT", "DELETE"):
            status, _, body = server.request(method, path, b"{}" if method != "GET" else None,
                                             headers={"Authorization": "Basic " + basic})
            assert status == 404, f"{method} {path}: {status} {body}"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1"])
def test_the_sandbox_binds_this_machine_only(servers, host):
    server = servers("open", SANDBOX=1, HOST=host)
    status, _, err = run("serve", env=server.env(), cwd=server.folder)
    assert status != 0 and "sandbox" in err.lower()
