# SPDX-License-Identifier: Apache-2.0
"""What a server tells of itself: /metrics, /tasks, /log-level and the log, before and while
something is wrong. Each fault must be named by what an operator looks at."""
import contextlib
import ctypes
import json
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

import harness

harness.generate_stubs()
import grpc
from weir.dashboard.v1 import dashboard_pb2, dashboard_pb2_grpc
from weir.posts.v1 import posts_pb2, posts_pb2_grpc
from weir.users.v1 import users_pb2, users_pb2_grpc


def get(server: harness.Server, path: str, data: bytes | None = None, method: str = "GET",
        limit: float = harness.LIMIT) -> str:
    request = urllib.request.Request(f"http://{server.admin}{path}", data, method=method)
    with urllib.request.urlopen(request, timeout=limit) as answer:
        return answer.read().decode()


def metrics(server: harness.Server, limit: float = harness.LIMIT) -> dict[str, float]:
    """By name and labels, as in 'weir_rpc_refused_total{reason="draining"}'."""
    return {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
        for line in get(server, "/metrics", limit=limit).splitlines()
        if line and not line.startswith("#")
    }


def log_events(server: harness.Server, event: str) -> list[dict]:
    return [e for e in map(json.loads, server.log().splitlines()) if e.get("event") == event]


