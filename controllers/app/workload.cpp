#include "controllers/app/workload.h"

#include "api/core/configmap.h"
#include "api/core/secret.h"
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

  Result<std::optional<std::string>> secret(const KeyReference& ref) const {
    const auto found = store::get<api::core::Secret>(store, {"secrets", ns, ref.name});
    if (!found.ok()) return missing(found.status(), ref, "Secret");
    return key_of(api::core::secret_value(*found, ref.key), ref, "Secret");
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

Status add_file(const Resolver& resolver, const api::v1alpha1::WorkloadFile& file, size_t index,
                ResolvedWorkload& resolved) {
  const auto where = absl::StrFormat("spec.workload.service.files[%d]", index);
  guest::File made;
  made.path = file.path;
  made.mode = static_cast<int>(std::stol(file.mode, nullptr, 8));
  const auto owner = split(file.owner, ':');
  made.owner = owner[0];
  made.group = owner.size() > 1 ? owner[1] : owner[0];
  made.content = file.content.value_or("");
  if (file.content_from) {
    auto value = resolver.value_of(*file.content_from);
    if (!value.ok()) return annotate(value.status(), where);
    if (!*value) return {};  // optional and absent: no file
    made.content = **value;
  }
  resolved.files.push_back(std::move(made));
  return {};
}

Status add_environment(const Resolver& resolver, const App& app, ResolvedWorkload& resolved) {
  std::string text;
  size_t index = 0;
  for (const auto& variable : app.spec.env) {
    std::optional<std::string> value = variable.value;
    if (variable.value_from) {
      auto found = resolver.value_of(*variable.value_from);
      if (!found.ok()) return annotate(found.status(), absl::StrFormat("spec.env[%d]", index));
      value = *found;
    }
    if (value) text += variable.name + "=" + in_double_quotes(*value) + "\n";
    ++index;
  }
  if (text.empty() || resolved.unit.empty()) return {};
  guest::File environment;
  environment.path = kEnvironmentFile;
  environment.content = text;
  environment.mode = 0600;
  guest::File drop_in;
  drop_in.path = "/etc/systemd/system/" + resolved.unit + ".d/gantry.conf";
  drop_in.content = absl::StrFormat("[Service]\nEnvironmentFile=%s\n", kEnvironmentFile);
  resolved.files.push_back(std::move(environment));
  resolved.files.push_back(std::move(drop_in));
  return {};
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
  return hasher.add("unit").add(resolved.unit).digest();
}

}  // namespace

Result<ResolvedWorkload> resolve_workload(const App& app, const store::Store& store) {
  ResolvedWorkload resolved;
  if (!app.spec.workload.service) return invalid("spec.workload.service is missing");
  const auto& service = *app.spec.workload.service;
  const Resolver resolver{store, app.metadata.ns};
  resolved.packages = service.packages;
  resolved.unit = service.unit;
  size_t index = 0;
  for (const auto& file : service.files) GANTRY_TRY(add_file(resolver, file, index++, resolved));
  GANTRY_TRY(add_environment(resolver, app, resolved));
  for (const auto& command : service.commands) {
    ResolvedCommand made;
    made.name = command.name;
    made.run = command.run.argv();
    if (command.unless) made.unless = command.unless->argv();
    made.timeout = command.timeout;
    resolved.commands.push_back(std::move(made));
  }
  resolved.revision = revision_of(resolved);
  return resolved;
}

}  // namespace gantry::controllers::app
