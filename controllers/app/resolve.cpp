#include "controllers/app/resolve.h"

#include "api/core/configmap.h"
#include "api/core/secret.h"
#include "controllers/app/bootstrap/compose_project.h"
#include "pkg/base/text.h"
#include "pkg/crypto/digest.h"
#include "pkg/store/typed.h"

namespace gantry::controllers::app {
namespace {

using api::meta::KeyReference;
using api::meta::ValueSource;
using api::v1alpha1::App;

constexpr const char* kEnvironmentFile = "/etc/gantry/app.env";

struct Resolver {
  const store::Store& store;
  const std::string& ns;
  std::vector<std::string>& secrets;  // every value that came from a Secret

  Result<std::optional<std::string>> secret(const KeyReference& ref) const {
    const auto found = store::get<api::core::Secret>(store, {"secrets", ns, ref.name});
    if (!found.ok()) return missing(found.status(), ref, "Secret");
    auto value = api::core::secret_value(*found, ref.key);
    if (value) secrets.push_back(*value);
    return key_of(std::move(value), ref, "Secret");
  }

  Result<std::optional<std::string>> config_map(const KeyReference& ref) const {
    const auto found = store::get<api::core::ConfigMap>(store, {"configmaps", ns, ref.name});
    if (!found.ok()) return missing(found.status(), ref, "ConfigMap");
    const auto value = found->data.find(ref.key);
    if (value == found->data.end()) return key_of(std::nullopt, ref, "ConfigMap");
    return std::optional<std::string>(value->second);
  }

  Result<std::optional<std::string>> value_of(const ValueSource& source) const {
    if (source.secret_key_ref) return secret(*source.secret_key_ref);
    if (source.config_map_key_ref) return config_map(*source.config_map_key_ref);
    return std::optional<std::string>();
  }

