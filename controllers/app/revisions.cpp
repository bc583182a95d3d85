#include "controllers/app/revisions.h"

#include <algorithm>

#include "pkg/base/text.h"
#include "pkg/schema/codec.h"
#include "pkg/schema/json.h"

namespace gantry::controllers::app {
namespace {

using api::core::Secret;
using api::v1alpha1::App;

Json list_of(const std::vector<std::string>& words) {
  Json list = Json::array();
  for (const auto& word : words) list.push_back(word);
  return list;
}

std::vector<std::string> words_of(const Json* list) {
  std::vector<std::string> words;
  if (list == nullptr || !list->is_array()) return words;
  for (const auto& word : list->as_array())
    if (word.is_string()) words.push_back(word.as_string());
  return words;
}

// Bytes that are no text survive JSON as base64.
Json to_json(const guest::File& file) {
  Json json = Json::object();
  json.set("path", file.path);
  json.set("content", base64_encode(file.content));
  json.set("mode", file.mode);
  json.set("owner", file.owner);
  json.set("group", file.group);
  return json;
}

guest::File file_of(const Json& json) {
  guest::File file;
  file.path = json.string_or("path", "");
  file.content = base64_decode(json.string_or("content", "")).value_or("");
  file.mode = static_cast<int>(json.integer_or("mode", 0600));
  file.owner = json.string_or("owner", "root");
  file.group = json.string_or("group", "root");
  return file;
}

Json to_json(const ResolvedCommand& command) {
  Json json = Json::object();
  json.set("name", command.name);
  json.set("run", list_of(command.run));
  json.set("unless", list_of(command.unless));
  json.set("timeout", static_cast<int64_t>(command.timeout.count()));
  return json;
}

ResolvedCommand command_of(const Json& json) {
  ResolvedCommand command;
  command.name = json.string_or("name", "");
  command.run = words_of(json.find("run"));
  command.unless = words_of(json.find("unless"));
  command.timeout = std::chrono::seconds(json.integer_or("timeout", 300));
  return command;
}

Json to_json(const ResolvedCompose& compose) {
  Json json = Json::object();
  json.set("project", compose.project);
  json.set("text", compose.text);
  json.set("services", list_of(compose.services));
  json.set("environment", base64_encode(compose.environment));
  json.set("startup", static_cast<int64_t>(compose.startup.count()));
  return json;
}

ResolvedCompose compose_of(const Json& json) {
  ResolvedCompose compose;
  compose.project = json.string_or("project", "");
  compose.text = json.string_or("text", "");
  compose.services = words_of(json.find("services"));
  compose.environment = base64_decode(json.string_or("environment", "")).value_or("");
  compose.startup = std::chrono::seconds(json.integer_or("startup", 120));
  return compose;
}

Json to_json(const ResolvedWorkload& workload) {
  Json json = Json::object();
  json.set("packages", list_of(workload.packages));
  Json files = Json::array(), commands = Json::array(), secrets = Json::array();
  for (const auto& file : workload.files) files.push_back(to_json(file));
  for (const auto& command : workload.commands) commands.push_back(to_json(command));
  for (const auto& secret : workload.secrets) secrets.push_back(base64_encode(secret));
  json.set("files", std::move(files));
  json.set("commands", std::move(commands));
  json.set("secrets", std::move(secrets));
  json.set("unit", workload.unit);
  if (workload.compose) json.set("compose", to_json(*workload.compose));
  if (!workload.restart.empty()) json.set("restart", workload.restart);
  json.set("revision", workload.revision);
  return json;
}

const Json::Array& elements(const Json& json, const char* key) {
  static const Json::Array kNone;
  const auto* list = json.find(key);
  return list != nullptr && list->is_array() ? list->as_array() : kNone;
}

ResolvedWorkload workload_in(const Json& json) {
  ResolvedWorkload workload;
  workload.packages = words_of(json.find("packages"));
  for (const auto& file : elements(json, "files")) workload.files.push_back(file_of(file));
  for (const auto& command : elements(json, "commands"))
    workload.commands.push_back(command_of(command));
  for (const auto& secret : words_of(json.find("secrets")))
    workload.secrets.push_back(base64_decode(secret).value_or(""));
  workload.unit = json.string_or("unit", "");
  if (const auto* compose = json.find("compose")) workload.compose = compose_of(*compose);
  workload.restart = json.string_or("restart", "");
  workload.revision = json.string_or("revision", "");
  return workload;
}

// What `gantryctl rollback` puts back.
Json spec_parts(const App& app) {
  const auto object = schema::encode(app);
  Json parts = Json::object();
  for (const char* key : {"workload", "env", "files", "health", "restartedAt"})
    if (const auto* part = object.find("spec")->find(key)) parts.set(key, *part);
  return parts;
}

}  // namespace

std::string revision_name(const std::string& app, int number) {
  return app + ".r" + std::to_string(number);
}

Secret revision_secret(const App& app, int number, const ResolvedWorkload& workload) {
  Secret secret;
  secret.metadata.name = revision_name(app.metadata.name, number);
  secret.metadata.ns = app.metadata.ns;
  secret.metadata.labels["gantry.dev/app"] = app.metadata.name;
  api::meta::OwnerReference owner;
  owner.api_version = app.api_version;
  owner.kind = app.kind;
  owner.name = app.metadata.name;
  owner.uid = app.metadata.uid;
  owner.controller = true;
  secret.metadata.owner_references.push_back(owner);
  secret.type = kRevisionType;
  secret.immutable = true;
  secret.data["revision"] = base64_encode(workload.revision);
  secret.data["spec"] = base64_encode(schema::to_json(spec_parts(app)));
  secret.data["workload"] = base64_encode(schema::to_json(to_json(workload)));
  return secret;
}

Result<ResolvedWorkload> workload_of(const Secret& secret) {
  const auto text = api::core::secret_value(secret, "workload");
  if (secret.type != kRevisionType || !text)
    return error(ErrorClass::schema, "Secret %s/%s holds no revision", secret.metadata.ns,
                 secret.metadata.name);
  const auto json = schema::parse_json(*text);
  // The parser's own words would quote what must not be told.
  if (!json.ok())
    return error(ErrorClass::schema, "Secret %s/%s is damaged", secret.metadata.ns,
                 secret.metadata.name);
  return workload_in(*json);
}

std::string revision_of(const Secret& secret) {
  if (secret.type != kRevisionType) return "";
  return api::core::secret_value(secret, "revision").value_or("");
}

const api::v1alpha1::AppRevision* find_revision(const App& app, const std::string& revision) {
  const auto& all = app.status.revisions;
  const auto found = std::ranges::find(all, revision, &api::v1alpha1::AppRevision::revision);
  return found == all.end() ? nullptr : &*found;
}

Result<ResolvedWorkload> with_images(const App& app, Result<ResolvedWorkload> workload) {
  if (!workload.ok() || !workload->compose) return workload;
  const auto* known = find_revision(app, workload->revision);
  if (known == nullptr) return workload;
  for (const auto& image : known->images)
    workload->compose->images.push_back({image.service, image.image, image.digest});
  return workload;
}

void note_images(App& app, const std::string& revision, const std::vector<UsedImage>& images) {
  for (auto& known : app.status.revisions) {
    if (known.revision != revision || !known.images.empty()) continue;
    for (const auto& image : images)
      known.images.push_back({image.service, image.image, image.digest});
  }
}

}  // namespace gantry::controllers::app
