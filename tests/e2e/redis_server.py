"""A real redis-server of our own on a free port, which tests stop and start."""
import os
import signal
import socket
import subprocess

from server import free_port, wait_for


class Redis:
    def __init__(self, folder, *options):
        self.folder = str(folder)
        os.makedirs(self.folder, exist_ok=True)
        self.port = free_port()
        self.options = options
        self.process = None

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self):
        with open(os.path.join(self.folder, "redis.log"), "ab") as log:
            self.process = subprocess.Popen(
                ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1",
                 "--dir", self.folder, "--appendonly", "yes", "--appendfsync", "everysec",
                 "--save", "", "--maxmemory-policy", "noeviction", *self.options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for("redis", 10, self._answers)
        return self

    def _answers(self):
        try:
            return self.command("PING") in (b"PONG", "NOAUTH")
        except OSError:
            return False

    def stop(self):
        if self.process and self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGTERM)
            self.process.wait(20)

    def command(self, *args):
        """One command; a bulk or status as bytes, an integer, a list, or None."""
        return self.commands([args])[0]

    def commands(self, many):
        """Several in one round trip."""
        wire = b""
        for args in many:
            args = [a if isinstance(a, bytes) else str(a).encode() for a in args]
            wire += b"*%d\r\n" % len(args)
            wire += b"".join(b"$%d\r\n%s\r\n" % (len(a), a) for a in args)
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as s:
            f = s.makefile("rwb")
            f.write(wire)
            f.flush()
            return [self._read(f) for _ in many]

    def _read(self, f):
        line = f.readline()
        if not line:
            raise OSError("redis closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest
        if kind == b"-":
            if rest.startswith(b"NOAUTH"):
                return "NOAUTH"
            raise OSError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            n = int(rest)
            return None if n < 0 else f.read(n + 2)[:-2]
        return [self._read(f) for _ in range(int(rest))]

    def clear(self):
        self.command("FLUSHALL")

    def content(self):
        """All it holds, as bytes to be searched."""
        keys = self.command("KEYS", "*")
        blob = b"\n".join(keys)
        for i in range(0, len(keys), 500):
            dumps = self.commands([("DUMP", k) for k in keys[i:i + 500]])
            blob += b"\n".join(d or b"" for d in dumps)
        return blob
