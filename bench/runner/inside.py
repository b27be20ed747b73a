# SPDX-License-Identifier: Apache-2.0
"""What it costs to see inside: GetUser from Redis with all of it off, on at 1 %, on at 100 %; and /tasks
while very many calls are in progress."""

import concurrent.futures
import contextlib
import http.client
import json
import threading
import time

import grpc

from runner import report, turns

OFF = "all off"
SOME = "on, 1 % sampled"
ALL = "on, all sampled"
SCRAPE_SECONDS = 1


class Sink(grpc.GenericRpcHandler):
    """A collector that takes everything and looks at nothing: it shares the server's cores."""

    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(lambda request, context: b"")


@contextlib.contextmanager
def collector():
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((Sink(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


def sampled(endpoint, ratio):
    # The default queue, of 2,048 spans, is a hundredth of a second of all that is sampled here.
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_TRACES_SAMPLER": "traceidratio",
            "OTEL_TRACES_SAMPLER_ARG": str(ratio), "OTEL_BSP_MAX_QUEUE_SIZE": "32768",
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "4096"}


def get(server, path):
    connection = http.client.HTTPConnection(server.admin, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


@contextlib.contextmanager
def scraped(servers):
    """As Prometheus would, but oftener."""
    stop = threading.Event()

    def scrape():
        while not stop.wait(SCRAPE_SECONDS):
            for server in servers:
                get(server, "/metrics")

    thread = threading.Thread(target=scrape)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def measure_tasks(server, held):
    """The time of /tasks.json, and the longest turn's bucket while it was made."""
    before = turns_beyond(server)
    began = time.monotonic()
    told = json.loads(get(server, "/tasks.json"))
    took = time.monotonic() - began
    after = turns_beyond(server)
    return {"calls": sum(len(loop["calls"]) for loop in told["loops"]), "held": held,
            "tasks_ms": took * 1000, "is_complete": all(loop["answered"] for loop in told["loops"]),
            "long_turns": after - before}


def turns_beyond(server, bound="0.005"):
    """Turns of a loop that took longer."""
    total = 0
    for line in get(server, "/metrics").splitlines():
        if line.startswith("weir_loop_turn_seconds_count"):
            total += float(line.rpartition(" ")[2])
        elif line.startswith("weir_loop_turn_seconds_bucket") and f'le="{bound}"' in line:
            total -= float(line.rpartition(" ")[2])
    return total


def spans(server):
    """How many, by what became of them."""
    found = {}
    for line in get(server, "/metrics").splitlines():
        if line.startswith("weir_spans_total{fate="):
            name, _, count = line.rpartition(" ")
            found[name.split('"')[1]] = float(count)
    return found


def summarize(rounds, tasks, all_spans):
    rows = turns.medians(rounds)
    exported = all_spans["exported"] / (sum(all_spans.values()) or 1)
    share = {name: rows[name]["rps"] / rows[OFF]["rps"] for name in (SOME, ALL)}
    return {"medians": rows, "tasks": tasks,
            "targets": [report.target(f"RPC/s, {SOME}, of those with all off", share[SOME], 0.95),
                        report.target(f"RPC/s, {ALL}, of those with all off", share[ALL], 0.75),
                        report.target("spans that the collector took", exported, 0.99),
                        report.target("calls that /tasks showed, of those held",
                                      tasks["calls"] / tasks["held"], 1),
                        report.limit("/tasks", tasks["tasks_ms"], 200, " ms"),
                        report.limit("turns over 5 ms meanwhile", tasks["long_turns"], 0, "")]}


def print_result(result):
    turns.print_medians("seeing inside", result["medians"])
    tasks = result["tasks"]
    print(f"/tasks.json of {tasks['calls']} calls: {tasks['tasks_ms']:.0f} ms\n")
