// SPDX-License-Identifier: Apache-2.0
#pragma once

// The differences between libpqxx 6.4 (Debian 12) and 7.10 (Debian 13), here and nowhere else.
//
// Both adopt a PGconn that we made: so that connecting has a deadline, and cancelling and cutting a
// connection have a descriptor and a key to work with. All statements run in one
// pqxx::nontransaction as long as the connection lives: BEGIN and COMMIT are statements of ours,
// because 6.4 sends its BEGIN lazily and the versions disagree on what a failed COMMIT throws.

#include <libpq-fe.h>

#include <exception>
#include <memory>
#include <pqxx/nontransaction>
#include <pqxx/result>
#include <string>
#include <string_view>

#include "absl/types/span.h"
#include "server/postgres/param.h"

namespace weir::postgres::detail {

class PqxxSession {
 public:
  // Takes the connection over, and finishes it in the end. It must be open.
  explicit PqxxSession(PGconn* connection);
  ~PqxxSession();

  void prepare(const char* name, const char* sql);
  pqxx::result run_prepared(const char* name, absl::Span<const Param> params);
  pqxx::result run(const char* sql, absl::Span<const Param> params);
  // Without parameters; may be several statements.
  void run_script(const std::string& sql);

 private:
  class Adopted;
  std::unique_ptr<Adopted> connection_;
  std::unique_ptr<pqxx::nontransaction> statements_;  // destroyed before the connection
};

// COPY FROM STDIN of `data` in the binary format, without the trailer. By libpq, because
// libpqxx 6.4 and 7.10 have different streams, and both are of text. Throws what libpqxx would.
void libpq_copy_in(PGconn* connection, const char* sql, std::string_view data);

// The SQLSTATE of what libpqxx threw, or an empty string.
std::string pqxx_sqlstate(const std::exception& error);
bool pqxx_is_broken_connection(const std::exception& error);

}  // namespace weir::postgres::detail
