"""A large broadcast while everything goes wrong: processes die, Twilio refuses, drops and forgets.

What counts is Twilio's own record: everybody exactly once, and never faster than allowed.
"""
import os
import random
import threading
import time

import pytest

from audience import Admin, gather, large_twilio, sender
from person import Person
from server import FULL, wait_for
from twin import Twin

PEOPLE = int(os.environ.get("SAMVAD_AUDIENCE") or (800 if FULL else 300))
KILLS = 8 if FULL else 3
STEPS = ("name", "sector", "pincode")
SEED = 408


@pytest.fixture
def twilio(servers):
    return large_twilio(servers, messages=4 * PEOPLE)


def tally(twin):
    return twin.call("GET", "/api/tally?text=Storm")


def numbers(got):
    """What the audience amounts to, and a check that it adds up."""
    progress = got["progress"]
    assert sum(progress.values()) == got["audience"]
    return progress


class Chatter:
    """People who talk to the server meanwhile; each answer is checked, the slowest remembered."""

    def __init__(self, servers):
        self.servers = servers
        self.took = []
        self.fault = None
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        try:
            while not self.over.is_set():
                person = Person(random.choice(self.servers))
                began = time.monotonic()
                assert person.say("Hi")
                self.took.append(time.monotonic() - began)
        except Exception as e:  # shown by the test
            self.fault = e

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        assert self.fault is None, self.fault
        assert self.took


def test_large(servers, store, twilio):
    """Everybody once, while people go on talking."""
    server = sender(servers, twilio, SEND_RATE=1500, **store)
    admin = Admin(server)
    gather([server], PEOPLE, STEPS, threads=16)
    with Chatter([server]) as chatter:
        told = admin.send("Storm")
        done = admin.wait(told["broadcast_id"], 120)
    got = tally(twilio)
    # who came while it was planned may be among them
    assert (got["recipients"], got["most"]) == (done["audience"], 1)
    assert done["audience"] >= PEOPLE
    assert max(chatter.took) < 8
    admin.wait_progress(told["broadcast_id"], 60, delivered=done["audience"])


def test_kill_9_during_a_broadcast(servers, redis, twilio):
    """Two processes, one of them killed every other second; Twilio drops some answers."""
    pair = [sender(servers, twilio, name, REDIS_URL=redis.url, SEND_RATE=150 if not FULL else 1000)
            for name in ("one", "two")]
    admin = Admin(pair[0])
    gather(pair, PEOPLE, STEPS, threads=16)
    twilio.faults(rest="lost", rest_every=41)
    rng = random.Random(SEED)
    told = admin.send("Storm")
    for _ in range(KILLS):
        time.sleep(rng.uniform(0.3, 1.0))  # when it dies is the dice's business
        victim = rng.choice(pair)
        victim.kill()
        victim.start()
    twilio.call("DELETE", "/api/faults")
    done = admin.wait(told["broadcast_id"], 240)
    got = tally(twilio)
    assert (got["recipients"], got["most"], got["messages"]) == (PEOPLE, 1, PEOPLE), got
    assert numbers(done)["unsure"] == 0 and done["audience"] == PEOPLE
    admin.wait_progress(told["broadcast_id"], 120, delivered=PEOPLE)


