# SPDX-License-Identifier: Apache-2.0
"""Kinds of abuse: what a connection begins with, and what it sends again and again after that."""

import dataclasses
import pathlib
import struct
import subprocess
import sys
import tempfile
import zlib

sys.path.append(str(pathlib.Path(__file__).parents[2] / "tests/abuse"))
from raw_http2 import (CANCEL, CONTINUATION, DATA, END_HEADERS, END_STREAM, FRAME_BYTES,  # noqa: E402
                       HEADERS, INITIAL_WINDOW_SIZE, PING, PREFACE, PRIORITY, RST_STREAM, SETTINGS, UNKNOWN,
                       WINDOW_UPDATE, ACK, frame, headers, message, settings)

GET = headers("/weir.users.v1.UserService/GetUser")
LIST = headers("/weir.users.v1.UserService/ListUsers")
SUBMIT = headers("/weir.batch.v1.BatchService/SubmitBatch")
CHECK = headers("/grpc.health.v1.Health/Check")
WATCH = headers("/grpc.health.v1.Health/Watch")
REFLECT = headers("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
USER_1 = b"\x08\x01"
PAGE_OF_1000 = b"\x08\xe8\x07"
NOT_ACKNOWLEDGED = PREFACE + settings({})
START = NOT_ACKNOWLEDGED + frame(SETTINGS, ACK, 0)
ENDLESS_NAME = b"\0\x01a\x7f\xff\xff\xff\xff\x03"  # a literal whose name is a gigabyte
AT_ONCE = 100  # calls in a piece
MOST_STREAMS = 1000


@dataclasses.dataclass
class Abuse:
    name: str
    opening: bytes = START
    piece: bytes = b""
    step: int = 0
    connections: int = 2
    options: tuple[str, ...] = ()


def call(stream, block, request=None):
    begun = frame(HEADERS, END_HEADERS, stream, block)
    return begun if request is None else begun + frame(DATA, END_STREAM, stream, message(request))


def calls(block, request=None, count=AT_ONCE):
    return b"".join(call(2 * i + 1, block, request) for i in range(count))


def repeated(name, one, opening=START):
    return Abuse(name, opening, one * max(1, 65536 // len(one)))


def new_calls(name, piece, *options, opening=START, count=AT_ONCE):
    return Abuse(name, opening, piece, 2 * count, options=options)


def held(name, block, request=None):
    """As many as may be, on each connection, which then goes on for ever."""
    return Abuse(name, START + calls(block, request, MOST_STREAMS))


def resets():
    taken_back = struct.pack(">I", CANCEL)
    return b"".join(call(stream, GET, USER_1) + frame(RST_STREAM, 0, stream, taken_back)
                    for stream in range(1, 2 * AT_ONCE, 2))


def bomb():
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = message(b"".join(packer.compress(bytes(2**20)) for _ in range(64)) + packer.flush(), is_compressed=True)
    pieces = [packed[at:at + FRAME_BYTES] for at in range(0, len(packed), FRAME_BYTES)]
    return frame(HEADERS, END_HEADERS, 1, headers("/weir.users.v1.UserService/GetUser", grpc_encoding="gzip")) + \
        b"".join(frame(DATA, END_STREAM if i + 1 == len(pieces) else 0, 1, piece) for i, piece in enumerate(pieces))


def half_message():
    """Most of a stream's window, of a message that would be 4 MiB."""
    begin = message(b"")[:1] + (2**22 - 1).to_bytes(4, "big")
    return call(1, SUBMIT) + frame(DATA, 0, 1, begin) + frame(DATA, 0, 1, bytes(FRAME_BYTES)) * 3


def all_kinds():
    endless = frame(HEADERS, 0, 1, ENDLESS_NAME)
    wide = settings({INITIAL_WINDOW_SIZE: 2**31 - 1}) + frame(WINDOW_UPDATE, 0, 0, (2**30).to_bytes(4, "big"))
    begun = START + call(1, SUBMIT)
    return [
        repeated("endless header block", frame(CONTINUATION, 0, 1, b"x" * FRAME_BYTES), START + endless),
        repeated("continuations of a byte", frame(CONTINUATION, 0, 1, b"x"), START + endless),
        repeated("empty continuations", frame(CONTINUATION, 0, 1), START + frame(HEADERS, 0, 1, GET)),
        new_calls("calls reset at once", resets()),
        repeated("SETTINGS", frame(SETTINGS, 0, 0)),
        repeated("PING", frame(PING, 0, 0, b"12345678")),
        repeated("PING acknowledged", frame(PING, ACK, 0, b"12345678")),
        repeated("PRIORITY", frame(PRIORITY, 0, 1, b"\0\0\0\0\1")),
        repeated("WINDOW_UPDATE", frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\1")),
        repeated("unknown frames", frame(UNKNOWN, 0, 0, b"x" * 100)),
        repeated("empty DATA", frame(DATA, 0, 1), begun),
        new_calls("more streams than allowed", calls(SUBMIT), "--pieces", "200", opening=NOT_ACKNOWLEDGED),
        held("streams without messages", SUBMIT),
        held("unary calls without messages", GET),
        held("health watched", WATCH, b""),
        held("reflection not asked", REFLECT),
        new_calls("unread checks", calls(CHECK, b""), "--deaf"),
        new_calls("unread lists", calls(LIST, PAGE_OF_1000, 10), "--deaf", opening=START + wide, count=10),
        new_calls("gzip bombs", bomb(), "--obey-window", count=1),
        new_calls("halves of messages", half_message(), "--obey-window", "--pieces", str(MOST_STREAMS), count=1),
        Abuse("silent connections", b"", connections=200),
        Abuse("half prefaces", PREFACE[:10], connections=200),
        Abuse("connections that come and go", b"GET / HTTP/1.1\r\n\r\n", options=("--pause-ms", "0")),
    ]


class Running:
    """One abuse, by weir-abuse, which gives way to everything else on this machine: elsewhere it would be
    on one of its own."""

    def __init__(self, binary, abuse, server, seconds):
        self._directory = tempfile.TemporaryDirectory(prefix="weir-abuse-")
        opening, piece = (pathlib.Path(self._directory.name, name) for name in ("opening", "piece"))
        opening.write_bytes(abuse.opening)
        piece.write_bytes(abuse.piece)
        self._process = subprocess.Popen(
            ["nice", "-n", "19", str(binary), "--port", server.address.rsplit(":", 1)[1], "--opening", str(opening),
             "--piece", str(piece), "--step", str(abuse.step), "--connections", str(abuse.connections),
             "--seconds", str(seconds), *abuse.options], stdout=subprocess.PIPE, text=True)

    def finish(self):
        """What it did: connections made, how many of them were closed by the server, bytes."""
        out, _ = self._process.communicate()
        self._directory.cleanup()
        return out
