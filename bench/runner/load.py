# SPDX-License-Identifier: Apache-2.0
"""Runs gload, the load generator. A wrong answer ends the run."""

import json
import pathlib
import subprocess
import sys

STREAMS_OF_A_HELD_CONNECTION = 100
WATCHED_USERS = 100


class Generator:
    def __init__(self, arguments):
        self._arguments = arguments
        self._binary = str(pathlib.Path(arguments.build, "bench/gload/gload"))

    def measure(self, server, conns, streams, workload="get"):
        """Calls for random ids: gload's object, with the server's CPU time per call."""
        done = subprocess.run(
            self._command(server, workload) +
            ["--conns", str(conns), "--streams", str(streams),
             "--warmup", str(self._arguments.warmup), "--duration", str(self._arguments.duration)],
            stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            sys.exit("the measurement is void")
        found = json.loads(done.stdout)
        found["cpu_us"] = found["cpu"]["server"] / found["requests"] * 1e6
        return found

    def watch(self, server, watchers, changes, batch):
        """WatchUsers: changes of a few users a second, which every watcher must see."""
        done = subprocess.run(
            [self._binary, "--address", server.address, "--proc", f"server={server.pid}",
             "--watch", str(watchers), "--conns", str(-(-watchers // STREAMS_OF_A_HELD_CONNECTION)),
             "--rate", str(changes), "--ids", str(WATCHED_USERS), *(["--batch"] if batch else []),
             "--warmup", str(self._arguments.warmup), "--duration", str(self._arguments.duration)],
            stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            sys.exit("the measurement is void")
        return json.loads(done.stdout)

    def start_hold(self, server, calls):
        conns = -(-calls // STREAMS_OF_A_HELD_CONNECTION)
        return subprocess.Popen(self._command(server, "get") + ["--hold", str(calls), "--conns", str(conns)],
                                stdout=subprocess.PIPE, text=True)

    def _command(self, server, workload):
        return [self._binary, "--address", server.address, "--workload", workload,
                "--ids", str(self._arguments.users), "--proc", f"server={server.pid}", *server.client]


def read_held(process):
    """While the calls are held: how many, and the memory of each."""
    line = process.stdout.readline()
    if not line:
        process.wait()
        sys.exit("the calls could not be held")
    found = json.loads(line)
    return {"held": found["held"], **found["memory"]["server"]}


def finish(process):
    """All held calls must be answered, and rightly."""
    if process.wait() != 0:
        sys.exit("held calls were answered wrongly")
