#pragma once
// Watch streams of the Kubernetes API: one JSON event a line.
#include <string>

#include "cmd/gantryctl/session.h"
#include "pkg/http/http.h"

namespace gantry::ctl {

// The Session's watch over a real connection. Ends when the callback answers false, the server ends
// the stream, or the caller is cancelled. An answer other than 200 is an error.
WatchEvents make_watch(http::StreamingClient& client, std::string token);

// Follows a collection, `path` of a list with any query, from `revision` on until `on_change` says
// false: ADDED, MODIFIED and DELETED events. When gantryd ends the stream or goes away it says so
// and goes on where it was; when that is too long ago the present state comes as ADDED. The error
// is the last one when gantryd has been away for five minutes.
Async<Status> follow(Session& session, std::string path, std::string accept, std::string revision,
                     std::function<bool(const std::string& type, const Json& object)> on_change);

// Cuts a stream of bytes into lines.
class LineSplitter {
 public:
  // The complete lines that the chunk finished.
  std::vector<std::string> feed(std::string_view chunk);

 private:
  std::string rest_;
};

}  // namespace gantry::ctl
