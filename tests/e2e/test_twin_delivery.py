"""The twin as Twilio: what it delivers to a program of the test's own, and what it makes of answers.

The program is played here, behind PUBLIC_URL; the server under test is only the twin.
"""
import threading
import time
import urllib.parse

import pytest
from twilio.request_validator import RequestValidator
from twilio.rest import Client

import canary
from peers import Peer
from person import SENDER
from server import wait_for
from twin import Twin, start

EMPTY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


def twiml(*texts):
    inner = "".join(f"<Message>{t}</Message>" for t in texts)
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{inner}</Response>'


class Program(Peer):
    """Checks every signature with Twilio's helper, keeps what came, answers as told."""

    def __init__(self):
        super().__init__()
        self.calls = []  # (path, fields, headers)
        self.answers = []  # one each: (status, body, type); the last one stays
        self.redirects = False  # /next is where they end
        self.delay = 0
        self.slow_status = None
        self.told = []  # statuses in the order in which they are answered: (sid, status)
        self.gate = None

    def answer(self, rq, method, body):
        path = urllib.parse.urlsplit(rq.path).path
        if method == "GET":
            query = urllib.parse.urlsplit(rq.path).query
            fields = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
            signed = {}
        else:
            fields = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
            signed = fields
        good = RequestValidator(canary.AUTH_TOKEN).validate(
            self.url + rq.path, signed, rq.headers.get("X-Twilio-Signature", ""))
        with self.lock:
            self.calls.append((path, fields, dict(rq.headers)))
            status, text, kind = (self.answers.pop(0) if len(self.answers) > 1
                                  else (self.answers or [(200, EMPTY, "text/xml")])[0])
        if self.redirects and path == "/next":
            status, text, kind = 200, twiml("2"), "text/xml"
        if not good:
            status, text, kind = 403, "not signed", "text/plain"
        if path.startswith("/webhook/status"):
            if fields["MessageStatus"] == self.slow_status:
                time.sleep(0.3)
            with self.lock:  # before the answer: with it, the twin may tell the next
                self.told.append((fields["MessageSid"], fields["MessageStatus"]))
            rq.reply(204, b"")
            return
        if self.gate:
            self.gate.wait(30)
        time.sleep(self.delay)
        if status == 0:
            rq.close_connection = True
            return
        rq.reply(status, text.encode(), kind)

    def messages(self):
        with self.lock:
            return [c for c in self.calls if not c[0].startswith("/webhook/status")]

    def statuses(self, sid=None):
        with self.lock:
            return [c[1]["MessageStatus"] for c in self.calls
                    if c[0].startswith("/webhook/status") and sid in (None, c[1]["MessageSid"])]

    def say(self, *answers):
        """Texts are TwiML with status 200."""
        self.answers = [(200, a, "text/xml") if isinstance(a, str) else a for a in answers]


@pytest.fixture
def program():
    played = Program().start()
    yield played
    played.stop()


@pytest.fixture
def twin(servers, program):
    return Twin(start(servers, PUBLIC_URL=program.url))


@pytest.fixture
def client(twin):
    made = Client(canary.ACCOUNT, canary.AUTH_TOKEN)
    made.api.base_url = twin.server.url + "/sandbox/twilio"
    return made


# ---- what is delivered

