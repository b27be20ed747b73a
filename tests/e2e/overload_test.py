#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""More password checks than one thread can do: what is refused, what is told, and who does not suffer."""
import os
import re
import sys
import threading
import unittest
import urllib.request

sys.path.insert(0, os.path.dirname(__file__))
import harness

harness.generate_stubs()

import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc.health.v1 import health_pb2, health_pb2_grpc
from weir.users.v1 import users_pb2 as pb
from weir.users.v1 import users_pb2_grpc

AT_ONCE = 48
ROUNDS = 3
PASSWORD = "correct horse battery staple"


def details_of(error) -> status_pb2.Status:
    return status_pb2.Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"])


class OverloadTest(unittest.TestCase):
    def setUp(self):
        context = harness.database()
        url = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        self.server = harness.Server(url, "--hash-threads=1", "--attempts=100000", "--limit-first=8", "--limit-slack=5ms")
        self.addCleanup(self.server.__exit__)
        self.channel = grpc.insecure_channel(self.server.address, [("grpc.enable_retries", 0)])
        self.addCleanup(self.channel.close)
        self.users = users_pb2_grpc.UserServiceStub(self.channel)
        self.ada = self.users.CreateUser(
            pb.CreateUserRequest(name="Ada", email="ada@example.com", password=PASSWORD), timeout=10)

    def verify(self):
        return self.users.VerifyPassword.future(
            pb.VerifyPasswordRequest(email="ada@example.com", password=PASSWORD), timeout=10)

    def refused(self) -> dict[str, float]:
        with urllib.request.urlopen(f"http://{self.server.admin}/metrics", timeout=10) as page:
            found = re.findall(r'weir_rpc_refused_total{reason="(\w+)"} (\S+)', page.read().decode())
        return {reason: float(count) for reason, count in found}

    def test_what_can_be_done_is_done_and_the_rest_is_refused_with_pushback(self):
        served, errors = 0, []
        for _ in range(ROUNDS):
            calls = [self.verify() for _ in range(AT_ONCE)]
            for call in calls:
                if call.exception() is None:
                    self.assertEqual(call.result().id, self.ada.id)
                    served += 1
                else:
                    errors.append(call.exception())
        self.assertGreaterEqual(served, ROUNDS * 4)  # the least limit
        self.assertTrue(errors)
        for error in errors:
            self.assertEqual(error.code(), grpc.StatusCode.UNAVAILABLE, error.details())
            self.assertGreater(int(dict(error.trailing_metadata())["grpc-retry-pushback-ms"]), 0)
            self.assertTrue(any(d.Is(error_details_pb2.RetryInfo.DESCRIPTOR)
                                for d in details_of(error).details))
        counted = self.refused()
        self.assertEqual(counted["line_full"] + counted["line_slow"], len(errors))
        self.assertIsNone(self.verify().exception(), "it is over")

    def test_other_methods_and_health_do_not_suffer(self):
        over = threading.Event()

        def press():
            while not over.is_set():
                for call in [self.verify() for _ in range(AT_ONCE)]:
                    call.exception()

        presser = threading.Thread(target=press)
        presser.start()
        try:
            harness.wait_for("refusals", lambda: self.refused()["line_full"] > 0)
            health = health_pb2_grpc.HealthStub(self.channel)
            for _ in range(50):
                self.assertEqual(health.Check(health_pb2.HealthCheckRequest(), timeout=10).status,
                                 health_pb2.HealthCheckResponse.SERVING)
                self.users.GetUser(pb.GetUserRequest(id=self.ada.id), timeout=10)
        finally:
            over.set()
            presser.join()


if __name__ == "__main__":
    unittest.main(verbosity=2)
