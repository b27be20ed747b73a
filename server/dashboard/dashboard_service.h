// SPDX-License-Identifier: Apache-2.0
#pragma once

// DashboardService: weir.dashboard.v1.DashboardService, from a parsed request to a response or an
// error with its details. What a method promises is written in
// proto/weir/dashboard/v1/dashboard.proto.
//
// Knows nothing of gRPC. Each request must stay alive until its await is over. Thread: any; the
// sources must outlive it.

#include <cstdint>

#include "absl/status/statusor.h"
#include "async/task.h"
#include "rpc/on_arena.h"
#include "server/dashboard/section_budget.h"
#include "server/dashboard/sources.h"
#include "weir/dashboard/v1/dashboard.pb.h"

namespace weir::dashboard {

class DashboardService {
 public:
  explicit DashboardService(Sources& sources, SectionBudget budget = SectionBudget())
      : sources_(sources), budget_(budget) {}

  Task<absl::StatusOr<rpc::OnArena<v1::Dashboard>>> get_dashboard(
      const v1::GetDashboardRequest& request);

 private:
  Task<absl::StatusOr<rpc::OnArena<v1::Dashboard>>> read(std::int64_t user_id, int post_limit);
  Task<absl::StatusOr<users::User>> read_user(std::int64_t id);

  Sources& sources_;
  const SectionBudget budget_;
};

}  // namespace weir::dashboard