def test_a_text(twin, program):
    phone = twin.phone()
    program.say(twiml("Hello &amp; welcome", "Second"))
    got = phone.write("Grüße 🙏\nzweite Zeile &=%+")
    assert got["texts"] == ["Hello & welcome", "Second"]
    (path, fields, headers), = program.messages()
    digits = phone.number[1:]
    context = fields.pop("ChannelMetadata")
    user = fields.pop("ExternalUserId")
    assert path == "/webhook"
    assert fields == {
        "SmsMessageSid": got["sid"], "SmsSid": got["sid"], "MessageSid": got["sid"],
        "NumMedia": "0", "ProfileName": "Canaria Rao", "MessageType": "text", "WaId": digits,
        "SmsStatus": "received", "Body": "Grüße 🙏\nzweite Zeile &=%+", "To": SENDER,
        "NumSegments": "1", "ReferralNumMedia": "0", "AccountSid": canary.ACCOUNT,
        "From": "whatsapp:" + phone.number, "ApiVersion": "2010-04-01"}
    assert '"WaId":"%s"' % digits in context
    assert user.startswith("whatsapp:IN.")
    assert headers["User-Agent"] == "TwilioProxy/1.1"
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert headers["I-Twilio-Idempotency-Token"]


@pytest.mark.parametrize("asked, fields", [
    ({"payload": "yes_1", "title": "Yes"},
     {"Body": "Yes", "ButtonText": "Yes", "ButtonPayload": "yes_1", "MessageType": "interactive"}),
    ({"media_type": "image/jpeg", "caption": "my shop"},
     {"NumMedia": "1", "MediaContentType0": "image/jpeg", "Body": "my shop",
      "MessageType": "image"}),
    ({"media_type": "audio/ogg", "media_url": "https://example.org/a.ogg"},
     {"NumMedia": "1", "MediaUrl0": "https://example.org/a.ogg", "Body": "",
      "MessageType": "audio"}),
    ({"latitude": 19.076, "longitude": "72.8777", "label": "Mumbai"},
     {"Latitude": "19.076", "Longitude": "72.8777", "Label": "Mumbai", "MessageType": "location",
      "NumMedia": "0"}),
])
def test_kinds(twin, program, asked, fields):
    got = twin.phone().write(**asked)
    (_, came, _), = program.messages()
    assert {k: came.get(k) for k in fields} == fields
    assert got["sid"][:2] == ("MM" if "media_type" in asked else "SM")


def test_a_scoped_id(twin, program):
    phone = twin.phone(bsuid=True)
    phone.write("Hi")
    (_, fields, _), = program.messages()
    assert fields["From"] == fields["ExternalUserId"] == phone.address
    assert phone.address.startswith("whatsapp:IN.") and phone.number == ""
    assert "WaId" not in fields


def test_a_tap_answers_the_last_message(twin, program):
    phone = twin.phone()
    program.say(twiml("Yes or no?"), EMPTY)
    phone.write("Hi")
    asked = phone.messages("out")[0]["sid"]
    phone.write(payload="y", title="Yes")
    assert program.messages()[1][1]["OriginalRepliedMessageSid"] == asked


@pytest.mark.parametrize("asked", [{"text": ""}, {"text": "x" * 4097}, {"payload": ""}, {},
                                   {"media_type": "jpeg"}, {"latitude": 200, "longitude": 1},
                                   {"media_type": "a/b", "media_url": "file:///etc/passwd"}])
def test_what_a_phone_cannot_write(twin, program, asked):
    phone = twin.phone()
    told = twin.call("POST", f"/api/phones/{phone.id}/messages", asked, want=(400,))
    assert told["error"]["code"] and told["error"]["field"]
    assert program.messages() == []


# ---- what is made of an answer

