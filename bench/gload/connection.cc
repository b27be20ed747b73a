// SPDX-License-Identifier: Apache-2.0
#include "bench/gload/connection.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

#include "bench/gload/die.h"

namespace weir::gload {
namespace {

constexpr std::int32_t kWindow = (1 << 30) - 1;  // never the limit
constexpr std::size_t kMostPerWrite = 64 * 1024;

[[noreturn]] void die_of_errno(const char* what) {
  die(std::string(what) + ": " + std::strerror(errno));
}

nghttp2_nv header(std::string_view name, std::string_view value) {
  // nghttp2's interface is not const, but it only reads.
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

Call* call_of(nghttp2_session* session, std::int32_t stream) {
  return static_cast<Call*>(nghttp2_session_get_stream_user_data(session, stream));
}

void parse_number(std::string_view text, int& number) {
  std::from_chars(text.data(), text.data() + text.size(), number);
}

}  // namespace

Connection::Connection(const std::string& host, int port, int epoll, const Headers& headers,
                       Listener& listener)
    : headers_(headers),
      listener_(listener),
      epoll_(epoll),
      socket_(host, port, headers.source, headers.tls),
      session_(nullptr, nghttp2_session_del) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
  nghttp2_option* option = nullptr;
  nghttp2_option_new(&option);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_session* session = nullptr;
  nghttp2_session_client_new2(&session, callbacks, this, option);
  session_.reset(session);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);

  const std::array<nghttp2_settings_entry, 2> settings = {{
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindow},
  }};
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, kWindow);

  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = this;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, socket_.fd(), &event);
}

void Connection::submit(Call& call) {
  call.connection = this;
  call.sent = 0;
  call.answer = Answer();
  std::array<nghttp2_nv, 9> headers = {
      header(":method", "POST"),      header(":scheme", socket_.is_secure() ? "https" : "http"),
      header(":path", headers_.path), header(":authority", headers_.authority),
      header("te", "trailers"),       header("content-type", "application/grpc"),
      header("user-agent", "gload/1")};
  std::size_t count = 7;
  if (!headers_.timeout.empty()) headers[count++] = header("grpc-timeout", headers_.timeout);
  if (!headers_.priority.empty()) headers[count++] = header("weir-priority", headers_.priority);
  nghttp2_data_provider body{};
  body.source.ptr = &call;
  body.read_callback = on_read_body;
  const std::int32_t stream =
      nghttp2_submit_request(session_.get(), nullptr, headers.data(), count, &body, &call);
  if (stream < 0) die(std::string("submit: ") + nghttp2_strerror(stream));
}

ssize_t Connection::on_read_body(nghttp2_session*, std::int32_t, std::uint8_t* buffer,
                                 std::size_t room, std::uint32_t* flags,
                                 nghttp2_data_source* source, void*) {
  Call& call = *static_cast<Call*>(source->ptr);
  const std::size_t length = std::min(room, call.request.size() - call.sent);
  std::memcpy(buffer, call.request.data() + call.sent, length);
  call.sent += length;
  if (call.sent == call.request.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(length);
}

int Connection::on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* self) {
  if (frame->hd.type == NGHTTP2_SETTINGS && (frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) {
    static_cast<Connection*>(self)->max_streams_ =
        nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  }
  return 0;
}

int Connection::on_header(nghttp2_session* session, const nghttp2_frame* frame,
                          const std::uint8_t* name, std::size_t name_length,
                          const std::uint8_t* value, std::size_t value_length, std::uint8_t,
                          void*) {
  Call* call = call_of(session, frame->hd.stream_id);
  if (call == nullptr) return 0;
  const std::string_view named(reinterpret_cast<const char*>(name), name_length);
  const std::string_view text(reinterpret_cast<const char*>(value), value_length);
  if (named == "grpc-status") {
    parse_number(text, call->answer.grpc_status);
  } else if (named == ":status") {
    parse_number(text, call->answer.http_status);
  }
  return 0;
}

int Connection::on_data(nghttp2_session* session, std::uint8_t, std::int32_t stream,
                        const std::uint8_t* data, std::size_t length, void* self) {
  Call* call = call_of(session, stream);
  if (call == nullptr) return 0;
  static_cast<Connection*>(self)->listener_.received(*call,
                                                     {reinterpret_cast<const char*>(data), length});
  Answer& answer = call->answer;
  if (answer.bytes < answer.beginning.size()) {
    std::memcpy(answer.beginning.data() + answer.bytes, data,
                std::min(length, answer.beginning.size() - answer.bytes));
  }
  answer.bytes += length;
  return 0;
}

int Connection::on_close(nghttp2_session* session, std::int32_t stream, std::uint32_t error,
                         void* self) {
  Call* call = call_of(session, stream);
  if (call != nullptr) static_cast<Connection*>(self)->listener_.finished(*call, error);
  return 0;
}

void Connection::readable() {
  static std::array<std::uint8_t, std::size_t{128} * 1024> buffer;
  for (;;) {
    const ssize_t length = socket_.read(buffer.data(), buffer.size());
    if (length < 0 && errno == EAGAIN) return;
    if (length <= 0) die("the server closed a connection");
    const ssize_t taken =
        nghttp2_session_mem_recv(session_.get(), buffer.data(), static_cast<std::size_t>(length));
    if (taken < 0) die(std::string("received: ") + nghttp2_strerror(static_cast<int>(taken)));
    if (static_cast<std::size_t>(length) < buffer.size()) return;
  }
}

void Connection::flush() {
  for (;;) {
    if (out_sent_ == out_.size()) {
      out_.clear();
      out_sent_ = 0;
      while (out_.size() < kMostPerWrite) {
        const std::uint8_t* frame = nullptr;
        const ssize_t length = nghttp2_session_mem_send(session_.get(), &frame);
        if (length < 0) die(std::string("sending: ") + nghttp2_strerror(static_cast<int>(length)));
        if (length == 0) break;
        out_.append(reinterpret_cast<const char*>(frame), static_cast<std::size_t>(length));
      }
      if (out_.empty()) return want_write(false);
    }
    const ssize_t written = socket_.write(out_.data() + out_sent_, out_.size() - out_sent_);
    if (written < 0 && errno == EAGAIN) return want_write(true);
    if (written <= 0) die_of_errno("write");
    out_sent_ += static_cast<std::size_t>(written);
  }
}

void Connection::want_write(bool wanted) {
  if (wanted == wants_write_) return;
  wants_write_ = wanted;
  epoll_event event{};
  event.events = EPOLLIN;
  if (wanted) event.events |= EPOLLOUT;
  event.data.ptr = this;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, socket_.fd(), &event);
}

}  // namespace weir::gload
