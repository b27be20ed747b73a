#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every command and script names one key: on a Redis in cluster mode, which refuses keys of two slots,
the cache and the counting of attempts work as on any other."""
import os
import re
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import harness

OVER_QUOTA, DENIED = 8, 7  # exit codes of `weir`


class Cluster:
    """One node that has all the slots."""

    def __init__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = min(probe.getsockname()[1], 55_000)  # its bus is 10,000 above
        self._files = tempfile.TemporaryDirectory(prefix="weir-redis-cluster-")
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             "--cluster-enabled", "yes", "--dir", self._files.name],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        harness.wait_for("Redis", lambda: "PONG" in self.ask("ping"))
        self.ask("cluster", "addslots", *map(str, range(16384)))
        harness.wait_for("the cluster", lambda: "cluster_state:ok" in self.ask("cluster", "info"))

    def ask(self, *words: str) -> str:
        return subprocess.run(["redis-cli", "-p", str(self.port), *words], capture_output=True,
                              text=True, timeout=harness.LIMIT).stdout

    def stop(self):
        self.process.kill()
        self.process.wait()
        self._files.cleanup()


class RedisClusterTest(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster()
        self.addCleanup(self.cluster.stop)
        context = harness.database()
        url = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        self.server = harness.Server(url, "--attempts=3", redis=False,
                                     WEIR_REDIS_URL=f"redis://127.0.0.1:{self.cluster.port}/0")
        self.addCleanup(self.server.__exit__)
        self.password = tempfile.NamedTemporaryFile("w")
        self.password.write("correct horse battery staple")
        self.password.flush()
        self.addCleanup(self.password.close)

    def weir(self, *arguments, status=0):
        done = subprocess.run([harness.binary("weir"), "--address", self.server.address,
                               "--no-retries", *arguments], capture_output=True, text=True,
                              timeout=harness.LIMIT)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout

    def hits(self) -> int:
        return int(re.search(r"keyspace_hits:(\d+)", self.cluster.ask("info", "stats")).group(1))

    def test_users_are_cached_and_attempts_counted(self):
        self.assertIn("CROSSSLOT", self.cluster.ask("mget", "a", "b"))  # it is one that refuses
        self.weir("users", "create", "--name", "Ada", "--email", "ada@example.com",
                  "--password-file", self.password.name)
        self.weir("users", "get", "1")
        before = self.hits()
        self.assertIn("Ada", self.weir("users", "get", "1"))
        self.assertGreater(self.hits(), before)
        self.weir("users", "update", "1", "--name", "Countess")
        self.assertIn("Countess", self.weir("users", "get", "1"))
        with tempfile.NamedTemporaryFile("w") as wrong:
            wrong.write("Tr0ub4dor&3")
            wrong.flush()
            for _ in range(3):
                self.weir("users", "verify", "ada@example.com", "--password-file", wrong.name,
                          status=DENIED)
            self.weir("users", "verify", "ada@example.com", "--password-file", wrong.name,
                      status=OVER_QUOTA)
        self.weir("users", "delete", "1")
        self.weir("users", "get", "1", status=3)
        for line in self.server.log().splitlines():
            if '"redis"' in line:
                self.assertIn("connected", line, "no error of Redis'")


if __name__ == "__main__":
    unittest.main(verbosity=2)