VERDICTS = [
    ((200, twiml("fine"), "text/xml"), "ok", 0, ["fine"]),
    ((200, twiml("fine"), "application/xml; charset=utf-8"), "ok", 0, ["fine"]),
    ((200, "just text", "text/plain"), "ok", 0, ["just text"]),
    ((204, "", "text/xml"), "ok", 0, []),
    ((200, EMPTY, "text/xml"), "ok", 0, []),
    ((200, "<Response><Message>cut", "text/xml"), "invalid_xml", 12100, []),
    ((200, "<Response><Message>&#1;</Message></Response>", "text/xml"), "invalid_xml", 12100, []),
    ((200, "<html/>", "text/xml"), "invalid_twiml", 12200, []),
    ((200, "<Response><Say>x</Say><Message>y</Message></Response>", "text/xml"),
     "invalid_twiml", 12200, ["y"]),
    ((200, twiml(*"abcdefghijk"), "text/xml"), "invalid_twiml", 14109, list("abcdefghij")),
    ((200, twiml("x" * 1601), "text/xml"), "invalid_twiml", 21617, ["x" * 1601]),
    ((200, "{}", "application/json"), "invalid_twiml", 12300, []),
    ((200, twiml("x" * 70000), "text/xml"), "invalid_twiml", 11750, []),
    ((500, "oops", "text/plain"), "http_error", 11200, []),
    ((404, "", "text/plain"), "http_error", 11200, []),
    ((302, "", "text/plain"), "http_error", 11200, []),
    ((0, "", ""), "connection", 11206, []),
]


def test_verdicts(twin, program):
    phone = twin.phone()
    for answer, verdict, code, texts in VERDICTS:
        program.say(answer)
        got = phone.write("Hi")
        seen = twin.inspection(got["sid"])
        (attempt,) = seen["attempts"]
        response = attempt["response"]
        assert (response["verdict"], response["code"]) == (verdict, code), (answer, response)
        assert got["texts"] == texts, answer
        assert bool(response["why"]) == (code != 0)
        assert twin.message(got["sid"]).get("error_code", 0) == code, answer


def test_too_long_a_message_fails(twin, program):
    phone = twin.phone()
    program.say(twiml("x" * 1601, "short"))
    phone.write("Hi")
    long, short = phone.messages("out")
    assert (long["status"], long["error_code"]) == ("failed", 21617)
    wait_for("delivery", 5, lambda: twin.message(short["sid"])["status"] == "delivered")


def test_nobody_listens(twin, program):
    program.stop()
    got = twin.phone().write("Hi")
    (attempt,) = twin.inspection(got["sid"])["attempts"]
    assert (attempt["response"]["verdict"], attempt["response"]["code"]) == ("connection", 11205)


def test_fifteen_seconds(twin, program):
    program.gate = threading.Event()
    began = time.monotonic()
    got = twin.phone().write("Hi")
    program.gate.set()
    assert 14.5 < time.monotonic() - began < 18
    (attempt,) = twin.inspection(got["sid"])["attempts"]
    assert (attempt["response"]["verdict"], attempt["response"]["code"]) == ("timeout", 11200)


def test_a_hanging_webhook_does_not_hold_the_end_up(twin, program):
    program.gate = threading.Event()
    phone = twin.phone()
    for i in range(30):
        phone.send(str(i))
    wait_for("deliveries to hang", 5, lambda: len(program.messages()) >= 20)
    status, seconds = twin.server.terminate()
    program.gate.set()
    assert status == 0 and seconds < 5


def test_who_waits_is_answered_at_the_end(twin, program):
    program.gate = threading.Event()
    phone = twin.phone()
    got = []
    waiter = threading.Thread(target=lambda: got.append(phone.write("Hi")))
    waiter.start()
    wait_for("the delivery to hang", 5, program.messages)
    status, seconds = twin.server.terminate()
    waiter.join(5)
    program.gate.set()
    assert status == 0 and seconds < 5
    assert list(got[0]) == ["sid"], "only that it was taken"


def test_redirect(twin, program):
    program.say('<Response><Message>1</Message><Redirect>next?a=1&amp;b=2</Redirect>'
                '<Message>never</Message></Response>',
                '<Response><Redirect method="GET">/third</Redirect></Response>', twiml("3"))
    phone = twin.phone()
    assert phone.write("Hi")["texts"] == ["1", "3"]
    paths = [c[0] for c in program.messages()]
    assert paths == ["/webhook", "/next", "/third"]
    assert [c[1]["Body"] for c in program.messages()] == ["Hi"] * 3
    wait_for("both", 5, lambda: [m["text"] for m in phone.messages("out")] == ["1", "3"])


