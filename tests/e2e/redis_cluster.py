"""A real Redis Cluster of our own: three masters with a replica each, made and moved by redis-cli."""
import os
import signal
import subprocess

from redis_server import Redis
from server import free_port, wait_for


class Cluster:
    def __init__(self, folder):
        self.nodes = [Redis(os.path.join(str(folder), f"node{i}"),
                            "--cluster-enabled", "yes", "--cluster-port", str(free_port()),
                            "--cluster-node-timeout", "2000", "--repl-diskless-sync-delay", "0",
                            "--cluster-replica-validity-factor", "0")
                      for i in range(6)]

    @property
    def url(self):
        """Two seeds."""
        a, b = self.nodes[:2]
        return f"redis://127.0.0.1:{a.port},127.0.0.1:{b.port}"

    def start(self):
        for node in self.nodes:
            node.start()
        self._cli("create", *(f"127.0.0.1:{n.port}" for n in self.nodes),
                  "--cluster-replicas", "1", "--cluster-yes")
        wait_for("the cluster", 30, lambda: all(
            b"cluster_state:ok" in n.command("CLUSTER", "INFO") for n in self.nodes))
        wait_for("its replicas", 30, lambda: all(map(self._in_step, self.nodes[:3])))
        return self

    def stop(self):
        for node in self.nodes:
            node.stop()

    @staticmethod
    def _cli(*args):
        got = subprocess.run(["redis-cli", "--cluster", *args], capture_output=True, text=True,
                             timeout=120, check=False)
        assert got.returncode == 0, got.stdout[-2000:] + got.stderr[-2000:]

    def reshard(self, source, target, slots):
        """Moves so many slots, with what they hold."""
        ids = [self.nodes[i].command("CLUSTER", "MYID").decode() for i in (source, target)]
        wait_for("the nodes to agree", 30, self._agree, 0.1)
        self._cli("reshard", f"127.0.0.1:{self.nodes[source].port}", "--cluster-from", ids[0],
                  "--cluster-to", ids[1], "--cluster-slots", str(slots), "--cluster-yes")

    def _agree(self):
        """News of moved slots has reached every node: before that redis-cli moves no more."""
        run = subprocess.run(["redis-cli", "--cluster", "check", f"127.0.0.1:{self.nodes[0].port}"],
                             capture_output=True, timeout=30, check=False)
        return run.returncode == 0

    @staticmethod
    def _in_step(node):
        """True when the master's replica has all that it has."""
        info = dict(line.split(":", 1) for line in
                    node.command("INFO", "replication").decode().split("\r\n") if ":" in line)
        return f",offset={info['master_repl_offset']}," in info.get("slave0", "")

    def kill_master(self, index):
        """kill -9 with calls in flight, and none of its acknowledged turns on the way to its
        replica: it stops to answer, waits for the replica, and dies."""
        node = self.nodes[index]
        node.command("CLIENT", "PAUSE", 60000, "WRITE")
        wait_for("the replica", 20, lambda: self._in_step(node), 0.005)
        os.kill(node.process.pid, signal.SIGKILL)
        node.process.wait()

    def masters(self):
        """Those that are up and say that they are masters."""
        return [n for n in self.nodes if n.process.poll() is None
                and b"role:master" in n.command("INFO", "replication")]

    def content(self):
        return b"\n".join(n.content() for n in self.masters())
