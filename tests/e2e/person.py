"""A person on WhatsApp, as Twilio shows him to the server: signed webhooks in, TwiML out.

Signatures are made by Twilio's own helper library; the TwiML is read by an
XML parser and held to what Twilio accepts.
"""
import http.client
import itertools
import urllib.parse
import xml.etree.ElementTree as ET

from twilio.request_validator import RequestValidator

import canary
from server import connection

SENDER = "whatsapp:+14155238886"
_count = itertools.count(1)


def new_sid():
    return "SM%032x" % next(_count)


def new_number():
    """An Indian mobile number that nobody else has."""
    digits = "98%08d" % (70000000 + next(_count) * 37 % 29999999)
    canary.add_number(digits)
    return digits


def sign(url, fields, token=canary.AUTH_TOKEN):
    return RequestValidator(token).compute_signature(url, fields)


def read_twiml(body):
    """The texts of a reply. Whatever Twilio would not accept fails here."""
    assert body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>'), body[:80]
    assert len(body) <= 64 * 1024
    root = ET.fromstring(body)
    assert root.tag == "Response" and not root.attrib
    texts = []
    for message in root:
        assert message.tag == "Message" and len(message) in (0, 1), ET.tostring(message)
        text = message.text if len(message) == 0 else message[0].text
        assert text and len(text) <= 1600, "an empty or too long message"
        texts.append(text)
    assert len(texts) <= 10
    return texts


class Answer:
    def __init__(self, status, headers, body, sid):
        self.status, self.headers, self.body, self.sid = status, headers, body, sid

    @property
    def texts(self):
        assert self.status == 200, f"{self.status}: {self.body[:300]}"
        assert self.headers["Content-Type"].startswith("text/xml")
        return read_twiml(self.body)

    @property
    def text(self):
        return "\n\n".join(self.texts)


def post(port, path, fields, headers=None, timeout=20, token=canary.AUTH_TOKEN):
    """Signs and posts; raises OSError or HTTPException when no whole answer came."""
    url = f"http://127.0.0.1:{port}{path}"
    body = urllib.parse.urlencode(fields)
    head = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "User-Agent": "TwilioProxy/1.1", "X-Twilio-Signature": sign(url, fields, token)}
    head.update(headers or {})
    for again in (True, False):
        conn = connection(port, timeout)
        fresh = conn.sock is None
        try:
            if conn.sock:
                conn.sock.settimeout(timeout)
            conn.request("POST", path, body, head)
            got = conn.getresponse()
            data = got.read()
            if got.getheader("Connection", "").lower() == "close":
                conn.close()
            return got.status, got.headers, data
        except (OSError, http.client.HTTPException):
            conn.close()
            if fresh or not again:  # a kept connection may have been closed meanwhile
                raise
    raise AssertionError("unreachable")


class Person:
    most_copies = 1000

    def __init__(self, server, number=None, profile="Canaria Profile", scoped=False):
        """Scoped: known to the server by a business-scoped id, not by a number."""
        self.server = server
        self.number = number or new_number()
        self.scoped = scoped
        self.contact = ("whatsapp:IN.%020d" % next(_count) if scoped
                        else "whatsapp:+91" + self.number)
        self.profile = profile

    @property
    def phone(self):
        return "+91" + self.number

    def fields(self, text, sid, **more):
        fields = {"SmsMessageSid": sid, "NumMedia": "0", "ProfileName": self.profile,
                  "MessageType": "text", "SmsSid": sid, "WaId": "91" + self.number,
                  "SmsStatus": "received", "Body": text, "To": SENDER, "NumSegments": "1",
                  "ReferralNumMedia": "0", "MessageSid": sid, "AccountSid": canary.ACCOUNT,
                  "From": self.contact, "ApiVersion": "2010-04-01"}
        if self.scoped:
            fields["WaId"] = ""
        fields.update(more)
        return fields

    def deliver(self, text, sid=None, server=None, headers=None, timeout=20, **more):
        """One webhook; the answer whatever it is."""
        sid = sid or new_sid()
        port = (server or self.server).port
        status, head, body = post(port, "/webhook", self.fields(text, sid, **more), headers,
                                  timeout)
        return Answer(status, head, body, sid)

    def say(self, text, **more):
        """What the person reads after writing this."""
        return self.deliver(text, **more).text

    def go_to(self, step, name="Canaria Rao"):
        """From the first greeting to this step; returns what was read last."""
        words = ["Hi", name, "3", "400001", self.number, "YES"]
        count = ["name", "sector", "pincode", "phone", "confirmation", "completed"].index(step) + 1
        for word in words[:count]:
            said = self.say(word)
        return said
