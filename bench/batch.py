#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""SubmitBatch of many items against a plain COPY of the same rows, the server's memory while it
takes them, and how many items a second one replica and two then do.

Needs WEIR_DATABASE_URL of a server that may be filled: run it by `make bench`, or by scripts/with_stack.sh.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from runner import backends, servers  # noqa: E402

FINAL = ("SUCCEEDED", "PARTIALLY_FAILED", "CANCELLED")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build/release", help="directory of the build")
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--run-items", type=int, default=100_000, help="of the batch that is done")
    parser.add_argument("--check", action="store_true", help="fail if a target is missed")
    return parser.parse_args()


def weir(build, address, *arguments):
    done = subprocess.run([str(pathlib.Path(build, "weir")), "--address", address, "--json",
                           "batch", *arguments], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def write_items(path, tag, count):
    with open(path, "w", encoding="ascii") as file:
        file.write("name,email\n")
        for number in range(count):
            file.write(f"User Number {number},{tag}.{number}@example.com\n")


def copy_of(name):
    """Seconds that a plain COPY of the batch's rows takes into a table like theirs."""
    batch = int(name.split("/")[1])
    backends.sql("CREATE TABLE copied (LIKE batch_items INCLUDING ALL)")
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory, "rows")
        backends.sql(f"\\copy (SELECT * FROM batch_items WHERE batch_id = {batch} ORDER BY position)"
                     f" TO '{path}' (FORMAT binary)")
        begun = time.monotonic()
        backends.sql(f"\\copy copied FROM '{path}' (FORMAT binary)")
        return time.monotonic() - begun


def items_per_second(arguments, group, directory, replicas):
    """Of a batch that waits until its replicas start."""
    path = pathlib.Path(directory, f"run-{replicas}.csv")
    write_items(path, f"run{replicas}", arguments.run_items)
    idle = group.start_service(arguments.build, ["--batch-workers=0", "--cache=false"])
    batch = weir(arguments.build, idle.address, "submit", str(path))
    workers = [group.start_service(arguments.build, ["--cache=false"]) for _ in range(replicas)]
    while batch["state"] not in FINAL:
        time.sleep(0.05)
        batch = weir(arguments.build, idle.address, "get", batch["name"])
    for server in (idle, *workers):
        server.stop()
    if batch["state"] != "SUCCEEDED":
        sys.exit(f"the batch has not succeeded: {batch}")
    # A chunk that is done has the beginning of its transaction, and 0.1 s, in free_at.
    id = int(batch["name"].split("/")[1])
    seconds = float(backends.sql(
        f"SELECT extract(epoch FROM max(b.end_time) - min(c.free_at) + interval '0.1 s') "
        f"FROM batches b JOIN batch_chunks c ON c.batch_id = b.id WHERE b.id = {id}"))
    return arguments.run_items / seconds


def main():
    arguments = parse_arguments()
    os.chdir(pathlib.Path(__file__).resolve().parent.parent)
    with servers.Group() as group, tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory, "items.csv")
        write_items(path, "submitted", arguments.items)
        server = group.start_service(arguments.build, ["--batch-workers=0", "--cache=false"])
        with servers.HighWater(server.pid) as memory:
            begun = time.monotonic()
            batch = weir(arguments.build, server.address, "submit", str(path))
            submitted = time.monotonic() - begun
        copied = copy_of(batch["name"])
        weir(arguments.build, server.address, "cancel", batch["name"])
        server.stop()
        one = items_per_second(arguments, group, directory, 1)
        two = items_per_second(arguments, group, directory, 2)

    targets = [
        ("SubmitBatch, of a plain COPY's time", submitted / copied, 3, "x", False),
        ("memory above idle while submitting", memory.grown, 32, " MiB", False),
        ("items/s of one replica", one, 5000, "", True),
    ]
    print(f"{arguments.items:,} items: submitted in {submitted:.2f} s, copied in {copied:.2f} s; "
          f"{arguments.run_items:,} done at {one:,.0f}/s by one replica, {two:,.0f}/s by two")
    missed = 0
    for what, found, wanted, unit, is_at_least in targets:
        is_met = found >= wanted if is_at_least else found <= wanted
        missed += not is_met
        print(f"{'met' if is_met else 'MISSED':7} {what}: {found:,.2f}{unit} "
              f"({'at least' if is_at_least else 'at most'} {wanted}{unit})")
    return 1 if arguments.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
