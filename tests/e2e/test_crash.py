"""kill -9 at random moments under load: nothing lost, nothing twice, one OTP per confirmation."""
import random
import time

import pytest

from crowd import Crowd, Member, is_notice, neutral, sequential, words_of
from server import FULL, wait_for

KILLS = 50 if FULL else 10
SEED = 2111


def check_person(person, wanted, twilio, auth):
    """All real replies, inline or later, are those of an undisturbed run, once each."""
    inline, later = person.texts(twilio)
    flat = [t for texts in wanted for t in texts]
    assert sorted(inline + later) == sorted(flat), (inline, later)
    if not any(is_notice([neutral(t, person) for t in a.texts]) for a in person.got):
        assert inline == flat and not later
    assert auth.accepted_for(person.phone) == 1


def check_replays(person, server):
    """Each message once more: the same bytes as the answer that arrived."""
    for word, answer in zip(words_of(person), person.got):
        again = person.deliver(word, sid=answer.sid, server=server)
        assert again.body == answer.body, word


def crash_under_load(processes, auth, twilio):
    """Kills one of the processes KILLS times while 16 threads lead people through the script."""
    rng = random.Random(SEED)
    wanted = sequential(processes[0])
    people = []

    def work(_):
        person = Member(processes)
        people.append(person)
        for word in words_of(person):
            person.insist(word)

    crowd = Crowd(16, work).start()
    for _ in range(KILLS):
        victim = rng.choice(processes)
        time.sleep(rng.uniform(0.02, 0.35))  # when it dies is the dice's business
        victim.kill()
        victim.start()
    crowd.stopping.set()
    crowd.finish()
    assert len(people) >= 2 * KILLS, f"{len(people)} people are no load"
    assert sum(p.repeats for p in people) >= KILLS / 2, "the kills hit nobody"

    def results_there():
        return all(sum("successful" in t for part in p.texts(twilio) for t in part) == 1
                   for p in people)

    wait_for("every late result", 30, results_there, 0.2)
    for person in people:
        check_person(person, wanted, twilio, auth)
    for person in rng.sample(people, 10):
        check_replays(person, processes[-1])
    stats = processes[0].json("/stats", admin=True)
    assert stats["step_distribution"]["completed"] == len(people) + 1 == stats["total_sessions"]
    assert auth.most_per_number() == 1


def test_kill_9_on_the_embedded_store(servers, auth, twilio):
    crash_under_load([servers(AUTH_API_URL=auth.url, TWILIO_API_BASE=twilio.url).start()],
                     auth, twilio)


def test_kill_9_on_redis(servers, redis, auth, twilio):
    how = {"REDIS_URL": redis.url, "AUTH_API_URL": auth.url, "TWILIO_API_BASE": twilio.url}
    crash_under_load([servers("one", **how).start(), servers("two", **how).start()], auth, twilio)


def test_kill_9_of_the_only_process_on_redis(servers, redis, auth, twilio):
    how = {"REDIS_URL": redis.url, "AUTH_API_URL": auth.url, "TWILIO_API_BASE": twilio.url}
    crash_under_load([servers("one", **how).start()], auth, twilio)


@pytest.mark.parametrize("mode", ["inline", "late"])
def test_kill_9_during_the_call(servers, store, auth, twilio, mode):
    """The session waits for the call; another life of the server makes it with the same key."""
    server = servers(AUTH_API_URL=auth.url, TWILIO_API_BASE=twilio.url,
                     REPLY_BUDGET_MS="8000" if mode == "inline" else "300", **store).start()
    person = Member([server])
    for word in words_of(person)[:-1]:
        person.insist(word)
    auth.mode = "hang"
    crowd = Crowd(1, lambda _: person.insist("YES")).start(1)
    wait_for("the call", 10, lambda: auth.calls)
    server.kill()
    auth.mode = "ok"
    server.start()
    crowd.finish()
    wait_for("the result", 20, lambda: sum("successful" in t for part in person.texts(twilio)
                                           for t in part) == 1)
    assert len({key for key, _ in auth.calls}) == 1, "the same Idempotency-Key"
    assert auth.accepted_for(person.phone) == 1
    auth.hang.set()


def test_kill_9_while_sending(servers, store, auth, twilio):
    """Twilio took the message and the process died before it knew: it looks before it repeats."""
    server = servers(AUTH_API_URL=auth.url, TWILIO_API_BASE=twilio.url, REPLY_BUDGET_MS="100",
                     **store).start()
    person = Member([server])
    for word in words_of(person)[:-1]:
        person.insist(word)
    auth.delay = 0.3
    assert "One moment" in person.insist("YES").text
    wait_for("the send", 10, lambda: twilio.messages)
    server.kill()
    server.start()
    other = Member([server])
    for word in words_of(other):
        other.insist(word)
    wait_for("the other's result", 20, lambda: any(
        "successful" in t for part in other.texts(twilio) for t in part))
    wait_for("an idle outbox", 60,
             lambda: server.metric("samvad_outbox_messages", state="waiting") == 0
             and server.metric("samvad_outbox_messages", state="unsure") == 0, 0.5)
    assert len(twilio.to(person.contact)) == 1
