#pragma once
// Who makes a request.
#include <string>
#include <string_view>
#include <vector>

namespace gantry::apiserver {

struct User {
  std::string name;
  std::vector<std::string> groups;
  bool in(std::string_view group) const;
};

inline constexpr std::string_view kAdminGroup = "system:masters";
inline constexpr std::string_view kViewerGroup = "gantry:viewers";

}  // namespace gantry::apiserver
