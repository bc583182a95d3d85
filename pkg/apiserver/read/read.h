#pragma once
// get and list: answers out of the store's records.
#include <memory>
#include <optional>
#include <string>

#include "api/meta/kind.h"
#include "pkg/apiserver/present/accept.h"
#include "pkg/apiserver/query/continue_token.h"
#include "pkg/apiserver/query/list_options.h"
#include "pkg/apiserver/read/list_cache.h"
#include "pkg/async/clock.h"
#include "pkg/http/http.h"

namespace gantry::apiserver {

// What all reads share; lives as long as the server.
struct Reading {
  store::Reader& reader;
  async::Clock& clock;
  ContinueTokens tokens;
  ListCache cache;
};

// One read request. What it refers to must outlive the coroutine that answers it.
struct ReadRequest {
  ReadRequest(const api::meta::Kind& of_kind, const RequestInfo& with_info, Accepted shown_as,
              bool takes_gzip)
      : kind(of_kind), info(with_info), accepted(shown_as), gzip(takes_gzip) {}
  const api::meta::Kind& kind;
  const RequestInfo& info;
  Accepted accepted;
  bool gzip = false;  // the client takes it
};

// Answers as http::Handler: a response, or nullopt once it was streamed.
using Answer = std::optional<http::Response>;

// O(log n).
Async<Answer> serve_get(Reading& reading, ReadRequest request);
// A small list is one response; a large one is streamed out of the store's own bytes, so that a
// client costs a few pointers an object and one chunk. Large plain lists are compressed once for
// all clients, as long as the collection does not change.
Async<Answer> serve_list(Reading& reading, ReadRequest request, http::ResponseStream& stream);

// Waits a moment until the store has `revision`, which another daemon may have told the client.
// 504 when it has not.
Async<std::optional<ApiError>> wait_for_revision(store::Reader& reader, async::Clock& clock,
                                                 int64_t revision);

}  // namespace gantry::apiserver
