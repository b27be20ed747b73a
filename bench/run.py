#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures weir-server against the floor, in turn, in one run; prints medians and ratios.

Needs WEIR_DATABASE_URL and WEIR_REDIS_URL, of servers that may be filled and frozen, and
WEIR_STACK_DIR, where they are: run it by `make bench`, or by scripts/with_stack.sh.

The floor is the best, number by number, of the bare server with Next and with AsyncNext. Every
request asks for a random user, and every answer is checked; one wrong answer ends the run.
"""

import argparse
import json
import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from runner import (backends, creates, dashboards, inside, load, overload, report, servers,  # noqa: E402
                    tls, turns, watches)

FLOORS = ("floor, Next", "floor, AsyncNext")
REDIS = "service, from Redis"
POSTGRES = "service, from Postgres"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build/release", help="directory of the build")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--warmup", type=float, default=1, help="seconds of each measurement")
    parser.add_argument("--duration", type=float, default=4, help="seconds of each measurement")
    parser.add_argument("--conns", type=int, default=8)
    parser.add_argument("--streams", type=int, default=32, help="calls at once on each connection")
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--held", type=int, default=10_000, help="calls in progress, for memory")
    parser.add_argument("--loops", type=int, default=1, help="event loops, of floor and service")
    parser.add_argument("--watchers", type=int, default=1000)
    parser.add_argument("--changes", type=int, default=1000, help="a second, that are watched")
    parser.add_argument("--json", help="where the numbers go; default: BUILD/bench.json")
    parser.add_argument("--only",
                        choices=("users", "dashboards", "creates", "watches", "inside", "tls", "overload",
                                 "overload_creates"), help="default: all")
    parser.add_argument("--check", action="store_true", help="fail if a target is missed")
    return parser.parse_args()


def start_all(arguments, group):
    """All of them at once: those that are not under load cost nothing."""
    floor = pathlib.Path(arguments.build, "bench/floor/weir-floor")
    queues = ["--queues", str(arguments.loops)]
    loops = ["--loops", str(arguments.loops)]
    running = {
        FLOORS[0]: group.start_floor(floor, queues),
        FLOORS[1]: group.start_floor(floor, [*queues, "--async-next"]),
        REDIS: group.start_service(arguments.build, [*loops, "--cache-ttl=24h"]),
        POSTGRES: group.start_service(arguments.build, [*loops, "--cache=false"]),
    }
    return running


def measure_speed(arguments, running, generator):
    """{name: {"load": [one object a round], "lone": [...]}}"""
    found = {name: {"load": [], "lone": []} for name in running}
    for round_number in range(1, arguments.rounds + 1):
        for name, server in running.items():
            report.progress(f"round {round_number} of {arguments.rounds}: {name}")
            found[name]["load"].append(
                generator.measure(server, conns=arguments.conns, streams=arguments.streams))
            found[name]["lone"].append(generator.measure(server, conns=1, streams=1))
    return found


def start_patient(arguments, group):
    """Its calls wait as long as a Postgres is frozen."""
    patient = ["--cache=false", "--adaptive-limit=false", "--max-calls=1000000", "--postgres-max-queue=1000000",
               "--max-deadline=10m", "--postgres-acquire-timeout=10m",
               "--postgres-statement-timeout=10m"]
    return group.start_service(arguments.build, [*patient, "--loops", str(arguments.loops)])


def measure_memory(arguments, group, generator):
    """Of a server of its own, whose first calls wait for a Postgres that is frozen."""
    server = start_patient(arguments, group)
    report.progress(f"{arguments.held} calls in progress")
    idle = servers.resident_kib(server.pid)
    with backends.frozen_postgres():
        waiting = generator.start_hold(server, arguments.held)
        held = load.read_held(waiting)
    load.finish(waiting)
    server.stop()
    return {"idle_kib": idle, **held}


def bench_users(arguments, group, generator):
    running = start_all(arguments, group)
    backends.add_users(arguments.users)
    report.progress("filling the cache")
    backends.fill_cache(arguments.users, lambda: generator.measure(running[REDIS], 8, 32))
    speed = measure_speed(arguments, running, generator)
    memory = measure_memory(arguments, group, generator)
    return {**report.summarize(speed, memory, FLOORS, REDIS, POSTGRES), "rounds": speed}


def bench_dashboards(arguments, group, generator):
    loops = ["--loops", str(arguments.loops)]
    floor = pathlib.Path(arguments.build, "bench/floor/weir-floor")
    running = {
        dashboards.REDIS: group.start_service(arguments.build, [*loops, "--cache-ttl=24h"]),
        dashboards.POSTGRES: group.start_service(arguments.build, [*loops, "--cache=false"]),
        dashboards.PLAIN: group.start_service(arguments.build, loops, "bench/plain/weir-plain"),
        dashboards.FLOOR: group.start_floor(floor, ["--queues", str(arguments.loops)]),
    }
    backends.add_users(arguments.users)
    report.progress("adding posts and subscriptions")
    backends.add_posts_and_subscriptions(arguments.users)
    report.progress("filling the cache")
    backends.fill_cache(arguments.users, lambda: generator.measure(running[dashboards.REDIS], 8, 32))
    rounds = turns.measure(arguments, running, generator, "dashboards", "dashboard")
    return {**dashboards.summarize(rounds), "rounds": rounds}


def bench_creates(arguments, group, generator):
    # As many transactions at once as there are connections, each of one call.
    alone = ["--create-group=1", "--create-transactions=1000"]
    loops = ["--loops", str(arguments.loops), "--cache=false"]
    with backends.durable_postgres():
        running = {creates.GROUPED: group.start_service(arguments.build, loops),
                   creates.ALONE: group.start_service(arguments.build, [*loops, *alone])}
        rounds = turns.measure(arguments, running, generator, "creates", "create")
        for server in running.values():
            server.stop()
    return {**creates.summarize(rounds), "rounds": rounds}


def bench_watches(arguments, group, generator):
    server = group.start_service(arguments.build, ["--loops", str(arguments.loops)])
    backends.add_users(arguments.users)
    rounds = watches.measure(arguments, server, generator)
    return {**watches.summarize(rounds), "rounds": rounds}


def bench_inside(arguments, group, generator):
    options = ["--loops", str(arguments.loops), "--cache-ttl=24h"]
    watched = {"options": [*options, "--access-log-percent=1"], "log_level": "info"}
    with inside.collector() as endpoint:
        running = {inside.OFF: group.start_service(arguments.build, options)}
        for name, ratio in ((inside.SOME, 0.01), (inside.ALL, 1)):
            running[name] = group.start_service(
                arguments.build, **watched, environment=inside.sampled(endpoint, ratio))
        backends.add_users(arguments.users)
        report.progress("filling the cache")
        backends.fill_cache(arguments.users, lambda: generator.measure(running[inside.OFF], 8, 32))
        with inside.scraped([running[inside.SOME], running[inside.ALL]]):
            rounds = turns.measure(arguments, running, generator, "inside", "get")
        all_spans = inside.spans(running[inside.ALL])
        for server in running.values():
            server.stop()
    server = start_patient(arguments, group)
    report.progress(f"/tasks of {arguments.held} calls in progress")
    with backends.frozen_postgres():
        waiting = generator.start_hold(server, arguments.held)
        held = load.read_held(waiting)["held"]
        tasks = inside.measure_tasks(server, held)
    load.finish(waiting)
    server.stop()
    return {**inside.summarize(rounds, tasks, all_spans), "rounds": rounds}


def bench_tls(arguments, group, generator):
    options = ["--loops", str(arguments.loops), "--cache-ttl=24h"]
    with tls.certificates() as files:
        running = tls.start_all(group, arguments.build, options, files)
        backends.add_users(arguments.users)
        report.progress("filling the cache")
        backends.fill_cache(arguments.users, lambda: generator.measure(running[tls.CLEAR], 8, 32))
        rounds = turns.measure(arguments, running, generator, "TLS", "get")
        for server in running.values():
            server.stop()
    return {**tls.summarize(rounds), "rounds": rounds}


def measure_overload(arguments, group, generator, case, prepare):
    options = ["--loops", str(arguments.loops), *case.options]
    running = {overload.WITH: group.start_service(arguments.build, options),
               overload.WITHOUT: group.start_service(arguments.build, [*options, "--adaptive-limit=false"])}
    prepare()
    found = overload.measure(arguments, case, running, generator)
    for server in running.values():
        server.stop()
    return overload.summarize(found)


def bench_overload(arguments, group, generator):
    def add_passwords():
        backends.add_users(arguments.users)
        backends.add_passwords(arguments.users)

    return measure_overload(arguments, group, generator, overload.PASSWORDS, add_passwords)


def bench_overload_creates(arguments, group, generator):
    with backends.durable_postgres():
        return measure_overload(arguments, group, generator, overload.CREATES, lambda: None)


BENCHES = {"users": (bench_users, report.print_result),
           "dashboards": (bench_dashboards, dashboards.print_result),
           "creates": (bench_creates, creates.print_result),
           "watches": (bench_watches, watches.print_result),
           "inside": (bench_inside, inside.print_result),
           "tls": (bench_tls, tls.print_result),
           "overload": (bench_overload, overload.print_result),
           "overload_creates": (bench_overload_creates, overload.print_result)}


def main():
    arguments = parse_arguments()
    os.chdir(pathlib.Path(__file__).resolve().parent.parent)
    # Ends like any other failure: what was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    generator = load.Generator(arguments)
    found = {}
    for name, (bench, _) in BENCHES.items():
        if arguments.only in (None, name):
            with servers.Group() as group:
                found[name] = bench(arguments, group, generator)

    path = pathlib.Path(arguments.json or pathlib.Path(arguments.build, "bench.json"))
    path.write_text(json.dumps({**found, "arguments": vars(arguments)}, indent=2) + "\n")
    for name, result in found.items():
        BENCHES[name][1](result)
        report.print_targets(result["targets"])
        print()
    print(f"all numbers: {path}")
    if arguments.check and not all(
            target["is_met"] for result in found.values() for target in result["targets"]):
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
