"""What is measured, section by section. Each gets the house and the table and adds its rows."""
import json
import socket
import threading
import time
import urllib.parse

from house import Bare, free_port, memory_mib, median, wait_for
from person import Person, new_sid, sign
from twin import Twin

BARE_TEXT = "What is your *full name*?"
STORES = ("Redis", "SQLite")
CROWD = (1, 8, 48, 200, 1000)


class Table:
    def __init__(self):
        self.rows = []
        self.unmet = 0

    def add(self, work, result, beside="", bar="", met=None):
        verdict = "" if met is None else "met" if met else "**not met**"
        self.unmet += met is False
        self.rows.append((work, result, beside, bar, verdict))
        print(f"  {work}: {result}" + (f" ({beside})" if beside else ""), flush=True)

    def text(self):
        lines = ["| work | result | beside it | bar | |", "|---|---|---|---|---|"]
        return "\n".join(lines + ["| " + " | ".join(r) + " |" for r in self.rows])


def ms(us):
    return f"{us / 1000:.2f} ms"


def middle(runs, key):
    return median([r[key] for r in runs])


def tail(runs):
    return (f"p50 {ms(middle(runs, 'p50_us'))}, p99 {ms(middle(runs, 'p99_us'))}, "
            f"p99.9 {ms(middle(runs, 'p999_us'))}")


def store_server(house, store, name, **settings):
    """A server on a store of its own; Redis as it comes, without a file unless told."""
    if store == "SQLite":
        return house.samvad(name, **settings)
    redis = house.redis(name + "-redis", "--appendonly", "no")
    return house.samvad(name, REDIS_URL=redis.url, **settings)


# ---- throughput beside the bare handler, all rows within each round

def replay(house, server, first, count):
    """The same messages again and again: the same bytes, and nothing more is stored."""
    return house.load(server, connections=48, talks=count, length=1, first=first, warm=0.3,
                      seconds=house.seconds, flags=("cycle", "same"))


def seeded(house, server, count=2000):
    first = house.next_contact
    house.fill(server, count)
    return lambda: replay(house, server, first, count)


def plain(house, server, path, text):
    return lambda: house.load(server, connections=48, get=path, expect=text, warm=0.3,
                              seconds=house.seconds, flags=("cycle",))


def forged(house, server):
    return lambda: house.load(server, connections=48, talks=2000, length=1, status=403,
                              expect="bad_signature", warm=0.3, seconds=house.seconds,
                              first=house.contacts(2000), flags=("cycle", "forge"))


def fixed(house, bare):
    return lambda: house.load(bare, connections=48, talks=2000, expect=BARE_TEXT, warm=0.3,
                              seconds=house.seconds, flags=("cycle",))


def turns(house, table):
    bare, hmac = Bare(house), Bare(house, "hmac")
    redis = store_server(house, "Redis", "turns-redis")
    file = house.redis("turns-file-redis", "--appendonly", "yes", "--appendfsync", "everysec")
    kept = house.samvad("turns-file", REDIS_URL=file.url)
    sqlite = store_server(house, "SQLite", "turns-sqlite")
    rows = [
        ("bare CivetWeb handler, fixed TwiML", fixed(house, bare), None),
        ("the same and one HMAC-SHA1 over the body", fixed(house, hmac), None),
        ("full turn, Redis (appendonly no)", lambda: house.talk("Redis", redis), 0.50),
        ("full turn, Redis (appendonly yes, everysec)", lambda: house.talk("file", kept), None),
        ("full turn, SQLite (every turn fsynced)", lambda: house.talk("SQLite", sqlite), 0.25),
        ("duplicate replay, Redis", seeded(house, redis), None),
        ("duplicate replay, SQLite", seeded(house, sqlite), None),
        ("invalid signature (403)", forged(house, sqlite), None),
        ("`/health` on SQLite", plain(house, sqlite, "/health", '"status"'), None),
    ]
    for name, server in (("Redis", redis), ("file", kept), ("SQLite", sqlite)):
        house.talk(name, server, seconds=0.5)  # how much is to be prepared
    runs = [[run() for _, run, _ in rows] for _ in range(house.rounds)]
    for i, store in ((2, "Redis"), (4, "SQLite")):
        house.speed[store] = median([r[i]["rate"] for r in runs])
    for i, (name, _, least) in enumerate(rows):
        mine = [r[i] for r in runs]
        ratio = median([r[i]["rate"] / r[0]["rate"] for r in runs])
        bar = f"≥ {least:.2f} × bare" if least else ""
        work = f"{middle(mine, 'work_us'):.0f} µs of processor each"
        table.add(name, f"{middle(mine, 'rate'):,.0f}/s",
                  f"{ratio:.3f} × bare, {work}, {tail(mine)}", bar, ratio >= least if least else None)


# ---- latency at half of the most it can do

