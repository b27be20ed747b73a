#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Postgres and Redis go away under load, are frozen, and come back."""
import collections
import json
import os
import random
import re
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
from weir.users.v1 import users_pb2 as pb
from weir.users.v1 import users_pb2_grpc

CLIENTS = 16
DEADLINE = 1  # seconds, of each call
OK = grpc.StatusCode.OK
# What the log says of an outage.
CANNOT = {"postgres": "cannot connect", "redis": "cannot be reached"}
# What a client may be told while a backend is away.
ALLOWED = {OK, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}


class Backend:
    """A Postgres or a Redis of its own, to be stopped and frozen."""

    def __init__(self, name: str):
        self.name = name
        self._script = str(harness.SOURCE / f"scripts/{name}.sh")
        self._directory = os.path.join(os.environ["WEIR_STACK_DIR"], f"outage-{name}-{os.getpid()}")
        self.url = re.search("_URL=(.*)", self.tell("start")).group(1)

    def tell(self, verb: str) -> str:
        return subprocess.check_output([self._script, verb, self._directory], text=True,
                                       timeout=harness.LIMIT)


class Load:
    """Clients that read and create users, one call after the other, until the end."""

    def __init__(self, address: str, ids: list):
        self._address, self._ids = address, ids
        self._over = threading.Event()
        self._lock = threading.Lock()
        self.codes = collections.Counter()  # of (method, code)
        self.slowest = 0.0
        self._threads = [threading.Thread(target=self._run) for _ in range(CLIENTS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join(harness.LIMIT)

    def _run(self):
        with grpc.insecure_channel(self._address) as channel:
            users = users_pb2_grpc.UserServiceStub(channel)
            while not self._over.is_set():
                if random.random() < 0.2:
                    self._call("create", users.CreateUser, pb.CreateUserRequest(
                        name="Ada", email=f"{uuid.uuid4().hex}@example.com"))
                else:
                    self._call("get", users.GetUser, pb.GetUserRequest(id=random.choice(self._ids)))

    def _call(self, name, method, request):
        begun, code = time.monotonic(), OK
        try:
            method(request, timeout=DEADLINE)
        except grpc.RpcError as error:
            code = error.code()
        with self._lock:
            self.codes[name, code] += 1
            self.slowest = max(self.slowest, time.monotonic() - begun)

    def count(self, name=None, good=None) -> int:
        with self._lock:
            return sum(n for (method, code), n in self.codes.items()
                       if name in (None, method) and good in (None, code == OK))

    def more(self, count: int, **which):
        """Waits until so many more of them have ended; returns the seconds that took."""
        wanted, begun = self.count(**which) + count, time.monotonic()
        harness.wait_for(f"{count} more of {which}", lambda: self.count(**which) >= wanted)
        return time.monotonic() - begun


class OutageTest(unittest.TestCase):
    def setUp(self):
        self.postgres, self.redis = Backend("postgres"), Backend("redis")
        for backend in (self.postgres, self.redis):
            self.addCleanup(backend.tell, "remove")
        # With the cache: what is read often is read from Redis.
        self.server = harness.Server(self.postgres.url, WEIR_REDIS_URL=self.redis.url)
        self.addCleanup(self.server.__exit__)
        with grpc.insecure_channel(self.server.address) as channel:
            users = users_pb2_grpc.UserServiceStub(channel)
            ids = [users.CreateUser(pb.CreateUserRequest(name="Ada", email=f"{n}@example.com"),
                                    timeout=harness.LIMIT).id for n in range(50)]
        self.load = Load(self.server.address, ids)

    def told(self, name: str) -> list:
        """The warnings, and what says that an outage is over."""
        lines = [json.loads(line) for line in self.server.log().splitlines()]
        return [line["message"] for line in lines if line["event"] == name
                and (line["level"] != "info" or "lasted_ms" in line)]

    def run_through(self, backend: Backend, away: str, back: str, during):
        with self.load as load:
            load.more(500, good=True)
            backend.tell(away)
            try:
                during(load)
            finally:
                backend.tell(back)
            # By itself, and all of it: the writes need Postgres.
            recovery = max(load.more(1, name="create", good=True), load.more(1, name="get", good=True))
            failed = load.count(good=False)
            load.more(500, good=True)
            late = load.count(good=False) - failed
        codes = {code for _, code in load.codes}
        self.assertLessEqual(codes, ALLOWED, load.codes)
        self.assertLess(load.slowest, DEADLINE + 1, "a call that hung")
        self.assertLess(recovery, 2.5)
        self.assertLessEqual(late, 2 * CLIENTS, "it had not recovered")
        harness.wait_for("the outage to be over",
                         lambda: "connected again" in self.told(backend.name))
        self.assertEqual(self.server.stop(), 0, self.server.log())
        # A line when it begins and one when it is over, whatever was tried meanwhile.
        told = [line for line in self.told(backend.name) if "connection" not in line]
        self.assertEqual(told, [CANNOT[backend.name], "connected again"], self.server.log())
        return load

    def test_postgres_is_stopped_and_started(self):
        self.run_through(self.postgres, "stop", "start",
                         lambda load: load.more(20, name="create", good=False))

    def test_postgres_is_frozen(self):
        self.run_through(self.postgres, "freeze", "thaw",
                         lambda load: load.more(5 * CLIENTS, good=False))

    def test_redis_is_stopped_and_started_and_no_call_fails(self):
        load = self.run_through(self.redis, "stop", "start", lambda load: load.more(1000))
        self.assertEqual(load.count(good=False), 0, load.codes)

    def test_redis_is_frozen_and_no_call_fails(self):
        load = self.run_through(self.redis, "freeze", "thaw", lambda load: load.more(1000))
        self.assertEqual(load.count(good=False), 0, load.codes)


if __name__ == "__main__":
    unittest.main(verbosity=2)
