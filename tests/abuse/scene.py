# SPDX-License-Identifier: Apache-2.0
"""What each test of abuse has: a server, an honest client that must not notice, and a look at the
server's memory and metrics."""
import os
import pathlib
import re
import sys
import threading
import unittest
import urllib.request

sys.path.append(os.path.join(os.path.dirname(__file__), "../e2e"))
import harness

harness.generate_stubs()

import grpc
from weir.users.v1 import users_pb2 as pb
from weir.users.v1 import users_pb2_grpc

import raw_http2

GET_USER = "/weir.users.v1.UserService/GetUser"
SUBMIT_BATCH = "/weir.batch.v1.BatchService/SubmitBatch"
CHECK = "/grpc.health.v1.Health/Check"
WATCH = "/grpc.health.v1.Health/Watch"
# Generous, for the machine may be slow: what is looked for takes tens of seconds and gigabytes.
HONEST_SECONDS = 5
MOST_MIB = 300


class HonestClient(threading.Thread):
    """One call after the other, from another address than the abusive ones."""

    def __init__(self, address: str, user: int):
        super().__init__(daemon=True)
        self._channel = grpc.insecure_channel(address, [("grpc.enable_retries", 0)])
        self._stub = users_pb2_grpc.UserServiceStub(self._channel)
        self._user = user
        self._over = threading.Event()
        self.answers = 0
        self.failures: list[str] = []

    def call(self) -> None:
        try:
            got = self._stub.GetUser(pb.GetUserRequest(id=self._user), timeout=HONEST_SECONDS)
            if got.id == self._user:
                self.answers += 1
            else:
                self.failures.append(f"another user: {got.id}")
        except grpc.RpcError as error:
            self.failures.append(f"{error.code().name}: {error.details()}")

    def run(self) -> None:
        while not self._over.wait(0.005):  # a pace, not a wait for anything
            self.call()

    def stop(self) -> None:
        self._over.set()
        if self.is_alive():
            self.join()
        self._channel.close()


class Scene(unittest.TestCase):
    flags: tuple[str, ...] = ()

    @classmethod
    def setUpClass(cls):
        cls.url = cls.enterClassContext(harness.database())

    def setUp(self):
        self.server = harness.Server(self.url, *self.flags)
        self.addCleanup(self.server.__exit__)
        harness.psql(self.url, "INSERT INTO users (name, email) VALUES ('Ada', 'ada@example.com') "
                               "ON CONFLICT DO NOTHING")
        user = int(harness.psql(self.url, "SELECT min(id) FROM users"))
        self.honest = HonestClient(self.server.address, user)
        self.addCleanup(self.honest.stop)
        self.honest.call()
        self.assertEqual(self.honest.failures, [])
        self.refused_before = self.refused()
        self.honest.start()

    def connect(self, *arguments, **named) -> raw_http2.Connection:
        connection = raw_http2.Connection(self.server.address, *arguments, **named)
        self.addCleanup(connection.close)
        return connection

    def metrics(self) -> str:
        with urllib.request.urlopen(f"http://{self.server.admin}/metrics", timeout=HONEST_SECONDS) as page:
            return page.read().decode()

    def gauge(self, name: str) -> float:
        return float(re.search(rf"^{name}(?:{{.*}})? (\S+)$", self.metrics(), re.M).group(1))

    def refused(self) -> dict[str, float]:
        """How many calls were refused and connections closed, of each reason that there was."""
        found = re.findall(r'^(weir_rpc_\w*(?:refused|closed|abuse)\w*_total{.*}) (\S+)$', self.metrics(), re.M)
        return {name: float(count) for name, count in found if float(count) > 0}

    def status(self, field: str) -> int:
        text = pathlib.Path(f"/proc/{self.server.process.pid}/status").read_text()
        return int(re.search(rf"^{field}:\s+(\d+)", text, re.M).group(1))

    def assert_honest_calls_were_answered(self):
        """All of those made during the abuse, and some more."""
        so_far = self.honest.answers + len(self.honest.failures)
        harness.wait_for("honest calls", lambda: self.honest.answers + len(self.honest.failures) > so_far + 10)
        self.assertEqual(self.honest.failures, [])

    def assert_memory_stayed(self, mib: int = MOST_MIB):
        self.assertLess(self.status("VmHWM") // 1024, mib, "MiB, the most since the start")

    def assert_refusals_were_counted(self):
        self.assertNotEqual(self.refused(), self.refused_before)

    def assert_sent_away(self, connection: raw_http2.Connection, limit: float = 10):
        """By the server. Why, it says if it can: a reset of TCP may overtake GOAWAY."""
        self.assertTrue(connection.waits_for_end(limit), "the connection is still there")
        self.assertIn(connection.goaway, (None, raw_http2.ENHANCE_YOUR_CALM))

    def assert_nothing_suffered(self):
        self.assert_honest_calls_were_answered()
        self.assert_memory_stayed()
        self.assertIsNone(self.server.process.poll())
