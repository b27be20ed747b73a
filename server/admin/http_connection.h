// SPDX-License-Identifier: Apache-2.0
#pragma once

// HttpConnection: a socket on which one request comes and one answer goes. It never blocks.
//
// The end is slow on purpose: it says that nothing more will come, and waits for the client to
// close. Closed at once, an answer could be lost to the reset that unread bytes of the request
// cause, and the kernel would keep what a client does not read, of any number of them.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "async/time.h"
#include "server/admin/http_request.h"
#include "server/admin/page.h"
#include "server/admin/peer.h"

namespace weir::admin {

class HttpConnection {
 public:
  enum class Phase {
    kReading,  // the request is not complete
    kWaiting,  // it is: its answer is being made
    kWriting,  // the client has to read
    kEnding,   // the client has to close
    kClosed,   // nothing more to do
  };

  HttpConnection(int fd, std::uint64_t id, const Peer& peer, TimePoint now);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  // Each does what can be done now, and returns where that leads.
  Phase read();
  Phase answer(std::shared_ptr<const Page> page, TimePoint now);
  Phase write();
  Phase end();
  // What is left goes nowhere: closing resets the connection.
  void cut();

  int fd() const { return fd_; }
  std::uint64_t id() const { return id_; }
  const Peer& peer() const { return peer_; }
  Phase phase() const { return phase_; }
  // Since when its client has been waited for.
  TimePoint since() const { return since_; }
  // While waiting. Wrong requests are met here too: then it has no answer but its error.
  const RequestReader& reader() const { return reader_; }
  bool is_wrong() const { return is_wrong_; }
  // Of the answer, in this process.
  std::size_t unsent() const;
  // The client's kernel has all of the answer.
  bool has_all() const;

 private:
  const int fd_;
  const std::uint64_t id_;
  const Peer peer_;
  TimePoint since_;
  Phase phase_ = Phase::kReading;
  RequestReader reader_;
  bool is_wrong_ = false;
  std::string head_;
  std::shared_ptr<const Page> page_;
  bool has_body_ = false;
  std::size_t sent_ = 0;      // of the head, then of the body
  std::size_t unwanted_ = 0;  // what came after the request
};

}  // namespace weir::admin
