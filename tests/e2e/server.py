"""One samvad process under test: its folder, settings, log, and how it is started and ended."""
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

import canary

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("SAMVAD_BIN") or os.path.join(ROOT, "build", "samvad")
FULL = bool(os.environ.get("SAMVAD_FULL"))
SANITIZERS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:",
              "WARNING: ThreadSanitizer", "MemorySanitizer")

all_logs = []  # every log of the run, for the search at its end
# Above them the system takes ports for outgoing connections: one of those could sit on the port of
# a server that is being restarted.
PORTS = range(10000, 32000)
BLOCK = 100
_ports = []  # that are left of the blocks that this process has taken
_marks = []  # sockets whose names keep other test runs off the blocks


_local = threading.local()


def connection(port, timeout):
    """This thread's kept connection to a port."""
    pool = _local.__dict__.setdefault("pool", {})
    if port not in pool:
        pool[port] = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    pool[port].timeout = timeout
    return pool[port]


def _take_block():
    starts = PORTS[::BLOCK]
    for start in random.sample(starts, len(starts)):
        mark = socket.socket(socket.AF_UNIX)
        try:
            mark.bind(f"\0samvad-test-ports-{start}")
        except OSError:  # another test run has it
            mark.close()
            continue
        _marks.append(mark)
        return list(range(start, start + BLOCK))
    raise AssertionError("no port is left for tests")


def free_port():
    """A port of this machine that no other test gets, whoever runs it, before this process ends."""
    while True:
        if not _ports:
            _ports.extend(_take_block())
        port = _ports.pop()
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass  # a program that is no test listens there


def wait_for(what, seconds, check, every=0.02):
    """Polls check() until it is true; fails after so many seconds. Returns what it returned."""
    deadline = time.monotonic() + seconds
    while True:
        got = check()
        if got:
            return got
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(every)


def clean_env():
    keep = ("PATH", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LANG")
    return {k: os.environ[k] for k in keep if k in os.environ}


class Log:
    """A log file that tests read in pieces."""

    def __init__(self, path):
        self.path = path
        self.seen = 0
        all_logs.append(self)

    def text(self):
        if not os.path.exists(self.path):
            return ""
        with open(self.path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def new(self):
        text = self.text()
        piece = text[self.seen:]
        self.seen = len(text)
        return piece

    def lines(self):
        """Log lines as dictionaries."""
        for line in self.text().split("\n"):
            if line.startswith("{") and line.endswith("}"):  # the last may be half written
                yield json.loads(line)


class Server:
    def __init__(self, folder, **settings):
        self.folder = str(folder)
        os.makedirs(self.folder, exist_ok=True)
        self.port = free_port()
        self.settings = {
            "PORT": self.port, "HOST": "127.0.0.1", "DATA_DIR": os.path.join(self.folder, "data"),
            "TEMPLATES_DIR": os.path.join(ROOT, "templates"), "LOG_FORMAT": "json",
            "TWILIO_ACCOUNT_SID": canary.ACCOUNT, "TWILIO_AUTH_TOKEN": canary.AUTH_TOKEN,
            "ADMIN_TOKEN": canary.ADMIN_TOKEN, "SESSION_KEYS": canary.KEY_1,
            "TWILIO_API_BASE": "http://127.0.0.1:9", "AUTH_API_URL": "http://127.0.0.1:9",
        }
        self.set(**settings)
        self.log = Log(os.path.join(self.folder, "log"))
        self.process = None

    def set(self, **settings):
        """Settings of the next start; None unsets one."""
        for name, value in settings.items():
            if value is None:
                self.settings.pop(name, None)
            else:
                self.settings[name] = value

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def env(self):
        env = clean_env()
        env.update({k: str(v) for k, v in self.settings.items()})
        return env

    # ---- start and end

    def spawn(self, preexec=None):
        with open(self.log.path, "ab") as log:
            self.process = subprocess.Popen([BIN, "serve"], cwd=self.folder, env=self.env(),
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            preexec_fn=preexec)
        return self

    def start(self, seconds=20, preexec=None):
        self.spawn(preexec)
        wait_for("the server to live", seconds, self._lives, 0.005)
        return self

    def _lives(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended with {self.process.returncode}:\n"
                                 + self.log.text()[-3000:])
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as s:
                s.sendall(b"GET /health/live HTTP/1.0\r\n\r\n")
                return b" 200 " in s.recv(64)
        except OSError:
            return False

    def kill(self):
        if self.process and self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def terminate(self, seconds=30):
        """SIGTERM; returns the exit status and how long it took."""
        began = time.monotonic()
        os.kill(self.process.pid, signal.SIGTERM)
        status = self.process.wait(seconds)
        return status, time.monotonic() - began

    def stop(self):
        if self.process and self.process.poll() is None:
            connection(self.port, 1).close()  # an idle one holds the end up for two seconds
            status, _ = self.terminate()
            assert status == 0, f"the server ended with {status}:\n" + self.log.text()[-3000:]

    def hup(self):
        os.kill(self.process.pid, signal.SIGHUP)

    # ---- plain requests

    def get(self, path, admin=False, timeout=10, headers=None):
        """(status, headers, body text) of a GET."""
        return self.request("GET", path, None, admin, timeout, headers)

    def request(self, method, path, body=None, admin=False, timeout=10, headers=None):
        rq = urllib.request.Request(self.url + path, data=body, method=method,
                                    headers=headers or {})
        if admin:
            rq.add_header("Authorization", "Bearer " + canary.ADMIN_TOKEN)
        try:
            with urllib.request.urlopen(rq, timeout=timeout) as got:
                return got.status, got.headers, got.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.headers, e.read().decode()

    def json(self, path, admin=False):
        status, _, body = self.get(path, admin)
        assert status == 200, f"GET {path}: {status} {body}"
        return json.loads(body)

    def metrics(self):
        """{'name{labels}': value}; what is there is searched for canaries as well."""
        status, _, body = self.get("/metrics", admin=True)
        assert status == 200, body
        found = canary.find(body)
        assert not found, f"/metrics shows {found}"
        rows = (x.rsplit(" ", 1) for x in body.split("\n") if x and x[0] != "#")
        return {name: float(value) for name, value in rows}

    def metric(self, name, **labels):
        """Sum of all rows of this name that carry these labels.

        A counter begins with its first event; any other metric that is not there is no number,
        and equals nothing.
        """
        found = [value for row, value in self.metrics().items()
                 if row.split("{")[0] == name
                 and all(f'{k}="{v}"' in row for k, v in labels.items())]
        return sum(found) if found or name.endswith("_total") else float("nan")


def run(*args, env=None, stdin="", cwd=None, timeout=30):
    """One command of the program: (exit status, standard output, standard error)."""
    full = clean_env()
    full["TEMPLATES_DIR"] = os.path.join(ROOT, "templates")
    full.update({k: str(v) for k, v in (env or {}).items()})
    got = subprocess.run([BIN, *args], input=stdin, env=full, cwd=cwd or os.environ.get("TMPDIR"),
                         capture_output=True, text=True, timeout=timeout, check=False)
    for mark in SANITIZERS:
        assert mark not in got.stderr, got.stderr
    return got.returncode, got.stdout, got.stderr
