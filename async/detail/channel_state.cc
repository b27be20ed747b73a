// SPDX-License-Identifier: Apache-2.0
#include "async/detail/channel_state.h"

namespace weir::detail {

void ChannelState::add_sender() {
  std::lock_guard lock(mutex);
  ++senders;
}

void ChannelState::drop_sender() {
  std::lock_guard lock(mutex);
  if (--senders == 0) receiving.answer_all();
}

void ChannelState::add_receiver() {
  std::lock_guard lock(mutex);
  ++receivers;
  closed = false;
}

void ChannelState::drop_receiver() {
  std::lock_guard lock(mutex);
  if (--receivers == 0) set_closed();
}

void ChannelState::set_closed() {
  closed = true;
  until_closed.answer_all();
}

void ChannelState::close() {
  std::lock_guard lock(mutex);
  set_closed();
  receiving.answer_all();
}

bool ChannelState::is_closed() {
  std::lock_guard lock(mutex);
  return closed;
}

}  // namespace weir::detail
