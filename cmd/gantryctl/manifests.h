#pragma once
// Manifests: what `-f` reads.
#include <string>
#include <vector>

#include "api/meta/kind.h"
#include "pkg/base/json.h"
#include "pkg/base/status.h"

namespace gantry::ctl {

struct Manifest {
  const api::meta::Kind* kind = nullptr;
  Json object;
  std::string source;  // "deploy/hello.yaml:12"
};

// Reads files, folders (*.yaml, *.yml, *.json, sorted, not recursive) and "-" (standard input);
// documents may be Lists. All or nothing: kInvalid names file, line and what is wrong. In the order
// in which they can be applied (what others refer to first; otherwise as given).
Result<std::vector<Manifest>> read_manifests(const std::vector<std::string>& paths);
// The same for one text.
Result<std::vector<Manifest>> parse_manifests(const std::string& text, const std::string& name);

}  // namespace gantry::ctl
