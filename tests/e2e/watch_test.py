#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Watches on two servers: everybody sees everything, in order, once, whatever is restarted."""
import collections
import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
import unittest
import uuid

sys.path.insert(0, os.path.dirname(__file__))
import harness

harness.generate_stubs()

import grpc
from weir.dashboard.v1 import dashboard_pb2, dashboard_pb2_grpc
from weir.posts.v1 import posts_pb2, posts_pb2_grpc
from weir.users.v1 import users_pb2 as pb
from weir.users.v1 import users_pb2_grpc

TIMEOUT = 10
# For a drain that nobody but watches holds up.
QUICK = ("--drain-quiet=0s", "--drain-announce=0s")


def users_of(address):
    return users_pb2_grpc.UserServiceStub(grpc.insecure_channel(address))


def email():
    return f"{uuid.uuid4().hex}@example.com"


class Watcher(threading.Thread):
    """Follows WatchUsers on one of `addresses`, going on with the last token when it ends."""

    def __init__(self, addresses, token="", batch=False):
        super().__init__(daemon=True)
        self.addresses, self.token, self.batch = addresses, token, batch
        self.events, self.interruptions = [], []
        self.is_on = threading.Event()
        self._stopping = False
        self._call = None
        self.start()

    def run(self):
        # A token before the first event, so that nothing is missed even if the server ends before it.
        turn = random.randrange(len(self.addresses()))
        while not self._stopping:
            turn += 1
            addresses = self.addresses()
            with grpc.insecure_channel(addresses[turn % len(addresses)]) as channel:
                stub = users_pb2_grpc.UserServiceStub(channel)
                request = pb.WatchUsersRequest(resume_token=self.token, batch=self.batch)
                self._call = stub.WatchUsers(request)
                try:
                    for message in self._call:
                        self.take(message)
                except grpc.RpcError as error:
                    self.interruptions.append(error.code())
                    time.sleep(0.05)  # a polite client

    def take(self, message):
        if self.batch:
            self.events += message.events
        else:
            self.events.append(message)
        self.token = message.resume_token
        self.is_on.set()

    def stop(self):
        self._stopping = True
        if self._call is not None:
            self._call.cancel()
        self.join(harness.LIMIT)


def history(events):
    """{user id: ["CREATED 1", "UPDATED 2", ...]}, with the versions."""
    found = collections.defaultdict(list)
    for event in events:
        name = pb.UserEvent.Type.Name(event.type)
        found[event.user.id].append(f"{name} {event.user.etag}")
    return found


