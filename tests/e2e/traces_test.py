# SPDX-License-Identifier: Apache-2.0
"""Traces: what an independent collector understands of them, and that nobody waits for one that is
not there."""
import json
import os
import socket
import subprocess
import time
import unittest
import urllib.request

import harness

harness.generate_stubs()
import grpc
from collector import Collector
from weir.batch.v1 import batch_pb2, batch_pb2_grpc
from weir.dashboard.v1 import dashboard_pb2, dashboard_pb2_grpc
from weir.users.v1 import users_pb2, users_pb2_grpc

CALLER = "b7ad6b7169203331"  # the span of the one who calls


class Traces(unittest.TestCase):
    def setUp(self):
        self.database = self.enterContext(harness.database())

    def start(self, *flags: str, **environment: str) -> harness.Server:
        environment.setdefault("OTEL_BSP_SCHEDULE_DELAY", "50")
        server = self.enterContext(harness.Server(self.database, *flags, **environment))
        channel = self.enterContext(grpc.insecure_channel(server.address))
        self.users = users_pb2_grpc.UserServiceStub(channel)
        self.batches = batch_pb2_grpc.BatchServiceStub(channel)
        self.dashboards = dashboard_pb2_grpc.DashboardServiceStub(channel)
        return server

    def create_user(self) -> int:
        request = users_pb2.CreateUserRequest(
            name="Ada", email=f"{time.monotonic_ns()}@example.com", password="correct horse"
        )
        return self.users.CreateUser(request, timeout=harness.LIMIT).id

    def dashboard(self, user: int, sampled: bool = True) -> str:
        """Calls as a part of a trace; the trace's id."""
        trace = os.urandom(16).hex()
        self.dashboards.GetDashboard(
            dashboard_pb2.GetDashboardRequest(user_id=user),
            timeout=harness.LIMIT,
            metadata=[("traceparent", f"00-{trace}-{CALLER}-0{int(sampled)}")],
        )
        return trace

    def collected(self, collector: Collector, trace: str, name: str) -> list:
        """All of a trace, once the span of that name is there: it ends last."""
        harness.wait_for(
            "the spans", lambda: [s for s in collector.spans(trace) if s.name == name]
        )
        return collector.spans(trace)

    def test_one_dashboard_is_one_tree(self):
        with Collector() as collector:
            server = self.start(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
                                OTEL_SERVICE_NAME="weir-test",
                                OTEL_RESOURCE_ATTRIBUTES="deployment.environment.name=a%20test")
            user = self.create_user()
            get = "weir.dashboard.v1.DashboardService/GetDashboard"
            trace = self.dashboard(user)
            collector.add_client_span(trace, CALLER, "the client's call")
            spans = self.collected(collector, trace, get)
            by_id = {span.id: span for span in spans}
            self.assertEqual(len(by_id), len(spans))

            roots = [span for span in spans if span.parent not in by_id]
            self.assertEqual([(s.name, s.id) for s in roots], [("the client's call", CALLER)], spans)
            spans.remove(roots[0])
            call = next(s for s in spans if s.name == get)
            self.assertEqual(call.parent, CALLER)
            self.assertEqual(call.kind, "SPAN_KIND_SERVER")
            self.assertEqual(call.attributes["rpc.system.name"], "grpc")
            self.assertEqual(call.attributes["rpc.method"], get)
            self.assertEqual(call.attributes["rpc.response.status_code"], "OK")
            self.assertEqual(call.attributes["network.peer.address"], "127.0.0.1")
            self.assertGreater(call.attributes["network.peer.port"], 0)
            left = "weir.deadline_left_us"
            self.assertGreater(call.attributes[left], 0)
            self.assertLess(call.attributes[left], (harness.LIMIT + 1) * 1e6)  # gRPC rounds up
            for span in spans:  # each hop spends of what the one above it had
                if left in span.attributes and span is not call:
                    above = by_id[span.parent].attributes[left]
                    self.assertLess(span.attributes[left], above, span)
            self.assertEqual(call.resource["service.name"], "weir-test")
            self.assertEqual(call.resource["deployment.environment.name"], "a test")

            loaders = {s.name: s for s in spans if s.parent == call.id}
            self.assertEqual(
                set(loaders), {"dashboard.user", "dashboard.posts", "dashboard.subscriptions"}
            )

            def below(span):
                children = [s for s in spans if s.parent == span.id]
                return children + [d for c in children for d in below(c)]

            redis = [s for s in below(loaders["dashboard.user"]) if s.name == "GET"]
            self.assertEqual(redis[0].attributes["db.system.name"], "redis")
            self.assertEqual(redis[0].kind, "SPAN_KIND_CLIENT")
            for loader in ("dashboard.posts", "dashboard.subscriptions"):
                statements = [
                    s for s in below(loaders[loader]) if s.kind == "SPAN_KIND_CLIENT"
                ]
                self.assertEqual(len(statements), 1, spans)
                self.assertEqual(statements[0].attributes["db.system.name"], "postgresql")
                self.assertEqual(statements[0].attributes["db.operation.batch.size"], 1)
                self.assertIn("SELECT", statements[0].attributes["db.query.text"])
                self.assertEqual(statements[0].attributes["db.namespace"],
                                 self.database.rpartition("/")[2].partition("?")[0])
                # How long it waited for a connection, told from how long it ran.
                self.assertIn("weir.queue_us", statements[0].attributes)
            for span in spans:
                self.assertEqual(span.trace, trace)
                self.assertGreaterEqual(span.took, 0)
                self.assertLessEqual(span.took, call.took)
            self.assertFalse(any(span.failed for span in spans))

            self.assertEqual(self.spans_of(server, "dropped"), 0)
            self.dashboard(user, sampled=False)
            last = self.dashboard(user)
            self.collected(collector, last, get)
            of_dashboards = {s.trace for s in collector.spans() if s.name == get}
            self.assertEqual(of_dashboards, {trace, last})

    def test_a_miss_shows_the_load_below_the_one_who_missed(self):
        with Collector() as collector:
            self.start("--cache-ttl=100ms", OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)
            user = self.create_user()
            get = "weir.dashboard.v1.DashboardService/GetDashboard"

            def load():
                spans = self.collected(collector, self.dashboard(user), get)
                return [s for s in spans if s.name == "cache.load"] and spans

            spans = harness.wait_for("the entry to expire", load)
            by_id = {span.id: span for span in spans}
            load = next(s for s in spans if s.name == "cache.load")
            self.assertEqual(by_id[load.parent].name, "dashboard.user")
            self.assertEqual(len([s for s in spans if s.parent not in by_id]), 1, spans)

    def test_a_statement_for_many_is_linked_to_each_of_them(self):
        """One connection, held up by a lock: who comes meanwhile is served by one statement."""
        with Collector() as collector:
            server = self.start("--postgres-max-connections=1", "--postgres-min-connections=1",
                                "--postgres-lock-timeout=20s",
                                OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, redis=False)
            users = [self.create_user() for _ in range(4)]
            lock = subprocess.Popen(["psql", self.database, "-XAtq"], stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE, text=True)
            lock.stdin.write("BEGIN; LOCK TABLE users; SELECT 'locked';\n")
            lock.stdin.flush()
            self.assertEqual(lock.stdout.readline(), "locked\n")

            traces, calls = [], []
            for number, user in enumerate(users):
                traces.append(os.urandom(16).hex())
                calls.append(self.users.GetUser.future(
                    users_pb2.GetUserRequest(id=user), timeout=harness.LIMIT,
                    metadata=[("traceparent", f"00-{traces[-1]}-{CALLER}-01")],
                ))
                harness.wait_for("the call to wait", lambda: self.waiting(server) == number + 1)
            lock.communicate("ROLLBACK;\n")
            for call, user in zip(calls, users):
                self.assertEqual(call.result().id, user)
            for trace in traces:
                self.collected(collector, trace, "weir.users.v1.UserService/GetUser")
            statements = [
                s for s in collector.spans() if s.kind == "SPAN_KIND_CLIENT" and s.trace in traces
            ]
            self.assertEqual([s.attributes["db.operation.batch.size"] for s in statements], [1, 3])
            self.assertEqual([s.trace for s in statements], traces[:2])
            self.assertEqual([s.links for s in statements], [[], traces[2:]])
            self.assertGreater(statements[1].attributes["weir.queue_us"], 0)

    def waiting(self, server) -> int:
        """How many calls await Postgres."""
        with urllib.request.urlopen(f"http://{server.admin}/tasks") as answer:
            return answer.read().decode().count("awaits postgres load")

    def test_blocking_jobs_and_batch_items_have_their_spans(self):
        with Collector() as collector:
            self.start("--batch-poll=50ms", OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)
            trace = os.urandom(16).hex()
            items = [
                batch_pb2.BatchItem(item_id=str(i), create=users_pb2.CreateUserRequest(
                    name="Ada", email=f"{trace}{i}@example.com", password="correct horse"))
                for i in range(3)
            ]
            results = list(self.batches.ProcessBatch(
                iter(items), timeout=harness.LIMIT,
                metadata=[("traceparent", f"00-{trace}-{CALLER}-01")]))
            self.assertEqual([r.status.code for r in results], [0, 0, 0])
            process = "weir.batch.v1.BatchService/ProcessBatch"
            spans = self.collected(collector, trace, process)
            by_id = {span.id: span for span in spans}
            done = [s for s in spans if s.name == "batch.item"]
            self.assertEqual([by_id[s.parent].name for s in done], [process] * 3)
            hashes = [s for s in spans if s.name == "argon2"]
            self.assertEqual({s.parent for s in hashes}, {s.id for s in done})
            for span in hashes:
                self.assertGreaterEqual(span.attributes["weir.queue_us"], 0)
                self.assertGreater(span.took, 0)

            # What the executor does nobody called for: each chunk is a trace of its own.
            def submitted():
                yield batch_pb2.SubmitBatchRequest()
                yield batch_pb2.SubmitBatchRequest(items=[batch_pb2.BatchItem(
                    item_id="1", create=users_pb2.CreateUserRequest(
                        name="Bob", email=f"{trace}@example.com"))])

            self.batches.SubmitBatch(submitted(), timeout=harness.LIMIT)
            chunk = harness.wait_for("the chunk's trace", lambda: [
                s for s in collector.spans() if s.name == "batch.chunk"])[0]
            self.assertEqual(chunk.parent, "")
            self.assertTrue([s for s in collector.spans(chunk.trace) if "db.system.name" in s.attributes])

    def test_a_failure_is_on_the_span_and_its_trace_in_the_log(self):
        with Collector() as collector:
            server = self.start("--postgres-lock-timeout=100ms",
                                OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, redis=False)
            harness.psql(self.database, "DROP TABLE users CASCADE")
            trace = os.urandom(16).hex()
            with self.assertRaises(grpc.RpcError):
                self.users.GetUser(users_pb2.GetUserRequest(id=1), timeout=harness.LIMIT,
                                   metadata=[("traceparent", f"00-{trace}-{CALLER}-01")])
            spans = self.collected(collector, trace, "weir.users.v1.UserService/GetUser")
            statement = next(s for s in spans if s.kind == "SPAN_KIND_CLIENT")
            self.assertTrue(statement.failed)
            self.assertEqual(statement.attributes["db.response.status_code"], "42P01")
            call = next(s for s in spans if s.kind == "SPAN_KIND_SERVER")
            self.assertTrue(call.failed)
            logged = harness.wait_for("the line", lambda: [
                json.loads(line) for line in server.log().splitlines() if trace in line])
            self.assertEqual(logged[0]["span_id"], call.id)

    def spans_of(self, server, fate: str) -> float:
        with urllib.request.urlopen(f"http://{server.admin}/metrics") as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(f'weir_spans_total{{fate="{fate}"}}'):
                    return float(line.rpartition(" ")[2])
        raise KeyError(fate)

    def traces_dropped(self, server) -> float:
        with urllib.request.urlopen(f"http://{server.admin}/metrics") as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith("weir_traces_dropped_total"):
                    return float(line.rpartition(" ")[2])
        raise KeyError("weir_traces_dropped_total")

    def told(self, server, words: str) -> int:
        return sum(words in line for line in server.log().splitlines())

    def test_a_collector_that_is_gone_costs_spans_and_two_lines(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{nobody.getsockname()[1]}"
            server = self.start(
                OTEL_EXPORTER_OTLP_ENDPOINT=f"http://{address}",
                OTEL_BSP_MAX_QUEUE_SIZE="20", OTEL_BSP_MAX_EXPORT_BATCH_SIZE="10",
            )
            user = self.create_user()
            for _ in range(50):
                self.users.GetUser(users_pb2.GetUserRequest(id=user), timeout=harness.LIMIT)
            harness.wait_for("traces to be dropped", lambda: self.traces_dropped(server) > 0)
        with Collector(address) as collector:
            def reaches():
                self.dashboard(user)
                return collector.spans()

            harness.wait_for("spans to arrive", reaches)
            self.assertEqual(self.told(server, "cannot be exported"), 1)
            harness.wait_for("the second line", lambda: self.told(server, "are exported again"))
            self.assertEqual(server.stop(), 0)
        self.assertEqual(self.told(server, '"event":"spans"'), 2)

    def test_a_collector_that_hangs_holds_nobody_up(self):
        with Collector() as collector:
            collector.hang()
            server = self.start(
                "--drain-quiet=100ms", OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
                OTEL_EXPORTER_OTLP_TIMEOUT="200", OTEL_BSP_EXPORT_TIMEOUT="300",
                OTEL_BSP_MAX_QUEUE_SIZE="20", OTEL_BSP_MAX_EXPORT_BATCH_SIZE="10",
            )
            user = self.create_user()

            def loses():
                self.dashboard(user)
                return self.traces_dropped(server) > 0 and self.spans_of(server, "rejected") > 0

            harness.wait_for("spans to be lost", loses)
            self.assertEqual(self.told(server, '"event":"spans"'), 1)
            began = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - began, 10)

    def test_an_export_under_way_is_given_up_at_the_end(self):
        with Collector() as collector:
            collector.hang()
            server = self.start(
                "--drain-quiet=100ms", OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
                OTEL_EXPORTER_OTLP_TIMEOUT="60000", OTEL_BSP_EXPORT_TIMEOUT="60000",
                OTEL_BSP_SCHEDULE_DELAY="1",
            )
            self.create_user()
            self.assertTrue(collector.was_called.wait(harness.LIMIT))
            began = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - began, 10)

    def test_what_the_collector_asks_to_have_later_it_gets(self):
        with Collector() as collector:
            collector.refuse = 1
            server = self.start(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)
            self.create_user()
            harness.wait_for("spans to arrive", collector.spans)
            self.assertEqual(self.spans_of(server, "rejected"), 0)

    def test_a_collector_that_asks_for_too_much_patience_loses_one_request(self):
        with Collector() as collector:
            collector.refuse, collector.patience_ms = 1, 3600_000
            server = self.start(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, OTEL_BSP_EXPORT_TIMEOUT="200")
            self.create_user()
            harness.wait_for("the request to be given up", lambda: self.spans_of(server, "rejected") > 0)
            self.create_user()
            harness.wait_for("spans to arrive", collector.spans)

    def test_what_the_collector_throws_away_is_counted(self):
        with Collector() as collector:
            collector.reject = 1
            server = self.start(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, redis=False)
            self.create_user()
            harness.wait_for("it to be counted", lambda: self.spans_of(server, "rejected") >= 1)
            self.assertEqual(self.spans_of(server, "dropped"), 0)

    def test_what_only_others_support_is_a_line_in_the_log(self):
        with Collector() as collector:
            server = self.start(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
                                OTEL_PROPAGATORS="tracecontext,b3")
            self.assertEqual(server.log().count("OTEL_PROPAGATORS: b3 is not supported"), 1)
            self.create_user()
            harness.wait_for("spans to arrive", collector.spans)

    def test_the_collector_is_reached_by_no_proxy(self):
        with Collector() as collector, socket.create_server(("127.0.0.1", 0)) as proxy:
            url = f"http://127.0.0.1:{proxy.getsockname()[1]}"
            endpoint = collector.endpoint.replace("127.0.0.1", "localhost")
            self.start(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, http_proxy=url, https_proxy=url, grpc_proxy=url)
            self.create_user()
            harness.wait_for("spans to arrive", collector.spans)
            proxy.setblocking(False)
            self.assertRaises(BlockingIOError, proxy.accept)

    def test_a_wrong_variable_is_named(self):
        for variable, value in (("OTEL_TRACES_SAMPLER", "sometimes"),
                                ("OTEL_PROPAGATORS", "pigeon"),
                                ("OTEL_BSP_SCHEDULE_DELAY", "9500000000000"),
                                ("OTEL_EXPORTER_OTLP_PROTOCOL", "pigeon")):
            with self.assertRaisesRegex(RuntimeError, "ended with 2"):
                self.start(**{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:1",
                              variable: value})


if __name__ == "__main__":
    unittest.main(verbosity=2)
