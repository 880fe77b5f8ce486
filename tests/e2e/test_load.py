"""One message, one turn: copies, duplicates, and two processes that share the work."""
import random
import socket
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import pytest

import canary
from crowd import SCRIPT, Crowd, Member, neutral, sequential, words_of
from person import Person, new_sid, read_twiml, sign
from server import wait_for
from twin_person import TwinPerson, person_at


def request_bytes(server, fields):
    body = urllib.parse.urlencode(fields).encode()
    return (f"POST /webhook HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"X-Twilio-Signature: {sign(server.url + '/webhook', fields)}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n").encode() + body


def copies(servers, fields, count):
    """Bodies of so many copies, all sent before the first answer is read."""
    data = [request_bytes(s, fields) for s in servers]
    socks = []
    for n in range(count):
        s = socket.create_connection(("127.0.0.1", servers[n % len(servers)].port), timeout=30)
        s.sendall(data[n % len(servers)][:-1])
        socks.append(s)
    for n, s in enumerate(socks):
        s.sendall(data[n % len(servers)][-1:])
    bodies = []
    for s in socks:
        with s, s.makefile("rb") as f:
            answer = f.read()
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        bodies.append(body)
    return bodies


def all_at_once(server, person, text):
    """Bodies of as many copies as he can send."""
    if isinstance(person, TwinPerson):
        return person.copies(text, person.most_copies)
    return copies([server], person.fields(text, new_sid()), person.most_copies)


@pytest.mark.twin_too
def test_1000_copies_are_one_turn(server, auth):
    person = person_at(server)
    person.go_to("sector")
    bodies = all_at_once(server, person, "3")
    assert len(bodies) == person.most_copies and len(set(bodies)) == 1
    assert "pincode" in read_twiml(bodies[0])[0]
    assert server.metric("samvad_turns_total", how="turn") == 3
    assert server.metric("samvad_turns_total", how="duplicate") == person.most_copies - 1
    assert "mobile number" in person.say("400001"), "it was counted once"


@pytest.mark.twin_too
@pytest.mark.parametrize("delay", [0, 1.0])
def test_1000_copies_of_yes_are_one_otp(server, auth, twilio, delay):
    person = person_at(server)
    person.go_to("confirmation")
    auth.delay = delay
    bodies = all_at_once(server, person, "YES")
    assert len(set(bodies)) == 1
    if "One moment" in bodies[0].decode():  # too many wait at once: the result comes later
        wait_for("the late result", 10, lambda: twilio.to(person.contact))
        assert "successful" in twilio.to(person.contact)[0]
    else:
        assert "successful" in bodies[0].decode()
    assert len(auth.calls) == 1 and len(auth.accepted) == 1
    assert len(twilio.to(person.contact)) <= 1
    assert "complete" in person.say("STATUS")


@pytest.mark.twin_too
def test_ten_yes_at_once_are_one_otp(server, auth, twilio):
    """Different messages, as an impatient person sends them."""
    person = person_at(server)
    person.go_to("confirmation")
    auth.delay = 0.3
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: person.deliver("YES"), range(10)))
    assert all(a.texts for a in answers)
    said = sum("successful" in a.text for a in answers)
    late = lambda: sum("successful" in t for t in twilio.to(person.contact))
    wait_for("the result", 10, lambda: said + late() == 1)
    assert len(auth.accepted) == 1


@pytest.mark.twin_too
def test_two_quick_messages_are_both_processed(server):
    """Order is not promised between them, but none is lost."""
    for _ in range(20):
        person = person_at(server)
        person.say("Hi")
        with ThreadPoolExecutor(2) as pool:
            said = list(pool.map(person.say, ["Canaria One", "Canaria Two"]))
        first = 0 if "Nice to meet you" in said[0] else 1
        assert f"Nice to meet you, Canaria {('One', 'Two')[first]}!" in said[first]
        assert "could not find that sector" in said[1 - first], "taken as the next answer"


def test_two_processes_share_one_redis(servers, redis, auth, twilio):
    """200 people with 8 messages each from 16 threads, duplicates mixed in, to either process."""
    how = {"REDIS_URL": redis.url, "AUTH_API_URL": auth.url, "TWILIO_API_BASE": twilio.url}
    both = [servers("one", **how).start(), servers("two", **how).start()]
    wanted = sequential(both[0])
    people = [Member(both) for _ in range(200)]
    rng = random.Random(20)
    plans = [[(rng.randrange(2), rng.random()) for _ in SCRIPT] for _ in people]

    def work(n):
        person = people[n]
        for word, wants, (first, dice) in zip(words_of(person), wanted, plans[n]):
            sid = new_sid()
            copy = None
            if dice < 0.25:  # a copy beside it, at the other process
                copy = doubles.submit(person.deliver, word, sid, both[1 - first])
            answer = person.deliver(word, sid=sid, server=both[first])
            if 0.25 <= dice < 0.4:  # a copy after it
                copy = doubles.submit(person.deliver, word, sid, both[1 - first])
            assert [neutral(t, person) for t in answer.texts] == wants, word
            if copy:
                assert copy.result().body == answer.body

    with ThreadPoolExecutor(16) as doubles:
        Crowd(16, work).start(len(people)).finish()
    assert auth.most_per_number() == 1 and len(auth.accepted) == 201
    assert not twilio.messages
    stats = both[1].json("/stats", admin=True)
    assert stats["total_sessions"] == 201 == stats["step_distribution"]["completed"]
    for person in people[::10]:
        assert "complete" in person.say("STATUS")


def test_copies_at_two_processes(servers, redis, auth, twilio):
    how = {"REDIS_URL": redis.url, "AUTH_API_URL": auth.url, "TWILIO_API_BASE": twilio.url}
    both = [servers("one", **how).start(), servers("two", **how).start()]
    person = Person(both[0])
    person.go_to("confirmation")
    auth.delay = 0.5
    fields = person.fields("YES", new_sid())
    # each process signs for its own port, so the URL differs, and nothing else
    bodies = copies(both, fields, 200)
    assert len(set(bodies)) == 1
    assert len(auth.accepted) == 1 and len({k for k, _ in auth.calls}) == 1


def test_a_flood_of_one_person_stops_nobody(embedded):
    """A machine that writes without end is told once, then left in silence; others notice nothing."""
    flood = Person(embedded)
    said = [flood.deliver("HELP").texts for _ in range(80)]
    assert any("little fast" in t for texts in said for t in texts)
    assert said[-1] == []
    assert "full name" in Person(embedded).say("Hi")
    assert canary.find(embedded.log.text()) is None
