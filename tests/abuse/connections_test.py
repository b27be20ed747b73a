#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Connections that say nothing, half of something or nonsense: they are closed within seconds."""
import unittest

import scene
from raw_http2 import PREFACE, SETTINGS, frame, settings

# A handshake may take a few seconds.
CLOSED_SECONDS = 12


class ConnectionsTest(scene.Scene):
    def assert_all_closed(self, connections):
        self.assert_nothing_suffered()
        for connection in connections:
            self.assertTrue(connection.waits_for_end(CLOSED_SECONDS), "the connection is still there")

    def test_silent_and_half_connections(self):
        beginnings = (b"", PREFACE[:10], PREFACE, PREFACE + settings({4: 65535})[:12])
        self.assert_all_closed([self.connect(preface=begin) for begin in beginnings for _ in range(100)])

    def test_other_protocols(self):
        beginnings = (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(505),
                      b"\0" * 5000, PREFACE + b"\xff" * 5000,
                      PREFACE + frame(SETTINGS, 0, 0, bytes(5)), PREFACE + frame(SETTINGS, 0, 1))
        self.assert_all_closed([self.connect(preface=begin) for begin in beginnings for _ in range(20)])

    def test_connections_that_come_and_go(self):
        for _ in range(2000):
            self.connect(is_read=False).close()
        self.assert_nothing_suffered()
        scene.harness.wait_for("them to be forgotten", lambda: self.gauge("weir_rpc_connections") < 10)


if __name__ == "__main__":
    unittest.main(verbosity=2)
