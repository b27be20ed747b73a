# SPDX-License-Identifier: Apache-2.0
"""A headless Service's name: a DNS server on 127.0.0.1 that answers every question for an IPv4 address
with those it has now, and others with nothing."""
import socket
import struct
import threading

A = 1


class HeadlessDns:
    def __init__(self):
        self.addresses: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            query, client = self._socket.recvfrom(512)
            self._socket.sendto(self._answer(query), client)

    def _answer(self, query: bytes) -> bytes:
        end = query.index(0, 12) + 5  # of the one question: name, type, class
        kind = struct.unpack(">H", query[end - 4:end - 2])[0]
        addresses = list(self.addresses) if kind == A else []
        header = query[:2] + struct.pack(">HHHHH", 0x8580, 1, len(addresses), 0, 0)
        # 0xc00c: the name of the question. The TTL is the resolver's business; gRPC ignores it.
        return header + query[12:end] + b"".join(
            struct.pack(">HHHIH", 0xC00C, A, 1, 0, 4) + socket.inet_aton(address)
            for address in addresses
        )
