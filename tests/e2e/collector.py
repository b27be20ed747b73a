# SPDX-License-Identifier: Apache-2.0
"""A collector of spans that shares no code with ours: OpenTelemetry's own messages, as Debian's
python3-opentelemetry-proto has them, over grpcio."""
import concurrent.futures
import threading

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.trace.v1 import trace_pb2


def patience(milliseconds: int) -> bytes:
    detail = any_pb2.Any()
    delay = duration_pb2.Duration()
    delay.FromMilliseconds(milliseconds)
    detail.Pack(error_details_pb2.RetryInfo(retry_delay=delay))
    return status_pb2.Status(code=grpc.StatusCode.RESOURCE_EXHAUSTED.value[0], message="soon",
                             details=[detail]).SerializeToString()


class Span:
    """One span, in words."""

    def __init__(self, span, resource: dict):
        self.trace = span.trace_id.hex()
        self.id = span.span_id.hex()
        self.parent = span.parent_span_id.hex()
        self.name = span.name
        self.kind = trace_pb2.Span.SpanKind.Name(span.kind)
        self.took = span.end_time_unix_nano - span.start_time_unix_nano
        self.failed = span.status.code == span.status.STATUS_CODE_ERROR
        self.links = [link.trace_id.hex() for link in span.links]
        self.attributes = attributes(span.attributes)
        self.resource = resource

    def __repr__(self):
        return f"{self.name} {self.id} below {self.parent or 'nothing'}"


def attributes(pairs) -> dict:
    return {p.key: getattr(p.value, p.value.WhichOneof("value")) for p in pairs}


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Keeps what it is sent. Told to `hang`, it answers nobody until it is told to `go_on`; told to
    `reject`, it says that it threw that many spans of each request away; to `refuse`, it asks for patience
    that many times, each for `patience_ms`. Import it after harness.generate_stubs()."""

    def __init__(self, address: str = "127.0.0.1:0"):
        self._lock = threading.Lock()
        self._spans: list[Span] = []
        self._may_answer = threading.Event()
        self._may_answer.set()
        self.reject = 0
        self.refuse = 0
        self.patience_ms = 10
        self.was_called = threading.Event()
        self._server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(self, self._server)
        self.endpoint = f"http://127.0.0.1:{self._server.add_insecure_port(address)}"
        self._server.start()

    def hang(self):
        self._may_answer.clear()

    def go_on(self):
        self._may_answer.set()

    def Export(self, request, context):
        self.was_called.set()
        self._may_answer.wait()
        with self._lock:
            self.refuse -= 1
            if self.refuse >= 0:
                context.set_trailing_metadata((("grpc-status-details-bin", patience(self.patience_ms)),))
                context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "soon")
        with self._lock:
            for of_resource in request.resource_spans:
                resource = attributes(of_resource.resource.attributes)
                for of_scope in of_resource.scope_spans:
                    self._spans += [Span(span, resource) for span in of_scope.spans]
        response = trace_service_pb2.ExportTraceServiceResponse()
        if self.reject:
            response.partial_success.rejected_spans = self.reject
            response.partial_success.error_message = "as told"
        return response

    def add_client_span(self, trace: str, span: str, name: str) -> None:
        """What an instrumented client would export of its call."""
        request = trace_service_pb2.ExportTraceServiceRequest()
        request.resource_spans.add().scope_spans.add().spans.add(
            trace_id=bytes.fromhex(trace), span_id=bytes.fromhex(span), name=name,
            kind=trace_pb2.Span.SPAN_KIND_CLIENT,
        )
        with grpc.insecure_channel(self.endpoint.removeprefix("http://")) as channel:
            trace_service_pb2_grpc.TraceServiceStub(channel).Export(request, timeout=30)

    def spans(self, trace: str | None = None) -> list[Span]:
        with self._lock:
            return [span for span in self._spans if trace in (None, span.trace)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.go_on()
        self._server.stop(None).wait()
