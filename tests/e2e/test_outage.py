"""Redis goes away under load and comes back: everybody is answered, in order, once."""
import os
import threading
import time

import pytest

from crowd import NOTICE, Crowd, Member, neutral, same_as_sequential, sequential, words_of
from person import Person
from server import FULL, wait_for

AWAY = 20 if FULL else 5


@pytest.mark.errors("redis", "store", "connection", "refused")
def test_redis_stops_under_load(servers, own_redis, auth, twilio):
    how = {"REDIS_URL": own_redis.url, "AUTH_API_URL": auth.url, "TWILIO_API_BASE": twilio.url,
           "SEND_RATE": "1000"}
    both = [servers("one", **how).start(), servers("two", **how).start()]
    wanted = sequential(both[0])
    people = []
    lock = threading.Lock()

    def work(n):
        # one process per person: what one process spooled the other does not know of
        person = Member([both[n % 2]])
        with lock:
            people.append(person)
        for word in words_of(person):
            person.insist(word)
            time.sleep(0.05)  # a person types; 16 of them are load enough

    crowd = Crowd(16, work).start()
    wait_for("some people", 10, lambda: len(people) > 32)
    own_redis.stop()
    began = time.monotonic()
    wait_for("the outage to last", AWAY + 5, lambda: time.monotonic() - began > AWAY, 0.1)
    assert both[0].get("/health/ready")[0] == 200
    own_redis.start()
    began = time.monotonic()
    wait_for("load after it", 5, lambda: time.monotonic() - began > 1, 0.1)
    crowd.stopping.set()
    crowd.finish()

    notices = sum(NOTICE in a.text for p in people for a in p.got)
    assert notices > 100, f"only {notices} messages met the outage"
    for server in both:
        wait_for("an empty spool", 60, lambda s=server: s.metric("samvad_spool_messages") == 0, 0.2)
        wait_for("an empty outbox", 60,
                 lambda s=server: s.metric("samvad_outbox_messages", state="waiting") == 0 and
                 s.metric("samvad_outbox_messages", state="unsure") == 0, 0.2)
    for person in people:
        same_as_sequential(person, wanted, twilio)
        assert auth.accepted_for(person.phone) == 1
    slow = sorted((p.slowest for p in people), reverse=True)
    assert slow[0] < 9, f"somebody waited {slow[0]:.1f} s"
    assert not any(len(t) > 1600 for m in twilio.messages for t in [m["body"]])


@pytest.mark.errors("redis", "store")
def test_a_repeat_during_the_outage(servers, own_redis, auth, twilio):
    """What was answered before the outage is answered the same during it."""
    server = servers(REDIS_URL=own_redis.url, AUTH_API_URL=auth.url,
                     TWILIO_API_BASE=twilio.url).start()
    person = Person(server)
    before = person.deliver("Hi")
    own_redis.stop()
    assert person.deliver("Hi", sid=before.sid).body == before.body
    first = person.deliver("Canaria Rao")
    assert NOTICE in first.text
    assert person.deliver("Canaria Rao", sid=first.sid).text
    own_redis.start()
    wait_for("the reply", 15, lambda: twilio.to(person.contact))
    wait_for("an empty spool", 15, lambda: server.metric("samvad_spool_messages") == 0)
    assert sum("Nice to meet you" in t for t in twilio.to(person.contact)) == 1
    assert "pincode" in person.say("3")


@pytest.mark.errors("redis", "store")
def test_kill_9_during_the_outage(servers, own_redis, auth, twilio):
    """The spool is on the disk: another life of the server works it off."""
    server = servers(REDIS_URL=own_redis.url, AUTH_API_URL=auth.url,
                     TWILIO_API_BASE=twilio.url).start()
    people = [Person(server) for _ in range(20)]
    own_redis.stop()
    for person in people:
        assert NOTICE in person.say("Hi")
        assert NOTICE in person.say("Canaria Rao")
    server.kill()
    server.start()
    for person in people:
        assert NOTICE in person.say("3")
    spool = os.path.join(server.settings["DATA_DIR"], "spool")
    for folder, _, names in os.walk(spool):
        for name in names:
            with open(os.path.join(folder, name), "rb") as f:
                assert b"Canaria" not in f.read(), "the spool is sealed"
    own_redis.start()
    for person in people:
        wait_for("all replies", 30,
                 lambda p=person: any("pincode" in t for t in twilio.to(p.contact)))
        said = [neutral(t, person) for t in twilio.to(person.contact)]
        assert [any(w in t for t in said) for w in ("full name", "Nice to meet", "pincode")] == \
            [True] * 3
        assert len(said) == len(set(said)), "nothing came twice"
        assert "mobile number" in person.say("400001")


@pytest.mark.errors("redis", "store")
def test_redis_hangs(servers, own_redis, auth, twilio):
    """It accepts and does not answer: the notice comes in time, the reply when it wakes."""
    import signal
    server = servers(REDIS_URL=own_redis.url, AUTH_API_URL=auth.url,
                     TWILIO_API_BASE=twilio.url).start()
    person = Person(server)
    person.go_to("sector")
    os.kill(own_redis.process.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert NOTICE in person.say("3")
        assert time.monotonic() - began < 9
    finally:
        os.kill(own_redis.process.pid, signal.SIGCONT)
    wait_for("the reply", 20, lambda: any("pincode" in t for t in twilio.to(person.contact)))
    assert "mobile number" in person.say("400001")
    assert sum("*pincode*" in t for t in twilio.to(person.contact)) == 1


@pytest.mark.errors("redis", "store")
def test_redis_forgets_its_scripts(servers, redis, auth, twilio):
    server = servers(REDIS_URL=redis.url, AUTH_API_URL=auth.url, TWILIO_API_BASE=twilio.url).start()
    person = Person(server)
    person.go_to("sector")
    redis.command("SCRIPT", "FLUSH")
    assert "pincode" in person.say("3")


def test_redis_with_a_password_and_a_database(servers, tmp_path, auth, twilio):
    from redis_server import Redis
    redis = Redis(tmp_path / "locked", "--requirepass", "hush-canary").start()
    try:
        url = f"redis://:hush-canary@127.0.0.1:{redis.port}/3"
        server = servers(REDIS_URL=url, AUTH_API_URL=auth.url, TWILIO_API_BASE=twilio.url).start()
        assert "successful" in Person(server).go_to("completed")
        server.stop()
        assert "hush-canary" not in server.log.text()
        wrong = servers("wrong", REDIS_URL=url.replace("hush", "hash"), AUTH_API_URL=auth.url,
                        TWILIO_API_BASE=twilio.url).start()
        wait_for("the start to tell it", 5, lambda: "WRONGPASS" in wrong.log.text())
        wrong.stop()
    finally:
        redis.stop()
