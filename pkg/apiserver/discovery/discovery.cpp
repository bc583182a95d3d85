#include "pkg/apiserver/discovery/discovery.h"

#include <set>

#include "api/kinds.h"
#include "api/views/views.h"
#include "pkg/base/text.h"
#include "pkg/crypto/digest.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

using api::meta::Kind;

Json verbs(std::initializer_list<const char*> names) {
  Json list = Json::array();
  for (const auto* name : names) list.push_back(name);
  return list;
}
Json all_verbs() {
  return verbs({"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"});
}
Json view_verbs() {
  return verbs({"get", "list", "watch"});
}
// Stored kinds can be written, views cannot; Events of either group are the same. Reviews are
// questions: they are created and answered, never kept.
Json verbs_of(const Kind& kind) {
  if (!kind.stored) return verbs({"create"});
  const bool stored = kind.type != nullptr || kind.kind == "Event";
  return stored ? all_verbs() : view_verbs();
}
Json status_verbs() {
  return verbs({"get", "patch", "update"});
}

Json texts(const std::vector<std::string_view>& values) {
  Json list = Json::array();
  for (const auto value : values) list.push_back(value);
  return list;
}

Json legacy_resource(const Kind& kind) {
  Json resource;
  resource.set("name", kind.plural);
  resource.set("singularName", kind.singular);
  resource.set("namespaced", kind.namespaced);
  resource.set("kind", kind.kind);
  resource.set("verbs", verbs_of(kind));
  if (!kind.short_names.empty()) resource.set("shortNames", texts(kind.short_names));
  if (!kind.categories.empty()) resource.set("categories", texts(kind.categories));
  return resource;
}

Json legacy_status(const Kind& kind) {
  Json resource;
  resource.set("name", std::string(kind.plural) + "/status");
  resource.set("singularName", "");
  resource.set("namespaced", kind.namespaced);
  resource.set("kind", kind.kind);
  resource.set("verbs", status_verbs());
  return resource;
}

// autoscaling/v1 Scale: what `kubectl scale` and autoscalers speak.
Json legacy_scale(const Kind& kind) {
  auto resource = legacy_status(kind);
  resource.set("name", std::string(kind.plural) + "/scale");
  resource.set("group", "autoscaling");
  resource.set("version", "v1");
  resource.set("kind", "Scale");
  return resource;
}

Json legacy_subresource(const Kind& kind, const api::meta::Subresource& part) {
  auto resource = legacy_status(kind);
  resource.set("name", std::string(kind.plural) + "/" + std::string(part.name));
  resource.set("group", part.group);
  resource.set("version", part.version);
  resource.set("kind", part.kind);
  resource.set("verbs", texts(part.verbs));
  return resource;
}

Json group_version(const std::string& group, const std::string& version) {
  Json item;
  item.set("groupVersion", group.empty() ? version : group + "/" + version);
  item.set("version", version);
  return item;
}

std::vector<const Kind*> served() {
  std::vector<const Kind*> kinds;
  for (const auto& kind : api::all_kinds()) kinds.push_back(&kind);
  for (const auto& kind : api::views::all_kinds()) kinds.push_back(&kind);
  return kinds;
}

using Groups = std::map<std::string, std::set<std::string>>;  // group → versions

Groups groups() {
  Groups found;
  for (const auto* kind : served())
    found[std::string(kind->group)].insert(std::string(kind->version));
  return found;
}

Json resource_list(const std::string& group, const std::string& version) {
  Json list;
  list.set("kind", "APIResourceList");
  list.set("apiVersion", "v1");
  list.set("groupVersion", group.empty() ? version : group + "/" + version);
  list.set("resources", Json::array());
  for (const auto* kind : served()) {
    if (kind->group != group || kind->version != version) continue;
    list.member("resources").push_back(legacy_resource(*kind));
    for (const auto& part : kind->subresources)
      list.member("resources").push_back(legacy_subresource(*kind, part));
    if (!kind->has_status) continue;
    list.member("resources").push_back(legacy_status(*kind));
    if (kind->has_scale()) list.member("resources").push_back(legacy_scale(*kind));
  }
  return list;
}

Json api_group(const std::string& group, const std::set<std::string>& versions) {
  Json item;
  item.set("name", group);
  for (const auto& version : versions)
    item.member("versions").push_back(group_version(group, version));
  item.set("preferredVersion", group_version(group, *versions.rbegin()));
  return item;
}

Json response_kind(const Kind& kind) {
  Json item;
  item.set("group", kind.group);
  item.set("version", kind.version);
  item.set("kind", kind.kind);
  return item;
}

Json aggregated_subresource(const api::meta::Subresource& part) {
  Json item;
  item.set("subresource", part.name);
  item.member("responseKind").set("group", part.group);
  item.member("responseKind").set("version", part.version);
  item.member("responseKind").set("kind", part.kind);
  item.set("verbs", texts(part.verbs));
  return item;
}

