#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Calls that are begun and not gone on with, or more of them than anybody needs: who makes them gets no
more than a share, and nobody else notices."""
import itertools
import time
import unittest
import zlib

import scene
from raw_http2 import (END_HEADERS, END_STREAM, FRAME_BYTES, HEADERS, INITIAL_WINDOW_SIZE, WINDOW_UPDATE, frame,
                       headers, message)
from scene import pb

MAX_STREAMS = 1000  # the default
DEADLINE_EXCEEDED = 4
REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


class CallsTest(scene.Scene):
    flags = ("--max-deadline=2s", "--stream-idle=2s")

    def open(self, count: int, path: str, request: bytes | None = None, **named):
        """A connection with so many calls."""
        connection = self.connect(**named)
        block = headers(path)
        connection.send(b"".join(connection.call(block, request) for _ in range(count)))
        return connection

    def in_progress(self) -> float:
        return self.gauge("weir_rpc_in_progress")

    def test_more_streams_than_allowed_before_that_is_acknowledged(self):
        connection = self.connect(acknowledges=False)
        block = headers(scene.SUBMIT_BATCH)
        for _ in range(20):
            if not connection.send(b"".join(connection.call(block) for _ in range(MAX_STREAMS))):
                break
        self.assert_nothing_suffered()
        self.assertLess(self.in_progress(), 2 * MAX_STREAMS)
        self.assert_refusals_were_counted()

    def test_streams_without_a_message(self):
        connections = [self.open(MAX_STREAMS, scene.SUBMIT_BATCH) for _ in range(20)]
        self.assert_nothing_suffered()
        self.assert_refusals_were_counted()
        for connection in connections:
            self.assertTrue(connection.wait(
                lambda c=connection: c.is_ended or c.statuses.total() + c.resets.total() >= MAX_STREAMS, 20),
                "streams that nobody uses are held open")

    def test_unary_calls_without_their_message(self):
        connections = [self.open(MAX_STREAMS, scene.GET_USER) for _ in range(5)]
        self.assert_nothing_suffered()
        for connection in connections:
            self.assertTrue(connection.wait(
                lambda c=connection: c.is_ended or c.statuses.total() >= MAX_STREAMS, 20), "calls without an end")
        self.assertTrue(any(connection.statuses[DEADLINE_EXCEEDED] for connection in connections))

    def test_health_is_watched_by_many(self):
        connections = [self.open(MAX_STREAMS, scene.WATCH, b"") for _ in range(20)]
        self.assert_nothing_suffered()
        self.assert_refusals_were_counted()
        self.assertTrue(any(c.is_ended or c.statuses.total() or c.resets.total() for c in connections))

    def test_checks_whose_answers_are_not_read(self):
        connection = self.connect({INITIAL_WINDOW_SIZE: 0}, is_read=False)
        block = headers(scene.CHECK)
        for _ in range(100):
            if not connection.send(b"".join(connection.call(block, b"") for _ in range(714))):
                break
        self.assert_nothing_suffered()
        self.assert_refusals_were_counted()

    def test_checks_on_a_socket_that_is_not_read(self):
        connection = self.connect(is_read=False, receive_buffer=2048)
        connection.socket.settimeout(5)
        block = headers(scene.CHECK)
        for _ in range(100):
            if not connection.send(b"".join(connection.call(block, b"") for _ in range(714))):
                break
        self.assert_nothing_suffered()

    def test_big_answers_that_are_not_read(self):
        scene.harness.psql(
            self.url, "INSERT INTO users (name, email) SELECT repeat('x', 200), n || '@example.com' "
                      "FROM generate_series(1, 1000) n ON CONFLICT DO NOTHING")
        request = pb.ListUsersRequest(page_size=1000).SerializeToString()
        for _ in range(10):
            connection = self.connect({INITIAL_WINDOW_SIZE: 2**31 - 1}, is_read=False, receive_buffer=2048)
            connection.send(frame(WINDOW_UPDATE, 0, 0, (2**30).to_bytes(4, "big")))
            block = headers("/weir.users.v1.UserService/ListUsers")
            connection.send(b"".join(connection.call(block, request) for _ in range(500)))
        self.assert_nothing_suffered()

    def test_a_small_message_that_inflates(self):
        """Half a mebibyte of which gzip makes half a gibibyte."""
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        bomb = b"".join(packer.compress(bytes(2**20)) for _ in range(512)) + packer.flush()
        for path in scene.GET_USER, scene.SUBMIT_BATCH:
            connection = self.connect()
            stream = connection.stream()
            connection.send(frame(HEADERS, END_HEADERS, stream, headers(path, grpc_encoding="gzip")))
            connection.send_data(stream, message(bomb, is_compressed=True), END_STREAM, 10)
            self.assertTrue(connection.wait(
                lambda c=connection: c.statuses.total() or c.resets.total() or c.is_ended, 10))
            self.assertEqual(connection.statuses[0], 0, "taken for a request")
        self.assert_nothing_suffered()

    def test_small_messages_that_inflate_within_the_limit(self):
        """4 KiB of which gzip makes 4 MiB: each takes a loop as long as hundreds of calls."""
        request = b"\x7a" + varint(2**22 - 100) + bytes(2**22 - 100)  # a field that nobody knows
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        packed = message(packer.compress(request) + packer.flush(), is_compressed=True)
        connection = self.connect()
        block = headers(scene.CHECK, grpc_encoding="gzip")
        for _ in range(500):
            stream = connection.stream()
            connection.send(frame(HEADERS, END_HEADERS, stream, block))
            if not connection.send_data(stream, packed, END_STREAM, 10):
                break
        connection.wait(lambda: connection.is_ended or connection.statuses.total() >= 500, 20)
        self.assertLess(connection.statuses[0], 100)
        self.assertGreater(connection.statuses[0], 0, "a few may")
        self.assert_nothing_suffered()
        self.assert_refusals_were_counted()

    def test_big_messages_that_do_not_end(self):
        """All but the last byte of 4 MiB, on as many streams as there may be."""
        connection = self.connect()
        streams = [connection.stream() for _ in range(MAX_STREAMS)]
        block = headers(scene.GET_USER)
        connection.send(b"".join(frame(HEADERS, END_HEADERS, stream, block) for stream in streams))
        prefix = message(b"")[:1] + (2**22).to_bytes(4, "big")
        end = time.monotonic() + 5
        for number, stream in itertools.product(range(2**22 // FRAME_BYTES), streams):
            data = bytes(FRAME_BYTES - 1) if number else prefix
            if time.monotonic() > end or not connection.send_data(stream, data, 0, 1):
                break
        self.assertGreater(connection.frames[WINDOW_UPDATE] + connection.is_ended, 0)
        self.assert_nothing_suffered()

    def test_reflection_that_is_not_asked(self):
        threads = self.status("Threads")
        self.open(500, REFLECTION)
        self.assert_nothing_suffered()
        self.assertLess(self.status("Threads"), threads + 20)

    def test_calls_of_methods_that_there_are_not(self):
        connection = self.connect()
        block = headers("/weir.users.v1.UserService/NoSuchMethod")
        for _ in range(20):
            if not connection.send(b"".join(connection.call(block) for _ in range(MAX_STREAMS))):
                break
        self.assert_nothing_suffered()


class LongCallsTest(scene.Scene):
    """With the default limits, within which calls last a minute."""

    def test_watches_that_say_more_than_they_ask(self):
        """A second message, which nobody reads for as long as the call lasts."""
        request = message(b"") + message(bytes(60_000))
        for _ in range(4):
            connection = self.connect()
            for _ in range(900):
                stream = connection.stream()
                connection.send(frame(HEADERS, END_HEADERS, stream, headers(scene.WATCH)))
                if not connection.send_data(stream, request, 0, 2):
                    break
        self.assert_nothing_suffered()
        self.assert_refusals_were_counted()

    def test_pieces_of_messages_between_whole_ones(self):
        """64 bytes that do not end, in each buffer that the server reads."""
        whole = message(b"\x7a" + varint(60_000) + bytes(60_000))
        piece = (message(b"")[:1] + (2**22).to_bytes(4, "big")).ljust(64, b"\0")
        for _ in range(3):
            connection = self.connect()
            held = [connection.stream() for _ in range(500)]
            connection.send(b"".join(frame(HEADERS, END_HEADERS, stream, headers(scene.GET_USER)) for stream in held))
            for stream in itertools.islice(itertools.cycle(held), 1500):
                other = connection.stream()
                connection.send(frame(HEADERS, END_HEADERS, other, headers(scene.CHECK)))
                if not connection.send_data(other, whole, END_STREAM, 2) or \
                        not connection.send_data(stream, piece, 0, 2):
                    break
        self.assert_nothing_suffered()
        self.assert_refusals_were_counted()


if __name__ == "__main__":
    unittest.main(verbosity=2)