def latency(house, table):
    for store in STORES:
        server = store_server(house, store, f"latency-{store.lower()}")
        if not house.speed.get(store):
            house.talk(store, server, seconds=0.5)
            house.talk(store, server)
        rate = house.speed[store] / 2
        runs = [house.talk(store, server, rate=rate, warm=0.5, connections=200)
                for _ in range(house.rounds)]
        p99 = middle(runs, "p99_us")
        table.add(f"turn at half load, {store}", tail(runs),
                  f"open loop, {rate:,.0f}/s, worst of all {ms(max(r['max_us'] for r in runs))}",
                  "p99 < 10 ms", p99 < 10000)


# ---- few and many connections

def connections(house, table):
    for store in STORES:
        server = store_server(house, store, f"crowd-{store.lower()}")
        house.talk(store, server, seconds=0.5)
        seconds = house.seconds * 0.6
        for count in CROWD:
            name = f"{store} {count}"
            house.talk(name, server, seconds=0.2, connections=count)
            runs = [house.talk(name, server, seconds=seconds, connections=count)
                    for _ in range(house.rounds)]
            kept = "kept alive" if middle(runs, "opened") <= count else "closed after each answer"
            table.add(f"{count:,} connection{'s' * (count > 1)} at once, {store}", f"{middle(runs, 'rate'):,.0f}/s",
                      f"{tail(runs)}; {kept}")


def slow(house, table):
    for store in STORES:
        server = store_server(house, store, f"slow-{store.lower()}")
        house.talk(store, server, seconds=0.5)
        most = [house.talk(store + " 700", server, connections=700)["rate"]
                for _ in range(house.rounds)]
        rate = median(most) / 2
        runs = [house.talk(store, server, rate=rate, warm=0.5, connections=700, slow=300,
                           flags=("preopen",)) for _ in range(house.rounds)]
        p99 = middle(runs, "p99_us")
        table.add(f"1,000 connections, 300 of them byte by byte, {store}",
                  f"the others: {tail(runs)}",
                  f"open loop, {rate:,.0f}/s over 700 connections, half of what these can do, "
                  f"{middle(runs, 'unsent'):,.0f} found none free", "p99 < 50 ms", p99 < 50000)


# ---- start