Json aggregated_resource(const Kind& kind) {
  Json resource;
  resource.set("resource", kind.plural);
  resource.set("responseKind", response_kind(kind));
  resource.set("scope", kind.namespaced ? "Namespaced" : "Cluster");
  resource.set("singularResource", kind.singular);
  resource.set("verbs", verbs_of(kind));
  if (!kind.short_names.empty()) resource.set("shortNames", texts(kind.short_names));
  if (!kind.categories.empty()) resource.set("categories", texts(kind.categories));
  for (const auto& part : kind.subresources)
    resource.member("subresources").push_back(aggregated_subresource(part));
  if (!kind.has_status) return resource;
  Json status;
  status.set("subresource", "status");
  status.set("responseKind", response_kind(kind));
  status.set("verbs", status_verbs());
  resource.member("subresources").push_back(std::move(status));
  if (!kind.has_scale()) return resource;
  Json scale;
  scale.set("subresource", "scale");
  scale.member("responseKind").set("group", "autoscaling");
  scale.member("responseKind").set("version", "v1");
  scale.member("responseKind").set("kind", "Scale");
  scale.set("verbs", status_verbs());
  resource.member("subresources").push_back(std::move(scale));
  return resource;
}

Json aggregated(const std::string& discovery_version, bool core) {
  Json list;
  list.set("kind", "APIGroupDiscoveryList");
  list.set("apiVersion", "apidiscovery.k8s.io/" + discovery_version);
  list.set("metadata", Json::object());
  list.set("items", Json::array());
  for (const auto& [group, versions] : groups()) {
    if (group.empty() != core) continue;
    Json item;
    item.set("metadata", Json::object());
    if (!group.empty()) item.member("metadata").set("name", group);
    for (const auto& version : versions) {
      Json entry;
      entry.set("version", version);
      entry.set("freshness", "Current");
      for (const auto* kind : served())
        if (kind->group == group && kind->version == version)
          entry.member("resources").push_back(aggregated_resource(*kind));
      item.member("versions").push_back(std::move(entry));
    }
    list.member("items").push_back(std::move(item));
  }
  return list;
}

Json core_versions() {
  Json versions;
  versions.set("kind", "APIVersions");
  versions.set("versions", verbs({"v1"}));
  versions.set("serverAddressByClientCIDRs", Json::array());
  return versions;
}

// What aggregated form the client prefers: "v2", "v2beta1", or "" for the legacy one.
std::string wanted_version(const http::Request& request) {
  const auto accept = request.headers.find("Accept");
  if (accept == request.headers.end()) return "";
  for (const auto& range : split(accept->second, ',')) {
    if (range.find("as=APIGroupDiscoveryList") == std::string::npos) {
      if (starts_with(trim(range), "application/json")) return "";
      continue;
    }
    for (const auto& part : split(range, ';')) {
      if (trim(part) == "v=v2") return "v2";
      if (trim(part) == "v=v2beta1") return "v2beta1";
    }
  }
  return "";
}

}  // namespace

Discovery::Document Discovery::make_document(const Json& value) {
  Document document;
  document.body = schema::to_json(value) + "\n";
  document.etag = "\"" + hex(crypto::sha256(document.body)) + "\"";
  return document;
}

Discovery::Discovery() {
  Json group_list;
  group_list.set("kind", "APIGroupList");
  group_list.set("apiVersion", "v1");
  group_list.set("groups", Json::array());
  for (const auto& [group, versions] : groups()) {
    for (const auto& version : versions) {
      const auto path = group.empty() ? "/api/" + version : "/apis/" + group + "/" + version;
      legacy_[path] = make_document(resource_list(group, version));
    }
    if (group.empty()) continue;
    auto item = api_group(group, versions);
    group_list.member("groups").push_back(item);
    item.set("kind", "APIGroup");
    item.set("apiVersion", "v1");
    legacy_["/apis/" + group] = make_document(item);
  }
  legacy_["/api"] = make_document(core_versions());
  legacy_["/apis"] = make_document(group_list);
  for (const auto* version : {"v2", "v2beta1"}) {
    aggregated_[{"/api", version}] = make_document(aggregated(version, true));
    aggregated_[{"/apis", version}] = make_document(aggregated(version, false));
  }
}

http::Response Discovery::respond(const http::Request& request, const Document& document,
                                  const std::string& content_type) const {
  http::Response response;
  response.headers["Content-Type"] = content_type;
  response.headers["ETag"] = document.etag;
  response.headers["Vary"] = "Accept";
  const auto known = request.headers.find("If-None-Match");
  if (known != request.headers.end() && known->second == document.etag)
    response.status = 304;
  else
    response.body = document.body;
  return response;
}

std::optional<http::Response> Discovery::answer(const http::Request& request,
                                                const RequestInfo& info) const {
  std::string path;
  for (const auto& segment : info.target.segments)
    if (!segment.empty()) path += "/" + segment;
  const auto version = wanted_version(request);
  if (!version.empty()) {
    const auto found = aggregated_.find({path, version});
    if (found != aggregated_.end())
      return respond(
          request, found->second,
          "application/json;g=apidiscovery.k8s.io;v=" + version + ";as=APIGroupDiscoveryList");
  }
  const auto found = legacy_.find(path);
  if (found == legacy_.end()) return std::nullopt;
  return respond(request, found->second, "application/json");
}

}  // namespace gantry::apiserver
