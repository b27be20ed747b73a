#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""SIGTERM: nothing is lost, everything ends, and the exit status says what was cut."""
import os
import re
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


class DrainTest(unittest.TestCase):
    def setUp(self):
        context = harness.database()
        self.database_url = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)

    def server(self, *flags, **options):
        server = harness.Server(self.database_url, *flags, **options)
        self.addCleanup(server.__exit__)
        return server

    def load(self, addresses, *flags, balance="round_robin"):
        """The built-in load of `weir` on the addresses, retries off."""
        return subprocess.Popen(
            [harness.binary("weir"), "--address", ",".join(addresses), "--no-retries",
             "--balance", balance, "load", *flags],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )

    def create_user(self, server):
        stub = users_pb2_grpc.UserServiceStub(grpc.insecure_channel(server.address))
        return stub.CreateUser(pb.CreateUserRequest(name="Ada", email="a@example.com"), timeout=5)

    def leaves_without_a_failed_call(self, leaving, load):
        before = harness.redis_reads()
        harness.wait_for("the load", lambda: harness.redis_reads() > before + 2000)
        self.assertIsNone(load.poll())
        self.assertEqual(leaving.stop(), 0, leaving.log())
        out, _ = load.communicate(timeout=harness.LIMIT)
        self.assertEqual(load.returncode, 0, out)
        report = leaving.drain_report()
        self.assertEqual((report["event"], report["cut"]), ("drained", 0))
        # After the last call there is only the quiet window, a second.
        phases = report["phases_ms"]
        self.assertLess(phases["finish"] + phases["shut_down"], 1000)
        return report

    def test_one_of_two_servers_leaves_under_load_and_no_call_fails(self):
        leaving, staying = self.server(), self.server()
        self.create_user(leaving)
        load = self.load([leaving.address, staying.address], "--rate", "2000", "--duration", "5s")
        self.leaves_without_a_failed_call(leaving, load)

    def test_plain_clients_leave_when_their_connections_are_of_age(self):
        flags = ("--max-connection-age=500ms", "--drain-accept=0s")
        leaving, staying = self.server(*flags), self.server(*flags)
        self.create_user(leaving)
        load = self.load([leaving.address, staying.address], "--rate", "2000", "--duration", "6s",
                         "--connections", "8", balance="pick_first")
        report = self.leaves_without_a_failed_call(leaving, load)
        self.assertGreater(report["arrived_meanwhile"], 0)

    def test_a_frozen_postgres_and_a_second_signal_do_not_hold_the_end_up(self):
        stack = os.path.join(os.environ["WEIR_STACK_DIR"], f"frozen-{os.getpid()}")
        script = str(harness.SOURCE / "scripts/postgres.sh")
        started = subprocess.check_output([script, "start", stack], text=True)
        self.addCleanup(subprocess.check_call, [script, "remove", stack])
        url = re.search("WEIR_DATABASE_URL=(.*)", started).group(1)
        server = harness.Server(url, "--drain-quiet=100ms", *self.LONG, redis=False)
        self.addCleanup(server.__exit__)
        stub = users_pb2_grpc.UserServiceStub(grpc.insecure_channel(server.address))
        ada = stub.CreateUser(pb.CreateUserRequest(name="Ada", email="a@example.com"), timeout=5)
        subprocess.check_call([script, "freeze", stack])
        call = stub.UpdateUser.future(
            pb.UpdateUserRequest(user=pb.User(id=ada.id, name="New")), timeout=harness.LIMIT
        )
        watch = health_pb2_grpc.HealthStub(grpc.insecure_channel(server.address)).Watch(
            health_pb2.HealthCheckRequest(), timeout=harness.LIMIT
        )
        next(watch)
        server.signal(signal.SIGTERM)
        harness.wait_for("the drain to begin", lambda: '"draining"' in server.log())
        server.signal(signal.SIGTERM)
        begun = time.monotonic()
        self.assertEqual(server.process.wait(harness.LIMIT), 3, server.log())
        self.assertLess(time.monotonic() - begun, 10)
        self.assertIn(call.code(), (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED))
        self.assertEqual((server.drain_report()["cut"], server.drain_report()["hurried"]), (1, True))

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
        self.assertEqual(refused.exception.read(), b"draining: announce\n")
        begun = time.monotonic()
        self.assertEqual(server.process.wait(harness.LIMIT), 0, server.log())
        self.assertLess(time.monotonic() - begun, 5)

    def blocked_update(self, server):
        """A call that waits for a lock which nobody gives back."""
        stub = users_pb2_grpc.UserServiceStub(grpc.insecure_channel(server.address))
        ada = self.create_user(server)
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
        report = server.drain_report()
        self.assertEqual((report["cut"], report["still_running"]), (1, 0))
        self.assertIn("UpdateUser", server.log())

    def test_a_second_signal_cuts_at_once(self):
        server = self.server("--drain-finish=24s", *self.LONG)
        call = self.blocked_update(server)
        server.signal(signal.SIGTERM)
        harness.wait_for("the drain to begin", lambda: '"draining"' in server.log())
        begun = time.monotonic()
        server.signal(signal.SIGTERM)
        self.assertEqual(server.process.wait(harness.LIMIT), 3, server.log())
        self.assertLess(time.monotonic() - begun, 10)
        self.assertTrue(server.drain_report()["hurried"])
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
