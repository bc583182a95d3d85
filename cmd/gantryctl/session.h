#pragma once
// Session: what every command works with.
#include <functional>
#include <string>
#include <vector>

#include "cmd/gantryctl/api_client.h"
#include "pkg/async/clock.h"

namespace gantry::ctl {

// Calls `on_event` for each event of a watch until it returns false or the stream ends. `accept`
// is the form of the objects: kJson or kTable.
using WatchEvents = std::function<Async<Status>(std::string path, std::string accept,
                                                std::function<bool(const Json& event)> on_event)>;

struct Session {
  ApiClient& api;
  async::Clock& clock;
  std::string ns;  // chosen by -n or the kubeconfig
  bool all_namespaces = false;
  WatchEvents watch;
  std::function<void(const std::string&)> print;  // a line, or several, to standard output
  std::function<void(const std::string&)> note;   // a line about the work itself, to standard error
  std::function<bool(const std::string&)> agree = {};  // asks a person; absent: there is none
  // Bytes as they are, to standard output or error: what a container says.
  std::function<void(bool is_stderr, std::string_view bytes)> write = {};

  // The namespace in which objects of that kind are looked for; empty for all.
  std::string namespace_for(const api::meta::Kind& kind) const;
};

// "app/hello", {"app", "hello"} or {"apps", "a", "b"} → places. kInvalid names an unknown kind.
Result<std::vector<Where>> parse_places(const Session& session,
                                        const std::vector<std::string>& words);

}  // namespace gantry::ctl
