#include "cmd/gantryctl/kubeconfig.h"

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "pkg/base/text.h"
#include "pkg/schema/json.h"

namespace gantry::ctl {
namespace {

namespace fs = std::filesystem;

Result<std::string> read_file(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return invalid("%s cannot be read: it is a folder", path);
  std::ifstream file(path, std::ios::binary);
  if (!file) return invalid("%s cannot be read: %s", path, std::strerror(errno));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

constexpr std::array<std::string_view, 3> kLists = {"clusters", "users", "contexts"};

// Paths count from the folder of the file that names them.
void make_paths_whole(Json& file, const fs::path& folder) {
  for (const auto& [list, what] : {std::pair{"clusters", "cluster"}, std::pair{"users", "user"}}) {
    auto* items = file.find(list);
    if (items == nullptr || !items->is_array()) continue;
    for (auto& item : items->as_array()) {
      auto* body = item.find(what);
      if (body == nullptr || !body->is_object()) continue;
      for (const auto* field :
           {"certificate-authority", "client-certificate", "client-key", "tokenFile"})
        if (const auto path = body->string_or(field, ""); !path.empty())
          body->set(field, (folder / path).string());
    }
  }
}

// As kubectl merges several: whoever names something first has the word.
void merge_into(Json& all, const Json& file) {
  for (const auto list : kLists) {
    const auto* items = file.find(list);
    if (items == nullptr || !items->is_array()) continue;
    if (all.find(list) == nullptr) all.set(list, Json::array());
    for (const auto& item : items->as_array()) all.find(list)->push_back(item);
  }
  if (const auto current = file.string_or("current-context", "");
      all.string_or("current-context", "").empty() && !current.empty())
    all.set("current-context", current);
}

Result<Json> parse_file(const std::string& text) {
  GANTRY_TRY_ASSIGN(const auto documents, schema::parse_yaml(text));
  if (documents.size() != 1) return invalid("expected one YAML document");
  return documents.front().value;
}

// Those of $KUBECONFIG that are there; of one alone that it must be.
std::vector<std::string> files_to_read(const std::string& path) {
  if (!path.empty()) return {path};
  std::vector<std::string> files;
  if (const char* variable = std::getenv("KUBECONFIG"); variable != nullptr)
    for (const auto& file : split(variable, ':'))
      if (!file.empty()) files.push_back(file);
  std::error_code ignored;
  if (files.size() > 1)
    std::erase_if(files, [&](const auto& file) { return !fs::exists(file, ignored); });
  if (const char* home = std::getenv("HOME"); files.empty() && home != nullptr)
    files.push_back(std::string(home) + "/.kube/config");
  return files;
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

Result<Kubeconfig> choose(const Json& file, const std::string& context) {
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

}  // namespace

Result<Kubeconfig> parse_kubeconfig(const std::string& text, const std::string& context) {
  GANTRY_TRY_ASSIGN(const auto file, parse_file(text));
  return choose(file, context);
}

Result<Kubeconfig> load_kubeconfig(const std::string& path, const std::string& context) {
  const auto files = files_to_read(path);
  Json all = Json::object();
  for (const auto& name : files) {
    const auto text = read_file(name);
    if (!text.ok())
      return invalid(
          "%s; name a kubeconfig with --kubeconfig or $KUBECONFIG: gantryd's first start wrote "
          "admin.kubeconfig into its --data folder",
          message_of(text.status()));
    auto file = parse_file(*text);
    if (!file.ok()) return annotate(file.status(), name);
    make_paths_whole(*file, fs::path(name).parent_path());
    merge_into(all, *file);
  }
  auto config = choose(all, context);
  if (!config.ok()) return annotate(config.status(), join(files, ", "));
  return config;
}

}  // namespace gantry::ctl
