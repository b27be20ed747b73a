// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "async/blocking_pool.h"
#include "client/batches.h"
#include "client/cli/batch_view.h"
#include "client/cli/interrupt.h"
#include "client/cli/item_reader.h"
#include "client/cli/options.h"
#include "client/cli/output.h"
#include "client/cli/paging.h"
#include "client/cli/session.h"
#include "client/request_id.h"

namespace weir::cli {
namespace {

namespace v1 = batch::v1;
using client::Batch;
using client::Batches;
using client::BatchItem;
using client::BatchResult;

constexpr std::size_t kItemsAtOnce = 500;

constexpr const char* kFileHelp =
    "CSV with a header (op,item_id,id,name,email,password,etag,request_id) or JSON lines; - reads "
    "a pipe";

CLI::Option* add_file(CLI::App& command, std::string* path) {
  return command.add_option("file", *path, kFileHelp)->type_name("FILE")->required();
}

CLI::Option* add_name(CLI::App& command, std::string* name) {
  return command.add_option("name", *name, "As in \"batches/42\"; the number alone will do")
      ->type_name("NAME")
      ->required();
}

std::string full_name(const std::string& name) {
  return absl::StrContains(name, '/') ? name : absl::StrCat("batches/", name);
}

// Reads on a thread of its own, for a pipe may let one wait. Must outlive the call.
class Reading {
 public:
  explicit Reading(std::shared_ptr<ItemReader> reader) : reader_(std::move(reader)) {}
  ~Reading() { reader_->stop(); }  // the thread is joined after this
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  Task<absl::StatusOr<std::vector<BatchItem>>> next(std::size_t most) {
    const auto read = [reader = reader_, most] { return reader->next(most); };
    co_return co_await spawn_blocking(thread_, read);
  }

