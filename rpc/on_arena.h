// SPDX-License-Identifier: Apache-2.0
#pragma once

// OnArena<T>: a message of many parts, and the arena that all of them are on, as one value. Tokio:
// a prost message in a bumpalo arena.
//
//     rpc::OnArena<v1::Dashboard> dashboard;
//     to_wire(std::move(post), *dashboard->add_posts());
//
// Moving it moves a pointer; its end frees a block, whatever is in it. A handler may return it in
// the place of the message. Trap: what is assigned to a part from outside the arena is copied, so
// parts are filled where they are. After it was moved from it holds nothing.

#include <google/protobuf/arena.h>

#include <memory>

namespace weir::rpc {

template <class T>
class OnArena {
 public:
  OnArena()
      : arena_(std::make_unique<google::protobuf::Arena>(options())),
        message_(google::protobuf::Arena::CreateMessage<T>(arena_.get())) {}

  T& operator*() { return *message_; }
  const T& operator*() const { return *message_; }
  T* operator->() { return message_; }
  const T* operator->() const { return message_; }

 private:
  static google::protobuf::ArenaOptions options() {
    google::protobuf::ArenaOptions options;
    options.start_block_size = 4096;  // a dashboard of ten posts, without what its strings hold
    return options;
  }

  std::unique_ptr<google::protobuf::Arena> arena_;
  T* message_;  // the arena's
};

}  // namespace weir::rpc
