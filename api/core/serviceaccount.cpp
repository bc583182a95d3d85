#include "api/core/serviceaccount.h"

#include "api/core/values.h"

namespace gantry::api::core {

using schema::field;
using schema::object;
using schema::Type;
using schema::TypeInfo;

TypeInfo describe(Type<ServiceAccount>) {
  return object<ServiceAccount>(
      "ServiceAccount", "Who a program is; its tokens are made with `kubectl create token`.",
      {
          field<&ServiceAccount::api_version>("apiVersion", "v1."),
          field<&ServiceAccount::kind>("kind", "ServiceAccount."),
          field<&ServiceAccount::metadata>("metadata", "What every object has."),
          field<&ServiceAccount::secrets>("secrets", "Kept, not used.", schema::MapKey{"name"}),
          field<&ServiceAccount::image_pull_secrets>("imagePullSecrets", "Kept, not used.",
                                                     schema::MapKey{"name"}),
          field<&ServiceAccount::automount_service_account_token>("automountServiceAccountToken",
                                                                  "Kept, not used."),
      });
}

namespace {

Json count_secrets(const Json& account) {
  return count_values(account, {"secrets"});
}

}  // namespace

meta::Kind service_account_kind() {
  return {.group = "",
          .version = "v1",
          .kind = "ServiceAccount",
          .plural = "serviceaccounts",
          .singular = "serviceaccount",
          .short_names = {"sa"},
          .categories = {},
          .namespaced = true,
          .has_status = false,
          .type = &schema::type_of<ServiceAccount>,
          .columns = {{"Secrets", "integer", "How many Secrets it names.", "", 0, &count_secrets}},
          .check_update = nullptr,
          .subresources = {{.name = "token",
                            .group = "authentication.k8s.io",
                            .version = "v1",
                            .kind = "TokenRequest",
                            .verbs = {"create"}}}};
}

}  // namespace gantry::api::core
