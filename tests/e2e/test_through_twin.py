"""What only the twin can show of the first issue's promises: a day that passes, ticks, late news.

The tests of the first issue that run through the twin as well are where they
were, marked twin_too; conftest.py (`row`) tells which are not, and why.
"""
import queue
import subprocess
import threading

import pytest

from person import new_number
from server import BIN, wait_for
from twin import start
from twin_person import person_at

STEPS = ["name", "sector", "pincode", "phone", "confirmation"]
NOTICE = "One moment please"


@pytest.fixture
def server(servers, auth):
    return start(servers, AUTH_API_URL=auth.url, REPLY_BUDGET_MS=200)


# ---- a day passes

@pytest.mark.parametrize("step", STEPS)
def test_25_hours_later_it_begins_again(server, auth, step):
    person = person_at(server)
    person.go_to(step)
    person.twin.advance(hours=25)
    said = person.say("YES")
    assert "not finished in time" in said and "full name" in said
    assert "Canaria" not in person.say("STATUS")
    assert not auth.calls


def test_the_day_begins_anew_with_each_message(server):
    person = person_at(server)
    person.go_to("name")
    for word in ("Canaria Rao", "3", "400001", person.number, "YES"):
        person.twin.advance(hours=23)
        said = person.say(word)
    assert "successful" in said


# ---- what becomes of a late result

@pytest.mark.parametrize("how, told", [
    ("ok", {"sent": 1, "delivered": 1, "read": 1, "undelivered": 0}),
    ("reordered", {"sent": 1, "delivered": 1, "read": 1, "undelivered": 0}),
    ("doubled", {"sent": 2, "delivered": 2, "read": 2, "undelivered": 0}),
])
def test_its_ticks_come_back(server, auth, how, told):
    person = person_at(server)
    person.go_to("confirmation")
    person.twin.faults(callbacks=how)
    auth.delay = 0.5
    assert NOTICE in person.say("YES")
    late = person.handset.wait_text("successful")
    wait_for("delivery", 5, lambda: person.twin.message(late["sid"])["status"] == "delivered")
    person.twin.call("POST", f"/api/phones/{person.handset.id}/read")

    def counted():
        return {s: server.metric("samvad_status_total", status=s) for s in told} == told

    wait_for(f"callbacks: {told}", 10, counted, 0.1)
    shown = person.twin.inspection(late["sid"])["callbacks"]
    assert {c["answer"] for c in shown} == {204} and len(shown) == sum(told.values())


def test_what_cannot_be_delivered_is_counted(server, auth):
    person = person_at(server)
    person.go_to("confirmation")
    person.twin.faults(undelivered_code=63003)
    auth.delay = 0.5
    assert NOTICE in person.say("YES")
    wait_for("the callback", 10,
             lambda: server.metric("samvad_status_total", status="undelivered") == 1, 0.1)
    assert "complete" in person.say("STATUS"), "the person asks, and is told"


# ---- the terminal

class Terminal:
    """`samvad chat` at a pipe."""

    def __init__(self, server):
        self.process = subprocess.Popen([BIN, "chat"], env=server.env(), cwd=server.folder,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, encoding="utf-8")
        self.lines = queue.Queue()
        threading.Thread(target=lambda: [self.lines.put(x) for x in self.process.stdout],
                         daemon=True).start()

    def write(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def read_until(self, part, seconds=15):
        """Lines up to the one with this in it."""
        read = ""
        while part not in read:
            read += self.lines.get(timeout=seconds)
        return read

    def end(self):
        self.process.stdin.close()
        return self.process.wait(10)


def test_chat_shows_a_late_result(server, auth):
    """Without a further line: it comes between what is typed."""
    chat = Terminal(server)
    for word, asks in (("Hi", "full name"), ("Canaria Rao", "*sector*"), ("3", "*pincode*"),
                       ("400001", "*mobile number*"), (new_number(), "check your details")):
        chat.write(word)
        chat.read_until(asks)
    auth.delay = 1.5
    chat.write("YES")
    assert "(later)" not in chat.read_until(NOTICE)
    assert "bot (later)>" in chat.read_until("successful")
    chat.write("STATUS")
    chat.read_until("complete")
    assert chat.end() == 0
