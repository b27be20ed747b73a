// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a scrape reads, gathered from the objects that count it. docs/operations.md says what each
// metric is for.
//
// Thread: any. What a function refers to must outlive the call.

#include "async/blocking_pool.h"
#include "server/batch/upkeep.h"
#include "server/postgres/pool.h"
#include "server/postgres/standby.h"
#include "server/redis/cache.h"
#include "server/redis/client.h"
#include "server/rpc/drain.h"
#include "server/rpc/server.h"
#include "server/telemetry/families.h"
#include "telemetry/tracer.h"

namespace weir::telemetry {

void collect_calls(const rpc::Server& server, Families& out);
void collect_tls(const rpc::Server& server, Families& out);
void collect_loops(const rpc::Server& server, Families& out);
void collect_postgres(const postgres::Pool& pool, Families& out);
void collect_standby(const postgres::Standby& standby, Families& out);
void collect_redis(const redis::Client& client, Families& out);
void collect_cache(const redis::Cache& cache, Families& out);
void collect_blocking_pool(const char* name, const BlockingPool& pool, Families& out);
void collect_tracer(const Tracer& tracer, Families& out);
void collect_batches(const batch::Backlog& backlog, Families& out);
void collect_log(Families& out);
void collect_drain(rpc::DrainPhase phase, Families& out);
// This process: CPU, memory, descriptors, threads, as Prometheus' own clients name them.
void collect_process(Families& out);

}  // namespace weir::telemetry
