#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""UserService as a client sees it that knows only the .proto files."""
import concurrent.futures
import os
import subprocess
import sys
import time
import unittest
import uuid

sys.path.insert(0, os.path.dirname(__file__))
import harness

harness.generate_stubs()

import grpc
from google.protobuf import field_mask_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc.health.v1 import health_pb2, health_pb2_grpc
from weir.users.v1 import users_pb2 as pb
from weir.users.v1 import users_pb2_grpc

TIMEOUT = 10


def details(error: grpc.RpcError, kind):
    """The detail of that type, or None."""
    raw = dict(error.trailing_metadata()).get("grpc-status-details-bin", b"")
    for detail in status_pb2.Status.FromString(raw).details:
        message = kind()
        if detail.Unpack(message):
            return message
    return None


def unique_email() -> str:
    return f"{uuid.uuid4().hex}@example.com"


class UsersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls._database = harness.database()
        cls.database_url = cls._database.__enter__()
        cls.server = harness.Server(cls.database_url)
        cls.channel = grpc.insecure_channel(cls.server.address)
        cls.users = users_pb2_grpc.UserServiceStub(cls.channel)

    @classmethod
    def tearDownClass(cls):
        cls.channel.close()
        cls.server.__exit__()
        cls._database.__exit__(None, None, None)

    def create(self, **fields):
        fields = {"name": "Ada Lovelace", "email": unique_email()} | fields
        return self.users.CreateUser(pb.CreateUserRequest(**fields), timeout=TIMEOUT)

    def refused(self, code, method, request, **options):
        with self.assertRaises(grpc.RpcError) as caught:
            method(request, timeout=options.pop("timeout", TIMEOUT), **options)
        self.assertEqual(caught.exception.code(), code, caught.exception.details())
        return caught.exception

    def invalid(self, field, method, request):
        error = self.refused(grpc.StatusCode.INVALID_ARGUMENT, method, request)
        fields = [v.field for v in details(error, error_details_pb2.BadRequest).field_violations]
        self.assertIn(field, fields)
        info = details(error, error_details_pb2.ErrorInfo)
        self.assertEqual(info.domain, "weir.dev")
        return error

    def test_a_user_is_created_read_changed_and_deleted_once(self):
        ada = self.create(email="Ada." + unique_email().upper())
        self.assertGreater(ada.id, 0)
        self.assertEqual(ada.email, ada.email.lower())
        self.assertEqual(self.users.GetUser(pb.GetUserRequest(id=ada.id), timeout=TIMEOUT), ada)
        changed = self.users.UpdateUser(
            pb.UpdateUserRequest(
                user=pb.User(id=ada.id, name="Countess", etag=ada.etag),
                update_mask=field_mask_pb2.FieldMask(paths=["name"]),
            ),
            timeout=TIMEOUT,
        )
        self.assertEqual((changed.name, changed.email), ("Countess", ada.email))
        self.assertNotEqual(changed.etag, ada.etag)
        self.assertEqual(
            self.users.GetUser(pb.GetUserRequest(id=ada.id), timeout=TIMEOUT), changed
        )
        self.users.DeleteUser(pb.DeleteUserRequest(id=ada.id), timeout=TIMEOUT)
        for method, request in (
            (self.users.DeleteUser, pb.DeleteUserRequest(id=ada.id)),
            (self.users.GetUser, pb.GetUserRequest(id=ada.id)),
        ):
            error = self.refused(grpc.StatusCode.NOT_FOUND, method, request)
            self.assertIsNotNone(details(error, error_details_pb2.ResourceInfo))

    def test_ids_that_cannot_be(self):
        for user_id in (0, -1, -(2**63)):
            self.invalid("id", self.users.GetUser, pb.GetUserRequest(id=user_id))
        self.refused(
            grpc.StatusCode.NOT_FOUND, self.users.GetUser, pb.GetUserRequest(id=2**63 - 1)
        )

    def test_fields_that_cannot_be(self):
        good = {"name": "Ada", "email": unique_email()}
        for field, value in (
            ("name", ""),
            ("name", "x" * 100_000),
            ("email", "no-at-sign"),
            ("email", ""),
            ("email", "a@b@c"),
            ("password", "short"),
            ("request_id", "not a uuid"),
        ):
            with self.subTest(field=field, value=value[:20]):
                request = pb.CreateUserRequest(**(good | {field: value}))
                self.invalid(field, self.users.CreateUser, request)

    def test_a_message_that_is_too_large(self):
        request = pb.CreateUserRequest(name="x" * (10 << 20), email=unique_email())
        self.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, self.users.CreateUser, request)

    def test_a_string_that_is_not_utf8(self):
        raw = self.channel.unary_unary("/weir.users.v1.UserService/CreateUser")
        name = b"\x0a\x02\xff\xfe"
        email = unique_email().encode()
        request = name + b"\x12" + bytes([len(email)]) + email
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, raw, request)

    def test_an_unknown_method(self):
        raw = self.channel.unary_unary("/weir.users.v1.UserService/NoSuchMethod")
        self.refused(grpc.StatusCode.UNIMPLEMENTED, raw, b"")

    def test_a_deadline_that_has_passed(self):
        self.refused(
            grpc.StatusCode.DEADLINE_EXCEEDED, self.users.GetUser, pb.GetUserRequest(id=1),
            timeout=-1,
        )

    def test_an_address_that_fifty_clients_want_at_once_goes_to_one(self):
        email = unique_email()

        def attempt(_):
            try:
                self.create(email=email)
                return "created"
            except grpc.RpcError as error:
                return error.code()

        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(attempt, range(50)))
        self.assertEqual(answers.count("created"), 1)
        self.assertEqual(answers.count(grpc.StatusCode.ALREADY_EXISTS), 49)

    def test_a_repeated_request_gets_the_first_answer(self):
        request_id = str(uuid.uuid4())
        email = unique_email()
        first = self.create(email=email, request_id=request_id)
        self.assertEqual(self.create(email=email, request_id=request_id), first)

    def test_a_stale_etag_changes_nothing(self):
        ada = self.create()
        update = pb.UpdateUserRequest(user=pb.User(id=ada.id, name="New", etag=ada.etag))
        self.users.UpdateUser(update, timeout=TIMEOUT)
        self.refused(grpc.StatusCode.ABORTED, self.users.UpdateUser, update)
        self.refused(
            grpc.StatusCode.ABORTED, self.users.DeleteUser,
            pb.DeleteUserRequest(id=ada.id, etag=ada.etag),
        )

    def test_an_unknown_path_in_the_mask(self):
        ada = self.create()
        self.invalid(
            "update_mask.paths[0]", self.users.UpdateUser,
            pb.UpdateUserRequest(
                user=pb.User(id=ada.id, name="x"),
                update_mask=field_mask_pb2.FieldMask(paths=["no_such_field"]),
            ),
        )

    def test_pages_follow_each_other_and_their_tokens_cannot_be_forged(self):
        created = [self.create().id for _ in range(5)]
        seen, token = [], ""
        while True:
            page = self.users.ListUsers(
                pb.ListUsersRequest(page_size=2, page_token=token), timeout=TIMEOUT
            )
            self.assertLessEqual(len(page.users), 2)
            seen += [user.id for user in page.users]
            token = page.next_page_token
            if not token:
                break
        self.assertEqual(seen, sorted(set(seen)))
        self.assertLessEqual(set(created), set(seen))
        self.assertEqual(page.total_size, len(seen))
        first = self.users.ListUsers(pb.ListUsersRequest(page_size=1), timeout=TIMEOUT)
        forged = first.next_page_token[:-2] + "xx"
        self.invalid("page_token", self.users.ListUsers, pb.ListUsersRequest(page_token=forged))
        self.invalid("page_size", self.users.ListUsers, pb.ListUsersRequest(page_size=-1))

    def test_a_batch_is_answered_in_the_order_asked_or_not_at_all(self):
        ids = [self.create().id for _ in range(3)]
        asked = [ids[2], ids[0], ids[1], ids[0]]
        batch = self.users.BatchGetUsers(pb.BatchGetUsersRequest(ids=asked), timeout=TIMEOUT)
        self.assertEqual([user.id for user in batch.users], asked)
        missing = 2**62
        error = self.refused(
            grpc.StatusCode.NOT_FOUND, self.users.BatchGetUsers,
            pb.BatchGetUsersRequest(ids=[ids[0], missing]),
        )
        self.assertIn(str(missing), error.details())
        self.invalid(
            "ids", self.users.BatchGetUsers, pb.BatchGetUsersRequest(ids=range(1, 1002))
        )

    def test_passwords_are_verified_and_tell_nothing_else(self):
        ada = self.create(password="correct horse battery")
        request = pb.VerifyPasswordRequest(email=ada.email, password="correct horse battery")
        self.assertEqual(self.users.VerifyPassword(request, timeout=TIMEOUT).id, ada.id)
        messages = set()
        for email, password in ((ada.email, "wrong password"), (unique_email(), "wrong password")):
            error = self.refused(
                grpc.StatusCode.UNAUTHENTICATED, self.users.VerifyPassword,
                pb.VerifyPasswordRequest(email=email, password=password),
            )
            messages.add(error.details())
        self.assertEqual(len(messages), 1)

    def test_a_cancelled_call_takes_its_query_with_it(self):
        ada = self.create()
        locker = subprocess.Popen(
            ["psql", self.database_url, "-XAtq"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True,
        )
        try:
            locker.stdin.write(f"BEGIN; SELECT id FROM users WHERE id = {ada.id} FOR UPDATE;\n")
            locker.stdin.flush()
            self.assertEqual(locker.stdout.readline().strip(), str(ada.id))
            waiting = (
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                "AND datname = current_database()"
            )
            call = self.users.UpdateUser.future(
                pb.UpdateUserRequest(user=pb.User(id=ada.id, name="New")), timeout=TIMEOUT
            )
            harness.wait_for(
                "the query to wait", lambda: harness.psql(self.database_url, waiting) == "1"
            )
            # Asked within the session that is there: a psql of its own takes longer to start than
            # the query to go. It waits for the query's end, and says when that was.
            locker.stdin.write(
                "DO $$ BEGIN WHILE EXISTS (SELECT FROM pg_stat_activity WHERE "
                "wait_event_type = 'Lock' AND datname = current_database()) LOOP "
                "PERFORM pg_sleep(0.001); PERFORM pg_stat_clear_snapshot(); END LOOP; END $$;\n"
                "SELECT extract(epoch FROM clock_timestamp());\n"
            )
            locker.stdin.flush()
            cancelled = time.time()
            call.cancel()
            took = float(locker.stdout.readline()) - cancelled
            print(f"the query was gone {took * 1e3:.0f} ms after the call was cancelled")
            # A few milliseconds where nothing else runs. The lock timeout, a second, has not ended
            # it.
            self.assertLess(took, 0.7)
        finally:
            locker.communicate("ROLLBACK;\n")

    def test_health_speaks_for_the_whole_and_for_each_service(self):
        health = health_pb2_grpc.HealthStub(self.channel)
        for service in ("", "weir.users.v1.UserService"):
            answer = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=TIMEOUT)
            self.assertEqual(answer.status, health_pb2.HealthCheckResponse.SERVING)
        self.refused(
            grpc.StatusCode.NOT_FOUND, health.Check, health_pb2.HealthCheckRequest(service="nobody")
        )

    def test_the_example_in_the_readme_works(self):
        example = harness.SOURCE / "examples/python/users.py"
        out = subprocess.check_output(
            [sys.executable, example, self.server.address], text=True, timeout=harness.LIMIT,
            env=os.environ | {"PYTHONPATH": sys.path[-1]},
        )
        self.assertIn("refused INVALID_ARGUMENT ['id: ", out)


if __name__ == "__main__":
    unittest.main(verbosity=2)
