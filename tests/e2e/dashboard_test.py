#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Posts, subscriptions and dashboards as a client sees them that knows only the .proto files."""
import contextlib
import os
import subprocess
import sys
import unittest
import uuid

sys.path.insert(0, os.path.dirname(__file__))
import harness

harness.generate_stubs()

import grpc
from google.rpc import error_details_pb2, status_pb2
from weir.dashboard.v1 import dashboard_pb2, dashboard_pb2_grpc
from weir.posts.v1 import posts_pb2, posts_pb2_grpc
from weir.subscriptions.v1 import subscriptions_pb2, subscriptions_pb2_grpc
from weir.users.v1 import users_pb2, users_pb2_grpc

TIMEOUT = 10
NOBODY = 2**63 - 1


def details(error: grpc.RpcError, kind):
    """The detail of that type, or None."""
    raw = dict(error.trailing_metadata()).get("grpc-status-details-bin", b"")
    for detail in status_pb2.Status.FromString(raw).details:
        message = kind()
        if detail.Unpack(message):
            return message
    return None


class DashboardTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls._database = harness.database()
        cls.database_url = cls._database.__enter__()
        cls.server = harness.Server(cls.database_url, "--dashboard-section-budget=300ms",
                                    "--postgres-lock-timeout=1m")
        cls.channel = grpc.insecure_channel(cls.server.address)
        cls.users = users_pb2_grpc.UserServiceStub(cls.channel)
        cls.posts = posts_pb2_grpc.PostServiceStub(cls.channel)
        cls.subscriptions = subscriptions_pb2_grpc.SubscriptionServiceStub(cls.channel)
        cls.dashboards = dashboard_pb2_grpc.DashboardServiceStub(cls.channel)

    @classmethod
    def tearDownClass(cls):
        cls.channel.close()
        cls.server.__exit__()
        cls._database.__exit__(None, None, None)

    def create_user(self) -> int:
        request = users_pb2.CreateUserRequest(name="Ada", email=f"{uuid.uuid4().hex}@example.com")
        return self.users.CreateUser(request, timeout=TIMEOUT).id

    def create_post(self, user_id: int, **fields):
        request = posts_pb2.CreatePostRequest(user_id=user_id, **({"title": "A title"} | fields))
        return self.posts.CreatePost(request, timeout=TIMEOUT)

    def subscribe(self, user_id: int, plan: str = "gold"):
        request = subscriptions_pb2.CreateSubscriptionRequest(user_id=user_id, plan=plan)
        return self.subscriptions.CreateSubscription(request, timeout=TIMEOUT)

    def dashboard(self, user_id: int, **fields):
        request = dashboard_pb2.GetDashboardRequest(user_id=user_id, **fields)
        return self.dashboards.GetDashboard(request, timeout=TIMEOUT)

    def refused(self, code, method, request):
        with self.assertRaises(grpc.RpcError) as caught:
            method(request, timeout=TIMEOUT)
        self.assertEqual(caught.exception.code(), code, caught.exception.details())
        info = details(caught.exception, error_details_pb2.ErrorInfo)
        self.assertEqual(info.domain, "weir.dev")
        return caught.exception

    def invalid(self, fields, method, request):
        error = self.refused(grpc.StatusCode.INVALID_ARGUMENT, method, request)
        bad = details(error, error_details_pb2.BadRequest)
        self.assertEqual([v.field for v in bad.field_violations], fields)

    @contextlib.contextmanager
    def locked(self, table: str):
        """Nobody else reads or writes the table."""
        locker = subprocess.Popen(["psql", self.database_url, "-XAtq"], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        try:
            locker.stdin.write(f"BEGIN; LOCK TABLE {table}; SELECT 'locked';\n")
            locker.stdin.flush()
            self.assertEqual(locker.stdout.readline().strip(), "locked")
            yield
        finally:
            locker.communicate("ROLLBACK;\n")

    def active_queries(self) -> str:
        return harness.psql(self.database_url,
                            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' "
                            "AND datname = current_database() AND pid <> pg_backend_pid()")

    def test_a_dashboard_is_the_user_the_newest_posts_and_the_subscriptions(self):
        ada = self.create_user()
        posts = [self.create_post(ada, title=f"post {i}", body="x\ny") for i in range(12)]
        gold, silver = self.subscribe(ada, "gold"), self.subscribe(ada, "silver")
        self.create_post(self.create_user())
        found = self.dashboard(ada)
        self.assertEqual(found.user, self.users.GetUser(users_pb2.GetUserRequest(id=ada)))
        self.assertEqual(list(found.posts), posts[:1:-1])
        self.assertEqual(list(found.subscriptions), [silver, gold])
        self.assertEqual(list(found.unavailable), [])
        self.assertEqual(list(self.dashboard(ada, post_limit=3).posts), posts[:8:-1])
        self.assertEqual(len(self.dashboard(ada, post_limit=2**31 - 1).posts), 12)

    def test_a_dashboard_shows_what_changed(self):
        ada = self.create_user()
        self.assertEqual(len(self.dashboard(ada).posts), 0)
        post, gold = self.create_post(ada), self.subscribe(ada)
        cancelled = self.subscriptions.CancelSubscription(
            subscriptions_pb2.CancelSubscriptionRequest(id=gold.id), timeout=TIMEOUT)
        self.assertFalse(cancelled.active)
        self.assertEqual(list(self.dashboard(ada).posts), [post])
        self.assertEqual(list(self.dashboard(ada).subscriptions), [cancelled])
        self.posts.DeletePost(posts_pb2.DeletePostRequest(id=post.id), timeout=TIMEOUT)
        self.assertEqual(len(self.dashboard(ada).posts), 0)

    def test_what_is_a_users_goes_with_the_user(self):
        ada = self.create_user()
        post, gold = self.create_post(ada), self.subscribe(ada)
        self.users.DeleteUser(users_pb2.DeleteUserRequest(id=ada), timeout=TIMEOUT)
        self.refused(grpc.StatusCode.NOT_FOUND, self.dashboards.GetDashboard,
                     dashboard_pb2.GetDashboardRequest(user_id=ada))
        self.refused(grpc.StatusCode.NOT_FOUND, self.posts.DeletePost,
                     posts_pb2.DeletePostRequest(id=post.id))
        self.refused(grpc.StatusCode.NOT_FOUND, self.subscriptions.CancelSubscription,
                     subscriptions_pb2.CancelSubscriptionRequest(id=gold.id))

    def test_pages_of_posts_follow_each_other(self):
        ada = self.create_user()
        created = [self.create_post(ada).id for _ in range(5)]
        seen, token = [], ""
        while True:
            page = self.posts.ListPosts(
                posts_pb2.ListPostsRequest(user_id=ada, page_size=2, page_token=token),
                timeout=TIMEOUT)
            seen += [post.id for post in page.posts]
            token = page.next_page_token
            if not token:
                break
            self.invalid(["page_token"], self.posts.ListPosts, posts_pb2.ListPostsRequest(
                user_id=self.create_user(), page_token=token))
        self.assertEqual(seen, created[::-1])

    def test_what_cannot_be(self):
        self.invalid(["user_id", "post_limit"], self.dashboards.GetDashboard,
                     dashboard_pb2.GetDashboardRequest(user_id=0, post_limit=-1))
        self.invalid(["user_id", "title"], self.posts.CreatePost, posts_pb2.CreatePostRequest())
        self.invalid(["body"], self.posts.CreatePost, posts_pb2.CreatePostRequest(
            user_id=1, title="t", body="\0"))
        self.invalid(["user_id", "plan"], self.subscriptions.CreateSubscription,
                     subscriptions_pb2.CreateSubscriptionRequest())
        for method, request in (
            (self.dashboards.GetDashboard, dashboard_pb2.GetDashboardRequest(user_id=NOBODY)),
            (self.posts.CreatePost, posts_pb2.CreatePostRequest(user_id=NOBODY, title="t")),
            (self.subscriptions.CreateSubscription,
             subscriptions_pb2.CreateSubscriptionRequest(user_id=NOBODY, plan="p")),
        ):
            error = self.refused(grpc.StatusCode.NOT_FOUND, method, request)
            resource = details(error, error_details_pb2.ResourceInfo)
            self.assertEqual(resource.resource_name, f"users/{NOBODY}")

    def test_a_part_that_is_not_there_is_named(self):
        ada = self.create_user()
        self.create_post(ada)
        gold = self.subscribe(ada)
        with self.locked("posts"):
            found = self.dashboard(ada)
            self.assertEqual(found.user.id, ada)
            self.assertEqual(list(found.posts), [])
            self.assertEqual(list(found.subscriptions), [gold])
            self.assertEqual([(m.section, m.code) for m in found.unavailable], [("posts", 4)])
            harness.wait_for("the query to be gone", lambda: self.active_queries() == "0")
        self.assertEqual(len(self.dashboard(ada).posts), 1)

    def test_a_cancelled_dashboard_takes_its_queries_with_it(self):
        ada = self.create_user()
        with self.locked("users, posts, subscriptions"):
            calls = [self.dashboards.GetDashboard.future(
                dashboard_pb2.GetDashboardRequest(user_id=NOBODY - i), timeout=TIMEOUT)
                for i in range(100)]
            harness.wait_for("queries to wait", lambda: self.active_queries() != "0")
            for call in calls:
                call.cancel()
            harness.wait_for("no query to be left", lambda: self.active_queries() == "0")
        self.assertEqual(self.dashboard(ada).user.id, ada)


if __name__ == "__main__":
    unittest.main(verbosity=2)
