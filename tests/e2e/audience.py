"""People to broadcast to, a Twilio that is large enough for them, and an admin who does it."""
import json

from crowd import Crowd
from person import Person
from server import wait_for
from twin import Twin, start as start_twin

PROGRESS = ("waiting", "sending", "accepted", "delivered", "read", "failed", "unsure", "parked",
            "skipped", "cancelled")


def large_twilio(servers, messages=10000, rate=5000):
    """A twin in a process of its own, in which everybody has joined."""
    twin = Twin(start_twin(servers, "twilio", ADMIN_TOKEN=None))
    twin.call("PUT", "/api/limits", {"rate": rate, "messages": max(messages, 10000),
                                     "everyone": True})
    return twin


def at_twilio(twin):
    """Settings of a server whose Twilio this is."""
    return {"TWILIO_API_BASE": f"http://127.0.0.1:{twin.server.port}/sandbox/twilio"}


def sender(servers, twin, name="one", **more):
    """A server that sends there, and that is told there what became of it."""
    server = servers(name, **at_twilio(twin), **more)
    server.set(PUBLIC_URL=server.url)
    return server.start()


def gather(servers, count, steps=("name",), threads=8, start=0):
    """So many people, each led to one of the steps by turns."""
    people = [None] * count

    def work(n):
        person = Person(servers[n % len(servers)])
        person.step = steps[(start + n) % len(steps)]
        person.go_to(person.step, name=f"Canaria {letters(n)}")
        people[n] = person

    Crowd(threads, work).start(count).finish()
    return people


def letters(n):
    """A name of its own for each number."""
    out = ""
    while True:
        out = chr(ord("a") + n % 26) + out
        n //= 26
        if n == 0:
            return "A" + out


class Admin:
    def __init__(self, server):
        self.server = server

    def ask(self, method, path, body=None, headers=None, want=(200, 202)):
        data = None if body is None else json.dumps(body).encode()
        status, _, text = self.server.request(method, path, data, admin=True, timeout=90,
                                              headers=headers)
        assert status in want, f"{method} {path}: {status} {text}"
        return json.loads(text)

    def send(self, message, key=None, want=(202,), **more):
        body = {"message": message, **more} if message is not None else more
        return self.ask("POST", "/send-broadcast", body,
                        {"Idempotency-Key": key} if key else None, want)

    def dry_run(self, message, **more):
        return self.send(message, want=(200,), dry_run=True, **more)

    def show(self, id):
        got = self.ask("GET", f"/broadcasts/{id}")
        assert set(got["progress"]) == set(PROGRESS)
        if got["planned_at"]:
            assert sum(got["progress"].values()) == got["audience"], got
        return got

    def steer(self, id, action, want=(200,)):
        return self.ask("POST", f"/broadcasts/{id}/{action}", want=want)

    def wait(self, id, seconds=60, state="done", hurry=False):
        """Hurry: by the clock of the server's own sandbox, so that leases of who died and looks
        for what is unsure do not take their time."""
        last = {}

        def look():
            if hurry:
                Twin(self.server).advance(seconds=2)  # a lease of 25 s lapses in 6
            last.update(self.show(id))
            return dict(last) if last["state"] == state else None
        try:
            return wait_for(f"the broadcast to be {state}", seconds, look, 0.5 if hurry else 0.1)
        except AssertionError as e:
            raise AssertionError(f"{e}: {last}") from None

    def wait_progress(self, id, seconds=60, **wanted):
        """Until these numbers of the progress are so."""
        last = {}

        def look():
            last.update(self.show(id)["progress"])
            return dict(last) if all(last[k] == v for k, v in wanted.items()) else None
        try:
            return wait_for(f"progress {wanted}", seconds, look, 0.1)
        except AssertionError as e:
            raise AssertionError(f"{e}: {last}") from None

    def recipients(self, id, **query):
        cursor, found = "", []
        while True:
            more = "".join(f"&{k}={v}" for k, v in query.items())
            got = self.ask("GET", f"/broadcasts/{id}/recipients?limit=100{more}"
                           + (f"&cursor={cursor}" if cursor else ""))
            found += got["recipients"]
            cursor = got["next"]
            if not cursor:
                return found
