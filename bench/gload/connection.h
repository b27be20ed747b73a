// SPDX-License-Identifier: Apache-2.0
#pragma once

// Connection: HTTP/2 over one connection, by nghttp2. Frames that are ready at the same time go
// out in one write, as a good client sends them.

#include <nghttp2/nghttp2.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bench/gload/call.h"
#include "bench/gload/socket.h"

namespace weir::gload {

class Connection {
 public:
  // What is the same in every request.
  struct Headers {
    std::string path;
    std::string authority;
    std::string timeout;        // grpc-timeout; empty: none
    std::string priority = {};  // weir-priority; empty: none
    // Not in them: the address to connect from (empty: any), and how.
    std::string source = {};
    TlsFiles tls = {};
  };

  class Listener {
   public:
    // The answer is complete, or the stream broken (`http2_error` is not 0). `call` may be
    // submitted again at once.
    virtual void finished(Call& call, std::uint32_t http2_error) = 0;
    // Some of the answer's body came: for those who look at all of it.
    virtual void received(Call&, std::string_view) {}

   protected:
    ~Listener() = default;
  };

  // Connects to an IPv4 address, and has `epoll` report this as the data of its events. Ends the
  // program if anything goes wrong, now or later.
  Connection(const std::string& host, int port, int epoll, const Headers& headers,
             Listener& listener);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // `call.request` is sent at the next flush. `call` must stay until it has finished.
  void submit(Call& call);

  void readable();
  void flush();

  // How many calls the server allows at once on this connection; 0 until it has said so.
  std::uint32_t max_streams() const { return max_streams_; }

 private:
  void want_write(bool wanted);
  static ssize_t on_read_body(nghttp2_session*, std::int32_t, std::uint8_t* buffer,
                              std::size_t room, std::uint32_t* flags, nghttp2_data_source* source,
                              void*);
  static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* self);
  static int on_header(nghttp2_session* session, const nghttp2_frame* frame,
                       const std::uint8_t* name, std::size_t name_length, const std::uint8_t* value,
                       std::size_t value_length, std::uint8_t, void*);
  static int on_data(nghttp2_session* session, std::uint8_t, std::int32_t stream,
                     const std::uint8_t* data, std::size_t length, void* self);
  static int on_close(nghttp2_session* session, std::int32_t stream, std::uint32_t error,
                      void* self);

  const Headers& headers_;
  Listener& listener_;
  const int epoll_;
  Socket socket_;
  bool wants_write_ = false;
  std::uint32_t max_streams_ = 0;
  std::unique_ptr<nghttp2_session, void (*)(nghttp2_session*)> session_;
  std::string out_;
  std::size_t out_sent_ = 0;
};

}  // namespace weir::gload
