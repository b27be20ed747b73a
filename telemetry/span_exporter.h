// SPDX-License-Identifier: Apache-2.0
#pragma once

// SpanExporter: a thread that sends what a Tracer has gathered to a collector, by OTLP over gRPC.
// Rust: opentelemetry_otlp's SpanExporter.
//
// A collector that is slow or gone costs spans, which the Tracer drops and counts, and two lines in
// the log: when it began and when it is over. What the collector may take later is sent again,
// after a pause that grows, and given up after OTEL_BSP_EXPORT_TIMEOUT.
//
// The destructor sends what is left, for at most `flush_limit`.

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "server/log/outage.h"
#include "telemetry/trace_options.h"
#include "telemetry/tracer.h"

namespace weir::telemetry {

class SpanExporter {
 public:
  // `tracer` must outlive it. `log` is told of changes, on the exporter's thread.
  SpanExporter(Tracer& tracer, const TraceOptions& options, log::Sink log,
               Duration flush_limit = std::chrono::seconds(3));
  ~SpanExporter();
  SpanExporter(const SpanExporter&) = delete;
  SpanExporter& operator=(const SpanExporter&) = delete;

 private:
  class Collector;
  void run();
  void export_batch(Tracer::Batch batch);
  void wait_for_answer(grpc::CompletionQueue& queue, grpc::ClientContext& context);
  bool pause(Duration time);  // false if it is to stop
  TimePoint give_up_at();

  Tracer& tracer_;
  log::Outage outage_;
  log::Outage::Part collector_answers_{outage_};
  const Duration export_timeout_;
  const Duration flush_limit_;
  const std::string resource_;  // encoded
  const std::unique_ptr<Collector> collector_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  TimePoint give_up_at_ = kForever;  // once it is to stop
  std::thread thread_;
};

}  // namespace weir::telemetry
