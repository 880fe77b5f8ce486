"""Many people at once, each with a fixed script, and what one of them reads when nothing goes wrong.

The scripts are the same for all, so every reply can be compared with the
sequential run; numbers and references are replaced before.
"""
import http.client
import random
import re
import threading
import time

from person import Person, new_sid

SCRIPT = ["Hi", "Canaria Rao", "13", "3", "400001", "{n}", "maybe", "YES"]
NOTICE = "One moment please"


def neutral(text, person):
    """What is the same for everybody."""
    return re.sub(r"REG-\w+", "REG-x", text.replace(person.number, "{n}"))


def words_of(person):
    return [w.format(n=person.number) for w in SCRIPT]


def sequential(server):
    """The replies of one undisturbed run: a list of texts per message."""
    person = Person(server)
    return [[neutral(t, person) for t in person.deliver(w).texts] for w in words_of(person)]


class Member(Person):
    """A person who repeats a message until there is an answer, as Twilio's fallback would."""

    def __init__(self, servers):
        super().__init__(servers[0])
        self.servers = servers
        self.got = []  # Answer per message
        self.slowest = 0.0
        self.repeats = 0

    def insist(self, text, seconds=60):
        sid = new_sid()
        deadline = time.monotonic() + seconds
        while True:
            began = time.monotonic()
            try:
                answer = self.deliver(text, sid=sid, server=random.choice(self.servers),
                                      timeout=15)
                if answer.status == 200:
                    self.slowest = max(self.slowest, time.monotonic() - began)
                    self.got.append(answer)
                    return answer
            except (OSError, http.client.HTTPException):
                pass
            assert time.monotonic() < deadline, f"no answer in {seconds} s"
            self.repeats += 1
            time.sleep(0.02)

    def texts(self, twilio):
        """All real replies in the order of the messages: inline, or later by REST."""
        later = [neutral(t, self) for t in twilio.to(self.contact)]
        told = [[neutral(t, self) for t in a.texts] for a in self.got]
        out = []
        for texts in told:
            out += [] if is_notice(texts) else texts
        return out, later


def is_notice(texts):
    return len(texts) == 1 and NOTICE in texts[0]


def same_as_sequential(person, wanted, twilio, besides=None):
    """Inline replies and late ones, put back at the places of their notices, are the script's.

    besides: words of a reply that may come between them.
    """
    inline, later = ([t for t in texts if not besides or besides not in t]
                     for texts in person.texts(twilio))
    flat = [t for texts in wanted for t in texts]
    got = sorted(inline + later)
    assert got == sorted(flat), {"missing": [t[:60] for t in flat if flat.count(t) > got.count(t)],
                                 "extra": [t[:60] for t in got if got.count(t) > flat.count(t)]}
    in_order = [t for t in flat if t in later]
    assert later == in_order, "the late ones came in another order"


class Crowd:
    """Threads that run a function on one number after the other; faults end the test."""

    def __init__(self, threads, work):
        self.faults = []
        self.numbers = iter(range(10 ** 9))
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.work = work
        self.threads = [threading.Thread(target=self._run) for _ in range(threads)]

    def _next(self):
        with self.lock:
            return next(self.numbers, None)

    def _run(self):
        while not self.stopping.is_set() and not self.faults:
            n = self._next()
            if n is None:
                return
            try:
                self.work(n)
            except BaseException as e:
                self.faults.append(e)

    def start(self, count=None):
        if count is not None:
            self.numbers = iter(range(count))
        for t in self.threads:
            t.start()
        return self

    def finish(self):
        for t in self.threads:
            t.join()
        if self.faults:
            raise self.faults[0]
