#pragma once
// ResolvedWorkload: what shall be inside a container, every reference followed.
#include <chrono>
#include <string>
#include <vector>

#include "api/v1alpha1/app.h"
#include "pkg/guest/channel.h"
#include "pkg/store/store.h"

namespace gantry::controllers::app {

struct ResolvedCommand {
  std::string name;
  std::vector<std::string> run;
  std::vector<std::string> unless;  // empty: once per change of the command
  std::chrono::seconds timeout{300};
};

// Holds secrets: never logged, never stored; only its revision is.
struct ResolvedWorkload {
  std::vector<std::string> packages;  // "nginx-light" or "nginx-light=1.22.1-9"
  std::vector<guest::File> files;     // env file and unit drop-in included
  std::vector<ResolvedCommand> commands;
  std::string unit;
  std::string revision;  // 16 hex digits of SHA-256 over all of the above
};

// Follows secretKeyRef and configMapKeyRef in the App's namespace. kInvalid names the field and
// what is missing; a person must add it.
Result<ResolvedWorkload> resolve_workload(const api::v1alpha1::App& app, const store::Store& store);

}  // namespace gantry::controllers::app
