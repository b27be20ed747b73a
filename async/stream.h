// SPDX-License-Identifier: Apache-2.0
#pragma once

// Stream<T>: a coroutine that yields many values, each when it is asked for. Tokio: Stream, written
// with async_stream's `stream!`.
//
//     Stream<absl::StatusOr<Row>> rows(Cursor cursor) {
//       while (!cursor.at_end()) co_yield co_await or_return(cursor.fetch());
//     }
//     while (std::optional<absl::StatusOr<Row>> row = co_await stream.next()) ...
//
// Lazy: it begins at the first next(), runs until it yields, and stands still until the next one,
// so it is never ahead of its reader: that is the back-pressure. The combinators are in
// async/stream/. A value costs two jumps and no allocation; the stream itself one frame.
//
// Errors are values here too. A stream that can fail is a Stream<StatusOr<T>>: an error is an item,
// and `or_return` inside yields it and ends the stream (Rust: try_stream!). `try_next` and
// `try_collect` turn it back into `co_await or_return(...)`. An exception comes out of next(), and
// the stream has ended.
//
// Cancellation: the body runs with the Context of whoever awaits next(), so it is that reader's
// cancellation and deadline that its leaves answer with, and the body decides: after or_return the
// stream is at its end. Tokio drops the future of next() and the stream goes on; what does so here
// (receiving, merge, buffered) says it. A select discards what its losers yield, an item included;
// read a stream in a select loop through `merge`.
//
// Destruction: a stream is suspended in an await only during a next(), when its reader is too and
// cannot be destroyed; between two next()s it stands at a co_yield, and destroying it there
// destroys its locals, no more and no less. One that is destroyed by somebody else during a next(),
// or read by two at once, ends the process with a message.
//
// Thread: its reader's loop. Trap: between two items nothing in the body may depend on a scope of
// the last reader's, so keep no JoinSet across a co_yield; `buffered` and `merge` show how.

#include <coroutine>
#include <exception>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

#include "async/or_return.h"
#include "async/task.h"

namespace weir {

namespace detail {
template <class T>
class StreamPromise;
}

template <class T>
class [[nodiscard]] Stream {
 public:
  using promise_type = detail::StreamPromise<T>;
  using value_type = T;

  // A stream that has ended.
  Stream() noexcept = default;
  Stream(Stream&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  Stream& operator=(Stream&& other) noexcept {
    Stream(std::move(other)).swap(*this);
    return *this;
  }
  ~Stream();
  void swap(Stream& other) noexcept { std::swap(coroutine_, other.coroutine_); }

  class Next;
  // co_await yields std::optional<T>: the next value, or nullopt at the end, then and ever after.
  [[nodiscard]] Next next() noexcept { return Next(*this); }

  // Whether the end was seen. The frame, with all it held, is gone by then.
  bool has_ended() const { return coroutine_ == nullptr; }

 private:
  friend promise_type;
  explicit Stream(std::coroutine_handle<promise_type> coroutine) noexcept : coroutine_(coroutine) {}

  std::coroutine_handle<promise_type> coroutine_ = nullptr;
};

// next() as a task, for timeout and join. The stream must outlive it.
template <class T>
Task<std::optional<T>> next_of(Stream<T>& stream) {
  co_return co_await stream.next();
}

// The next value, nullopt at the end, or the error that came instead. Rust: TryStreamExt::try_next.
//
//     while (std::optional<Row> row = co_await or_return(try_next(rows))) ...
template <class T>
Task<absl::StatusOr<std::optional<T>>> try_next(Stream<absl::StatusOr<T>>& stream) {
  std::optional<absl::StatusOr<T>> item = co_await stream.next();
  if (!item.has_value()) co_return std::optional<T>();
  if (!item->ok()) co_return item->status();
  co_return std::optional<T>(*std::move(*item));
}

namespace detail {

// Reports the misuse and aborts.
[[noreturn]] void stream_misused(const char* how);

template <class T>
class StreamPromise final : public PromiseBase {
 public:
  explicit StreamPromise(std::source_location function = std::source_location::current())
      : PromiseBase(function) {}

  Stream<T> get_return_object() {
    return Stream<T>(std::coroutine_handle<StreamPromise>::from_promise(*this));
  }

  // Suspends the stream and resumes its reader, as the end does.
  template <class U = T>
    requires std::is_constructible_v<T, U&&>
  FinalAwaiter yield_value(U&& value) {
    item_.emplace(std::forward<U>(value));
    at_yield_ = true;
    return FinalAwaiter(*this);
  }
  void return_void() const noexcept {}
  void unhandled_exception() noexcept { exception_ = std::current_exception(); }
  void rethrow_if_thrown() const {
    if (exception_) std::rethrow_exception(exception_);
  }

  bool is_read() const { return is_read_; }
  void read_by(PromiseBase& reader, std::coroutine_handle<> continuation) {
    if (std::exchange(is_read_, true)) stream_misused("read by two tasks at once");
    at_yield_ = false;
    inherit(reader, continuation);
  }
  // True if it stands at a co_yield, false if it has ended.
  bool read_ended() {
    is_read_ = false;
    return at_yield_;
  }
  std::optional<T> take() { return std::exchange(item_, std::nullopt); }

  // or_return: the error is the last item.
  void set_error(const absl::Status& error)
    requires kIsFallible<T>
  {
    item_.emplace(error);
  }

 private:
  std::optional<T> item_;
  std::exception_ptr exception_;
  bool is_read_ = false;
  bool at_yield_ = false;
};

template <class T>
inline constexpr bool kEndsWithStatus<StreamPromise<T>> = kIsFallible<T>;

}  // namespace detail

template <class T>
Stream<T>::~Stream() {
  if (!coroutine_) return;
  if (coroutine_.promise().is_read()) detail::stream_misused("destroyed during a next()");
  coroutine_.destroy();
}

template <class T>
class [[nodiscard]] Stream<T>::Next {
 public:
  explicit Next(Stream& stream) noexcept : stream_(stream) {}

  bool await_ready() const noexcept { return stream_.has_ended(); }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> reader) noexcept {
    stream_.coroutine_.promise().read_by(reader.promise(), reader);
    return stream_.coroutine_;
  }
  std::optional<T> await_resume() {
    if (stream_.has_ended()) return std::nullopt;
    promise_type& promise = stream_.coroutine_.promise();
    if (promise.read_ended()) return promise.take();
    const Stream ended = std::move(stream_);
    promise.rethrow_if_thrown();
    return promise.take();
  }

 private:
  Stream& stream_;
};

}  // namespace weir
