#pragma once
// Attributes: what a request wants to do, as the rules of RBAC speak of it.
#include <string>

#include "pkg/apiserver/authn/user.h"
#include "pkg/apiserver/request/request_info.h"

namespace gantry::apiserver {

struct Attributes {
  std::string verb;
  bool is_resource = true;
  std::string group, resource, subresource, ns, name;  // of a resource
  std::string path;                                    // of anything else
  // "apps", "apps/status"
  std::string full_resource() const {
    return subresource.empty() ? resource : resource + "/" + subresource;
  }
};

// A list or watch whose field selector names one object is a request on that object.
Attributes attributes_of(const RequestInfo& info);

// What a 403 says: `apps.gantry.dev "x" is forbidden: User "dev" cannot get resource "apps" …`.
std::string forbidden_message(const User& user, const Attributes& wanted);

}  // namespace gantry::apiserver
