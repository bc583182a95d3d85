#pragma once
// Request: which object to look at. Never why: reconciles are driven by levels, not by edges.
#include <compare>
#include <string>

namespace gantry::runtime {

struct Request {
  std::string ns;  // empty for cluster-scoped kinds
  std::string name;
  auto operator<=>(const Request&) const = default;
};

// "default/hello", or "home" for cluster-scoped objects.
inline std::string to_string(const Request& request) {
  return request.ns.empty() ? request.name : request.ns + "/" + request.name;
}

}  // namespace gantry::runtime