def test_redirects_of_copies_are_shown_once(twin, program):
    program.redirects = True
    program.say('<Response><Message>1</Message><Redirect>/next</Redirect></Response>')
    phone = twin.phone()
    twin.faults(duplicate=3)
    assert phone.write("Hi")["texts"] == ["1", "2"]
    assert sorted(c[0] for c in program.messages()) == ["/next"] * 3 + ["/webhook"] * 3
    assert [m["text"] for m in phone.messages("out")] == ["1", "2"]


def test_a_circle_of_redirects_ends(twin, program):
    program.say('<Response><Redirect>/webhook</Redirect></Response>')
    twin.phone().write("Hi")
    assert len(program.messages()) == 50


# ---- the inspector

def test_inspection(twin, program):
    program.say(twiml("answer"))
    sid = twin.phone().write("Hi")["sid"]
    (attempt,) = twin.inspection(sid)["attempts"]
    (_, fields, headers), = program.messages()
    request = attempt["request"]
    assert attempt["url"] == program.url + "/webhook"
    assert dict(request["params"]) == fields
    assert request["signature"] == headers["X-Twilio-Signature"]
    assert request["signed_string"] == attempt["url"] + "".join(
        k + v for k, v in sorted(fields.items()))
    assert attempt["response"]["status"] == 200
    assert attempt["response"]["body"] == twiml("answer")
    assert ["Content-Type", "text/xml"] in attempt["response"]["headers"]


# ---- faults

def test_duplicates(twin, program):
    program.say(twiml("once"))
    phone = twin.phone()
    twin.faults(duplicate=20)
    got = phone.write("Hi")
    assert len(program.messages()) == 20
    assert {c[1]["MessageSid"] for c in program.messages()} == {got["sid"]}
    assert len(twin.inspection(got["sid"])["attempts"]) == 20
    assert [m["text"] for m in phone.messages("out")] == ["once"]


def test_the_same_again(twin, program):
    program.say(twiml("first"), twiml("second"))
    phone = twin.phone()
    sid = phone.write("Hi")["sid"]
    again = phone.write(sid=sid)
    assert (again["sid"], again["texts"]) == (sid, ["second"])
    assert [c[1]["MessageSid"] for c in program.messages()] == [sid, sid]
    assert [m["text"] for m in phone.messages("out")] == ["first"]
    twin.call("POST", f"/api/phones/{twin.phone().id}/messages", {"sid": sid}, want=(404,))


def test_delay(twin, program):
    twin.faults(delay_ms=700)
    began = time.monotonic()
    twin.phone().write("Hi")
    assert time.monotonic() - began >= 0.7


def test_reorder(twin, program):
    phone = twin.phone()
    twin.faults(reorder=True)
    for text in ("1", "2", "3", "4"):
        phone.send(text)
    wait_for("all", 8, lambda: len(program.messages()) == 4)
    bodies = [c[1]["Body"] for c in program.messages()]
    assert bodies.index("2") < bodies.index("1") and bodies.index("4") < bodies.index("3")


def test_reorder_of_one_alone(twin, program):
    twin.faults(reorder=True)
    twin.phone().write("1")
    assert len(program.messages()) == 1


def test_a_dropped_answer_is_followed_by_the_fallback(twin, program):
    program.say(twiml("lost"), twiml("found"))
    phone = twin.phone()
    twin.faults(drop_answer=1)
    got = phone.write("Hi")
    assert got["texts"] == ["found"]
    first, second = [c[1] for c in program.messages()]
    assert first["MessageSid"] == second["MessageSid"] and "ErrorCode" not in first
    assert (second["ErrorCode"], second["ErrorUrl"]) == ("11200", program.url + "/webhook")
    assert "error_code" not in twin.message(got["sid"])
    assert phone.write("again")["texts"] == ["found"] and len(program.messages()) == 3


