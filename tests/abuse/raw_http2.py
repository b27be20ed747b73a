# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 by hand: a client that sends whatever it is told to, allowed or not. RFC 9113 and 7541."""
import collections
import re
import select
import socket
import struct
import threading
import time

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
UNKNOWN = 0x2A
END_STREAM, ACK, END_HEADERS = 1, 1, 4
HEADER_TABLE_SIZE, INITIAL_WINDOW_SIZE = 1, 4
CANCEL, ENHANCE_YOUR_CALM = 8, 11
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME_BYTES = 16384  # of payload, at most, unless the other side allows more
FIRST_WINDOW = 65535
SOURCE = "127.0.0.2"  # where these clients come from; honest ones have another address


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">IBBI", len(payload), kind, flags, stream)[1:] + payload


def settings(values: dict[int, int]) -> bytes:
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", *pair) for pair in values.items()))


def message(payload: bytes, is_compressed: bool = False) -> bytes:
    return struct.pack(">BI", is_compressed, len(payload)) + payload


def hpack_length(length: int) -> bytes:
    if length < 127:
        return bytes([length])
    length -= 127
    out = [127]
    while length >= 128:
        out.append(length & 127 | 128)
        length >>= 7
    return bytes([*out, length])


def literal(name: str, value: str) -> bytes:
    """A header that is not to be put into the table."""
    return b"\0" + b"".join(hpack_length(len(text)) + text.encode() for text in (name, value))


def headers(path: str, **more: str) -> bytes:
    """The header block of a call, as in headers("/package.Service/Method", grpc_timeout="1S")."""
    fields = {":method": "POST", ":scheme": "http", ":path": path, ":authority": "x", "te": "trailers",
              "content-type": "application/grpc", **{k.replace("_", "-"): v for k, v in more.items()}}
    return b"".join(literal(*field) for field in fields.items())


class Connection:
    """One connection, and a thread that reads it, unless told not to. What was read: `frames`, counted by
    kind; `statuses` of calls that ended; `resets`; `goaway`, its error code; `is_ended`."""

    def __init__(self, address: str, values: dict[int, int] | None = None, preface: bytes | None = None,
                 is_read: bool = True, receive_buffer: int = 0,
                 acknowledges: bool = True):
        host, port = address.rsplit(":", 1)
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.bind((SOURCE, 0))
        self.socket.settimeout(20)
        self.socket.connect((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.frames, self.statuses, self.resets = (collections.Counter() for _ in range(3))
        self.goaway = None
        self.is_ended = False
        self.windows = collections.defaultdict(lambda: self._first_window, {0: FIRST_WINDOW})
        self._first_window = FIRST_WINDOW
        self._moved = threading.Condition()
        self._writing = threading.Lock()
        self.last_stream = -1
        self._buffer = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        if preface is None:
            preface = PREFACE + settings({HEADER_TABLE_SIZE: 0, **(values or {})})
            if is_read:  # all answers
                preface += frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 2**30))
        else:
            acknowledges = False
        if preface:
            self.send(preface)
        if acknowledges:
            self._acknowledge_settings()
        if is_read:
            self._reader.start()

    def stream(self) -> int:
        self.last_stream += 2
        return self.last_stream

    def call(self, block: bytes, request: bytes | None = None) -> bytes:
        """The frames of a call. Without `request` its message is never sent."""
        stream = self.stream()
        frames = frame(HEADERS, END_HEADERS, stream, block)
        return frames if request is None else frames + frame(DATA, END_STREAM, stream, message(request))

    def send(self, data: bytes) -> bool:
        """False if the connection is at its end, or takes nothing for seconds."""
        try:
            with self._writing:
                self.socket.sendall(data)
        except OSError:
            return False
        return not self.is_ended

    def send_data(self, stream: int, data: bytes, flags: int, limit: float) -> bool:
        """As much as the windows allow at a time. False if that took too long."""
        deadline = time.monotonic() + limit
        at = 0
        while at < len(data):
            with self._moved:
                room = min(self.windows[0], self.windows[stream], FRAME_BYTES, len(data) - at)
                if room <= 0:
                    left = deadline - time.monotonic()
                    if left <= 0 or self.is_ended or not self._moved.wait(left):
                        return False
                    continue
                self.windows[0] -= room
                self.windows[stream] -= room
            if not self.send(frame(DATA, flags if at + room == len(data) else 0, stream, data[at:at + room])):
                return False
            at += room
        return True

    def wait(self, condition, limit: float) -> bool:
        """Until `condition` of what was read holds; looked at after each read."""
        with self._moved:
            return self._moved.wait_for(condition, limit)

    def waits_for_end(self, limit: float) -> bool:
        return self.wait(lambda: self.is_ended, limit)

    def is_closed(self) -> bool:
        """For a connection that is not read: whether the other side has closed it."""
        poll = select.poll()
        poll.register(self.socket, select.POLLRDHUP)
        return any(event & (select.POLLRDHUP | select.POLLHUP | select.POLLERR) for _, event in poll.poll(0))

    def close(self) -> None:
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it has ended already
        if self._reader.is_alive():
            self._reader.join()
        self.socket.close()

    def _acknowledge_settings(self) -> None:
        """Once they are here: one that comes before them acknowledges nothing."""
        while not self.frames[SETTINGS]:
            try:
                read = self.socket.recv(1 << 12)
            except OSError:
                read = b""
            if not read:
                return  # it is not taken
            self._buffer = self._take_frames(self._buffer + read)
        self.send(frame(SETTINGS, ACK, 0))

    def _read(self) -> None:
        self.socket.settimeout(None)
        while True:
            try:
                read = self.socket.recv(1 << 18)
            except OSError:
                read = b""
            with self._moved:
                self._buffer = self._take_frames(self._buffer + read)
                self.is_ended = not read
                self._moved.notify_all()
            if not read:
                return

    def _take_frames(self, buffer: bytes) -> bytes:
        at = 0
        while len(buffer) - at >= 9:
            length = int.from_bytes(buffer[at:at + 3], "big")
            if len(buffer) - at - 9 < length:
                break
            kind, flags, stream = struct.unpack(">BBI", buffer[at + 3:at + 9])
            self._take(kind, flags, stream, buffer[at + 9:at + 9 + length])
            at += 9 + length
        return buffer[at:]

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        self.frames[kind] += 1
        if kind == HEADERS:
            # Readable, for the server was told to keep no table.
            if found := re.search(rb"grpc-status[\x01\x02](\d+)", payload):
                self.statuses[int(found.group(1))] += 1
        elif kind == RST_STREAM:
            self.resets[int.from_bytes(payload, "big")] += 1
        elif kind == GOAWAY:
            self.goaway = int.from_bytes(payload[4:8], "big")
        elif kind == WINDOW_UPDATE:
            self.windows[stream] += int.from_bytes(payload, "big")
        elif kind == SETTINGS and not flags & ACK:
            for at in range(0, len(payload), 6):
                name, value = struct.unpack(">HI", payload[at:at + 6])
                if name == INITIAL_WINDOW_SIZE:
                    self._change_windows(value)

    def _change_windows(self, value: int) -> None:
        for stream in self.windows:
            if stream != 0:
                self.windows[stream] += value - self._first_window
        self._first_window = value
