#include "pkg/apiserver/authn/user.h"

#include <algorithm>

namespace gantry::apiserver {

bool User::in(std::string_view group) const {
  return std::ranges::find(groups, group) != groups.end();
}

}  // namespace gantry::apiserver
