#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Floods of frames on one connection: it is closed, and nobody else notices."""
import struct
import time
import unittest

import scene
from raw_http2 import (ACK, CANCEL, CONTINUATION, DATA, END_HEADERS, FRAME_BYTES, HEADERS, PING, PRIORITY,
                       RST_STREAM, SETTINGS, UNKNOWN, WINDOW_UPDATE, frame, headers, message)

SECONDS = 5  # of a flood, if nothing ends it
PIECE = 2000  # frames in one write


class FramesTest(scene.Scene):
    def flood(self, connection, pieces):
        """Sends until the server has had enough. It must have; and others must not have noticed."""
        end = time.monotonic() + SECONDS
        for piece in pieces:
            if not connection.send(piece) or time.monotonic() > end:
                break
        self.assert_nothing_suffered()
        self.assert_sent_away(connection)
        self.assert_refusals_were_counted()

    def repeat(self, one: bytes):
        piece = one * PIECE
        while True:
            yield piece

    def test_a_header_block_without_end(self):
        connection = self.connect()
        # A literal whose name is a gigabyte long.
        start = b"\0\x01a\x7f" + b"\xff\xff\xff\xff\x03"
        connection.send(frame(HEADERS, 0, connection.stream(), start))
        more = frame(CONTINUATION, 0, 1, b"x" * FRAME_BYTES)
        self.flood(connection, [more] * (32 * 2**20 // FRAME_BYTES))

    def test_a_header_block_of_many_headers(self):
        connection = self.connect()
        connection.send(frame(HEADERS, 0, connection.stream(), headers(scene.GET_USER)))
        one = b"\0\x01a\x01b"
        more = frame(CONTINUATION, 0, 1, one * (FRAME_BYTES // len(one)))
        self.flood(connection, [more] * (32 * 2**20 // FRAME_BYTES))

    def test_continuations_of_a_byte(self):
        connection = self.connect()
        connection.send(frame(HEADERS, 0, connection.stream(), b"\0\x01a\x7f" + b"\xff\xff\xff\xff\x03"))
        self.flood(connection, self.repeat(frame(CONTINUATION, 0, 1, b"x")))

    def test_continuations_of_nothing(self):
        connection = self.connect()
        connection.send(frame(HEADERS, 0, connection.stream(), headers(scene.GET_USER)))
        self.flood(connection, self.repeat(frame(CONTINUATION, 0, 1)))

    def test_calls_that_are_taken_back_at_once(self):
        connection = self.connect()
        block = headers(scene.GET_USER)

        def pieces():
            while True:
                calls = []
                for _ in range(100):
                    calls.append(connection.call(block, b"\x08\x01"))
                    calls.append(frame(RST_STREAM, 0, connection.last_stream, struct.pack(">I", CANCEL)))
                yield b"".join(calls)

        self.flood(connection, pieces())

    def test_settings(self):
        self.flood(self.connect(), self.repeat(frame(SETTINGS, 0, 0)))

    def test_acknowledgements_of_settings(self):
        self.flood(self.connect(), self.repeat(frame(SETTINGS, ACK, 0)))

    def test_pings(self):
        self.flood(self.connect(), self.repeat(frame(PING, 0, 0, b"12345678")))

    def test_acknowledgements_of_pings(self):
        self.flood(self.connect(), self.repeat(frame(PING, ACK, 0, b"12345678")))

    def test_priorities(self):
        self.flood(self.connect(), self.repeat(frame(PRIORITY, 0, 1, b"\0\0\0\0\1")))

    def test_window_updates(self):
        self.flood(self.connect(), self.repeat(frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\1")))

    def test_frames_that_nobody_knows(self):
        self.flood(self.connect(), self.repeat(frame(UNKNOWN, 0, 0, b"x" * 100)))

    def test_data_of_nothing(self):
        connection = self.connect()
        connection.send(connection.call(headers(scene.SUBMIT_BATCH)))
        self.flood(connection, self.repeat(frame(DATA, 0, 1)))

    def test_a_message_in_bytes(self):
        connection = self.connect()
        connection.send(connection.call(headers(scene.SUBMIT_BATCH)))
        connection.send(frame(DATA, 0, 1, message(b"\0" * 2**21)[:5]))
        # Within the first window, of which a frame takes one.
        self.flood(connection, [frame(DATA, 0, 1, b"\0") * PIECE] * 80)


if __name__ == "__main__":
    unittest.main(verbosity=2)
