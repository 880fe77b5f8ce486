"""Broadcasts through a Twilio that answers oddly: what was accepted goes out once, what was not again."""
import email.utils
import json
import random
import socket
import struct
import threading
import time
import urllib.parse
from collections import Counter

import pytest

import canary
import peers
from audience import Admin, gather
from person import post
from server import FULL, wait_for

HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
EVENTS = 1000 if FULL else 120


class OddTwilio(peers.TwilioApi):
    """Each recipient meets one oddity, at the first attempt to write to them."""

    def __init__(self):
        super().__init__()
        self.odd = {}  # contact -> name of the oddity
        self.tried = []  # (time, contact)
        self.by_sid = {}
        self.after = lambda message: None  # told of each that was kept
        self.before = lambda message: None  # likewise, before it is answered

    def answer(self, rq, method, body):
        path = urllib.parse.urlsplit(rq.path).path
        sid = path.rsplit("/", 1)[-1].removesuffix(".json")
        if method == "GET" and sid in self.by_sid:
            rq.reply(200, self.by_sid[sid])
            return
        super().answer(rq, method, body)

    def _create(self, rq, body):
        form = {k: v[0] for k, v in urllib.parse.parse_qs(body.decode()).items()}
        with self.lock:
            first = all(c != form["To"] for _, c in self.tried)
            self.tried.append((time.monotonic(), form["To"]))
            self.attempts += 1
        odd = self.odd.get(form["To"]) if first else None
        keep, say = ODDITIES[odd] if odd else (True, None)
        message = self._keep(form) if keep else None
        if message:
            with self.lock:
                self.by_sid[message["sid"]] = message
            self.before(message)
        if say:
            say(rq, message)
        else:
            rq.reply(201, dict(message))
        if message:
            self.after(message)

    def tries(self, contact):
        with self.lock:
            return [t for t, c in self.tried if c == contact]


def reset(rq, _):
    """No answer, but a TCP reset."""
    rq.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    rq.connection.close()
    rq.close_connection = True


def half(rq, message):
    data = json.dumps(message).encode()
    rq.wfile.write(b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
                   b"Content-Length: %d\r\n\r\n" % (len(data) + 50) + data[:20])
    rq.close_connection = True


def slow(rq, message):
    time.sleep(2.5)
    rq.reply(201, message)


def says(status, body, kind="application/json", **headers):
    return lambda rq, _: rq.reply(status, body, kind,
                                  [(k.replace("_", "-"), v) for k, v in headers.items()])


def busy_until(rq, _):
    then = email.utils.formatdate(time.time() + 4, usegmt=True)
    rq.reply(429, HTML, "text/html", [("Retry-After", then)])


def too_busy(rq, _):
    rq.reply(429, {"code": 20429, "status": 429}, headers=[("Retry-After", "3")])


# name: (Twilio has it, what it answers)
ODDITIES = {
    "201, no body": (True, says(201, b"")),
    "201, HTML": (True, says(201, HTML, "text/html")),
    "201, no sid": (True, says(201, {"status": "queued"})),
    "201, sid is a number": (True, says(201, {"sid": 5})),
    "201, an array": (True, says(201, [])),
    "200 as XML": (True, says(200, b"<TwilioResponse/>", "text/xml")),
    "204": (True, says(204, b"")),
    "half an answer": (True, half),
    "reset after it was taken": (True, reset),
    "reset before": (False, reset),
    "slow": (True, slow),
    "502 as HTML, taken": (True, says(502, HTML, "text/html")),
    "502 as HTML, not taken": (False, says(502, HTML, "text/html")),
    "500 without a body, not taken": (False, says(500, b"")),
    "503 of a proxy, taken": (True, says(503, b"upstream connect error", "text/plain")),
    "503 of Twilio": (False, says(503, {"code": 20503, "status": 503})),
    "429 for 3 s": (False, too_busy),
    "429 until a date": (False, busy_until),
}


@pytest.fixture
def odd():
    api = OddTwilio().start()
    yield api
    api.stop()


@pytest.fixture
def odd_server(servers, store, odd):
    server = servers("one", TWILIO_API_BASE=odd.url, SEND_RATE=500, **store)
    server.set(PUBLIC_URL=server.url)
    return server.start()


def test_odd_answers(odd_server, odd):
    admin = Admin(odd_server)
    people = gather([odd_server], 2 * len(ODDITIES))
    for person, name in zip(people, [*ODDITIES] * 2):
        odd.odd[person.contact] = name
    told = admin.send("Storm")
    try:
        done = admin.wait(told["broadcast_id"], 90)
    finally:
        rows = {r["contact"]: r for r in admin.recipients(told["broadcast_id"])}
        print({odd.odd[c]: (r["outcome"], r["attempts"]) for c, r in rows.items()})
    sent = Counter(m["to"] for m in odd.messages)
    wrong = {odd.odd[p.contact]: sent[p.contact] for p in people if sent[p.contact] != 1}
    assert not wrong
    assert done["progress"]["accepted"] == len(people), done
    sids = {m["to"]: m["sid"] for m in odd.messages}
    assert {c: r["external_id"] for c, r in rows.items()} == sids
    for person in people:
        name = odd.odd[person.contact]
        if name.startswith("429"):
            first, again = odd.tries(person.contact)
            assert again - first > 2.5, name


