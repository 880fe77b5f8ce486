"""What a bench run starts and stops, and the one place that knows what went wrong."""
import json
import os
import platform
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))

import canary  # noqa: E402
from redis_server import Redis  # noqa: E402
from server import BIN, Server, free_port, wait_for  # noqa: E402
from twin import start as start_twin  # noqa: E402

TOOLS = os.path.join(os.path.dirname(BIN), "tests", "bench")
TALK = 8  # messages of a conversation, as in load.h
KEYS = {  # as Twilio gives them; no peer is called
    "TWILIO_ACCOUNT_SID": canary.ACCOUNT, "TWILIO_AUTH_TOKEN": canary.AUTH_TOKEN,
    "LOG_LEVEL": "info", "SANDBOX": "0",
}


def median(values):
    return statistics.median(values)


class Bare:
    """tests/bench/bare.c"""

    def __init__(self, house, *args):
        self.port = free_port()
        self.process = subprocess.Popen([os.path.join(TOOLS, "bare"), str(self.port), *args],
                                        stdin=subprocess.PIPE)
        house.running.append(self)
        wait_for("the bare handler", 10, self._lives)

    def _lives(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def stop(self):
        self.process.stdin.close()
        self.process.wait(20)


class House:
    def __init__(self, folder):
        self.folder = folder
        self.seconds = float(os.environ.get("BENCH_SECONDS") or 2)
        self.rounds = int(os.environ.get("BENCH_ROUNDS") or 5)
        self.full = os.environ.get("BENCH_FULL") == "1"
        self.running = []  # in the order of their start
        self.faults = []
        self.next_contact = 1
        self.turns = {}  # server -> answers of distinct messages
        self.speed = {}  # name -> the last rate, to know how much to prepare

    # ---- processes

    def redis(self, name, *options):
        redis = Redis(os.path.join(self.folder, name), *options).start()
        self.running.append(redis)
        return redis

    def samvad(self, name, **settings):
        server = Server(os.path.join(self.folder, name), **{**KEYS, **settings})
        server.port = int(settings.get("PORT", server.port))
        server.start()
        self.running.append(server)
        return server

    def sandbox(self, name):
        """A server that plays Twilio."""
        server = start_twin(lambda n, **more: Server(os.path.join(self.folder, n), **more), name,
                            ADMIN_TOKEN=None)
        self.running.append(server)
        return server

    def stop(self, process):
        self.running.remove(process)
        if isinstance(process, Server):
            self.check_turns(process)
        try:
            process.stop()
        except (AssertionError, subprocess.TimeoutExpired) as e:
            self.faults.append(f"{type(process).__name__} did not end well: {e}")
            os.kill(process.process.pid, signal.SIGKILL)
        folder = getattr(process, "folder", None)
        if folder:
            shutil.rmtree(folder, ignore_errors=True)

    def stop_all(self):
        while self.running:
            self.stop(self.running[-1])

    def check_turns(self, server):
        """Every answer was a stored turn, and none was made up."""
        want = self.turns.pop(server, None)
        if want is None:
            return
        got = server.metric("samvad_turns_total", how="turn")
        if got != want:
            self.faults.append(f"{server.folder}: {want} right answers, but {got:.0f} turns")

    # ---- load

    def contacts(self, count):
        """The number of the first of so many contacts that no other run uses."""
        first = self.next_contact
        self.next_contact += count
        return first

    def load(self, server, **options):
        """One run of the generator; its result. `flags` are options without a value."""
        args = [os.path.join(TOOLS, "load"), "--port", str(server.port),
                "--token", canary.AUTH_TOKEN]
        for flag in options.pop("flags", ()):
            args.append("--" + flag)
        for name, value in options.items():
            args += ["--" + name.replace("_", "-"), str(value)]
        before = cpu_us(server.process.pid)
        run = subprocess.run(args, capture_output=True, text=True, timeout=900, check=False)
        if not run.stdout:
            raise RuntimeError(f"{' '.join(args)}: {run.stderr}")
        got = json.loads(run.stdout)
        got["work_us"] = (cpu_us(server.process.pid) - before) / max(got["all"], 1)
        if run.returncode or got["wrong"] or got["lost"]:
            self.faults.append(f"port {server.port} {options}: {got['wrong']} wrong, "
                               f"{got['lost']} lost\n{run.stderr}")
        return got

    def talk(self, name, server, seconds=None, warm=0.3, connections=48, **options):
        """Conversations of new contacts for so many seconds. `name` remembers the speed."""
        seconds = seconds or self.seconds
        rate = options.get("rate") or self.speed.get(name) or 4000
        room = 1.2 if "rate" in options else 1.5
        talks = int(rate * (seconds + warm) * room / TALK) + connections + 50
        got = self.load(server, connections=connections, talks=talks, seconds=seconds, warm=warm,
                        first=self.contacts(talks + options.get("slow", 0)), **options)
        if "rate" not in options and "expect" not in options:
            self.speed[name] = got["rate"]
        if isinstance(server, Server):
            self.count(server, got["all"] + got["slow_answers"])
        return got

    def count(self, server, turns):
        self.turns[server] = self.turns.get(server, 0) + turns

    def fill(self, server, sessions, connections=48):
        """So many contacts say Hi."""
        got = self.load(server, talks=sessions, length=1, connections=connections,
                        first=self.contacts(sessions))
        self.count(server, got["all"])
        return got


def cpu_us(pid):
    """Processor time that a process has used."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1e6 / os.sysconf("SC_CLK_TCK")


class Others:
    """How busy the machine was with what is not ours."""

    def __init__(self):
        self.began, self.busy = time.monotonic(), self._busy()

    @staticmethod
    def _busy():
        with open("/proc/stat", encoding="ascii") as f:
            n = [int(x) for x in f.readline().split()[1:]]
        return (sum(n[:8]) - n[3] - n[4]) / os.sysconf("SC_CLK_TCK")  # without idle and iowait

    def share(self):
        """Of all cores; call it when every process of ours has ended."""
        mine = sum(sum(resource.getrusage(who)[:2])
                   for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        passed = (time.monotonic() - self.began) * os.cpu_count()
        return max(self._busy() - self.busy - mine, 0) / passed


def memory_mib(pid, what="VmRSS"):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        for line in f:
            if line.startswith(what + ":"):
                return int(line.split()[1]) / 1024
    return float("nan")


# ---- the machine

def first_line(*command):
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
        return run.stdout.strip().split("\n")[0]
    except OSError:
        return "?"


def cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        names = [x.split(":", 1)[1].strip() for x in f if x.startswith("model name")]
    return names[0] if names else platform.machine()


def packages():
    names = {"libcivetweb1": "CivetWeb", "libsqlite3-0": "SQLite", "libssl3": "OpenSSL",
             "libhiredis0.14": "hiredis"}
    found = []
    for package, name in names.items():
        version = first_line("dpkg-query", "-W", "-f=${Version}", package)
        found.append(f"{name} {version.split('-')[0] or '?'}")
    return ", ".join(found)


def sync_us(folder):
    """What one fdatasync after 4 KiB costs on this disk; median of 100."""
    path = os.path.join(folder, "sync")
    times = []
    with open(path, "wb", buffering=0) as f:
        for _ in range(100):
            f.write(bytes(4096))
            began = time.monotonic()
            os.fdatasync(f.fileno())
            times.append((time.monotonic() - began) * 1e6)
    os.remove(path)
    return median(times)


def machine(folder):
    with open("/proc/meminfo", encoding="ascii") as f:
        total = int(f.readline().split()[1]) / 1024 / 1024
    redis = first_line("redis-server", "--version").split("v=")[-1].split()[0]
    return [
        f"{os.cpu_count()} cores of {cpu_model()}, {total:.0f} GiB, "
        f"Linux {platform.release()}; load before: {os.getloadavg()[0]:.2f}",
        f"disk: fdatasync of 4 KiB {sync_us(folder):.0f} us "
        f"({fs_type(folder)})",
        f"{first_line(BIN, 'version')}; {packages()}, Redis {redis}, gcc "
        f"{first_line('cc', '-dumpfullversion')}",
        "generator, servers and Redis share these cores; everything on loopback",
    ]


def fs_type(folder):
    run = subprocess.run(["df", "--output=fstype", folder], capture_output=True, text=True,
                         check=False)
    return run.stdout.split()[-1]