 private:
  const std::shared_ptr<ItemReader> reader_;
  BlockingPool thread_{"weir-read", 1, 1};
};

// 0 if everything was done without an error, 1 if any item failed.
int exit_code_of(const Batch& batch) { return batch.state() == Batch::SUCCEEDED ? kOk : kNo; }

absl::Status watch_to_end(Session& session, Interrupt& interrupt, const std::string& name,
                          const Settings& settings, Batch& last) {
  Batches batches(session.channel());
  Progress progress;
  const auto see = [&](const Batch& now) {
    last = now;
    if (settings.json) {
      print(as_json(now) + "\n");
      std::fflush(stdout);
    } else {
      progress.show(now.succeeded() + now.failed(), now.failed(), now.total());
    }
  };
  return session.run(interrupt.cancels(batches.watch(name, see)));
}

int watch(const std::string& name, const Settings& settings) {
  Interrupt interrupt;
  Session session(settings.channel_options());
  Batch last;
  const absl::Status ended = watch_to_end(session, interrupt, name, settings, last);
  if (interrupt.has_come()) return kInterrupted;
  if (!ended.ok()) return fail(ended, settings);
  if (!settings.json) print(batch_details(last));
  return exit_code_of(last);
}

int process(const std::string& path, const Settings& settings) {
  auto reader = ItemReader::open(path);
  if (!reader.ok()) return fail(reader.status(), settings);
  Interrupt interrupt;
  Reading reading(*std::move(reader));
  Session session(settings.channel_options());
  Batches batches(session.channel());
  std::int64_t done = 0;
  std::int64_t failed = 0;
  absl::Status ended;
  {
    Progress progress;
    const auto take = [&](const BatchResult& result) {
      ++done;
      if (result.status().code() != 0) ++failed;
      print(settings.json ? as_json(result) + "\n" : result_line(result));
      if (path == "-") std::fflush(stdout);  // who writes items one by one may wait for each
      progress.show(done, failed, 0);
    };
    // A pipe's items go out as they come.
    const std::size_t most = path == "-" ? 1 : kItemsAtOnce;
    const auto items = [&] { return reading.next(most); };
    ended = session.run(interrupt.cancels(batches.process(items, take)));
  }
  if (interrupt.has_come()) return kInterrupted;
  if (!ended.ok()) return fail(ended, settings);
  return failed == 0 ? kOk : kNo;
}

struct Submission {
  std::string path;
  std::string request_id;
  bool watch = false;
};

int submit(const Submission& submission, const Settings& settings) {
  auto reader = ItemReader::open(submission.path);
  if (!reader.ok()) return fail(reader.status(), settings);
  Interrupt interrupt;
  Reading reading(*std::move(reader));
  Session session(settings.channel_options());
  Batches batches(session.channel());
  const std::string request_id =
      submission.request_id.empty() ? client::new_request_id() : submission.request_id;
  const auto items = [&] { return reading.next(kItemsAtOnce); };
  const absl::StatusOr<Batch> batch =
      session.run(interrupt.cancels(batches.submit(request_id, items)));
  if (interrupt.has_come()) return kInterrupted;
  if (!batch.ok() || !submission.watch) return show(batch, settings, batch_details);
  Batch last;
  const absl::Status ended = watch_to_end(session, interrupt, batch->name(), settings, last);
  if (interrupt.has_come()) return kInterrupted;
  if (!ended.ok()) return fail(ended, settings);
  if (!settings.json) print(batch_details(last));
  return exit_code_of(last);
}

void add_process(CLI::App& batch, Action& chosen) {
  auto path = std::make_shared<std::string>();
  CLI::App& command =
      *batch.add_subcommand("process", "Do the items of a file and show each result as it comes");
  add_file(command, path.get());
  command.footer(R"(Exits with 1 if any item failed.

Examples:
  weir batch process users.csv
  generate-items | weir batch process - --json | jq -c 'select(.status.code != 0)')");
  command.callback([path, &chosen] {
    chosen = [path](const Settings& settings) { return process(*path, settings); };
  });
}

void add_submit(CLI::App& batch, Action& chosen) {
  auto options = std::make_shared<Submission>();
  CLI::App& command = *batch.add_subcommand(
      "submit", "Hand in the items of a file, to be done whatever happens to client and servers");
  add_file(command, &options->path);
  command
      .add_option(
          "--request-id", options->request_id,
          "Makes repeating the command harmless: the same id is one batch [default: random]")
      ->type_name("TEXT");
  command.add_flag("--watch", options->watch, "Then show its progress until it has ended");
  command.footer(R"(Examples:
  weir batch submit users.csv --watch
  generate-items | weir batch submit - --request-id import-2026-11)");
  command.callback([options, &chosen] {
    chosen = [options](const Settings& settings) { return submit(*options, settings); };
  });
}

// A command about one batch that answers with it.
void add_about(CLI::App& batch, Action& chosen, const char* verb, const char* help,
               Task<absl::StatusOr<Batch>> (Batches::*method)(std::string)) {
  auto name = std::make_shared<std::string>();
  CLI::App& command = *batch.add_subcommand(verb, help);
  add_name(command, name.get());
  command.footer(absl::StrCat("Examples:\n  weir batch ", verb, " batches/42"));
  command.callback([name, method, &chosen] {
    chosen = [name, method](const Settings& settings) {
      Session session(settings.channel_options());
      Batches batches(session.channel());
      return show(session.run((batches.*method)(full_name(*name))), settings, batch_details);
    };
  });
}

void add_watch(CLI::App& batch, Action& chosen) {
  auto name = std::make_shared<std::string>();
  CLI::App& command = *batch.add_subcommand(
      "watch", "Show the progress of a batch until it has ended, across restarts of the server");
  add_name(command, name.get());
  command.footer(R"(Exits with 1 unless every item was done without an error.

Examples:
  weir batch watch batches/42)");
  command.callback([name, &chosen] {
    chosen = [name](const Settings& settings) { return watch(full_name(*name), settings); };
  });
}

void add_results(CLI::App& batch, Action& chosen) {
  struct Options {
    std::string name;
    Paging paging;
  };
  auto options = std::make_shared<Options>();
  CLI::App& command =
      *batch.add_subcommand("results", "List what became of the items, in their order");
  add_name(command, &options->name);
  add_paging_options(command, options->paging, "Results in a page, at most 1000 [default: 100]");
  command.footer(R"(Examples:
  weir batch results batches/42
  weir batch results 42 --all --json | jq -c '.results[] | select(.status.code != 0)')");
  command.callback([options, &chosen] {
    chosen = [options](const Settings& settings) {
      Session session(settings.channel_options());
      Batches batches(session.channel());
      v1::ListBatchResultsRequest request;
      request.set_name(full_name(options->name));
      const auto fetch = [&](const auto& page) { return session.run(batches.results(page)); };
      const ListView<v1::ListBatchResultsResponse> view{
          result_table, nullptr, absl::StrCat("weir batch results ", request.name())};
      return list_pages(request, options->paging, settings, fetch, view);
    };
  });
}

}  // namespace

void add_batch_commands(CLI::App& app, Action& chosen) {
  CLI::App& batch = *app.add_subcommand("batch", "Create, change and delete many users");
  batch.require_subcommand(1);
  add_process(batch, chosen);
  add_submit(batch, chosen);
  add_about(batch, chosen, "get", "Show a batch", &Batches::get);
  add_watch(batch, chosen);
  add_results(batch, chosen);
  add_about(batch, chosen, "cancel", "Stop a batch: what is not done never will be",
            &Batches::cancel);
}

}  // namespace weir::cli
