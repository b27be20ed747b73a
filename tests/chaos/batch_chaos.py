#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Exactly once, whatever is killed: rounds of a batch on two replicas that are SIGKILLed at random
times and started again, with a Postgres of its own that is restarted or killed in some rounds.

Every item must have been applied once: each creation found a free address and left one user, each
update left its user one version further, each deletion found its user. Every result must be there,
and the totals right. Only processes that this test started are killed.

    scripts/with_stack.sh /usr/bin/python3 tests/chaos/batch_chaos.py --rounds 100 --items 20000
"""
import argparse
import collections
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import harness

harness.generate_stubs()

import grpc
from weir.batch.v1 import batch_pb2 as pb
from weir.batch.v1 import batch_pb2_grpc
from weir.users.v1 import users_pb2

ROUND_LIMIT = 120  # seconds; a hang is a failure
PASSING = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.ABORTED, grpc.StatusCode.CANCELLED,
           grpc.StatusCode.UNKNOWN, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.INTERNAL)


class Postgres:
    """A durable server of its own: what it has committed outlives its death."""

    def __init__(self, directory):
        self.directory = directory
        self._start()

    def _script(self, *arguments):
        done = subprocess.run([str(harness.SOURCE / "scripts/postgres.sh"), *arguments],
                              check=True, capture_output=True, text=True, timeout=90)
        return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)

    def _start(self):
        env = self._script("start", self.directory, "--durable")
        self.url, self.pid = env["WEIR_DATABASE_URL"], int(env["WEIR_POSTGRES_PID"])

    def restart(self):
        self._script("stop", self.directory)
        self._start()

    def crash(self):
        os.kill(self.pid, signal.SIGKILL)
        self._start()

    def remove(self):
        self._script("remove", self.directory)


class Replica:
    """A server that is killed and comes back, at another port each time."""

    def __init__(self, url, flags):
        self._url, self._flags = url, flags
        self.kills = 0
        self.server = None
        self.start()

    def start(self):
        for _ in range(5):
            try:
                self.server = harness.Server(self._url, *self._flags, redis=False)
                return
            except (RuntimeError, TimeoutError):
                time.sleep(0.2)  # Postgres is down longer than --start-timeout
        raise RuntimeError("a replica did not start")

    def kill(self):
        self.server.signal(signal.SIGKILL)
        self.server.__exit__()
        self.kills += 1


class Chaos(threading.Thread):
    """Kills one of the replicas now and then, and Postgres when it is told to."""

    def __init__(self, replicas, postgres, disturb_postgres, seed, pace):
        super().__init__(daemon=True)
        self.random = random.Random(seed)
        self.replicas, self.postgres = replicas, postgres
        self.disturb_postgres, self.pace = disturb_postgres, pace
        self.over = threading.Event()
        self.error = None

    def run(self):
        try:
            while not self.over.wait(self.random.uniform(0, self.pace)):
                victim = self.random.choice(self.replicas)
                victim.kill()
                if self.disturb_postgres is not None:
                    self.disturb_postgres()
                    self.disturb_postgres = None
                victim.start()
        except BaseException as error:
            self.error = error

    def stop(self):
        self.over.set()
        self.join(ROUND_LIMIT)
        if self.error:
            raise self.error


def until_answered(replicas, call):
    """Calls any replica until one answers."""
    deadline = time.monotonic() + ROUND_LIMIT
    while True:
        address = random.choice(replicas).server.address
        try:
            with grpc.insecure_channel(address) as channel:
                return call(batch_pb2_grpc.BatchServiceStub(channel))
        except grpc.RpcError as error:
            if error.code() not in PASSING or time.monotonic() > deadline:
                raise
        time.sleep(0.05)  # how often to knock


def make_items(url, tag, count):
    """Creations, and updates and deletions of users that only this round knows."""
    tenth = count // 10
    ids = harness.psql(url, f"""
        INSERT INTO users (name, email) SELECT 'old', '{tag}-old-' || n || '@example.com'
        FROM generate_series(1, {2 * tenth}) n RETURNING id""").split()
    items = [pb.BatchItem(update=users_pb2.UpdateUserRequest(
        user=users_pb2.User(id=int(id), name="new"))) for id in ids[:tenth]]
    items += [pb.BatchItem(delete=users_pb2.DeleteUserRequest(id=int(id))) for id in ids[tenth:]]
    items += [pb.BatchItem(create=users_pb2.CreateUserRequest(
        name="new", email=f"{tag}-new-{n}@example.com")) for n in range(count - len(items))]
    random.shuffle(items)
    for number, item in enumerate(items):
        item.item_id = str(number)
    return items, tenth


def submit(replicas, items):
    request_id = uuid.uuid4().hex

    def requests():
        yield pb.SubmitBatchRequest(request_id=request_id)
        for at in range(0, len(items), 500):
            yield pb.SubmitBatchRequest(items=items[at : at + 500])

    return until_answered(replicas, lambda stub: stub.SubmitBatch(requests(), timeout=20))


def wait_for_end(replicas, name):
    finals = (pb.Batch.SUCCEEDED, pb.Batch.PARTIALLY_FAILED, pb.Batch.CANCELLED)
    deadline = time.monotonic() + ROUND_LIMIT
    while time.monotonic() < deadline:
        batch = until_answered(
            replicas, lambda stub: stub.GetBatch(pb.GetBatchRequest(name=name), timeout=5))
        if batch.state in finals:
            return batch
        time.sleep(0.05)  # how often to look
    raise TimeoutError(f"the batch did not end: {batch}")


def all_results(replicas, name):
    token, results = "", []
    while True:
        request = pb.ListBatchResultsRequest(name=name, page_size=1000, page_token=token)
        page = until_answered(replicas, lambda stub: stub.ListBatchResults(request, timeout=10))
        results += page.results
        token = page.next_page_token
        if not token:
            return results


def check(url, tag, items, tenth, batch, results):
    count = len(items)
    wrong = collections.Counter(
        (r.status.code, r.status.message) for r in results if r.status.code != 0)
    assert not wrong, wrong
    assert [r.item_id for r in results] == [i.item_id for i in items], "results are missing"
    assert (batch.state, batch.total, batch.succeeded, batch.failed) == (
        pb.Batch.SUCCEEDED, count, count, 0), batch
    found = harness.psql(url, f"""
        SELECT count(*) FILTER (WHERE email LIKE '{tag}-new-%' AND version = 1),
          count(*) FILTER (WHERE email LIKE '{tag}-old-%' AND version = 2 AND name = 'new'),
          count(*) FROM users WHERE email LIKE '{tag}-%'""")
    created = count - 2 * tenth
    assert found == f"{created}|{tenth}|{created + tenth}", found
    left = harness.psql(url, f"""
        SELECT (SELECT count(*) FROM batch_chunks WHERE NOT done),
          (SELECT count(*) FROM batch_results WHERE batch_id = {batch.name.split('/')[1]})""")
    assert left == f"0|{count}", left


def run_round(number, arguments, postgres, replicas):
    tag = uuid.uuid4().hex[:12]
    items, tenth = make_items(postgres.url, tag, arguments.items)
    disturb = {1: postgres.restart, 2: postgres.crash}.get(number % 3)
    kills = sum(replica.kills for replica in replicas)
    chaos = Chaos(replicas, postgres, disturb, arguments.seed + number, arguments.pace)
    begun = time.monotonic()
    chaos.start()
    try:
        batch = submit(replicas, items)
        batch = wait_for_end(replicas, batch.name)
    finally:
        chaos.stop()
    results = all_results(replicas, batch.name)
    check(postgres.url, tag, items, tenth, batch, results)
    print(f"round {number}: {len(results)} results, {sum(r.kills for r in replicas) - kills} kills, "
          f"{disturb.__name__ if disturb else 'no disturbance'} of Postgres, "
          f"{time.monotonic() - begun:.1f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--chunk", type=int, default=25, help="items of a chunk")
    parser.add_argument("--pace", type=float, default=1.0, help="seconds between kills, at most")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    random.seed(arguments.seed)
    postgres = Postgres(os.path.join(os.environ["WEIR_STACK_DIR"], f"chaos-{os.getpid()}"))
    flags = ("--batch-lease=1s", "--batch-poll=100ms", "--batch-upkeep=200ms",
             f"--batch-chunk-items={arguments.chunk}")
    replicas = [Replica(postgres.url, flags) for _ in range(2)]
    try:
        for number in range(1, arguments.rounds + 1):
            run_round(number, arguments, postgres, replicas)
    finally:
        for replica in replicas:
            replica.server.__exit__()
        postgres.remove()
    print(f"{arguments.rounds} rounds, {sum(r.kills for r in replicas)} kills: every item once")


if __name__ == "__main__":
    main()
