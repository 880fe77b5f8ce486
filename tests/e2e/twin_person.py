"""A person who writes on a phone of the twin, and what the twin sent to people by REST.

Both have the interface of what they stand for (person.Person, peers.TwilioApi),
so one test runs either way. What a phone cannot send - raw parameters,
signatures, headers, a sid of one's own - is refused here: such a test is
marked raw.
"""
from email.message import Message

from person import Answer, Person
from twin import Phone, Twin


def person_at(server, **more):
    """Somebody who writes to this server, on a phone of the twin where it is one."""
    kind = TwinPerson if str(server.settings.get("SANDBOX")) == "1" else Person
    return kind(server, **more)


def as_typed(text, fields):
    """What the phone is asked to send, for these parameters of a webhook."""
    known = {"MessageType", "NumMedia", "MediaUrl0", "MediaContentType0", "Latitude", "Longitude",
             "ButtonText", "ButtonPayload"}
    assert fields.keys() <= known, f"no phone sends {fields.keys() - known}"
    if "MediaContentType0" in fields:
        return {"media_type": fields["MediaContentType0"], "media_url": fields["MediaUrl0"],
                "caption": text}
    if "Latitude" in fields:
        return {"latitude": fields["Latitude"], "longitude": fields["Longitude"]}
    if "ButtonPayload" in fields:
        return {"payload": fields["ButtonPayload"], "title": fields["ButtonText"]}
    return {"text": text}


def answer_of(response, sid):
    headers = Message()  # names in any case
    for name, value in response["headers"]:
        headers[name] = value
    return Answer(response["status"], headers, response["body"].encode(), sid)


class TwinPerson(Person):
    most_copies = 20

    def __init__(self, server, number=None, profile="Canaria Profile", scoped=False):
        super().__init__(server, number, profile, scoped)
        self.twin = Twin(server)
        self.handset = self._pick_up()

    def _pick_up(self):
        more = {"bsuid": True} if self.scoped else {"number": self.phone}
        phone = Phone(self.twin, self.twin.call("POST", "/api/phones",
                                                {"profile_name": self.profile, **more}))
        assert self.scoped or phone.address == self.contact
        self.contact = phone.address
        return phone

    def _write(self, asked):
        """Waits until the webhook was answered; {"sid", "status", "texts"}."""
        path = f"/api/phones/{self.handset.id}/messages"
        told = self.twin.call("POST", path, {**asked, "wait": True}, want=(201, 404))
        if told.get("error", {}).get("code") == "no_such_phone":  # another life of the server
            self.handset = self._pick_up()
            told = self.twin.call("POST", path, {**asked, "wait": True})
        assert "sid" in told, told
        return told

    def _answers(self, sid):
        attempts = self.twin.inspection(sid)["attempts"]
        for a in attempts:
            assert a["response"]["verdict"] == "ok", a["response"]
        return [answer_of(a["response"], sid) for a in attempts]

    def deliver(self, text, sid=None, timeout=60, **more):
        """One message, or (sid) an earlier one once more; the answer that Twilio's side got."""
        told = self._write({"sid": sid} if sid else as_typed(text, more))
        answer = self._answers(told["sid"])[-1]
        assert answer.texts == told["texts"], "the twin reads what an XML parser reads"
        return answer

    def copies(self, text, count):
        """Bodies of so many copies that are delivered at once."""
        self.twin.faults(duplicate=count)
        told = self._write({"text": text})
        self.twin.faults(duplicate=1)
        answers = self._answers(told["sid"])
        assert len(answers) == count and all(a.texts for a in answers)
        return [a.body for a in answers]


class TwinTwilio:
    """Twilio's REST side where the twin plays it: seen on the phones, broken by its faults."""

    def __init__(self):
        self.server = None  # told once it runs; it has a new port each time

    @property
    def twin(self):
        return Twin(self.server)

    def to(self, contact):
        """Texts sent to this contact by REST, in order."""
        twin = self.twin
        state = twin.state()
        (phone,) = [p["id"] for p in state["phones"] if p["address"] == contact]
        return [m["text"] for m in state["messages"]
                if m["phone"] == phone and m["direction"] == "out"
                and twin.inspection(m["sid"])["rest"]]

    def pass_time(self, seconds):
        """What the server put off for so long is due."""
        self.twin.advance(seconds=seconds)

    @property
    def attempts(self):
        return self.server.metric("samvad_sends_total")

    @property
    def mode(self):
        return self.twin.call("GET", "/api/faults")["rest"]

    @mode.setter
    def mode(self, mode):
        self.twin.faults(rest=str(mode))