class WatchTest(unittest.TestCase):
    def setUp(self):
        context = harness.database()
        self.database_url = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)

    def server(self, *flags):
        # Without the cache, which a server that is killed may leave behind by a change.
        server = harness.Server(self.database_url, *QUICK, *flags, redis=False)
        self.addCleanup(server.__exit__)
        return server

    def test_events_of_both_servers_are_seen_by_the_watchers_of_both(self):
        # Nobody polls: what comes from the other server was notified.
        servers = [self.server("--events-poll=1m"), self.server("--events-poll=1m")]
        calls = [users_of(s.address).WatchUsers(pb.WatchUsersRequest()) for s in servers]
        for call in calls:
            call.initial_metadata()  # the watch is on
        created = [users_of(s.address).CreateUser(pb.CreateUserRequest(name="Ada", email=email()),
                                                  timeout=TIMEOUT) for s in servers]
        updated = users_of(servers[1].address).UpdateUser(
            pb.UpdateUserRequest(user=pb.User(id=created[0].id, name="Countess")), timeout=TIMEOUT)
        users_of(servers[0].address).DeleteUser(pb.DeleteUserRequest(id=created[1].id),
                                                timeout=TIMEOUT)
        for call in calls:
            seen = history(next(call) for _ in range(4))
            self.assertEqual(seen[created[0].id],
                             [f"CREATED {created[0].etag}", f"UPDATED {updated.etag}"])
            self.assertEqual(seen[created[1].id],
                             [f"CREATED {created[1].etag}", f"DELETED {created[1].etag}"])
            call.cancel()

    def test_watchers_miss_nothing_while_servers_restart(self):
        servers = [self.server(), self.server()]
        addresses = lambda: [s.address for s in servers]
        begun = [Watcher(addresses, batch=True) for _ in range(3)]
        for watcher in begun:
            self.assertTrue(watcher.is_on.wait(harness.LIMIT))
        begun += [Watcher(addresses, token=begun[0].token) for _ in range(3)]  # one event a message

        stopping = threading.Event()
        expected = collections.defaultdict(list)

        def change_users(lane):
            """Users of its own, so that it knows their history; repeats what was not done."""
            mine, n = {}, 0
            while not stopping.is_set():
                n += 1
                address = random.choice(addresses())
                try:
                    with grpc.insecure_channel(address) as channel:
                        stub = users_pb2_grpc.UserServiceStub(channel)
                        for _ in range(20):
                            change_one(stub, mine, lane)
                except grpc.RpcError:
                    pass

        def change_one(stub, mine, lane):
            if len(mine) < 5:
                request = pb.CreateUserRequest(name=f"lane {lane}", email=email(),
                                               request_id=uuid.uuid4().hex)
                user = repeat(lambda s: s.CreateUser(request, timeout=TIMEOUT), stub)
                mine[user.id] = user
                expected[user.id].append(f"CREATED {user.etag}")
                return
            user = mine[random.choice(list(mine))]
            if random.random() < 0.1:
                request = pb.DeleteUserRequest(id=user.id)
                try:
                    repeat(lambda s: s.DeleteUser(request, timeout=TIMEOUT), stub)
                except grpc.RpcError as error:
                    if error.code() != grpc.StatusCode.NOT_FOUND:  # the try before had done it
                        raise
                del mine[user.id]
                expected[user.id].append(f"DELETED {user.etag}")
                return
            name = f"lane {lane}, {random.random()}"
            request = pb.UpdateUserRequest(user=pb.User(id=user.id, name=name, etag=user.etag))
            try:
                user = repeat(lambda s: s.UpdateUser(request, timeout=TIMEOUT), stub)
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.ABORTED:
                    raise
                user = repeat(lambda s: s.GetUser(pb.GetUserRequest(id=user.id), timeout=TIMEOUT),
                              stub)
            mine[user.id] = user
            expected[user.id].append(f"UPDATED {user.etag}")

        def repeat(call, stub):
            """On any server, until it is known to be done."""
            while True:
                try:
                    return call(stub)
                except grpc.RpcError as error:
                    if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
                        raise
                time.sleep(0.02)
                stub = users_of(random.choice(addresses()))

        writers = [threading.Thread(target=change_users, args=(lane,)) for lane in range(4)]
        for writer in writers:
            writer.start()
        for round_number in range(4):
            seen = len(begun[0].events)
            harness.wait_for("events", lambda: len(begun[0].events) > seen + 100)
            leaving = servers[round_number % 2]
            replacement = self.server()
            if round_number < 2:
                self.assertEqual(leaving.stop(), 0, leaving.log())  # watches do not hold it up
            else:
                leaving.process.kill()
                leaving.process.wait()
            servers[round_number % 2] = replacement
        stopping.set()
        for writer in writers:
            writer.join(harness.LIMIT)
        total = sum(len(changes) for changes in expected.values())
        self.assertGreater(total, 400)
        for watcher in begun:
            with contextlib.suppress(TimeoutError):  # then the comparison tells more
                harness.wait_for("all events", lambda: len(watcher.events) >= total)
            watcher.stop()
            seen = history(watcher.events)
            for user, changes in expected.items():
                self.assertEqual(seen[user], changes, f"of user {user}")
            self.assertEqual(len(watcher.events), total)
        self.assertTrue(any(grpc.StatusCode.UNAVAILABLE in w.interruptions for w in begun))

    def test_a_watch_is_told_that_its_server_drains(self):
        server = self.server()
        call = users_of(server.address).WatchUsers(pb.WatchUsersRequest())
        call.initial_metadata()
        self.assertEqual(server.stop(), 0)
        with self.assertRaises(grpc.RpcError) as caught:
            next(call)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.UNAVAILABLE)
        self.assertIn("grpc-status-details-bin", dict(caught.exception.trailing_metadata()))
        report = server.drain_report()
        self.assertEqual((report["event"], report["cut"]), ("drained", 0))

    def test_a_watch_outlives_the_longest_deadline_of_calls(self):
        server = self.server("--max-deadline=100ms")
        call = users_of(server.address).WatchUsers(pb.WatchUsersRequest())
        call.initial_metadata()
        began = time.monotonic()
        harness.wait_for("some time", lambda: time.monotonic() - began > 0.5)
        users_of(server.address).CreateUser(pb.CreateUserRequest(name="Ada", email=email()),
                                            timeout=TIMEOUT)
        self.assertEqual(next(call).type, pb.UserEvent.CREATED)
        call.cancel()

    def test_a_dashboard_follows_changes_made_on_the_other_server(self):
        here, there = self.server("--events-poll=1m"), self.server("--events-poll=1m")
        user = users_of(there.address).CreateUser(
            pb.CreateUserRequest(name="Ada", email=email()), timeout=TIMEOUT)
        stub = dashboard_pb2_grpc.DashboardServiceStub(grpc.insecure_channel(here.address))
        call = stub.WatchDashboard(dashboard_pb2.WatchDashboardRequest(user_id=user.id))
        self.assertEqual(next(call).user.name, "Ada")

        def until(condition):
            # One change may be two dashboards, if it came while the first was read.
            deadline = time.monotonic() + TIMEOUT
            while time.monotonic() < deadline:
                if condition(next(call)):
                    return
            self.fail("the dashboard never showed it")

        posts = posts_pb2_grpc.PostServiceStub(grpc.insecure_channel(there.address))
        posts.CreatePost(posts_pb2.CreatePostRequest(user_id=user.id, title="Note G"),
                         timeout=TIMEOUT)
        until(lambda dashboard: [p.title for p in dashboard.posts] == ["Note G"])
        users_of(there.address).UpdateUser(
            pb.UpdateUserRequest(user=pb.User(id=user.id, name="Countess")), timeout=TIMEOUT)
        until(lambda dashboard: dashboard.user.name == "Countess")
        users_of(there.address).DeleteUser(pb.DeleteUserRequest(id=user.id), timeout=TIMEOUT)
        with self.assertRaises(grpc.RpcError) as caught:
            for _ in call:
                pass
        self.assertEqual(caught.exception.code(), grpc.StatusCode.NOT_FOUND)

    def test_the_command_line_goes_on_across_a_restart_and_ends_well_by_ctrl_c(self):
        first = self.server()
        second = self.server()
        weir = subprocess.Popen(
            [harness.binary("weir"), "--address", f"{first.address},{second.address}", "--json",
             "users", "watch"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(weir.kill)
        self.assertEqual(weir.stderr.readline(), "weir: watching\n")
        create = lambda server, name: users_of(server.address).CreateUser(
            pb.CreateUserRequest(name=name, email=email()), timeout=TIMEOUT)
        create(first, "one")
        self.assertEqual(json.loads(weir.stdout.readline())["user"]["name"], "one")
        create(second, "two")
        first.stop()
        create(second, "three")
        names = [json.loads(weir.stdout.readline())["user"]["name"] for _ in range(2)]
        self.assertEqual(names, ["two", "three"])
        weir.send_signal(signal.SIGINT)
        out, err = weir.communicate(timeout=TIMEOUT)
        self.assertEqual((weir.returncode, out), (0, ""), err)
        token = re.search(r"--resume (\S+)", err).group(1)
        create(second, "four")
        again = subprocess.run(
            [harness.binary("weir"), "--address", second.address, "users", "watch", "--resume",
             token, "--max-events", "1"], capture_output=True, text=True, timeout=TIMEOUT)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertRegex(again.stdout, r"created +\d+ +four")


if __name__ == "__main__":
    unittest.main(verbosity=2)
