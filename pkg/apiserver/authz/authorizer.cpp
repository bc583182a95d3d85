#include "pkg/apiserver/authz/authorizer.h"

namespace gantry::apiserver {

bool is_allowed(const User& user, const RequestInfo& info) {
  if (user.in(kAdminGroup)) return true;
  const bool reads =
      info.verb == "get" || info.verb == "list" || info.verb == "watch" || info.verb == "head";
  if (!info.is_resource) return reads;
  return user.in(kViewerGroup) && reads && info.resource() != "secrets";
}

}  // namespace gantry::apiserver
