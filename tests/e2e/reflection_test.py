#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reflection as grpcurl uses it: every service that is served can be found, and built from what the
server sends alone. Here and not only in C++, for what an archive's linker leaves out shows here."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import harness

harness.generate_stubs()

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool
from grpc.reflection.v1 import reflection_pb2 as v1
from grpc.reflection.v1 import reflection_pb2_grpc as v1_grpc
from grpc.reflection.v1alpha import reflection_pb2 as v1alpha
from grpc.reflection.v1alpha import reflection_pb2_grpc as v1alpha_grpc

STANDARD = {
    "grpc.channelz.v1.Channelz", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
}


def contract() -> set[str]:
    return {method.split("/")[1] for method in harness.methods()}


class ReflectionTest(unittest.TestCase):
    def test_every_service_is_listed_and_can_be_built(self):
        with harness.database() as url, harness.Server(url) as server:
            channel = grpc.insecure_channel(server.address)
            self.addCleanup(channel.close)
            for messages, stubs in ((v1, v1_grpc), (v1alpha, v1alpha_grpc)):
                with self.subTest(messages.DESCRIPTOR.package):
                    self.look(messages, stubs.ServerReflectionStub(channel))
            self.assertEqual(server.stop(), 0)

    def look(self, messages, stub):
        def ask(**what):
            requests = iter([messages.ServerReflectionRequest(**what)])
            (answer,) = stub.ServerReflectionInfo(requests, timeout=harness.LIMIT)
            self.assertFalse(answer.HasField("error_response"), answer)
            return answer

        listed = {one.name for one in ask(list_services="*").list_services_response.service}
        self.assertEqual(listed, contract() | STANDARD)
        pool = descriptor_pool.DescriptorPool()
        known = set()

        def add(name, files):
            """Imports first."""
            if name in known:
                return
            known.add(name)
            for imported in files[name].dependency:
                add(imported, files)
            pool.Add(files[name])

        for service in listed:
            answer = ask(file_containing_symbol=service).file_descriptor_response
            files = [descriptor_pb2.FileDescriptorProto.FromString(file)
                     for file in answer.file_descriptor_proto]
            add(files[0].name, {file.name: file for file in files})
        for service in listed:
            self.assertTrue(pool.FindServiceByName(service).methods, service)


if __name__ == "__main__":
    unittest.main()