@contextlib.contextmanager
def stopped_thread(thread: int):
    """One thread of a process that we started does not run."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long] + [ctypes.c_void_p] * 3
    seize, interrupt, detach, wall = 0x4206, 0x4207, 17, 0x40000000
    if libc.ptrace(seize, thread, None, None) != 0:
        raise unittest.SkipTest(f"no debugging here: {os.strerror(ctypes.get_errno())}")
    try:
        libc.ptrace(interrupt, thread, None, None)
        os.waitpid(thread, wall)
        yield
    finally:
        libc.ptrace(detach, thread, None, None)


class Telemetry(unittest.TestCase):
    def setUp(self):
        self.database = self.enterContext(harness.database())

    def start(self, *flags: str, **options) -> harness.Server:
        server = self.enterContext(harness.Server(self.database, *flags, **options))
        self.channel = self.enterContext(grpc.insecure_channel(server.address))
        self.users = users_pb2_grpc.UserServiceStub(self.channel)
        self.dashboards = dashboard_pb2_grpc.DashboardServiceStub(self.channel)
        return server

    def create_user(self) -> int:
        request = users_pb2.CreateUserRequest(
            name="Ada", email=f"{time.monotonic_ns()}@example.com", password="correct horse"
        )
        return self.users.CreateUser(request, timeout=harness.LIMIT).id

    def test_metrics_count_what_was_called(self):
        server = self.start("--access-log-percent=100")
        user = self.create_user()
        for _ in range(10):
            self.users.GetUser(users_pb2.GetUserRequest(id=user), timeout=harness.LIMIT)
        with self.assertRaises(grpc.RpcError):
            self.users.GetUser(users_pb2.GetUserRequest(id=user + 1), timeout=harness.LIMIT)
        self.dashboards.GetDashboard(
            dashboard_pb2.GetDashboardRequest(user_id=user), timeout=harness.LIMIT
        )
        # A client has its answer a moment before the call is over.
        harness.wait_for("the calls to end", lambda: metrics(server)["weir_rpc_in_progress"] == 0)
        found = metrics(server)
        get_user = 'method="weir.users.v1.UserService/GetUser"'
        self.assertEqual(found[f"weir_rpc_started_total{{{get_user}}}"], 11)
        self.assertEqual(found[f'weir_rpc_ended_total{{{get_user},code="OK"}}'], 10)
        self.assertEqual(found[f'weir_rpc_ended_total{{{get_user},code="NOT_FOUND"}}'], 1)
        self.assertEqual(found[f"weir_rpc_duration_seconds_count{{{get_user}}}"], 11)
        self.assertEqual(found[f"weir_rpc_deadline_left_seconds_count{{{get_user}}}"], 11)
        self.assertGreater(found["weir_rpc_in_progress_limit"], 0)
        self.assertGreaterEqual(found['weir_cache_lookups_total{result="hit"}'], 9)
        self.assertGreaterEqual(found["weir_redis_command_seconds_count"], 10)
        self.assertGreaterEqual(found["weir_postgres_queue_seconds_count"], 1)
        self.assertGreaterEqual(found["weir_postgres_batch_keys_count"], 1)
        self.assertTrue(any(k.startswith("weir_postgres_statement_seconds") for k in found))
        self.assertGreater(found['weir_loop_busy_seconds_total{loop="weir-loop-0"}'], 0)
        self.assertEqual(found['weir_drain_phase{phase="serving"}'], 1)
        self.assertEqual(found['weir_blocking_jobs_total{pool="hashing"}'], 1)
        self.assertGreater(found["process_resident_memory_bytes"], 1 << 20)

        calls = harness.wait_for(
            "the lines", lambda: len(log_events(server, "call")) >= 13 and log_events(server, "call"))
        self.assertEqual(len(calls), 13)
        self.assertEqual(calls[0]["method"], "weir.users.v1.UserService/CreateUser")
        self.assertRegex(calls[0]["peer"], "^ipv4:127.0.0.1:")
        self.assertGreater(calls[0]["duration_ms"], 0)
        self.assertEqual([c["code"] for c in calls].count("NOT_FOUND"), 1)
        self.assertNotIn("@example.com", server.log())
        self.assertNotIn("correct horse", server.log())
        self.assertEqual(server.stop(), 0)

    def test_the_metrics_are_what_prometheus_reads(self):
        server = self.start()
        self.create_user()
        subprocess.run(["promtool", "check", "metrics"], input=get(server, "/metrics"), text=True,
                       check=True, timeout=harness.LIMIT)

    def test_the_log_level_changes_while_it_runs(self):
        server = self.start("--access-log-percent=100")
        self.assertEqual(get(server, "/log-level"), "info\n")
        self.assertEqual(get(server, "/log-level", b"warning", "PUT"), "warning\n")
        self.create_user()
        self.assertEqual(log_events(server, "call"), [])
        for body, method in ((b"loud", "PUT"), (b"debug", "POST")):
            with self.assertRaises(urllib.error.HTTPError):
                get(server, "/log-level", body, method)
        self.assertEqual(get(server, "/log-level"), "warning\n")
        get(server, "/log-level", b"info", "PUT")
        self.create_user()
        harness.wait_for("the line", lambda: log_events(server, "call"))
        self.assertEqual(len(log_events(server, "call")), 1)

    def lock_users(self):
        """Holds a lock that every change of users waits for, until the test ends."""
        psql = subprocess.Popen(["psql", self.database, "-XAtq"], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True)
        self.addCleanup(psql.wait)
        self.addCleanup(psql.stdin.close)
        self.addCleanup(psql.stdout.close)
        psql.stdin.write("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE; SELECT 'locked';\n")
        psql.stdin.flush()
        self.assertEqual(psql.stdout.readline(), "locked\n")

    def test_a_lock_wait_shows_in_the_tasks_and_then_as_what_it_was(self):
        server = self.start("--postgres-lock-timeout=3s", redis=False)
        user = self.create_user()
        self.lock_users()
        call = self.users.GetUser.future(users_pb2.GetUserRequest(id=user), timeout=harness.LIMIT)

        def calls():
            told = json.loads(get(server, "/tasks.json"))
            return [c for loop in told["loops"] for c in loop["calls"]]

        shown = harness.wait_for("the call among the tasks", calls)[0]
        self.assertEqual(shown["method"], "weir.users.v1.UserService/GetUser")
        self.assertGreater(shown["deadline_ms"], 0)

        def leaves(task):
            return [leaf for c in task["children"] for leaf in leaves(c)] or [task]

        self.assertEqual(leaves(shown["task"])[0]["awaits"], "postgres load")
        self.assertIn("awaits postgres load at user_repository.cc", get(server, "/tasks"))
        self.assertIsNotNone(call.exception(harness.LIMIT))
        found = metrics(server)
        self.assertGreaterEqual(found['weir_postgres_failures_total{reason="lock_timeout"}'], 1)

    def test_a_full_pool_is_told_from_a_slow_database(self):
        server = self.start("--postgres-max-connections=1", "--postgres-min-connections=1",
                            "--postgres-acquire-timeout=200ms", "--postgres-lock-timeout=20s",
                            "--postgres-statement-timeout=20s", redis=False)
        user = self.create_user()
        self.lock_users()
        calls = [
            self.users.DeleteUser.future(users_pb2.DeleteUserRequest(id=user), timeout=2)
            for _ in range(3)
        ]
        for call in calls:
            self.assertIsNotNone(call.exception(harness.LIMIT))
        found = metrics(server)
        self.assertGreaterEqual(found['weir_postgres_refused_total{reason="acquire_timeout"}'], 1)
        self.assertEqual(found["weir_postgres_connections_max"], 1)
        harness.wait_for("the line", lambda: any(
            "no connection" in c["message"] for c in log_events(server, "call")))

    def test_a_dead_redis_is_named_and_costs_no_call(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            url = f"redis://127.0.0.1:{nobody.getsockname()[1]}/0"
            server = self.start(redis=False, WEIR_REDIS_URL=url)
            user = self.create_user()
            self.users.GetUser(users_pb2.GetUserRequest(id=user), timeout=harness.LIMIT)
            harness.wait_for("the breaker to open",
                             lambda: metrics(server)["weir_redis_breaker_open"] == 1)
            self.users.GetUser(users_pb2.GetUserRequest(id=user), timeout=harness.LIMIT)
            found = metrics(server)
            self.assertEqual(found["weir_redis_connections"], 0)
            # What could not be written is read from the database until it could.
            self.assertGreaterEqual(found['weir_cache_lookups_total{result="bypassed"}'], 1)
            self.assertGreaterEqual(found["weir_cache_failed_writes_total"], 1)
            told = harness.wait_for("the line", lambda: log_events(server, "redis"))
            self.assertEqual([e["message"] for e in told], ["cannot be reached"])
            self.assertIn("Connection refused", told[0]["reason"])

    def test_an_overload_is_refused_and_counted(self):
        server = self.start("--max-calls=1", redis=False)
        user = self.create_user()
        self.lock_users()
        blocked = self.users.GetUser.future(users_pb2.GetUserRequest(id=user), timeout=5)
        harness.wait_for("the first call", lambda: metrics(server)["weir_rpc_in_progress"] == 1)
        with self.assertRaises(grpc.RpcError) as refused:
            self.users.GetUser(users_pb2.GetUserRequest(id=user), timeout=harness.LIMIT)
        self.assertEqual(refused.exception.code(), grpc.StatusCode.UNAVAILABLE)
        self.assertGreaterEqual(metrics(server)['weir_rpc_refused_total{reason="overloaded"}'], 1)
        self.assertIsNotNone(blocked.exception(harness.LIMIT))
        harness.wait_for("the line", lambda: any(
            "too many calls" in c["message"] for c in log_events(server, "call")))

    def test_a_lost_database_is_named(self):
        server = self.start("--postgres-connect-timeout=1s", redis=False)
        user = self.create_user()
        name = self.database.rpartition("/")[2].partition("?")[0]
        main = self.database.replace(name, "postgres")
        harness.psql(main, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        self.addCleanup(harness.psql, main, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        harness.psql(main, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                           f"WHERE datname = '{name}'")
        with self.assertRaises(grpc.RpcError) as lost:
            self.users.GetUser(users_pb2.GetUserRequest(id=user), timeout=5)
        self.assertEqual(lost.exception.code(), grpc.StatusCode.UNAVAILABLE)
        harness.wait_for("the failure to be counted",
                         lambda: metrics(server)["weir_postgres_connect_failures_total"] >= 1)
        told = harness.wait_for("a line", lambda: log_events(server, "postgres"))
        self.assertEqual([e["message"] for e in told], ["cannot connect"])

    def test_a_wrong_database_address_is_named_at_the_start(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            url = f"postgres://weir@127.0.0.1:{nobody.getsockname()[1]}/weir"
            with self.assertRaises(RuntimeError) as ended:
                harness.Server(url, "--start-timeout=500ms")
        told = str(ended.exception)
        waits = re.findall('"event":"waiting for the database","reason":".*Connection refused', told)
        self.assertEqual(len(waits), 1, told)
        self.assertIn("within --start-timeout", told)

    def test_a_slow_query_is_named_while_it_runs_and_after(self):
        server = self.start(redis=False)
        user = self.create_user()
        harness.psql(self.database, f"""
            INSERT INTO posts (user_id, title, body) VALUES ({user}, 'slow', '');
            ALTER TABLE posts RENAME TO fast_posts;
            CREATE VIEW posts AS SELECT fast_posts.* FROM fast_posts, (SELECT pg_sleep(1)) AS slow""")
        posts = posts_pb2_grpc.PostServiceStub(self.channel)
        call = posts.ListPosts.future(
            posts_pb2.ListPostsRequest(user_id=user), timeout=harness.LIMIT)
        shown = harness.wait_for("the call among the tasks", lambda: [
            c for loop in json.loads(get(server, "/tasks/slowest.json"))["loops"]
            for c in loop["calls"] if c["age_ms"] > 100])
        self.assertEqual(shown[0]["method"], "weir.posts.v1.PostService/ListPosts")
        self.assertRegex(get(server, "/tasks"), r"awaits postgres \w+ at post_repository.cc")
        self.assertEqual(len(call.result(harness.LIMIT).posts), 1)
        found = metrics(server)
        slow = {
            re.search('statement="(\\w+)"', row).group(1): value - found[row.replace("+Inf", "0.5")]
            for row, value in found.items()
            if row.startswith("weir_postgres_statement_seconds_bucket") and '"+Inf"' in row
        }
        self.assertEqual([name for name, count in slow.items() if count], ["posts_before"], slow)

    def test_a_blocked_loop_is_named_while_it_is_blocked_and_after(self):
        """One thread of the server is stopped, as a debugger does it, in the middle of a turn."""
        server = self.start("--loops=1", redis=False)
        user = self.create_user()
        loop = next(
            int(task.name) for task in pathlib.Path(f"/proc/{server.process.pid}/task").iterdir()
            if (task / "comm").read_text().strip() == "weir-loop-0")
        stop = threading.Event()
        self.addCleanup(stop.set)

        def call():
            while not stop.is_set():
                with contextlib.suppress(grpc.RpcError):  # some wait too long meanwhile
                    self.users.BatchGetUsers(users_pb2.BatchGetUsersRequest(ids=[user] * 100),
                                             timeout=harness.LIMIT)

        for _ in range(8):
            threading.Thread(target=call, daemon=True).start()
        age = 'weir_loop_turn_age_seconds{loop="weir-loop-0"}'

        def blocks():
            with stopped_thread(loop):
                try:
                    if metrics(server, limit=1)[age] == 0:
                        return False  # it was asleep: the next time
                except TimeoutError:
                    return False  # it had a lock that the page needs: the next time
                harness.wait_for("the age of its turn", lambda: metrics(server)[age] > 0.2)
                return get(server, "/tasks")

        tasks = harness.wait_for("a stop within a turn", blocks)
        self.assertIn("DID NOT ANSWER", tasks)
        self.assertGreaterEqual(metrics(server)["weir_loop_blocked_total"], 1)
        told = harness.wait_for("a line", lambda: log_events(server, "loop is blocked"))
        self.assertEqual(told[0]["loop"], "weir-loop-0")
        self.assertGreater(told[0]["lasted_ms"], 50)
        self.assertNotEqual(told[0]["function"], "")

    def test_what_the_runbook_the_page_the_alerts_and_the_autoscaler_name_is_there(self):
        # The primary is no standby, and not read as one, but what is told of one is there.
        server = self.start(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1",
                            WEIR_READ_DATABASE_URL=self.database)
        user = self.create_user()
        self.dashboards.GetDashboard(
            dashboard_pb2.GetDashboardRequest(user_id=user), timeout=harness.LIMIT)
        # What only a server with certificates tells.
        files = self.enterContext(tempfile.TemporaryDirectory(prefix="weir-tls-"))
        subprocess.check_call([harness.SOURCE / "scripts/dev_certificates.sh", files],
                              timeout=harness.LIMIT)
        secure = self.enterContext(harness.Server(
            self.database, f"--tls-certificate={files}/server.pem", f"--tls-key={files}/server.key",
            f"--tls-client-ca={files}/ca.pem"))
        told = get(server, "/metrics") + get(secure, "/metrics")
        there = set(re.findall(r"^# TYPE (\w+)", told, re.MULTILINE))
        for path in ("docs/operations.md", "server/admin/dashboard.html", "client/cli/top_view.cc",
                     "deploy/prometheus/weir.rules.yaml", "deploy/grafana/weir.json",
                     "deploy/kubernetes/components/calls_in_progress/autoscaler.yaml"):
            named = set(re.findall(r"\bweir_[a-z_]+[a-z]\b", (harness.SOURCE / path).read_text()))
            families = {re.sub("_(bucket|sum|count)$", "", name) for name in named}
            self.assertLessEqual(families - there, {"weir_spans", "weir_users"}, path)

    def test_top_shows_the_numbers_and_what_calls_await(self):
        server = self.start("--postgres-lock-timeout=10s", redis=False)
        user = self.create_user()
        self.lock_users()
        call = self.users.GetUser.future(users_pb2.GetUserRequest(id=user), timeout=harness.LIMIT)
        harness.wait_for("the call", lambda: metrics(server)["weir_rpc_in_progress"] == 1)
        top = [harness.binary("weir"), "top", f"--admin-address={server.admin}", "--every=50ms"]
        shown = subprocess.check_output([*top, "--once"], text=True, timeout=harness.LIMIT)
        call.cancel()
        self.assertTrue(shown.startswith("serving "), shown)
        self.assertIn("in progress 1 of ", shown)
        self.assertRegex(shown, r"UserService/GetUser +postgres load at user_repository.cc for ")
        self.assertNotIn("\x1b", shown)
        gone = subprocess.run([*top[:2], "--admin-address=127.0.0.1:1"], capture_output=True, text=True,
                              timeout=harness.LIMIT, check=False)
        self.assertEqual(gone.returncode, 5)
        self.assertIn("Connection refused", gone.stderr)

    def test_ten_thousand_calls_are_shown_fast_and_hold_nobody_up(self):
        server = self.start("--max-calls=20000", "--max-streams=20000", "--attempts=1000000")
        stubs = users_pb2_grpc.UserServiceStub(self.channel)
        calls = [stubs.WatchUsers(users_pb2.WatchUsersRequest()) for _ in range(10_000)]
        harness.wait_for("all calls",
                         lambda: metrics(server)["weir_rpc_in_progress"] == len(calls))
        before = metrics(server)
        began = time.monotonic()
        told = json.loads(get(server, "/tasks.json"))
        took = time.monotonic() - began
        shown = [c for loop in told["loops"] for c in loop["calls"]]
        self.assertEqual(len(shown), len(calls))
        self.assertTrue(all(loop["answered"] for loop in told["loops"]))
        print(f"/tasks.json of {len(calls)} calls took {took * 1000:.0f} ms")

        # In one go it would be one turn of some hundred; a machine that is busy elsewhere can make
        # a turn of a millisecond look like ten.
        def long_turns(of):
            return sum(
                of[f'weir_loop_turn_seconds_count{{loop="{name}"}}']
                - of[f'weir_loop_turn_seconds_bucket{{loop="{name}",le="0.05"}}']
                for name in [loop["loop"] for loop in told["loops"]]
            )

        self.assertEqual(long_turns(metrics(server)), long_turns(before))
        for call in calls:
            call.cancel()


if __name__ == "__main__":
    unittest.main(verbosity=2)