 private:
  Result<std::optional<std::string>> missing(const Status& status, const KeyReference& ref,
                                             const std::string& kind) const {
    if (error_class(status) != ErrorClass::not_found) return status;
    if (ref.optional) return std::optional<std::string>();
    return invalid("%s %s/%s does not exist", kind, ns, ref.name);
  }
  Result<std::optional<std::string>> key_of(std::optional<std::string> value,
                                            const KeyReference& ref,
                                            const std::string& kind) const {
    if (value || ref.optional) return value;
    return invalid("%s %s/%s has no key %s", kind, ns, ref.name, ref.key);
  }
};

// systemd's EnvironmentFile: in double quotes only these four need a backslash.
std::string in_double_quotes(const std::string& value) {
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\' || c == '$' || c == '`') text += '\\';
    text += c;
  }
  return text + "\"";
}

// What people type in an editor of another system is text with CRLF.
std::string with_line_feeds(const std::string& text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i)
    if (text[i] != '\r' || i + 1 == text.size() || text[i + 1] != '\n') result += text[i];
  return result;
}

guest::File file_at(const std::string& path, const std::string& mode, const std::string& owner) {
  guest::File file;
  file.path = path;
  file.mode = static_cast<int>(std::stol(mode, nullptr, 8));
  const auto names = split(owner, ':');
  file.owner = names[0];
  file.group = names.size() > 1 ? names[1] : names[0];
  return file;
}

// Where a file's content comes from: a text, or a reference. Texts get LF; a Secret's bytes stay.
struct Source {
  const std::optional<std::string>& content;
  const KeyReference* config_map = nullptr;
  const KeyReference* secret = nullptr;
};
Result<std::optional<std::string>> content_of(const Resolver& resolver, const Source& source) {
  if (source.secret != nullptr) return resolver.secret(*source.secret);
  if (source.config_map == nullptr)
    return std::optional<std::string>(with_line_feeds(source.content.value_or("")));
  GANTRY_TRY_ASSIGN(auto value, resolver.config_map(*source.config_map));
  if (value) value = with_line_feeds(*value);
  return value;
}

const KeyReference* address_of(const std::optional<KeyReference>& reference) {
  return reference ? &*reference : nullptr;
}

// Adds it; nothing when its source is optional and absent.
Status add_file(const Resolver& resolver, guest::File file, const Source& source,
                const std::string& where, ResolvedWorkload& resolved) {
  auto content = content_of(resolver, source);
  if (!content.ok()) return annotate(content.status(), where);
  if (!*content) return {};
  file.content = **std::move(content);
  resolved.files.push_back(std::move(file));
  return {};
}

Status add_files(const Resolver& resolver, const App& app, ResolvedWorkload& resolved) {
  size_t index = 0;
  const auto& service = app.spec.workload.service;
  for (const auto& file : service ? service->files : std::vector<api::v1alpha1::WorkloadFile>()) {
    Source source{file.content};
    if (file.content_from) {
      source.secret = address_of(file.content_from->secret_key_ref);
      source.config_map = address_of(file.content_from->config_map_key_ref);
    }
    GANTRY_TRY(add_file(resolver, file_at(file.path, file.mode, file.owner), source,
                        absl::StrFormat("spec.workload.service.files[%d]", index++), resolved));
  }
  index = 0;
  for (const auto& file : app.spec.files) {
    const Source source{file.content, address_of(file.config_map_key_ref),
                        address_of(file.secret_key_ref)};
    const auto mode = file.mode.value_or(file.secret_key_ref ? "0600" : "0644");
    GANTRY_TRY(add_file(resolver, file_at(file.path, mode, file.owner), source,
                        absl::StrFormat("spec.files[%d]", index++), resolved));
  }
  return {};
}

using Environment = std::vector<std::pair<std::string, std::string>>;

Result<Environment> environment_of(const Resolver& resolver, const App& app) {
  Environment environment;
  size_t index = 0;
  for (const auto& variable : app.spec.env) {
    std::optional<std::string> value = variable.value;
    if (variable.value_from) {
      auto found = resolver.value_of(*variable.value_from);
      if (!found.ok()) return annotate(found.status(), absl::StrFormat("spec.env[%d]", index));
      value = *found;
    }
    if (value) environment.emplace_back(variable.name, *value);
    ++index;
  }
  return environment;
}

// A unit reads it by a drop-in.
void add_environment(const Environment& environment, ResolvedWorkload& resolved) {
  if (environment.empty() || resolved.unit.empty()) return;
  guest::File variables;
  variables.path = kEnvironmentFile;
  variables.mode = 0600;
  for (const auto& [name, value] : environment)
    variables.content += name + "=" + in_double_quotes(value) + "\n";
  guest::File drop_in;
  drop_in.path = "/etc/systemd/system/" + resolved.unit + ".d/gantry.conf";
  drop_in.content = absl::StrFormat("[Service]\nEnvironmentFile=%s\n", kEnvironmentFile);
  resolved.files.push_back(std::move(variables));
  resolved.files.push_back(std::move(drop_in));
}

void add_commands(const api::v1alpha1::Service& service, ResolvedWorkload& resolved) {
  for (const auto& command : service.commands) {
    ResolvedCommand made;
    made.name = command.name;
    made.run = command.run.argv();
    if (command.unless) made.unless = command.unless->argv();
    made.timeout = command.timeout;
    resolved.commands.push_back(std::move(made));
  }
}

Result<ResolvedCompose> resolve_compose(const App& app, const Environment& environment) {
  ResolvedCompose compose;
  compose.project = app.metadata.name;
  compose.text = with_line_feeds(app.spec.workload.compose->text);
  compose.startup = app.spec.health.value_or(api::v1alpha1::Health()).startup;
  GANTRY_TRY_ASSIGN(const auto outline, api::v1alpha1::outline_of(compose.text));
  for (const auto& service : outline.services) compose.services.push_back(service.name);
  for (const auto& [name, value] : environment)
    compose.environment += environment_line(name, value);
  return compose;
}

// Every part with its length before it, so that no two workloads have the same text.
class Hasher {
 public:
  Hasher& add(const std::string& part) {
    text_ += std::to_string(part.size()) + ":" + part;
    return *this;
  }
  std::string digest() const { return hex(crypto::sha256(text_)).substr(0, 16); }

 private:
  std::string text_;
};

std::string revision_of(const ResolvedWorkload& resolved) {
  Hasher hasher;
  for (const auto& package : resolved.packages) hasher.add("package").add(package);
  for (const auto& file : resolved.files)
    hasher.add("file")
        .add(file.path)
        .add(file.content)
        .add(std::to_string(file.mode))
        .add(file.owner + ":" + file.group);
  for (const auto& command : resolved.commands) {
    hasher.add("command");
    for (const auto& word : command.run) hasher.add(word);
    hasher.add("unless");
    for (const auto& word : command.unless) hasher.add(word);
  }
  if (resolved.compose)
    hasher.add("compose").add(resolved.compose->text).add(resolved.compose->environment);
  if (!resolved.restart.empty()) hasher.add("restart").add(resolved.restart);
  return hasher.add("unit").add(resolved.unit).digest();
}

}  // namespace

Result<ResolvedWorkload> resolve_workload(const App& app, const store::Store& store) {
  ResolvedWorkload resolved;
  const auto& workload = app.spec.workload;
  const Resolver resolver{store, app.metadata.ns, resolved.secrets};
  GANTRY_TRY(add_files(resolver, app, resolved));
  GANTRY_TRY_ASSIGN(const auto environment, environment_of(resolver, app));
  if (workload.service) {
    resolved.packages = workload.service->packages;
    resolved.unit = workload.service->unit;
    add_environment(environment, resolved);
    add_commands(*workload.service, resolved);
  } else if (workload.compose) {
    GANTRY_TRY_ASSIGN(resolved.compose, resolve_compose(app, environment));
  } else {
    return invalid("spec.workload is empty");
  }
  if (app.spec.restarted_at) resolved.restart = to_rfc3339(*app.spec.restarted_at);
  resolved.revision = revision_of(resolved);
  return resolved;
}

}  // namespace gantry::controllers::app