def test_kill_9_of_the_only_process(servers, store, twilio):
    server = sender(servers, twilio, SEND_RATE=150 if not FULL else 1000, SANDBOX=1, **store)
    admin = Admin(server)
    gather([server], PEOPLE // 2, STEPS, threads=16)
    rng = random.Random(SEED)
    told = admin.send("Storm")
    for _ in range(KILLS // 2 + 1):
        time.sleep(rng.uniform(0.2, 0.6))
        server.kill()
        server.start()
    admin.wait(told["broadcast_id"], 240, hurry=True)
    got = tally(twilio)
    assert (got["recipients"], got["most"], got["messages"]) == (PEOPLE // 2, 1, PEOPLE // 2), got


def test_kill_9_while_planning(servers, store, twilio):
    """Planned on from where it stood, nobody twice and nobody forgotten."""
    server = sender(servers, twilio, SEND_RATE=2000, SANDBOX=1, **store)
    admin = Admin(server)
    gather([server], PEOPLE, ("name",), threads=16)
    hand = threading.Timer(0.02, server.kill)
    hand.start()
    try:
        admin.send("Storm", key="again")
    except OSError:
        pass  # killed before it answered
    hand.join()
    server.kill()
    server.start()
    told = admin.send("Storm", key="again")
    done = admin.wait(told["broadcast_id"], 240, hurry=True)
    got = tally(twilio)
    assert (got["recipients"], got["most"]) == (PEOPLE, 1), got
    assert done["audience"] == PEOPLE


@pytest.mark.parametrize("fault", ["429", "500", "503", "lost"])
def test_refusals_are_repeated_not_doubled(servers, store, twilio, fault):
    server = sender(servers, twilio, SEND_RATE=500, SANDBOX=1, **store)
    admin = Admin(server)
    gather([server], 40)
    twilio.faults(rest=fault, rest_every=4, rest_times=20)
    told = admin.send("Storm")
    done = admin.wait(told["broadcast_id"], 180, hurry=True)
    got = tally(twilio)
    assert (got["recipients"], got["most"]) == (40, 1), got
    assert numbers(done)["failed"] == numbers(done)["unsure"] == 0


def test_hanging(servers, store, twilio):
    """Nobody answers for a while: nothing is sent blindly, and it ends."""
    server = sender(servers, twilio, SEND_RATE=500, **store)
    admin = Admin(server)
    gather([server], 10)
    twilio.faults(rest="hang", rest_every=2, rest_times=4)
    told = admin.send("Storm")
    admin.wait(told["broadcast_id"], 120)
    got = tally(twilio)
    assert (got["recipients"], got["most"]) == (10, 1), got


@pytest.mark.parametrize("fault", ["reordered", "doubled", "mixed", "lost"])
def test_callbacks_in_any_order(servers, store, twilio, fault):
    """Shuffled, doubled and dropped news end where orderly news end; what is missing is asked."""
    # a sandbox of its own only because its clock can be moved: it asks after a minute
    server = sender(servers, twilio, SEND_RATE=500, SANDBOX=1, **store)
    admin = Admin(server)
    gather([server], 40)
    twilio.faults(callbacks=fault, undelivered_code=63024, undelivered_every=8)
    told = admin.send("Storm")
    admin.wait(told["broadcast_id"], 60)
    wait_for("all that is told", 30, lambda: tally(twilio)["by_status"] == {
        "delivered": 35, "undelivered": 5})

    def all_known():
        if fault in ("mixed", "lost"):
            Twin(server).advance(seconds=61)  # news that are still under way put it off
        found = admin.show(told["broadcast_id"])["progress"]
        return found if (found["delivered"], found["failed"]) == (35, 5) else None
    got = wait_for("the final states", 60, all_known, 1)
    assert got["accepted"] == 0
    failures = admin.show(told["broadcast_id"])["failures"]
    assert [(f["code"], f["count"]) for f in failures] == [(63024, 5)]
    assert failures[0]["text"]


def test_rate_of_two_processes(servers, redis, twilio):
    """The sender's rate holds over both: no second has more than five percent too many."""
    rate = 100
    pair = [sender(servers, twilio, name, REDIS_URL=redis.url, SEND_RATE=rate)
            for name in ("one", "two")]
    admin = Admin(pair[0])
    gather(pair, 400, threads=16)
    told = admin.send("Storm")
    admin.wait(told["broadcast_id"], 60)
    got = tally(twilio)
    assert got["recipients"] == 400
    assert got["busiest_second"] <= rate * 1.05, got
    seconds = (got["last_ms"] - got["first_ms"]) / 1000
    assert 400 / seconds > rate * 0.7, "a broadcast may take four fifths of the rate"


def test_pauses_by_itself(servers, twilio):
    """Nearly all fail: it stops and says so, and goes on when told."""
    server = sender(servers, twilio, SEND_RATE=100)
    admin = Admin(server)
    gather([server], 200, threads=16)
    twilio.faults(refused_code=21211)
    told = admin.send("Storm")
    got = admin.wait(told["broadcast_id"], 30, state="paused")
    assert got["why"] == "failures" and got["why_text"]
    assert 0 < numbers(got)["failed"] + numbers(got)["skipped"] < 200
    twilio.call("DELETE", "/api/faults")
    admin.steer(told["broadcast_id"], "resume")
    admin.wait(told["broadcast_id"], 60)
    assert tally(twilio)["most"] == 1


def test_retry_failed(servers, store, twilio):
    """Only the failed ones go again, once."""
    server = sender(servers, twilio, SEND_RATE=500, **store)
    admin = Admin(server)
    gather([server], 30)
    twilio.faults(undelivered_code=63021, undelivered_every=3)
    told = admin.send("Storm")
    admin.wait_progress(told["broadcast_id"], delivered=20, failed=10)
    twilio.call("DELETE", "/api/faults")
    admin.steer(told["broadcast_id"], "retry-failed")
    got = admin.wait_progress(told["broadcast_id"], delivered=30, failed=0)
    assert sum(got.values()) == 30
    assert tally(twilio)["messages"] == 40 and tally(twilio)["most"] == 2
    admin.wait(told["broadcast_id"])


def test_replies_go_first(servers, store, auth, twilio):
    """A late result does not wait behind a broadcast that takes all of its share."""
    server = sender(servers, twilio, SEND_RATE=20, AUTH_API_URL=auth.url, REPLY_BUDGET_MS="200",
                    **store)
    admin = Admin(server)
    gather([server], 150, ("name",), threads=16)
    person = Person(server)
    person.go_to("confirmation")
    told = admin.send("Storm")
    wait_for("some to be sent", 20, lambda: tally(twilio)["messages"] >= 3)
    auth.delay = 0.6
    person.say("YES")
    began = time.monotonic()

    def result():
        return [m for m in twilio.state()["messages"]
                if m["direction"] == "out" and m["text"] != "Storm"]
    wait_for("the result", 20, result)
    assert admin.show(told["broadcast_id"])["progress"]["waiting"] > 0
    assert time.monotonic() - began < 6
