#pragma once
#include <optional>
#include <string>
#include <vector>

#include "api/core/event.h"
#include "api/meta/kind.h"
#include "api/meta/types.h"

namespace gantry::api::core {

// v1 ServiceAccount: who a program is. Its tokens come from the subresource `token`; `secrets` and
// `imagePullSecrets` are kept for clients that write them.
struct ServiceAccount {
  std::string api_version = "v1";
  std::string kind = "ServiceAccount";
  meta::ObjectMeta metadata;
  std::vector<ObjectReference> secrets;
  std::vector<meta::LocalObjectReference> image_pull_secrets;
  std::optional<bool> automount_service_account_token;
};

schema::TypeInfo describe(schema::Type<ServiceAccount>);
meta::Kind service_account_kind();

}  // namespace gantry::api::core
