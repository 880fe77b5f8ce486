"""The twin's HTTP interface (src/twin/API.md) for tests, and a stream of its events."""
import http.client
import json
import socket
import threading
import urllib.parse

import canary
from person import new_number
from server import wait_for


class Twin:
    def __init__(self, server):
        self.server = server

    def call(self, method, path, body=None, want=(200, 201, 202, 204), timeout=60):
        data = None if body is None else json.dumps(body).encode()
        status, _, text = self.server.request(method, "/sandbox" + path, data, timeout=timeout)
        assert status in want, f"{method} {path}: {status} {text}"
        return json.loads(text) if text and text[0] in "{[" else text

    def state(self):
        return self.call("GET", "/api/state")

    def phone(self, **more):
        more.setdefault("number", "+91" + new_number())
        more.setdefault("profile_name", "Canaria Rao")
        return Phone(self, self.call("POST", "/api/phones", more))

    def faults(self, **faults):
        return self.call("PUT", "/api/faults", faults)

    def advance(self, **parts):
        ms = parts.get("hours", 0) * 3600000 + parts.get("seconds", 0) * 1000 + parts.get("ms", 0)
        return self.call("POST", "/api/clock", {"advance_ms": ms})["now_ms"]

    def inspection(self, sid):
        return self.call("GET", f"/api/messages/{sid}/inspection")

    def message(self, sid):
        return next(m for m in self.state()["messages"] if m["sid"] == sid)


class Phone:
    def __init__(self, twin, told):
        self.twin = twin
        self.id = told["id"]
        self.address = told["address"]
        self.number = told["number"]

    def write(self, text=None, **more):
        """Writes and waits; the whole answer."""
        body = {"wait": True, **more}
        if text is not None:
            body["text"] = text
        return self.twin.call("POST", f"/api/phones/{self.id}/messages", body)

    def send(self, text, **more):
        """Writes and does not wait; the sid."""
        path = f"/api/phones/{self.id}/messages"
        return self.twin.call("POST", path, {"text": text, **more})["sid"]

    def say(self, text):
        return "\n\n".join(self.write(text)["texts"])

    def messages(self, direction=None):
        return [m for m in self.twin.state()["messages"]
                if m["phone"] == self.id and direction in (None, m["direction"])]

    def wait_text(self, part, seconds=15):
        """Waits for a message of the program's, or an SMS, with this in it."""
        def look():
            return [m for m in self.messages() if m["direction"] != "in" and part in m["text"]]
        return wait_for(f"a message with {part!r}", seconds, look, 0.1)[-1]

    def transcript(self):
        return self.twin.call("GET", f"/api/phones/{self.id}/transcript")


class Events:
    """A stream, read in the background."""

    def __init__(self, server, since=0, headers=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=40)
        self.connection.request("GET", f"/sandbox/events?since={since}", headers=headers or {})
        self.socket = self.connection.sock  # the answer takes it over, and keeps it while read
        self.answer = self.connection.getresponse()
        self.seen = []
        self.comments = 0
        self.ended = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        number = None
        try:
            for line in self.answer:
                line = line.decode().rstrip("\n")
                if line.startswith("id: "):
                    number = int(line[4:])
                elif line.startswith("data: "):
                    self.seen.append((number, json.loads(line[6:])))
                elif line.startswith(":"):
                    self.comments += 1
        except (OSError, http.client.HTTPException, ValueError, AttributeError):
            pass
        self.ended.set()

    def of(self, kind):
        return [e for _, e in self.seen if e["type"] == kind]

    def wait(self, kind, check=lambda e: True, seconds=10):
        return wait_for(f"an event {kind}", seconds,
                        lambda: [e for e in self.of(kind) if check(e)])[0]

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the server was first


def settings(**more):
    """A server that is its own Twilio and Auth API, with an account of its own."""
    return {"SANDBOX": 1, "TWILIO_ACCOUNT_SID": canary.ACCOUNT,
            "TWILIO_AUTH_TOKEN": canary.AUTH_TOKEN, "AUTH_API_URL": None, **more}


def start(servers, name="twin", **more):
    """Starts such a server; its REST base must name its own port."""
    server = servers(name, **settings(**more))
    if "TWILIO_API_BASE" not in more:
        server.set(TWILIO_API_BASE=f"http://127.0.0.1:{server.port}/sandbox/twilio")
    return server.start()


def rest_path(sid=""):
    return f"/twilio/2010-04-01/Accounts/{canary.ACCOUNT}/Messages{sid}.json"


def quote(text):
    return urllib.parse.quote(text, safe="")
