# SPDX-License-Identifier: Apache-2.0
"""Starts the servers under measurement, waits until they serve, and ends them whatever happens."""

import http.client
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time

READY_SECONDS = 30
STOP_SECONDS = 30


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def resident_kib(pid):
    pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") // 1024


class HighWater:
    """The most memory that a process had while this was on, in MiB: `most`, and `grown` above what it had
    before."""

    def __init__(self, pid):
        self._pid, self._over = pid, threading.Event()
        self._idle = self._most = resident_kib(pid)
        self._thread = threading.Thread(target=self._watch)

    def _watch(self):
        while not self._over.wait(0.02):
            self._most = max(self._most, resident_kib(self._pid))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    @property
    def grown(self):
        return (self._most - self._idle) / 1024

    @property
    def most(self):
        return self._most / 1024


class Server:
    """One process, at `address`; `client` are the options of gload that it needs; what it prints goes to `log`,
    a descriptor."""

    def __init__(self, command, address, is_ready, admin=None, environment=None, client=(), log=None):
        self.address = address
        self.admin = admin
        self.client = client
        # A file, for nobody reads a pipe while the server runs.
        self._log = tempfile.TemporaryFile()
        output = self._log if log is None else log
        self._process = subprocess.Popen(command, stdout=output, stderr=output,
                                         env={**os.environ, **(environment or {})})
        limit = time.monotonic() + READY_SECONDS
        while not is_ready():
            if self._process.poll() is not None:
                sys.exit(f"{command[0]} did not start:\n{self._output()}")
            if time.monotonic() > limit:
                self.stop()
                sys.exit(f"{command[0]} was not ready after {READY_SECONDS} s:\n{self._output()}")
            time.sleep(0.02)

    @property
    def pid(self):
        return self._process.pid

    def _output(self):
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def stop(self):
        if self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Group:
    """The servers of a run; leaving it ends them."""

    def __init__(self):
        self._servers = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in self._servers:
            server.stop()

    def start_floor(self, binary, options):
        port = free_port()
        address = f"127.0.0.1:{port}"
        return self._add(Server([str(binary), "--address", address, *options], address,
                                lambda: _accepts(port)))

    def start_service(self, build, options, name="weir-server", log_level="error", environment=None,
                      client=(), wrapper=(), log=None):
        address, admin_port = f"127.0.0.1:{free_port()}", free_port()
        binary = pathlib.Path(build, name)
        return self._add(Server(
            # Quiet, and with connections that do not end within a measurement.
            [*wrapper, str(binary), f"--address={address}", f"--admin-address=127.0.0.1:{admin_port}",
             f"--log-level={log_level}", "--max-connection-age=1h", "--drain-announce=0s",
             # Saturated by a closed loop, which is no overload.
             "--drain-quiet=0s", "--limit-slack=1s", "--limit-first=10000", *options],
            address, lambda: _says_ready(admin_port), f"127.0.0.1:{admin_port}", environment, client, log))

    def _add(self, server):
        self._servers.append(server)
        return server


def _accepts(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def _says_ready(admin_port):
    connection = http.client.HTTPConnection("127.0.0.1", admin_port, timeout=1)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
