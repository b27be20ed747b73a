#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What is no abuse, though it looks a little like it: busy clients and proxies are not sent away."""
import struct
import unittest

import scene
from raw_http2 import (CANCEL, CONTINUATION, END_HEADERS, END_STREAM, HEADERS, PING, RST_STREAM, WINDOW_UPDATE,
                       frame, headers, literal, message)
from scene import grpc, pb
from weir.batch.v1 import batch_pb2, batch_pb2_grpc
from weir.users.v1 import users_pb2_grpc

CALLS = 900  # fewer than the default of --max-streams


class HonestTest(scene.Scene):
    def assert_still_there(self, connection):
        """It gets an answer to one more call, and nothing was counted."""
        answered = connection.statuses[0]
        connection.send(connection.call(headers(scene.CHECK), b""))
        self.assertTrue(connection.wait(lambda: connection.statuses[0] > answered, scene.HONEST_SECONDS),
                        "no answer; " + str(connection.goaway))
        self.assert_nothing_suffered()
        self.assertEqual(self.refused(), self.refused_before)

    def test_a_proxy_whose_clients_all_leave(self):
        connection = self.connect()
        block = headers(scene.SUBMIT_BATCH)
        connection.send(b"".join(connection.call(block) for _ in range(CALLS)))
        connection.send(b"".join(frame(RST_STREAM, 0, stream, struct.pack(">I", CANCEL))
                                 for stream in range(1, 2 * CALLS, 2)))
        self.assert_still_there(connection)

    def test_many_calls_at_once_again_and_again(self):
        connection = self.connect()
        block = headers(scene.GET_USER)
        for times in range(1, 11):
            connection.send(b"".join(connection.call(block, b"\x08\x01") for _ in range(CALLS)))
            self.assertTrue(connection.wait(lambda t=times: connection.statuses.total() >= t * CALLS, 20))
        self.assert_still_there(connection)

    def test_headers_in_a_few_frames(self):
        connection = self.connect()
        block = headers(scene.CHECK) + literal("x-long", "x" * 4000)
        half = len(block) // 2
        stream = connection.stream()
        connection.send(frame(HEADERS, 0, stream, block[:half]) +
                        frame(CONTINUATION, END_HEADERS, stream, block[half:]) +
                        frame(0, END_STREAM, stream, message(b"")))
        self.assertTrue(connection.wait(lambda: connection.statuses[0] == 1, scene.HONEST_SECONDS))
        self.assert_still_there(connection)

    def test_a_window_that_is_widened_for_each_answer(self):
        connection = self.connect()
        block = headers(scene.CHECK)
        for _ in range(5):
            connection.send(b"".join(connection.call(block, b"") + frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\x07")
                                     for _ in range(200)))
        self.assertTrue(connection.wait(lambda: connection.statuses[0] == 1000, 20))
        connection.send(frame(PING, 0, 0, b"bdp-ping"))
        self.assert_still_there(connection)

    def test_uploads_that_are_refused(self):
        """What was on its way to calls that had ended is no abuse."""
        connection = self.connect()
        block = headers("/weir.batch.v1.BatchService/Nothing")
        upload = message(bytes(100_000))[:60_000]  # what a client may send before it hears of it
        for _ in range(500):
            stream = connection.stream()
            connection.send(frame(HEADERS, END_HEADERS, stream, block))
            self.assertTrue(connection.send_data(stream, upload, 0, scene.HONEST_SECONDS))
        self.assert_still_there(connection)

    def test_an_upload_of_small_items(self):
        channel = self.enterContext(grpc.insecure_channel(self.server.address))
        items = (batch_pb2.SubmitBatchRequest(
            request_id="many" if n == 0 else "",
            items=[batch_pb2.BatchItem(item_id=str(n), get=pb.GetUserRequest(id=1))]) for n in range(20_000))
        batch = batch_pb2_grpc.BatchServiceStub(channel).SubmitBatch(items, timeout=scene.harness.LIMIT)
        self.assertEqual(batch.total, 20_000)
        self.assert_nothing_suffered()

    def test_a_client_that_cancels_most_of_what_it_asks(self):
        channel = self.enterContext(grpc.insecure_channel(self.server.address))
        users = users_pb2_grpc.UserServiceStub(channel)
        for _ in range(300):
            calls = [users.GetUser.future(pb.GetUserRequest(id=1), timeout=10) for _ in range(3)]
            for call in calls[1:]:
                call.cancel()
            self.assertIn(calls[0].code(), (grpc.StatusCode.OK, grpc.StatusCode.NOT_FOUND))
        self.assert_nothing_suffered()


if __name__ == "__main__":
    unittest.main(verbosity=2)
