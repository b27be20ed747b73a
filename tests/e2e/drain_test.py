#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""SIGTERM: nothing is lost, everything ends, and the exit status says what was cut."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(__file__))
import harness

harness.generate_stubs()

import grpc
from grpc.health.v1 import health_pb2, health_pb2_grpc
from weir.users.v1 import users_pb2 as pb
from weir.users.v1 import users_pb2_grpc


def report_of(server: harness.Server) -> dict:
    return json.loads(server.log().strip().splitlines()[-1])


class DrainTest(unittest.TestCase):
    def setUp(self):
        context = harness.database()
        self.database_url = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)

    def server(self, *flags, **options):
        server = harness.Server(self.database_url, *flags, **options)
        self.addCleanup(server.__exit__)
        return server

    def load(self, addresses, *flags):
        """The built-in load of `weir`: round_robin over the addresses, retries off."""
        return subprocess.Popen(
            [harness.binary("weir"), "--address", ",".join(addresses), "--no-retries", "load",
             *flags],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )

    def test_one_of_two_servers_leaves_under_load_and_no_call_fails(self):
        leaving, staying = self.server(), self.server()
        load = self.load([leaving.address, staying.address], "--rate", "1000", "--duration", "6s")
        channel = grpc.insecure_channel(leaving.address)
        users = users_pb2_grpc.UserServiceStub(channel)
        users.GetUser.future(pb.GetUserRequest(id=1), timeout=5).exception()
        time.sleep(2)  # the load is on; how long is the load's business, not a condition
        self.assertEqual(leaving.stop(), 0, leaving.log())
        out, _ = load.communicate(timeout=harness.LIMIT)
        self.assertEqual(load.returncode, 0, out)
        report = report_of(leaving)
        self.assertEqual((report["event"], report["cut"]), ("drained", "0"))

    def test_an_open_watch_sees_the_announcement_and_does_not_hold_the_end_up(self):
        server = self.server()
        channel = grpc.insecure_channel(server.address)
        watch = health_pb2_grpc.HealthStub(channel).Watch(
            health_pb2.HealthCheckRequest(), timeout=harness.LIMIT
        )
        self.assertEqual(next(watch).status, health_pb2.HealthCheckResponse.SERVING)
        server.signal(signal.SIGTERM)
        self.assertEqual(next(watch).status, health_pb2.HealthCheckResponse.NOT_SERVING)
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"http://{server.admin}/readyz", timeout=5)
        self.assertEqual(refused.exception.code, 503)
        begun = time.monotonic()
        self.assertEqual(server.process.wait(harness.LIMIT), 0, server.log())
        self.assertLess(time.monotonic() - begun, 5)

    def blocked_update(self, server):
        """A call that waits for a lock which nobody gives back."""
        stub = users_pb2_grpc.UserServiceStub(grpc.insecure_channel(server.address))
        ada = stub.CreateUser(pb.CreateUserRequest(name="Ada", email="a@example.com"), timeout=5)
        locker = subprocess.Popen(
            ["psql", self.database_url, "-XAtq"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(locker.communicate, "ROLLBACK;\n")
        locker.stdin.write(f"BEGIN; SELECT id FROM users WHERE id = {ada.id} FOR UPDATE;\n")
        locker.stdin.flush()
        locker.stdout.readline()
        call = stub.UpdateUser.future(
            pb.UpdateUserRequest(user=pb.User(id=ada.id, name="New")), timeout=harness.LIMIT
        )
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
            "AND datname = current_database()"
        )
        harness.wait_for(
            "the query to wait", lambda: harness.psql(self.database_url, waiting) == "1"
        )
        return call

    LONG = ("--postgres-lock-timeout=60s", "--postgres-statement-timeout=60s")

    def test_a_call_that_does_not_end_is_cut_at_the_limit_and_told_so(self):
        server = self.server("--drain-quiet=100ms", "--drain-finish=300ms", *self.LONG)
        call = self.blocked_update(server)
        self.assertEqual(server.stop(), 3, server.log())
        self.assertEqual(call.code(), grpc.StatusCode.UNAVAILABLE)
        report = report_of(server)
        self.assertEqual((report["cut"], report["still_running"]), ("1", "0"))
        self.assertIn("UpdateUser", server.log())

    def test_a_second_signal_cuts_at_once(self):
        server = self.server("--drain-finish=25s", *self.LONG)
        call = self.blocked_update(server)
        server.signal(signal.SIGTERM)
        harness.wait_for("the drain to begin", lambda: '"draining"' in server.log())
        begun = time.monotonic()
        server.signal(signal.SIGTERM)
        self.assertEqual(server.process.wait(harness.LIMIT), 3, server.log())
        self.assertLess(time.monotonic() - begun, 10)
        self.assertEqual(report_of(server)["hurried"], "true")
        self.assertEqual(call.code(), grpc.StatusCode.UNAVAILABLE)

    def test_a_wrong_setting_ends_the_start_with_a_line_that_names_it(self):
        for flag in ("--max-calls=0", "--drain-quiet=soon", "--no-such-thing=1"):
            ended = subprocess.run(
                [harness.binary("weir-server"), flag], capture_output=True, text=True,
                timeout=harness.LIMIT, env=os.environ | {"WEIR_DATABASE_URL": self.database_url},
            )
            self.assertEqual(ended.returncode, 2)
            self.assertEqual(len(ended.stderr.strip().splitlines()), 1)
            self.assertIn(flag.split("=")[0], ended.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
