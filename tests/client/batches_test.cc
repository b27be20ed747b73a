// SPDX-License-Identifier: Apache-2.0
// Batches against a server that ends calls early, and watches again and again.
#include "client/batches.h"

#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "async/sleep.h"
#include "async/timeout.h"
#include "rpc/completion_queue_loop.h"

namespace weir::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const grpc::Status kDraining(grpc::StatusCode::UNAVAILABLE, "from the server");

// Ends uploads at once; a watch shows a state and ends, as the next of `watches` says.
class FakeBatches final : public batch::v1::BatchService::Service {
 public:
  struct Watch {
    batch::v1::Batch::State state;
    grpc::Status ended;
  };
  std::deque<Watch> watches;

  grpc::Status ProcessBatch(
      grpc::ServerContext*,
      grpc::ServerReaderWriter<batch::v1::BatchResult, batch::v1::BatchItem>*) override {
    return kDraining;
  }
  grpc::Status SubmitBatch(grpc::ServerContext*, grpc::ServerReader<batch::v1::SubmitBatchRequest>*,
                           batch::v1::Batch*) override {
    return kDraining;
  }
  grpc::Status WatchBatch(grpc::ServerContext*, const batch::v1::WatchBatchRequest*,
                          grpc::ServerWriter<batch::v1::Batch>* writer) override {
    if (watches.empty()) return {grpc::StatusCode::INTERNAL, "one watch too many"};
    const Watch watch = watches.front();
    watches.pop_front();
    batch::v1::Batch batch;
    batch.set_state(watch.state);
    writer->Write(batch);
    return watch.ended;
  }
};

class BatchesTest : public ::testing::Test {
 protected:
  BatchesTest() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    ChannelOptions options;
    options.address = "127.0.0.1:" + std::to_string(port);
    options.health_checks = false;
    batches_ = std::make_unique<Batches>(Channel::open(options).value());
  }

  FakeBatches service_;
  std::unique_ptr<grpc::Server> server_;
  rpc::CompletionQueueLoop loop_;
  std::unique_ptr<Batches> batches_;
};

// A source that waits for something else than the call, as a program that reads a pipe does.
Task<absl::StatusOr<std::vector<BatchItem>>> nothing_comes() {
  const absl::Status told = co_await sleep_until(kForever);
  co_return told;
}

TEST_F(BatchesTest, AnEndedProcessDoesNotWaitForTheNextItem) {
  const absl::Status ended =
      loop_.run(timeout(seconds(20), batches_->process(nothing_comes, [](const BatchResult&) {})));
  EXPECT_EQ(ended, absl::UnavailableError("from the server"));
}

TEST_F(BatchesTest, AnEndedSubmitDoesNotWaitForTheNextItem) {
  const auto ended = loop_.run(timeout(seconds(20), batches_->submit("", nothing_comes)));
  EXPECT_EQ(ended.status(), absl::UnavailableError("from the server"));
}

TEST_F(BatchesTest, ATaskThatIsToldToStopEndsItsUpload) {
  EXPECT_TRUE(absl::IsDeadlineExceeded(
      loop_.run(timeout(Duration::zero(), batches_->submit("", nothing_comes))).status()));
}

TEST_F(BatchesTest, AWatchWithoutNewsGoesOnWhenItsServerEnds) {
  service_.watches = {{batch::v1::Batch::PENDING, kDraining},
                      {batch::v1::Batch::PENDING, grpc::Status::CANCELLED},
                      {batch::v1::Batch::SUCCEEDED, grpc::Status::OK}};
  std::vector<int> seen;
  const auto show = [&](const Batch& batch) { seen.push_back(batch.state()); };
  EXPECT_EQ(loop_.run(batches_->watch("batches/1", show, Duration::zero())), absl::OkStatus());
  EXPECT_EQ(seen, (std::vector<int>{Batch::PENDING, Batch::PENDING, Batch::SUCCEEDED}));
}

TEST_F(BatchesTest, AWatchGivesUpWhenItsServerStaysAway) {
  server_->Shutdown();
  const auto show = [](const Batch&) {};
  EXPECT_TRUE(absl::IsUnavailable(loop_.run(batches_->watch("batches/1", show, milliseconds(50)))));
}

}  // namespace
}  // namespace weir::client
