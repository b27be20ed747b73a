// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/pool.h"

#include "server/postgres/engine.h"

namespace weir::postgres {

Pool::Pool(Options options) : engine_(std::make_shared<detail::Engine>(std::move(options))) {}
Pool::~Pool() { engine_->close(); }

Stats Pool::stats() const { return engine_->stats(); }
const Counters& Pool::counters() const { return std::as_const(*engine_).counters(); }

}  // namespace weir::postgres
