// SPDX-License-Identifier: Apache-2.0
#pragma once

// Tag: what a completion queue gives back when an operation has ended.
//
// Trap: gRPC keeps the pointer until then, so a tag must outlive its operation (grpc#12409: "the
// struct must live past the CompletionQueue::Next call"). Tags here live in coroutine frames that
// are suspended until the tag is back.

namespace weir::rpc {

class Tag {
 public:
  Tag() = default;
  Tag(const Tag&) = delete;
  Tag& operator=(const Tag&) = delete;

  // On the loop's thread. `ok` means what the operation says it means.
  virtual void complete(bool ok) = 0;

 protected:
  ~Tag() = default;
};

}  // namespace weir::rpc
