#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Calls weir from Python with nothing but the .proto files (python3-grpcio and python3-protobuf).

    mkdir -p OUT
    protoc -I proto --python_out=OUT --grpc_out=OUT \\
        --plugin=protoc-gen-grpc=$(which grpc_python_plugin) \\
        proto/weir/users/v1/users.proto proto/google/rpc/*.proto
    PYTHONPATH=OUT examples/python/users.py 127.0.0.1:50051
"""
import sys
import uuid

# [python]
import grpc
from google.rpc import error_details_pb2, status_pb2
from weir.users.v1 import users_pb2, users_pb2_grpc


def main(address: str) -> None:
    with grpc.insecure_channel(address) as channel:
        users = users_pb2_grpc.UserServiceStub(channel)
        # The request_id makes the call safe to repeat.
        ada = users.CreateUser(
            users_pb2.CreateUserRequest(
                name="Ada Lovelace",
                email=f"ada-{uuid.uuid4().hex}@example.com",
                request_id=str(uuid.uuid4()),
            ),
            timeout=5,
        )
        print("created", ada.id, ada.name)
        print("read   ", users.GetUser(users_pb2.GetUserRequest(id=ada.id), timeout=5).etag)
        try:
            users.GetUser(users_pb2.GetUserRequest(id=-1), timeout=5)
        except grpc.RpcError as error:
            print("refused", error.code().name, details_of(error))


def details_of(error: grpc.RpcError) -> list:
    """What is wrong, for programs: google.rpc.BadRequest, ErrorInfo, RetryInfo ..."""
    trailers = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(trailers.get("grpc-status-details-bin", b""))
    bad = error_details_pb2.BadRequest()
    return [
        f"{violation.field}: {violation.description}"
        for detail in status.details
        if detail.Unpack(bad)
        for violation in bad.field_violations
    ]
# [python]


if __name__ == "__main__":
    main(sys.argv[1])
