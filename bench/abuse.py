#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures what honest callers notice of each abuse: 500 GetUser a second on connections of their own, before
and while two others do their worst; the server's memory, then and afterwards; and what it counted.

Needs WEIR_DATABASE_URL and WEIR_REDIS_URL of servers that may be filled: run it by scripts/bench.sh abuse.
"""

import argparse
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from runner import abuses, backends, confined, report, servers  # noqa: E402

SETTLE = 2  # seconds of honest load before anything is counted
DEADLINE_MS = 10_000
USERS = 10_000
COLUMNS = ("failed", "p99 before", "p99 during", "ratio", "MiB before", "MiB peak", "MiB after", "closed")
WANTED_RATIO, WANTED_PEAK, WANTED_KEPT = 3, 300, 20
CONTAINER_MEMORY, CONTAINER_PROCESSES = 512 * 2**20, 128
END_SECONDS = 10


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build/release", help="directory of the build")
    parser.add_argument("--seconds", type=float, default=30, help="of each abuse")
    parser.add_argument("--before", type=float, default=10, help="seconds of honest load without abuse")
    parser.add_argument("--after", type=float, default=30, help="seconds of honest load until memory is looked at again")
    parser.add_argument("--unread", type=float, default=60, help="seconds that nobody reads the log")
    parser.add_argument("--rate", type=float, default=500, help="honest calls a second")
    parser.add_argument("--loops", default="1,2", help="event loops, one run of each")
    parser.add_argument("--only", help="kinds whose names contain this; \"container\" and \"log\" are two more")
    parser.add_argument("--json", help="where the numbers go; default: BUILD/abuse.json")
    parser.add_argument("--check", action="store_true", help="fail if a target is missed")
    return parser.parse_args()


def start_honest(arguments, server, *seconds):
    plan = ",".join(f"{arguments.rate}:{one}" for one in (SETTLE, *seconds))
    return subprocess.Popen(
        [f"{arguments.build}/bench/gload/gload", "--address", server.address, "--workload", "get",
         "--ids", str(USERS), "--conns", "4", "--streams", "100", "--deadline-ms", str(DEADLINE_MS),
         "--surge", plan], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish_honest(process):
    """Failed calls, the phases, and what went wrong. A call is in the phase in which it ended, so what waited
    for an abuse to end is in the phase after it."""
    out, err = process.communicate()
    if not out:
        return "all", None, err.strip()
    found = json.loads(out)
    return found["wrong"] + sum(phase["refused"] for phase in found["phases"]), found["phases"][1:], err.strip()


def counted(server):
    """What the server has refused and closed, by reason."""
    with urllib.request.urlopen(f"http://{server.admin}/metrics", timeout=10) as page:
        found = re.findall(r'^weir_rpc_(\w*(?:refused|closed|abuse)\w*)_total{reason="(\w+)"} (\S+)$',
                           page.read().decode(), re.M)
    return {f"{name} {reason}": float(count) for name, reason, count in found}


def counted_since(server, before):
    return {name: int(count - before.get(name, 0)) for name, count in counted(server).items()
            if count > before.get(name, 0)}


def is_alive(server):
    return pathlib.Path(f"/proc/{server.pid}/statm").exists() and servers.resident_kib(server.pid) > 0


def measure(arguments, server, abuse):
    counted_before = counted(server)
    honest = start_honest(arguments, server, arguments.before, arguments.seconds, arguments.after)
    time.sleep(SETTLE + arguments.before)
    before = servers.resident_kib(server.pid) / 1024
    with servers.HighWater(server.pid) as memory:
        abusive = abuses.Running(f"{arguments.build}/bench/abuse/weir-abuse", abuse, server, arguments.seconds)
        did = json.loads(abusive.finish())
    failed, phases, error = finish_honest(honest)
    found = {"name": abuse.name, "failed": failed, "before": before, "peak": memory.most, "error": error, **did}
    if phases is None or not is_alive(server):
        return {**found, "p99_before": 0, "p99": 0, "ratio": 0, "after": 0, "counted": {}}
    quiet, *rest = (phase["p99_us"] / 1e3 for phase in phases)
    return {**found, "p99_before": quiet, "p99": max(rest), "ratio": max(rest) / quiet,
            "after": servers.resident_kib(server.pid) / 1024, "counted": counted_since(server, counted_before)}


def is_met(row):
    return (row["failed"] == 0 and row["ratio"] <= WANTED_RATIO and row["peak"] < WANTED_PEAK and
            row["after"] - row["before"] <= WANTED_KEPT)


def print_row(row):
    cells = (str(row["failed"]), f"{row['p99_before']:.1f}", f"{row['p99']:.1f}", f"{row['ratio']:.1f}x",
             f"{row['before']:.0f}", f"{row['peak']:.0f}", f"{row['after']:.0f}", f"{row['closed']:,}")
    counts = ", ".join(f"{name}: {count:,}" for name, count in row["counted"].items())
    print(f"{row['name']:30}" + "".join(f"{cell:>12}" for cell in cells) +
          f"  {'met' if is_met(row) else 'MISSED':7} {counts} {row['error']}", flush=True)


def print_head(title):
    print(f"{title:30}" + "".join(f"{column:>12}" for column in COLUMNS) + "  counted", flush=True)


def bench_kinds(arguments, loops):
    print_head(f"{loops} loop{'s' if loops != '1' else ''}, times in ms")
    rows = []
    for abuse in abuses.all_kinds():
        if arguments.only and arguments.only not in abuse.name:
            continue
        with servers.Group() as group:
            server = group.start_service(arguments.build, ["--loops", loops])
            backends.add_users(USERS)
            rows.append(measure(arguments, server, abuse))
            print_row(rows[-1])
    return rows


def bench_container(arguments):
    """All kinds, one after the other, on one server that has 512 MiB and 128 processes."""
    with confined.Group(CONTAINER_MEMORY, CONTAINER_PROCESSES) as container, servers.Group() as group:
        if container.wrapper is None:
            print(f"container: skipped, for there can be no control group here ({container.why_not})")
            return None
        server = group.start_service(arguments.build, [], wrapper=container.wrapper)
        backends.add_users(USERS)
        print_head("container of 512 MiB, 128 pids")
        rows = []
        for abuse in abuses.all_kinds():
            rows.append(measure(arguments, server, abuse))
            print_row(rows[-1])
            if not is_alive(server):
                break
        survived = is_alive(server)
        server.stop()
        print(f"{'met' if survived else 'MISSED':7} the container outlives all of it: "
              f"{len(rows)} kinds, killed {container.kills()} times")
    return {"rows": rows, "is_met": survived}


def bench_log(arguments):
    """A line for each call, into a pipe that nobody reads; and then SIGTERM."""
    reading, writing = os.pipe()
    with servers.Group() as group:
        server = group.start_service(arguments.build, ["--access-log-percent=100"], log_level="info", log=writing)
        os.close(writing)
        backends.add_users(USERS)
        failed, phases, error = finish_honest(start_honest(arguments, server, arguments.unread))
        begun = time.monotonic()
        server.stop()
        ended = time.monotonic() - begun
        os.close(reading)
    p99 = phases[0]["p99_us"] / 1e3 if phases else 0
    met = failed == 0 and ended < END_SECONDS
    print(f"{'met' if met else 'MISSED':7} a log that nobody reads for {arguments.unread:g} s: failed {failed}, "
          f"p99 {p99:.1f} ms, ended {ended:.1f} s after SIGTERM {error}")
    return {"failed": failed, "p99": p99, "ended": ended, "is_met": met}


def main():
    arguments = parse_arguments()
    os.chdir(pathlib.Path(__file__).resolve().parent.parent)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    found = {}
    if arguments.only not in ("container", "log"):
        found = {f"loops {loops}": bench_kinds(arguments, loops) for loops in arguments.loops.split(",")}
    if arguments.only in (None, "container"):
        found["container"] = bench_container(arguments)
    if arguments.only in (None, "log"):
        found["log"] = bench_log(arguments)
    path = pathlib.Path(arguments.json or pathlib.Path(arguments.build, "abuse.json"))
    path.write_text(json.dumps(found, indent=2) + "\n")
    print(f"all numbers: {path}")
    met = [is_met(one) if "ratio" in one else one["is_met"]
           for part in found.values() if part for one in (part if isinstance(part, list) else [part])]
    return 1 if arguments.check and not all(met) else 0


if __name__ == "__main__":
    sys.exit(main())