@pytest.mark.parametrize("faults", [{"duplicate": 0}, {"duplicate": 21}, {"delay_ms": -1},
                                    {"auth": "bad"}, {"rest": 429}, {"reorder": "yes"},
                                    {"unknown": 1}, {"undelivered_code": 1.5}])
def test_no_such_fault(twin, faults):
    before = twin.call("GET", "/api/faults")
    twin.call("PUT", "/api/faults", faults, want=(400,))
    assert twin.call("GET", "/api/faults") == before


# ---- status callbacks

def send(client, phone, **more):
    return client.messages.create(to=phone.address, from_=SENDER, body="news", **more).sid


def test_callbacks(twin, program, client):
    phone = twin.phone()
    phone.write("Hi")
    sid = send(client, phone, status_callback=program.url + "/webhook/status?m=7")
    wait_for("delivered", 5, lambda: program.statuses(sid) == ["sent", "delivered"])
    twin.call("POST", f"/api/phones/{phone.id}/read")
    wait_for("read", 5, lambda: program.statuses(sid) == ["sent", "delivered", "read"])
    fields = [c[1] for c in program.calls if c[0] == "/webhook/status"][-1]
    assert fields["EventType"] == "READ" and fields["SmsStatus"] == "read"
    assert fields["To"] == phone.address and fields["From"] == SENDER
    assert fields["ChannelPrefix"] == "whatsapp" and fields["AccountSid"] == canary.ACCOUNT
    assert "ErrorCode" not in fields
    told = twin.inspection(sid)["callbacks"]
    assert [c["status"] for c in told] == ["sent", "delivered", "read"]
    assert {c["answer"] for c in told} == {204}
    assert "SM" in twin.inspection(sid)["sid"] and twin.inspection(sid)["rest"]["status"] == 201


def test_callbacks_keep_their_order_when_the_clock_jumps(twin, program, client):
    phone = twin.phone()
    phone.write("Hi")
    program.slow_status = "sent"
    sids = [send(client, phone) for _ in range(5)]
    twin.advance(hours=1)
    for sid in sids:
        wait_for("both", 5, lambda: [s for told, s in program.told if told == sid] ==
                 ["sent", "delivered"])


def test_callbacks_of_what_fails(twin, program, client):
    phone = twin.phone()
    sid = send(client, phone)
    wait_for("undelivered", 5, lambda: program.statuses(sid) == ["undelivered"])
    fields = [c[1] for c in program.calls if c[0] == "/webhook/status"][-1]
    assert fields["ErrorCode"] == "63016" and fields["ChannelStatusMessage"]


@pytest.mark.parametrize("fault, wanted", [
    ("ok", ["sent", "delivered"]), ("doubled", ["delivered", "delivered", "sent", "sent"]),
    ("lost", []), ("reordered", ["delivered", "sent"])])
def test_faulty_callbacks(twin, program, client, fault, wanted):
    phone = twin.phone()
    phone.write("Hi")
    twin.faults(callbacks=fault)
    sid = send(client, phone)
    wait_for("delivery", 5, lambda: twin.message(sid)["status"] == "delivered")
    if wanted:
        wait_for("callbacks", 5, lambda: len(program.statuses(sid)) == len(wanted))
    got = program.statuses(sid)
    assert (sorted(got) if fault == "doubled" else got) == wanted


def test_a_hanging_status_url_holds_no_message_up(twin, program, client):
    phone = twin.phone()
    phone.write("Hi")
    deaf = Program().start()
    deaf.gate = threading.Event()
    try:
        for _ in range(30):
            send(client, phone, status_callback=deaf.url + "/slow")
        wait_for("callbacks to hang", 5, lambda: len(deaf.calls) >= 12)
        began = time.monotonic()
        phone.write("Hi")
        assert time.monotonic() - began < 5
    finally:
        deaf.gate.set()
        deaf.stop()
