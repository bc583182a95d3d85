#include "api/core/secret.h"

#include <algorithm>

#include "api/core/values.h"
#include "pkg/base/text.h"

namespace gantry::api::core {

using schema::field;
using schema::Keys;
using schema::object;
using schema::Problems;
using schema::Type;
using schema::TypeInfo;
namespace format = schema::format;

namespace {

// Kubernetes: pkg/apis/core/validation, ValidateSecret.
struct TypeRule {
  std::string_view type;
  std::vector<std::string> keys;
  bool all;  // false: one of them is enough
};
const std::vector<TypeRule>& type_rules() {
  static const std::vector<TypeRule> rules = {
      {"kubernetes.io/tls", {"tls.crt", "tls.key"}, true},
      {"kubernetes.io/basic-auth", {"username", "password"}, false},
      {"kubernetes.io/ssh-auth", {"ssh-privatekey"}, true},
      {"kubernetes.io/dockercfg", {".dockercfg"}, true},
      {"kubernetes.io/dockerconfigjson", {".dockerconfigjson"}, true},
  };
  return rules;
}

Problems check(const Secret& secret) {
  const auto has = [&secret](const std::string& key) {
    return secret.data.contains(key) || secret.string_data.contains(key);
  };
  for (const auto& rule : type_rules()) {
    if (rule.type != secret.type) continue;
    const bool good =
        rule.all ? std::ranges::all_of(rule.keys, has) : std::ranges::any_of(rule.keys, has);
    if (good) return {};
    return {{"data", schema::Reason::required,
             absl::StrFormat("must have %s with type %s",
                             join(rule.keys, rule.all ? " and " : " or "), secret.type)}};
  }
  // Kubernetes fills these for a ServiceAccount; nobody would here, and the token would never end.
  if (secret.type == "kubernetes.io/service-account-token")
    return {{"type", schema::Reason::not_supported,
             "must be another one: tokens come from the ServiceAccount's subresource token "
             "(kubectl create token) and are not kept"}};
  return {};
}

}  // namespace

TypeInfo describe(Type<Secret>) {
  return schema::checked<Secret, &check>(object<Secret>(
      "Secret", "Values that must not be shown: tokens, keys, passwords.",
      {
          field<&Secret::api_version>("apiVersion", "v1."),
          field<&Secret::kind>("kind", "Secret."),
          field<&Secret::metadata>("metadata", "What every object has."),
          field<&Secret::type>("type", "What it is for; any text.", schema::immutable),
          field<&Secret::data>("data", "The values, in base64.", schema::secret, format::base64,
                               Keys{format::config_key}),
          field<&Secret::string_data>(
              "stringData", "The values as text. Written only: the server moves them into data.",
              schema::secret, Keys{format::config_key}),
          field<&Secret::immutable>("immutable", "True: data cannot be changed any more."),
      }));
}

std::optional<std::string> secret_value(const Secret& secret, const std::string& key) {
  const auto found = secret.data.find(key);
  if (found == secret.data.end()) return std::nullopt;
  return base64_decode(found->second);
}

void fold_string_data(Json& secret) {
  const Json* plain = secret.find("stringData");
  if (plain == nullptr) return;
  const Json texts = *plain;
  secret.erase("stringData");
  if (!texts.is_object()) return;
  Json& data = secret.member("data");
  for (const auto& [key, value] : texts.as_object()) {
    if (value.is_string()) data.set(key, base64_encode(value.as_string()));
  }
}

namespace {

Json count_secret_keys(const Json& secret) {
  return count_values(secret, {"data"});
}

schema::Problems check_secret_update(const Json& before, const Json& after) {
  return check_immutable(before, after, {"data"});
}

}  // namespace

meta::Kind secret_kind() {
  return {.group = "",
          .version = "v1",
          .kind = "Secret",
          .plural = "secrets",
          .singular = "secret",
          .short_names = {},
          .categories = {},
          .namespaced = true,
          .has_status = false,
          .type = &schema::type_of<Secret>,
          .selectable = {"type"},
          .columns = {{"Type", "string", "What it is for.", "type"},
                      {"Data", "integer", "How many values it has.", "", 0, &count_secret_keys}},
          .check_update = &check_secret_update};
}

}  // namespace gantry::api::core