def first_answer(server):
    """Milliseconds from the start of the process to its first TwiML."""
    person = Person(server)
    fields = person.fields("Hi", new_sid())
    body = urllib.parse.urlencode(fields).encode()
    wire = (f"POST /webhook HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"X-Twilio-Signature: {sign(server.url + '/webhook', fields)}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n").encode() + body
    began = time.monotonic()
    server.spawn()
    while True:
        try:
            with socket.create_connection(("127.0.0.1", server.port), timeout=10) as s:
                s.sendall(wire)
                with s.makefile("rb") as f:
                    got = f.read()
            break
        except ConnectionError:
            if time.monotonic() - began > 20 or server.process.poll() is not None:
                raise
            time.sleep(0.0005)
    took = (time.monotonic() - began) * 1000
    return took if b"your *full name*" in got else float("nan")


def start(house, table):
    for store in STORES:
        server = store_server(house, store, f"start-{store.lower()}")
        times = []
        for _ in range(house.rounds):
            server.stop()
            times.append(first_answer(server))
        if times != [t for t in times if t == t]:
            house.faults.append("a first answer was wrong")
        table.add(f"cold start to the first answered turn, {store}", f"{median(times):.0f} ms",
                  f"slowest {max(times):.0f} ms", "< 100 ms", median(times) < 100)


# ---- size: memory, /stats and broadcasts beside many sessions

def get_json(server, method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    status, _, text = server.request(method, path, data, admin=True, timeout=120)
    return status, json.loads(text)


class Steady(threading.Thread):
    """Does something again and again while others are measured."""

    def __init__(self, ask):
        super().__init__()
        self.ask = ask
        self.over = threading.Event()
        self.times = []
        self.answers = []

    def run(self):
        while not self.over.is_set():
            began = time.monotonic()
            self.answers.append(self.ask())
            self.times.append((time.monotonic() - began) * 1000)
            self.over.wait(0.1)


def beside(house, store, server, ask):
    """The webhooks' p99 without and with it, at half load; how long it takes; its answers."""
    rate = house.speed[store] / 2
    quiet, busy, times, answers = [], [], [], []
    for _ in range(house.rounds):
        quiet.append(house.talk(store, server, rate=rate, warm=0.3, connections=200))
        steady = Steady(ask)
        steady.start()
        busy.append(house.talk(store, server, rate=rate, warm=0.3, connections=200))
        steady.over.set()
        steady.join()
        times += steady.times
        answers += steady.answers
    return middle(quiet, "p99_us"), middle(busy, "p99_us"), median(times), answers


def add_beside(table, work, got):
    quiet, busy, took, _ = got
    table.add(work, f"{took:.0f} ms; the webhooks' p99 {ms(busy)}", f"without it {ms(quiet)}",
              "≤ 2 × its usual p99", busy <= 2 * quiet)


def stats(house, table, store, server, sessions):
    got = beside(house, store, server, lambda: get_json(server, "GET", "/stats"))
    if any(s != 200 or a["total_sessions"] < sessions for s, a in got[3]):
        house.faults.append(f"/stats on {store}: {got[3][-1]}")
    add_beside(table, f"`/stats` all the time at {sessions:,} sessions, {store}", got)


MESSAGE = "Measured"


def dry_runs(house, table, store, server, sessions):
    body = {"message": MESSAGE, "dry_run": True}
    got = beside(house, store, server,
                 lambda: get_json(server, "POST", "/send-broadcast", body))
    if any(s != 200 or a["recipient_count"] < sessions for s, a in got[3]):
        house.faults.append(f"dry run on {store}: {got[3][-1]}")
    add_beside(table, f"broadcast dry runs all the time at {sessions:,} sessions, {store}", got)


def progress(server, told):
    got = get_json(server, "GET", f"/broadcasts/{told['broadcast_id']}")[1]
    return got, sum(got["progress"][k] for k in ("accepted", "delivered", "read"))


def order(house, store, server, sessions, **more):
    """From the order until nobody is missing: (the broadcast, seconds), or None when it fails."""
    began = time.monotonic()
    status, told = get_json(server, "POST", "/send-broadcast", {"message": MESSAGE, **more})
    if status != 202:
        house.faults.append(f"broadcast on {store}: {status} {told}")
        return None
    got = wait_for("the plan", 300, lambda: (lambda g: g if g["planned_at"] else None)(
        progress(server, told)[0]), 0.02)
    took = time.monotonic() - began
    if got["audience"] < sessions:
        house.faults.append(f"broadcast on {store}: {got}")
    return got, took


def plan(house, table, store, server, sessions):
    """Nothing is sent meanwhile: its time comes in an hour."""
    later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    ordered = order(house, store, server, sessions, send_at=later)
    if not ordered:
        return
    got, took = ordered
    get_json(server, "POST", f"/broadcasts/{got['broadcast_id']}/cancel")
    table.add(f"broadcast to {got['audience']:,} planned, {store}", f"{took:.2f} s",
              f"{got['audience'] / took:,.0f} recipients/s", "100,000 in < 2 s",
              took * 100000 / got["audience"] < 2)


def broadcast(house, table, store, server, twin, sessions):
    """Planned: from the order until nobody is missing. Sent: what the twin has accepted."""
    plan(house, table, store, server, sessions)
    ordered = order(house, store, server, sessions)
    if not ordered:
        return
    got, _ = ordered
    before, began = progress(server, got)[1], time.monotonic()
    time.sleep(4 * house.seconds)
    after, took = progress(server, got)[1], time.monotonic() - began
    get_json(server, "POST", f"/broadcasts/{got['broadcast_id']}/cancel")
    tally = twin.call("GET", "/api/tally?text=" + MESSAGE)
    if tally["most"] != 1:
        house.faults.append(f"broadcast on {store}: somebody got it {tally['most']} times")
    rest = " and all sent" if after == got["audience"] else ""
    table.add(f"broadcast messages accepted by the twin, {store}",
              f"{(after - before) / took:,.0f}/s", f"one process, with status callbacks{rest}",
              "≥ 1,000/s", (after - before) / took >= 1000)


def sender(house, store):
    """A server whose Twilio is a twin that takes everything, and the twin."""
    peer = house.sandbox(f"twin-{store.lower()}")
    twin = Twin(peer)
    twin.call("PUT", "/api/limits", {"rate": 100000, "messages": 1000000, "everyone": True})
    port = free_port()
    server = store_server(house, store, f"size-{store.lower()}", SEND_RATE=100000, PORT=port,
                          PUBLIC_URL=f"http://127.0.0.1:{port}",
                          TWILIO_API_BASE=f"{peer.url}/sandbox/twilio")
    return server, twin


def memory(house, table):
    sessions = 1000000 if house.full else 100000
    if house.seconds < 1:
        sessions = 10000  # only to see that it works
    for store in STORES:
        server, twin = sender(house, store)
        house.talk(store, server, seconds=0.5)
        if not house.full:
            house.talk(store, server)
        pid = server.process.pid
        empty = memory_mib(pid)
        filled = house.fill(server, sessions)
        most = {"Redis": 64, "SQLite": 128}[store]
        now = memory_mib(pid)
        beside = f"{empty:.1f} MiB before, filled at {filled['rate']:,.0f} new sessions/s"
        if store == "Redis":
            redis = house.running[house.running.index(server) - 1]
            beside += f"; Redis itself {memory_mib(redis.process.pid):.0f} MiB"
        table.add(f"memory at {sessions:,} sessions, {store}", f"{now:.1f} MiB", beside,
                  f"< {most} MiB at 100,000", now < most)
        stats(house, table, store, server, sessions)
        dry_runs(house, table, store, server, sessions)
        broadcast(house, table, store, server, twin, sessions)


ALL = {"turns": turns, "latency": latency, "connections": connections, "slow": slow,
       "start": start, "memory": memory}
