// SPDX-License-Identifier: Apache-2.0
// Replies of Redis, which hiredis reads and we copy and judge; and our requests, which it can read.

#include "server/redis/resp.h"

#include <hiredis/hiredis.h>

#include <memory>

#include "server/redis/reply.h"
#include "tests/fuzz/fuzzer.h"

namespace {

using Reader = std::unique_ptr<redisReader, void (*)(redisReader*)>;
using Replied = std::unique_ptr<redisReply, void (*)(void*)>;

// Null: there is none, or none yet.
Replied next(redisReader* reader) {
  void* reply = nullptr;
  if (redisReaderGetReply(reader, &reply) != REDIS_OK) reply = nullptr;
  return {static_cast<redisReply*>(reply), freeReplyObject};
}

void read_replies(absl::string_view bytes) {
  using namespace weir;
  const Reader reader(redisReaderCreate(), redisReaderFree);
  redisReaderFeed(reader.get(), bytes.data(), bytes.size());
  while (const Replied replied = next(reader.get())) {
    const redis::Reply reply = redis::to_reply(*replied);
    fuzz::must(redis::to_status(reply).ok() == (reply.kind != redis::Reply::Kind::kError));
    if (redis::to_integer(reply).ok()) fuzz::must(reply.kind == redis::Reply::Kind::kInteger);
    static_cast<void>(redis::to_ok(reply));
    static_cast<void>(redis::to_optional_string(reply));
  }
}

void write_request(absl::string_view bytes) {
  using namespace weir;
  const absl::string_view words[] = {bytes.substr(0, bytes.size() / 2), "", bytes};
  redis::Request request;
  request.encode(words);
  const Reader reader(redisReaderCreate(), redisReaderFree);
  redisReaderFeed(reader.get(), request.bytes().data(), request.bytes().size());
  const Replied read = next(reader.get());
  fuzz::must(read != nullptr && read->type == REDIS_REPLY_ARRAY && read->elements == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    fuzz::must(absl::string_view(read->element[i]->str, read->element[i]->len) == words[i]);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const absl::string_view bytes = weir::fuzz::text_of(data, size);
  read_replies(bytes);
  write_request(bytes);
  return 0;
}
