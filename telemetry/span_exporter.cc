// SPDX-License-Identifier: Apache-2.0
#include "telemetry/span_exporter.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

#include "absl/functional/function_ref.h"
#include "async/backoff.h"
#include "async/detail/thread_name.h"
#include "rpc/status.h"
#include "server/status/details.h"
#include "telemetry/export_response.h"
#include "telemetry/wire.h"

namespace weir::telemetry {
namespace {

// How often it is looked whether there is an answer.
constexpr Duration kLook = std::chrono::milliseconds(1);

constexpr char kMethod[] = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

std::string content_of(const std::string& path) {
  if (path.empty()) return "";
  std::ostringstream content;
  content << std::ifstream(path).rdbuf();
  return content.str();
}

std::shared_ptr<grpc::ChannelCredentials> credentials(const TraceOptions& options) {
  if (!options.is_secure) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions files;
  files.pem_root_certs = content_of(options.certificate_file);
  files.pem_private_key = content_of(options.client_key_file);
  files.pem_cert_chain = content_of(options.client_certificate_file);
  return grpc::SslCredentials(files);
}

// Not by http_proxy, which is for the web: a collector is near, and OpenTelemetry has no such
// setting.
grpc::ChannelArguments without_proxy() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return arguments;
}

std::string encode_resource(const TraceOptions& options) {
  std::string resource;
  for (const auto& [key, value] : options.resource) wire::attribute(resource, 1, key, value);
  return resource;
}

grpc::Slice slice_of(std::string bytes) {
  auto* const owned = new std::string(std::move(bytes));
  return grpc::Slice(
      owned->data(), owned->size(), [](void* string) { delete static_cast<std::string*>(string); },
      owned);
}

// ExportTraceServiceRequest{resource_spans = 1 {resource = 1, scope_spans = 2 {scope = 1, spans =
// 2}}}. The spans come last on each level, so the rest can go before them, and they stay where they
// are.
grpc::ByteBuffer encode_request(const std::string& resource, std::string spans) {
  std::string scope;
  wire::bytes(scope, 1, "weir");
  std::string in_scope;
  wire::bytes(in_scope, 1, scope);
  std::string in_resource;
  wire::bytes(in_resource, 1, resource);
  wire::length(in_resource, 2, in_scope.size() + spans.size());
  in_resource += in_scope;
  std::string head;
  wire::length(head, 1, in_resource.size() + spans.size());
  head += in_resource;
  const grpc::Slice slices[] = {slice_of(std::move(head)), slice_of(std::move(spans))};
  return grpc::ByteBuffer(slices, 2);
}

std::size_t rejected_in(const grpc::ByteBuffer& response) {
  grpc::Slice slice;
  if (!response.DumpToSingleSlice(&slice).ok()) return 0;
  return telemetry::rejected_in({reinterpret_cast<const char*>(slice.begin()), slice.size()});
}

// How long to wait at least before it is sent again, by OTLP's list; nullopt: never.
std::optional<Duration> retry_delay(const grpc::Status& answer) {
  const absl::Status status = rpc::from_grpc(answer);
  const std::optional<Duration> asked = status::retry_after(status);
  switch (status.code()) {
    case absl::StatusCode::kResourceExhausted:
      return asked;  // with it: in a while; without: that collector will not have it
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDataLoss:
      return asked.value_or(Duration::zero());
    default:
      return std::nullopt;
  }
}

}  // namespace

class SpanExporter::Collector {
 public:
  explicit Collector(const TraceOptions& options)
      : options_(options),
        stub_(grpc::CreateCustomChannel(options.target, credentials(options), without_proxy())) {}

  // The answer comes at the latest when the timeout is over, and not after `limit`.
  using Wait = absl::FunctionRef<void(grpc::CompletionQueue&, grpc::ClientContext&)>;
  grpc::Status send(const grpc::ByteBuffer& request, TimePoint limit, Wait wait,
                    std::size_t& rejected) {
    grpc::ClientContext context;
    const Duration left = limit - std::chrono::steady_clock::now();
    context.set_deadline(std::chrono::system_clock::now() + std::min(options_.timeout, left));
    for (const auto& [key, value] : options_.headers) context.AddMetadata(key, value);
    if (options_.gzip) context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
    grpc::CompletionQueue queue;
    const auto call = stub_.PrepareUnaryCall(&context, kMethod, request, &queue);
    call->StartCall();
    grpc::ByteBuffer response;
    grpc::Status status;
    call->Finish(&response, &status, this);
    wait(queue, context);
    if (status.ok()) rejected = rejected_in(response);
    return status;
  }

