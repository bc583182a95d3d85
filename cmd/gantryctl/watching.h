#pragma once
// Watch streams of the Kubernetes API: one JSON event a line.
#include <string>

#include "cmd/gantryctl/session.h"
#include "pkg/http/http.h"

namespace gantry::ctl {

// The Session's watch over a real connection. Ends when the callback answers false, the server ends
// the stream, or the caller is cancelled. An answer other than 200 is an error.
WatchEvents make_watch(http::StreamingClient& client, std::string token);

// Cuts a stream of bytes into lines.
class LineSplitter {
 public:
  // The complete lines that the chunk finished.
  std::vector<std::string> feed(std::string_view chunk);

 private:
  std::string rest_;
};

}  // namespace gantry::ctl
