# SPDX-License-Identifier: Apache-2.0
"""GetUser from Redis in the clear, over TLS, and over mutual TLS: what encrypting costs."""

import contextlib
import pathlib
import subprocess
import tempfile

from runner import report, turns

CLEAR = "in the clear"
TLS = "TLS"
MUTUAL = "mutual TLS"


@contextlib.contextmanager
def certificates():
    """A directory with an authority's, a server's and a client's."""
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as directory:
        subprocess.run(["scripts/dev_certificates.sh", directory], check=True)
        yield pathlib.Path(directory)


def start_all(group, build, options, files):
    """Each server, and how it is called."""
    served = [f"--tls-certificate={files}/server.pem", f"--tls-key={files}/server.key"]
    mutual = [f"--tls-client-ca={files}/ca.pem"]
    trusting = [f"--tls-ca={files}/ca.pem"]
    shown = [f"--tls-certificate={files}/client.pem", f"--tls-key={files}/client.key"]
    return {CLEAR: group.start_service(build, options),
            TLS: group.start_service(build, [*options, *served], client=trusting),
            MUTUAL: group.start_service(build, [*options, *served, *mutual], client=[*trusting, *shown])}


def summarize(rounds):
    # The server's CPU, for the load generator encrypts on the same cores.
    rows = turns.medians(rounds)
    dearer = {name: rows[name]["cpu_us"] / rows[CLEAR]["cpu_us"] for name in (TLS, MUTUAL)}
    return {"medians": rows, "targets": [report.limit(f"CPU of a call over {name}, of one in the clear",
                                                      ratio, 1.5, "x")
                                         for name, ratio in dearer.items()]}


def print_result(result):
    turns.print_medians("TLS", result["medians"])
