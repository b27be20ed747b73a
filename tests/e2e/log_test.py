#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The log: JSON whatever clients send, and nobody waits for who reads it."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
import urllib.request

sys.path.insert(0, os.path.dirname(__file__))
import harness

harness.generate_stubs()

import grpc
from weir.users.v1 import users_pb2 as pb
from weir.users.v1 import users_pb2_grpc

CALLS = 12_000


def dropped(admin: str, reason: str) -> int:
    with urllib.request.urlopen(f"http://{admin}/metrics", timeout=harness.LIMIT) as answer:
        name = f'weir_log_lines_dropped_total{{reason="{reason}"}}'
        return int(re.search(re.escape(name) + r" (\d+)", answer.read().decode()).group(1))


def events(log: str, event: str) -> list:
    return [line for line in map(json.loads, log.splitlines()) if line["event"] == event]


class Unread:
    """A server whose standard error is a pipe that is read until it serves, and then when told to."""

    def __init__(self, database: str, *flags: str):
        env = {k: v for k, v in os.environ.items() if not k.startswith("WEIR_")}
        env |= {"WEIR_DATABASE_URL": database, "WEIR_SECRET": "an end-to-end secret"}
        self.process = subprocess.Popen(
            [harness.binary("weir-server"), "--address=127.0.0.1:0", "--admin-address=127.0.0.1:0",
             *flags], env=env, stderr=subprocess.PIPE)
        for line in self.process.stderr:
            if b'"serving"' in line:
                serving = json.loads(line)
                self.address, self.admin = serving["address"], serving["admin_address"]
                return
        raise RuntimeError("the server did not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()


def call(address: str, calls: int) -> float:
    """Calls, some at once, that all must be answered; how long the slowest took."""
    slowest = 0.0
    with grpc.insecure_channel(address) as channel:
        get = users_pb2_grpc.UserServiceStub(channel).GetUser
        for _ in range(calls // 100):
            began = time.monotonic()
            for answer in [get.future(pb.GetUserRequest(id=1), timeout=10) for _ in range(100)]:
                code = answer.code()
                if code != grpc.StatusCode.NOT_FOUND:
                    raise RuntimeError(f"{code}: {answer.details()}")
            slowest = max(slowest, time.monotonic() - began)
    return slowest


class Log(unittest.TestCase):
    def setUp(self):
        database = harness.database()
        self.database = database.__enter__()
        self.addCleanup(database.__exit__, None, None, None)

    def server(self, *flags, **environment):
        server = harness.Server(self.database, *flags, redis=False, **environment)
        self.addCleanup(server.__exit__)
        return server

    def test_a_pipe_that_nobody_reads_holds_up_no_call_and_no_end(self):
        with Unread(self.database, "--access-log-percent=100", "--drain-quiet=100ms") as server:
            # The pipe takes 64 KiB and the queue some thousand lines.
            self.assertLess(call(server.address, CALLS), 5)
            self.assertGreater(dropped(server.admin, "slow_reader"), 0)
            server.process.send_signal(signal.SIGTERM)
            began = time.monotonic()
            self.assertEqual(server.process.wait(harness.LIMIT), 0)
            self.assertLess(time.monotonic() - began, 5)
            *whole, cut = server.process.stderr.read().split(b"\n")
            self.assertGreater(len(whole), 100)
            for line in whole:
                self.assertEqual(json.loads(line)["event"], "call")

    def test_what_was_dropped_is_told_when_the_pipe_is_read_again(self):
        with Unread(self.database, "--access-log-percent=100", "--drain-quiet=100ms") as server:
            call(server.address, CALLS)
            lines = []
            reader = threading.Thread(target=lambda: lines.extend(server.process.stderr))
            reader.start()
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(server.process.wait(harness.LIMIT), 0)
            reader.join(harness.LIMIT)
            log = b"".join(lines).decode()
            told = sum(line["count"] for line in events(log, "log lines were dropped"))
            self.assertGreater(told, 0)
            self.assertEqual(told + len(events(log, "call")), CALLS)
            self.assertEqual(len(events(log, "drained")), 1)

    def test_a_client_writes_no_line_of_its_own(self):
        server = self.server()
        host, _, port = server.address.rpartition(":")
        forged = '\n{"event":"forged","level":"error"}\n\x1b[2J\xff'.encode("latin-1")
        for size in (len(forged), 20_000):
            for _ in range(30):
                with socket.create_connection((host, int(port)), timeout=harness.LIMIT) as client:
                    client.sendall(self.request_with_method(forged.ljust(size, b"x")))
                    client.shutdown(socket.SHUT_WR)
                    while client.recv(65536):
                        pass
        for line in server.log().splitlines():
            self.assertLess(len(line), 10_000)
            self.assertNotEqual(json.loads(line)["event"], "forged")
        self.assertTrue(events(server.log(), "grpc"))
        self.assertLess(len(events(server.log(), "grpc")), 60)
        self.assertGreater(dropped(server.admin, "rate"), 0)

    @staticmethod
    def request_with_method(method: bytes) -> bytes:
        """A connection with one call whose :method is that, and that then goes away."""

        def frame(kind, flags, stream, payload):
            return (len(payload).to_bytes(3, "big") + bytes([kind, flags])
                    + stream.to_bytes(4, "big") + payload)

        def number(value, bits):
            if value < (1 << bits) - 1:
                return bytes([value])
            out, value = [(1 << bits) - 1], value - ((1 << bits) - 1)
            while value >= 128:
                out.append(value % 128 + 128)
                value //= 128
            return bytes([*out, value])

        def literal(name, value):
            return b"\0" + number(len(name), 7) + name + number(len(value), 7) + value

        headers = b"".join(literal(*pair) for pair in (
            (b":method", method), (b":scheme", b"http"),
            (b":path", b"/weir.users.v1.UserService/GetUser"), (b":authority", b"weir"),
            (b"te", b"trailers"), (b"content-type", b"application/grpc")))
        pieces = [headers[i:i + 16_000] for i in range(0, len(headers), 16_000)]
        out = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"")
        for i, piece in enumerate(pieces):
            last = 4 if i == len(pieces) - 1 else 0
            out += frame(9 if i else 1, last | (0 if i else 1), 1, piece)
        return out + frame(7, 0, 0, bytes(8))

    def test_what_postgres_warns_of_is_in_the_log(self):
        server = self.server()
        harness.psql(self.database, r"""
            CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS
              $$ BEGIN RAISE WARNING E'two\nlines'; RETURN NEW; END $$;
            CREATE TRIGGER warn BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION warn()""")
        with grpc.insecure_channel(server.address) as channel:
            create = users_pb2_grpc.UserServiceStub(channel).CreateUser
            create(pb.CreateUserRequest(name="Ada", email="a@example.com"), timeout=harness.LIMIT)
        line, = harness.wait_for("the line", lambda: events(server.log(), "postgres"))
        self.assertEqual((line["level"], line["notice"]), ("warning", "two\nlines"))

    def test_the_first_line_says_what_runs_and_no_secret(self):
        server = self.server("--max-calls=77")
        first = json.loads(server.log().splitlines()[0])
        self.assertEqual((first["event"], first["settings"]["max-calls"]), ("starting", "77"))
        self.assertRegex(first["version"], r"^\d+\.\d+")
        self.assertRegex(first["revision"], "^([0-9a-f]{12}|unknown)$")
        self.assertEqual(first["settings"]["database-url"], "set")
        self.assertEqual(first["settings"]["secret"], "set")
        self.assertNotIn("max-streams", first["settings"])
        self.assertNotIn("end-to-end", server.log())

    def test_without_standard_error_nothing_else_gets_the_log(self):
        """Else the first socket that is opened would have its number."""
        env = os.environ | {"WEIR_DATABASE_URL": self.database}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = "127.0.0.1:%d" % free.getsockname()[1]
        command = [harness.binary("weir-server"), f"--address={address}", "--admin-address=127.0.0.1:0",
                   "--drain-quiet=100ms", "--access-log-percent=100"]
        process = subprocess.Popen(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *command], env=env)
        try:
            with grpc.insecure_channel(address) as channel:
                get = users_pb2_grpc.UserServiceStub(channel).GetUser
                with self.assertRaises(grpc.RpcError) as failed:
                    get(pb.GetUserRequest(id=1), timeout=harness.LIMIT, wait_for_ready=True)
                self.assertEqual(failed.exception.code(), grpc.StatusCode.NOT_FOUND)
            for fd in range(3):
                self.assertEqual(os.readlink(f"/proc/{process.pid}/fd/{fd}"), "/dev/null")
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(harness.LIMIT), 0)
        finally:
            process.kill()
            process.wait()


if __name__ == "__main__":
    unittest.main(verbosity=2)