 private:
  const TraceOptions options_;
  grpc::GenericStub stub_;
};

SpanExporter::SpanExporter(Tracer& tracer, const TraceOptions& options, log::Sink log,
                           Duration flush_limit)
    : tracer_(tracer),
      outage_(std::move(log), {"spans cannot be exported", "spans are exported again"}),
      export_timeout_(options.export_timeout),
      flush_limit_(flush_limit),
      resource_(encode_resource(options)),
      collector_(std::make_unique<Collector>(options)),
      thread_([this] { run(); }) {}

SpanExporter::~SpanExporter() {
  {
    const std::lock_guard lock(mutex_);
    give_up_at_ = std::chrono::steady_clock::now() + flush_limit_;
  }
  stopped_.notify_one();
  tracer_.stop();
  thread_.join();
}

void SpanExporter::run() {
  weir::detail::name_this_thread("spans");
  for (;;) {
    Tracer::Batch batch = tracer_.take();
    if (batch.count == 0) return;
    export_batch(std::move(batch));
  }
}

void SpanExporter::export_batch(Tracer::Batch batch) {
  const grpc::ByteBuffer request = encode_request(resource_, std::move(batch.spans));
  const TimePoint patience = std::chrono::steady_clock::now() + export_timeout_;
  Backoff backoff(std::chrono::milliseconds(500), std::chrono::seconds(5));
  for (;;) {
    const TimePoint limit = std::min(patience, give_up_at());
    if (std::chrono::steady_clock::now() >= limit) break;
    std::size_t rejected = 0;
    const grpc::Status status = collector_->send(
        request, limit, [this](auto& queue, auto& context) { wait_for_answer(queue, context); },
        rejected);
    if (status.ok()) {
      rejected = std::min(rejected, batch.count);
      tracer_.exported(batch.count - rejected);
      tracer_.rejected(rejected);
      collector_answers_.works();
      return;
    }
    collector_answers_.failed(status.error_message());
    const std::optional<Duration> asked = retry_delay(status);
    // What is asked for may be longer than our patience: then the next batch tries.
    const Duration left = std::max(patience - std::chrono::steady_clock::now(), Duration::zero());
    if (!asked || !pause(std::min(*asked + backoff.next(), left))) break;
  }
  tracer_.rejected(batch.count);
}

// Not in Next, as long as there is time: a thread that waits in one queue of gRPC's polls for all
// that the process has (its ev_epoll1_linux.cc), and would take calls from the server's loops, a
// part of each turn, and with it the company that their answers are written in.
void SpanExporter::wait_for_answer(grpc::CompletionQueue& queue, grpc::ClientContext& context) {
  void* tag = nullptr;
  bool ok = false;
  const gpr_timespec at_once = gpr_time_0(GPR_CLOCK_MONOTONIC);
  while (queue.AsyncNext(&tag, &ok, at_once) == grpc::CompletionQueue::TIMEOUT) {
    if (pause(kLook)) continue;
    // The loops have ended.
    const Duration left = give_up_at() - std::chrono::steady_clock::now();
    const auto limit = std::chrono::system_clock::now() + left;
    if (queue.AsyncNext(&tag, &ok, limit) != grpc::CompletionQueue::TIMEOUT) return;
    context.TryCancel();
    queue.Next(&tag, &ok);
    return;
  }
}

TimePoint SpanExporter::give_up_at() {
  const std::lock_guard lock(mutex_);
  return give_up_at_;
}

bool SpanExporter::pause(Duration time) {
  std::unique_lock lock(mutex_);
  return !stopped_.wait_for(lock, time, [this] { return give_up_at_ != kForever; });
}

}  // namespace weir::telemetry
