#pragma once
// Who makes a request.
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::apiserver {

struct User {
  std::string name;
  std::vector<std::string> groups;
  std::string uid = {};
  std::map<std::string, std::vector<std::string>> extra = {};
  bool in(std::string_view group) const;
};

inline constexpr std::string_view kAdminGroup = "system:masters";
inline constexpr std::string_view kViewerGroup = "gantry:viewers";
inline constexpr std::string_view kAuthenticatedGroup = "system:authenticated";
inline constexpr std::string_view kAccountPrefix = "system:serviceaccount:";
inline constexpr std::string_view kAccountsGroup = "system:serviceaccounts";

}  // namespace gantry::apiserver
