#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""BatchService as a client sees it that knows only the .proto files."""
import os
import signal
import sys
import unittest
import uuid

sys.path.insert(0, os.path.dirname(__file__))
import harness

harness.generate_stubs()

import grpc
from google.rpc import code_pb2, error_details_pb2
from weir.batch.v1 import batch_pb2 as pb
from weir.batch.v1 import batch_pb2_grpc
from weir.users.v1 import users_pb2
from weir.users.v1 import users_pb2_grpc

TIMEOUT = 60
FAST = ("--batch-poll=50ms", "--batch-upkeep=50ms", "--drain-quiet=100ms")


def create(number, **fields):
    fields = {"name": f"User {number}", "email": f"{uuid.uuid4().hex}@example.com"} | fields
    return pb.BatchItem(item_id=f"item-{number}", create=users_pb2.CreateUserRequest(**fields))


def reason_of(status) -> str:
    info = error_details_pb2.ErrorInfo()
    return next((info.reason for detail in status.details if detail.Unpack(info)), "")


class BatchTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls._database = harness.database()
        cls.database_url = cls._database.__enter__()
        cls.server = harness.Server(cls.database_url, *FAST)
        cls.channel = grpc.insecure_channel(cls.server.address)
        cls.batches = batch_pb2_grpc.BatchServiceStub(cls.channel)
        cls.users = users_pb2_grpc.UserServiceStub(cls.channel)

    @classmethod
    def tearDownClass(cls):
        cls.channel.close()
        cls.server.__exit__()
        cls._database.__exit__(None, None, None)

    def submit(self, items, request_id="", piece=100):
        def requests():
            yield pb.SubmitBatchRequest(request_id=request_id)
            for at in range(0, len(items), piece):
                yield pb.SubmitBatchRequest(items=items[at : at + piece])

        return self.batches.SubmitBatch(requests(), timeout=TIMEOUT)

    def wait(self, name, batches=None):
        """The last of what WatchBatch sends."""
        watch = (batches or self.batches).WatchBatch(pb.WatchBatchRequest(name=name), timeout=TIMEOUT)
        seen = list(watch)
        for before, after in zip(seen, seen[1:]):
            self.assertNotEqual(before, after)
            self.assertLessEqual(before.succeeded + before.failed, after.succeeded + after.failed)
        return seen[-1]

    def results(self, name, page_size=0):
        token, results = "", []
        while True:
            page = self.batches.ListBatchResults(
                pb.ListBatchResultsRequest(name=name, page_size=page_size, page_token=token),
                timeout=TIMEOUT,
            )
            results += page.results
            token = page.next_page_token
            if not token:
                return results

    def refused(self, code, call):
        with self.assertRaises(grpc.RpcError) as caught:
            call()
        self.assertEqual(caught.exception.code(), code, caught.exception.details())
        return caught.exception

    def new_user(self):
        return self.users.CreateUser(create(0).create, timeout=TIMEOUT)

    def mixed_items(self):
        """Each kind, done and failed; and the codes that are expected."""
        changed, deleted, read = self.new_user(), self.new_user(), self.new_user()
        code = code_pb2
        pairs = [
            (create(1), code.OK),
            (create(2, email=read.email), code.ALREADY_EXISTS),
            (create(3, email="no address"), code.INVALID_ARGUMENT),
            (pb.BatchItem(update=users_pb2.UpdateUserRequest(
                user=users_pb2.User(id=changed.id, name="Countess", etag=changed.etag))), code.OK),
            (pb.BatchItem(update=users_pb2.UpdateUserRequest(
                user=users_pb2.User(id=read.id, name="Never", etag='"99"'))), code.ABORTED),
            (pb.BatchItem(update=users_pb2.UpdateUserRequest(
                user=users_pb2.User(id=read.id, email=changed.email))), code.ALREADY_EXISTS),
            (pb.BatchItem(delete=users_pb2.DeleteUserRequest(id=deleted.id)), code.OK),
            (pb.BatchItem(delete=users_pb2.DeleteUserRequest(id=1 << 60)), code.NOT_FOUND),
            (pb.BatchItem(get=users_pb2.GetUserRequest(id=read.id)), code.OK),
            (pb.BatchItem(get=users_pb2.GetUserRequest(id=0)), code.INVALID_ARGUMENT),
            (pb.BatchItem(), code.INVALID_ARGUMENT),
        ]
        items = []
        for number, (item, _) in enumerate(pairs):
            item.item_id = f"item-{number}"
            items.append(item)
        return items, [expected for _, expected in pairs], (changed, deleted, read)

    def check_mixed(self, results, items, expected, users):
        changed, deleted, read = users
        by_id = {result.item_id: result for result in results}
        self.assertEqual(len(by_id), len(items))
        codes = [by_id[item.item_id].status.code for item in items]
        self.assertEqual(codes, expected)
        for item, code in zip(items, expected):
            result = by_id[item.item_id]
            if code:
                self.assertNotEqual(reason_of(result.status), "", result)
            self.assertEqual(result.HasField("user"), code == 0 and not item.HasField("delete"))
        now = self.users.GetUser(users_pb2.GetUserRequest(id=changed.id), timeout=TIMEOUT)
        self.assertEqual(now.name, "Countess")
        self.refused(grpc.StatusCode.NOT_FOUND, lambda: self.users.GetUser(
            users_pb2.GetUserRequest(id=deleted.id), timeout=TIMEOUT))

    def test_a_stream_answers_each_item_and_one_that_is_bad_fails_alone(self):
        items, expected, users = self.mixed_items()
        results = list(self.batches.ProcessBatch(iter(items), timeout=TIMEOUT))
        self.check_mixed(results, items, expected, users)

    def test_a_stream_of_many_answers_all(self):
        items = [create(number) for number in range(3000)]
        seen = set()
        for result in self.batches.ProcessBatch(iter(items), timeout=TIMEOUT):
            self.assertEqual(result.status.code, 0, result)
            seen.add(result.item_id)
        self.assertEqual(seen, {item.item_id for item in items})

    def test_a_submitted_batch_does_each_item_once_and_lists_its_results_in_order(self):
        items, expected, users = self.mixed_items()
        batch = self.submit(items)
        self.assertEqual(batch.total, len(items))
        end = self.wait(batch.name)
        self.assertEqual(end.state, pb.Batch.PARTIALLY_FAILED)
        self.assertEqual((end.succeeded, end.failed),
                         (expected.count(0), len(expected) - expected.count(0)))
        self.assertTrue(end.HasField("end_time"))
        self.assertEqual(self.batches.GetBatch(pb.GetBatchRequest(name=batch.name)), end)
        results = self.results(batch.name, page_size=3)
        self.assertEqual([r.item_id for r in results], [i.item_id for i in items])
        self.check_mixed(results, items, expected, users)

    def test_the_same_request_id_is_the_same_batch(self):
        request_id = uuid.uuid4().hex
        items = [create(number) for number in range(10)]
        first = self.submit(items, request_id)
        again = self.submit(items, request_id)
        self.assertEqual(first.name, again.name)
        end = self.wait(first.name)
        self.assertEqual((end.state, end.succeeded), (pb.Batch.SUCCEEDED, 10))

    def test_what_cannot_be_submitted_leaves_nothing(self):
        before = harness.psql(self.database_url, "SELECT count(*) FROM batches")
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, lambda: self.submit([], "not ascii: é"))
        late = [pb.SubmitBatchRequest(items=[create(1)]), pb.SubmitBatchRequest(request_id="late")]
        self.refused(grpc.StatusCode.INVALID_ARGUMENT,
                     lambda: self.batches.SubmitBatch(iter(late), timeout=TIMEOUT))
        harness.wait_for("the upload to be removed", lambda: harness.psql(
            self.database_url, "SELECT count(*) FROM batches") == before)

    def test_an_empty_batch_has_succeeded(self):
        self.assertEqual(self.submit([]).state, pb.Batch.SUCCEEDED)

    def test_a_batch_that_is_not_there_is_not_found(self):
        for name, code in (("batches/999999", grpc.StatusCode.NOT_FOUND),
                           ("batches/x", grpc.StatusCode.INVALID_ARGUMENT),
                           ("users/1", grpc.StatusCode.INVALID_ARGUMENT)):
            self.refused(code, lambda: self.batches.GetBatch(pb.GetBatchRequest(name=name)))
            self.refused(code, lambda: self.batches.CancelBatch(pb.CancelBatchRequest(name=name)))
            self.refused(code, lambda: self.results(name))
            self.refused(code, lambda: self.wait(name))

    def test_passwords_are_kept_as_hashes_only(self):
        user = create(1, password="correct horse battery staple")
        batch = self.submit([user])
        kept = harness.psql(self.database_url,
                            "SELECT encode(item, 'escape') FROM batch_items WHERE batch_id = "
                            + batch.name.split("/")[1])
        self.assertNotIn("battery", kept)
        self.assertIn("$argon2id$", kept)
        self.assertEqual(self.wait(batch.name).state, pb.Batch.SUCCEEDED)
        self.users.VerifyPassword(users_pb2.VerifyPasswordRequest(
            email=user.create.email, password="correct horse battery staple"), timeout=TIMEOUT)

    def test_a_cancelled_batch_says_of_each_item_whether_it_was_done(self):
        idle = harness.Server(self.database_url, *FAST, "--batch-workers=0")
        self.addCleanup(idle.__exit__)
        self.server.signal(signal.SIGSTOP)
        try:
            batches = batch_pb2_grpc.BatchServiceStub(grpc.insecure_channel(idle.address))
            batch = batches.SubmitBatch(
                iter([pb.SubmitBatchRequest(items=[create(n) for n in range(700)])]),
                timeout=TIMEOUT)
            self.assertEqual(batch.state, pb.Batch.PENDING)
            cancelled = batches.CancelBatch(pb.CancelBatchRequest(name=batch.name), timeout=TIMEOUT)
        finally:
            self.server.signal(signal.SIGCONT)
        self.assertEqual(cancelled.state, pb.Batch.CANCELLED)
        results = self.results(batch.name)
        self.assertEqual(len(results), 700)
        done = sum(result.status.code == 0 for result in results)
        self.assertEqual((done, cancelled.succeeded), (0, 0))
        self.assertEqual({reason_of(r.status) for r in results}, {"BATCH_CANCELLED"})
        again = self.batches.CancelBatch(pb.CancelBatchRequest(name=batch.name), timeout=TIMEOUT)
        self.assertEqual(again, cancelled)

    def test_a_drained_replica_gives_its_work_to_the_other(self):
        leaving = harness.Server(self.database_url, *FAST, "--batch-chunk-items=50",
                                 "--batch-lease=10m")
        self.addCleanup(leaving.__exit__)
        batches = batch_pb2_grpc.BatchServiceStub(grpc.insecure_channel(leaving.address))
        items = [create(number) for number in range(5000)]
        batch = batches.SubmitBatch(iter([pb.SubmitBatchRequest(items=items)]), timeout=TIMEOUT)
        watch = batches.WatchBatch(pb.WatchBatchRequest(name=batch.name), timeout=TIMEOUT)
        next(watch)
        self.assertEqual(leaving.stop(), 0, leaving.log())
        # Its leases last for minutes: what it had not done it gave back.
        end = self.wait(batch.name)
        self.assertEqual((end.state, end.succeeded), (pb.Batch.SUCCEEDED, 5000))

    def test_batches_are_kept_for_their_time_and_then_removed(self):
        with harness.database() as url, harness.Server(url, *FAST, "--batch-keep=1s") as server:
            batches = batch_pb2_grpc.BatchServiceStub(grpc.insecure_channel(server.address))
            batch = batches.SubmitBatch(
                iter([pb.SubmitBatchRequest(items=[create(n) for n in range(10)])]),
                timeout=TIMEOUT)
            self.assertEqual(self.wait(batch.name, batches).state, pb.Batch.SUCCEEDED)
            for table in ("batches", "batch_items", "batch_results", "batch_chunks"):
                harness.wait_for(table, lambda: harness.psql(
                    url, f"SELECT count(*) FROM {table}") == "0")
            self.refused(grpc.StatusCode.NOT_FOUND,
                         lambda: batches.GetBatch(pb.GetBatchRequest(name=batch.name)))


if __name__ == "__main__":
    unittest.main(verbosity=2)
