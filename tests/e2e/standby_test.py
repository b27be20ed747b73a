#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The service with a hot standby to read from: which calls go there, and that none fails while it
lags, is stopped, and comes back. A Postgres of this test's own, copied with pg_basebackup."""
import contextlib
import os
import re
import subprocess
import threading
import unittest
import urllib.parse
import urllib.request
from concurrent import futures

import harness

harness.generate_stubs()
import grpc
from weir.dashboard.v1 import dashboard_pb2, dashboard_pb2_grpc
from weir.posts.v1 import posts_pb2, posts_pb2_grpc
from weir.subscriptions.v1 import subscriptions_pb2, subscriptions_pb2_grpc
from weir.users.v1 import users_pb2, users_pb2_grpc

# Long enough for what is paused to stay in use while a test looks.
PATIENT = "--read-max-lag=1h"


class Standby:
    """Of the Postgres that the tests share."""

    def __init__(self):
        self._script = harness.SOURCE / "scripts/postgres.sh"
        stack = os.environ["WEIR_STACK_DIR"]
        self._directory = os.path.join(stack, f"standby-{os.getpid()}")
        printed = self._run("start", f"--standby-of={os.path.join(stack, 'postgres')}")
        self._url = re.search("WEIR_DATABASE_URL=(.*)", printed).group(1)

    def _run(self, verb: str, *options: str) -> str:
        return subprocess.check_output([self._script, verb, self._directory, *options], text=True,
                                       timeout=harness.LIMIT)

    def url_of(self, primary: str) -> str:
        """The same database here."""
        path = urllib.parse.urlsplit(primary).path
        return urllib.parse.urlunsplit(urllib.parse.urlsplit(self._url)._replace(path=path))

    def psql(self, sql: str) -> str:
        return harness.psql(self._url, sql)

    @contextlib.contextmanager
    def paused(self):
        self.psql("SELECT pg_wal_replay_pause()")
        harness.wait_for("the standby to stand still", lambda: self.psql(
            "SELECT pg_get_wal_replay_pause_state()") == "paused")
        try:
            yield
        finally:
            self.psql("SELECT pg_wal_replay_resume()")

    def start(self):
        self._run("start")

    def stop(self):
        self._run("stop")

    def remove(self):
        self._run("remove")


class StandbyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.standby = Standby()
        cls.addClassCleanup(cls.standby.remove)

    def setUp(self):
        context = harness.database()
        self.primary = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)

    def serve(self, *flags: str):
        """The server, once it reads from the standby."""
        url = self.standby.url_of(self.primary)
        self.server = harness.Server(self.primary, *flags, WEIR_READ_DATABASE_URL=url)
        self.addCleanup(self.server.__exit__)
        channel = grpc.insecure_channel(self.server.address, [("grpc.enable_retries", 0)])
        self.addCleanup(channel.close)
        self.users = users_pb2_grpc.UserServiceStub(channel)
        self.posts = posts_pb2_grpc.PostServiceStub(channel)
        self.subscriptions = subscriptions_pb2_grpc.SubscriptionServiceStub(channel)
        self.dashboards = dashboard_pb2_grpc.DashboardServiceStub(channel)
        self.wait_until_used(1)

    def metric(self, name: str) -> float:
        url = f"http://{self.server.admin}/metrics"
        with urllib.request.urlopen(url, timeout=harness.LIMIT) as answer:
            found = re.search(rf"^{re.escape(name)} (\S+)$", answer.read().decode(), re.M)
        return float(found.group(1))

    def answered(self, by: str) -> float:
        return self.metric(f'weir_standby_reads_total{{by="{by}"}}')

    def wait_until_used(self, value: int):
        harness.wait_for(f"the standby's use to be {value}",
                         lambda: self.metric("weir_standby_used") == value)

    def create_user(self, name: str = "Ada"):
        return self.users.CreateUser(
            users_pb2.CreateUserRequest(name=name, email=f"{name}@example.com"),
            timeout=harness.LIMIT)

    def listed(self) -> tuple[list[str], int]:
        """Who, and how many: two queries, between which a standby may replay a change."""
        answer = self.users.ListUsers(users_pb2.ListUsersRequest(), timeout=harness.LIMIT)
        return [user.name for user in answer.users], answer.total_size

    def names(self) -> list[str]:
        names, total = self.listed()
        self.assertEqual(len(names), total)
        return names

    def test_lists_may_be_old_and_nothing_else_is(self):
        self.serve(PATIENT)
        ada = self.create_user("Ada").id
        harness.wait_for("the standby to have her", lambda: self.listed() == (["Ada"], 1))
        with self.standby.paused():
            bob = self.create_user("Bob").id
            self.posts.CreatePost(posts_pb2.CreatePostRequest(user_id=ada, title="On engines"))
            self.subscriptions.CreateSubscription(
                subscriptions_pb2.CreateSubscriptionRequest(user_id=ada, plan="gold"))
            # What may lag does.
            self.assertEqual(self.names(), ["Ada"])
            self.assertEqual(len(self.posts.ListPosts(
                posts_pb2.ListPostsRequest(user_id=ada)).posts), 0)
            self.assertEqual(len(self.subscriptions.ListSubscriptions(
                subscriptions_pb2.ListSubscriptionsRequest(user_id=ada)).subscriptions), 0)
            dashboard = self.dashboards.GetDashboard(
                dashboard_pb2.GetDashboardRequest(user_id=ada))
            self.assertEqual((len(dashboard.posts), len(dashboard.subscriptions)), (0, 0))
            self.assertEqual(len(dashboard.unavailable), 0)
            # What must not does not.
            self.assertEqual(self.users.GetUser(users_pb2.GetUserRequest(id=bob)).name, "Bob")
            self.assertEqual(len(self.users.BatchGetUsers(
                users_pb2.BatchGetUsersRequest(ids=[ada, bob])).users), 2)
            self.assertEqual(self.dashboards.GetDashboard(
                dashboard_pb2.GetDashboardRequest(user_id=bob)).user.name, "Bob")
            watch = self.dashboards.WatchDashboard(
                dashboard_pb2.WatchDashboardRequest(user_id=ada), timeout=harness.LIMIT)
            shown = next(watch)
            self.assertEqual((len(shown.posts), len(shown.subscriptions)), (1, 1))
            watch.cancel()
        harness.wait_for("the standby to come after",
                         lambda: self.listed() == (["Ada", "Bob"], 2))
        self.assertEqual(self.answered("primary_after_failure"), 0)
        self.assertGreater(self.answered("standby"), 8)

    def test_a_standby_that_lags_is_not_asked(self):
        self.serve("--read-max-lag=200ms")
        with self.standby.paused():
            self.create_user()
            self.wait_until_used(0)
            self.assertEqual(self.names(), ["Ada"])
            harness.wait_for("the lag to be told",
                             lambda: self.metric("weir_standby_lag_seconds") > 0.2)
            harness.wait_for("the log to say so", lambda: "the standby is behind by" in
                             self.server.log())
        self.wait_until_used(1)
        self.assertEqual(self.names(), ["Ada"])

    def test_no_call_fails_while_the_standby_is_stopped_and_started(self):
        self.serve()
        ada = self.create_user().id
        harness.wait_for("the standby to have her", lambda: self.listed() == (["Ada"], 1))
        with self.traffic(ada):
            self.wait_for_answers("standby")
            self.standby.stop()
            self.addCleanup(self.standby.start)
            self.wait_until_used(0)
            self.wait_for_answers("primary")
            self.standby.start()
            self.wait_until_used(1)
            self.wait_for_answers("standby")

    def wait_for_answers(self, by: str):
        before = self.answered(by)
        harness.wait_for(f"answers of the {by}", lambda: self.answered(by) > before + 100)

    @contextlib.contextmanager
    def traffic(self, user_id: int):
        """Callers side by side, none of which may fail or miss a part."""
        is_over = threading.Event()

        def call():
            while not is_over.is_set():
                self.assertEqual(self.names(), ["Ada"])
                dashboard = self.dashboards.GetDashboard(
                    dashboard_pb2.GetDashboardRequest(user_id=user_id), timeout=harness.LIMIT)
                self.assertEqual(list(dashboard.unavailable), [])

        with futures.ThreadPoolExecutor(4) as pool:
            callers = [pool.submit(call) for _ in range(4)]
            try:
                yield
            finally:
                is_over.set()
        for caller in callers:
            caller.result()


if __name__ == "__main__":
    unittest.main(verbosity=2)
