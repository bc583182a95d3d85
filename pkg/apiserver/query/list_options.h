#pragma once
// ListOptions: what a list asks for beyond which objects: how many, from where, as of when.
// Kubernetes: k8s.io/apimachinery/pkg/apis/meta/internalversion/validation.
#include <optional>
#include <string>

#include "pkg/apiserver/query/continue_token.h"
#include "pkg/apiserver/request/status.h"

namespace gantry::apiserver {

struct ListOptions {
  enum class AsOf {
    newest,     // what is there now
    not_older,  // now, and at least `revision`
    exact,      // the state at `revision`
  };
  AsOf as_of = AsOf::newest;
  int64_t revision = 0;
  store::PageOf part;
  std::string list;  // which list it is, for its continue tokens
};

// What is wrong with limit, continue, resourceVersion and resourceVersionMatch in the words of
// Kubernetes: 400 for what cannot be read, 422 for what does not go together.
std::optional<ApiError> read_list_options(const RequestInfo& info, const ContinueTokens& tokens,
                                          ListOptions& options);

struct WatchOptions {
  std::optional<int64_t> revision;  // changes after it; nullopt: from now on
  bool current_state = false;       // is told first
  bool bookmarks = false;
  bool initial_events_end = false;   // a bookmark tells where the current state ends
  std::optional<int64_t> not_older;  // the current state must be at least this one
  Duration timeout{};
};
std::optional<ApiError> read_watch_options(const RequestInfo& info, WatchOptions& options);

// "504 Timeout: Too large resource version: 9, current: 7".
ApiError too_large_revision(int64_t wanted, int64_t current);
// 410: the snapshot is gone. With `token` a client may go on, but with a newer state.
ApiError list_expired();
ApiError continue_expired(std::string token);

}  // namespace gantry::apiserver
