#include "cmd/gantryctl/kubeconfig.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "pkg/base/text.h"
#include "pkg/schema/json.h"

namespace gantry::ctl {
namespace {

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file.good() && !file.eof()) return invalid("cannot read %s", path);
  if (!file.is_open()) return invalid("cannot open %s", path);
  return text.str();
}

// clusters[], users[] and contexts[] are lists of {name, <what>: {…}}.
Result<const Json*> named(const Json& config, std::string_view list, std::string_view what,
                          const std::string& name) {
  const auto* items = config.find(list);
  if (items != nullptr && items->is_array()) {
    for (const auto& item : items->as_array()) {
      const auto* body = item.find(what);
      if (item.string_or("name", "") == name && body != nullptr) return body;
    }
  }
  return invalid("no %s named \"%s\"", std::string(what), name);
}

// "<field>-data" is base64, "<field>" a path.
Result<std::string> inline_or_file(const Json& object, const std::string& field) {
  if (const auto data = object.string_or(field + "-data", ""); !data.empty()) {
    auto decoded = base64_decode(data);
    if (!decoded) return invalid("%s-data is no base64", field);
    return *decoded;
  }
  if (const auto path = object.string_or(field, ""); !path.empty()) return read_file(path);
  return std::string();
}

Status read_cluster(const Json& cluster, Kubeconfig& config) {
  if (cluster.bool_or("insecure-skip-tls-verify", false))
    return invalid("insecure-skip-tls-verify is not supported: give certificate-authority-data");
  GANTRY_TRY_ASSIGN(config.endpoint, http::parse_endpoint(cluster.string_or("server", "")));
  GANTRY_TRY_ASSIGN(config.trust.ca_pem, inline_or_file(cluster, "certificate-authority"));
  return {};
}

Status read_user(const Json& user, Kubeconfig& config) {
  if (user.find("exec") != nullptr || user.find("auth-provider") != nullptr)
    return invalid("credential plugins are not supported: give a token");
  config.token = user.string_or("token", "");
  if (const auto path = user.string_or("tokenFile", ""); config.token.empty() && !path.empty()) {
    GANTRY_TRY_ASSIGN(const auto text, read_file(path));
    config.token = trim(text);
  }
  GANTRY_TRY_ASSIGN(config.trust.client_certificate_pem,
                    inline_or_file(user, "client-certificate"));
  GANTRY_TRY_ASSIGN(config.trust.client_key_pem, inline_or_file(user, "client-key"));
  return {};
}

}  // namespace

Result<Kubeconfig> parse_kubeconfig(const std::string& text, const std::string& context) {
  GANTRY_TRY_ASSIGN(const auto documents, schema::parse_yaml(text));
  if (documents.size() != 1) return invalid("expected one YAML document");
  const auto& file = documents.front().value;
  const auto name = context.empty() ? file.string_or("current-context", "") : context;
  GANTRY_TRY_ASSIGN(const auto* chosen, named(file, "contexts", "context", name));
  GANTRY_TRY_ASSIGN(const auto* cluster,
                    named(file, "clusters", "cluster", chosen->string_or("cluster", "")));
  GANTRY_TRY_ASSIGN(const auto* user, named(file, "users", "user", chosen->string_or("user", "")));
  Kubeconfig config;
  GANTRY_TRY(read_cluster(*cluster, config));
  GANTRY_TRY(read_user(*user, config));
  config.ns = chosen->string_or("namespace", "default");
  return config;
}

Result<Kubeconfig> load_kubeconfig(const std::string& path, const std::string& context) {
  std::string chosen = path;
  if (const char* variable = std::getenv("KUBECONFIG"); chosen.empty() && variable != nullptr)
    chosen = split(variable, ':').front();
  if (const char* home = std::getenv("HOME"); chosen.empty() && home != nullptr)
    chosen = std::string(home) + "/.kube/config";
  GANTRY_TRY_ASSIGN(const auto text, read_file(chosen));
  auto config = parse_kubeconfig(text, context);
  if (!config.ok()) return annotate(config.status(), chosen);
  return config;
}

}  // namespace gantry::ctl