REFUSALS = [("400 as HTML", (400, HTML, "text/html"), 0), ("code as text", (400, b'{"code":"21211"}'), 21211),
            ("63024", (400, b'{"code":63024}'), 63024),
            ("an unknown code", (400, b'{"code":29999,"message":"new"}'), 29999)]


def test_refused_for_good(odd_server, odd, monkeypatch):
    """Not repeated, told with its code; nobody else is held up."""
    admin = Admin(odd_server)
    people = gather([odd_server], 2 * len(REFUSALS))
    for name, answer, _ in REFUSALS:
        monkeypatch.setitem(ODDITIES, name, (False, says(*answer)))
    for person, (name, _, _) in zip(people, REFUSALS):
        odd.odd[person.contact] = name
    told = admin.send("Storm")
    admin.wait(told["broadcast_id"], 60)
    rows = {r["contact"]: r for r in admin.recipients(told["broadcast_id"])}
    for person, (name, _, code) in zip(people, REFUSALS):
        row = rows[person.contact]
        assert (row["outcome"], row["error_code"]) == ("failed", code), (name, row)
        assert len(odd.tries(person.contact)) == 1, name
    assert Counter(r["outcome"] for r in rows.values())["accepted"] == len(REFUSALS)
    assert len(odd.messages) == len(REFUSALS)


# ---- callbacks

# Fewer failures than make a broadcast pause.
PATHS = [(["queued", "sent", "delivered", "read"], 0), (["sent", "delivered"], 0),
         (["sent", "undelivered"], 63005), (["failed"], 63021), (["queued", "sent"], 0),
         (["sent", "delivered", "read"], 0), (["queued", "sent", "delivered"], 0),
         (["queued", "read"], 0), (["delivered"], 0)]


class Teller:
    """Tells of every message what became of it, in one of three manners."""

    def __init__(self, odd, server, manner, rng):
        self.odd, self.server, self.manner, self.rng = odd, server, manner, rng
        self.number = {}  # contact -> which path
        self.early, self.late = [], []
        self.lock = threading.Lock()

    def news(self, message):
        path, code = PATHS[self.number[message["to"]] % len(PATHS)]
        news = [(message, s, code if s in ("undelivered", "failed") else 0) for s in path]
        message["status"], message["error_code"] = path[-1], code or None
        return news

    def before(self, message):
        """Some are told before the send's own answer."""
        news = self.news(message)
        if self.manner == "ordered":
            with self.lock:
                self.late += news
            return
        news = news * 2
        self.rng.shuffle(news)
        cut = self.rng.randrange(len(news))
        for one in news[:cut]:
            self.tell(*one)
        with self.lock:
            self.late += news[cut:]

    def tell(self, message, status, code):
        query = urllib.parse.urlsplit(message["status_callback"])
        fields = {"MessageSid": message["sid"], "SmsSid": message["sid"], "MessageStatus": status,
                  "SmsStatus": status, "AccountSid": canary.ACCOUNT, "To": message["to"],
                  "From": message["from"], "ApiVersion": "2010-04-01"}
        if code:
            fields["ErrorCode"] = str(code)
        got, _, text = post(self.server.port, f"{query.path}?{query.query}", fields)
        assert got == 204, (got, text)

    def tell_rest(self):
        if self.manner != "ordered":
            self.rng.shuffle(self.late)
        for one in self.late:
            self.tell(*one)


def final(odd_server, odd, manner):
    admin = Admin(odd_server)
    teller = Teller(odd, odd_server, manner, random.Random(408))
    people = gather([odd_server], EVENTS, threads=8)
    teller.number = {p.contact: i for i, p in enumerate(people)}
    odd.before = teller.before
    told = admin.send("Storm")
    admin.wait(told["broadcast_id"], 60)
    teller.tell_rest()
    rows = {r["contact"]: r for r in admin.recipients(told["broadcast_id"])}
    assert sum(admin.show(told["broadcast_id"])["progress"].values()) == EVENTS
    return [(rows[p.contact]["outcome"], rows[p.contact]["error_code"]) for p in people]


WANTED = {"queued": "accepted", "sent": "accepted", "delivered": "delivered", "read": "read",
          "undelivered": "failed", "failed": "failed"}


@pytest.mark.parametrize("manner", ["ordered", "shuffled"])
def test_callbacks(odd_server, odd, manner):
    """Doubled, shuffled and early news end where orderly news end."""
    got = final(odd_server, odd, manner)
    assert got == [(WANTED[path[-1]], code)
                   for path, code in (PATHS[i % len(PATHS)] for i in range(EVENTS))]


def test_early_news_of_somebody_else(odd_server, odd):
    """A callback of a message that is none of ours changes nothing."""
    admin = Admin(odd_server)
    people = gather([odd_server], 3)
    told = admin.send("Storm")
    admin.wait(told["broadcast_id"])
    status, _, _ = post(odd_server.port, "/webhook/status?m=" + "0" * 32, {
        "MessageSid": "SM" + "f" * 32, "MessageStatus": "failed", "ErrorCode": "63005",
        "AccountSid": canary.ACCOUNT, "To": people[0].contact, "From": "whatsapp:+14155238886"})
    assert status == 204
    assert admin.show(told["broadcast_id"])["progress"]["failed"] == 0
