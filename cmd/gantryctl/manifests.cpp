#include "cmd/gantryctl/manifests.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "api/kinds.h"
#include "pkg/schema/json.h"

namespace gantry::ctl {
namespace {

namespace fs = std::filesystem;

bool is_manifest(const fs::path& path) {
  const auto extension = path.extension();
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

Result<std::vector<std::string>> files_of(const std::string& path) {
  std::error_code error;
  if (path == "-" || !fs::is_directory(path, error)) return std::vector<std::string>{path};
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(path, error))
    if (entry.is_regular_file() && is_manifest(entry.path()))
      files.push_back(entry.path().string());
  if (error) return invalid("%s: %s", path, error.message());
  if (files.empty()) return invalid("%s: no *.yaml, *.yml or *.json in it", path);
  std::ranges::sort(files);
  return files;
}

Result<std::string> text_of(const std::string& path) {
  if (path == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  std::ifstream file(path, std::ios::binary);
  if (!file) return invalid("%s: cannot be opened", path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Status add(Json object, const std::string& source, std::vector<Manifest>& manifests) {
  if (!object.is_object()) return invalid("%s: a manifest must be an object", source);
  if (object.string_or("kind", "") == "List" && object.string_or("apiVersion", "") == "v1") {
    const auto* items = object.find("items");
    if (items == nullptr || !items->is_array()) return invalid("%s: a List needs items", source);
    for (const auto& item : items->as_array()) GANTRY_TRY(add(item, source, manifests));
    return {};
  }
  const auto version = object.string_or("apiVersion", "");
  const auto kind_name = object.string_or("kind", "");
  if (version.empty() || kind_name.empty())
    return invalid("%s: a manifest needs apiVersion and kind", source);
  const auto* kind = api::find_by_kind(version, kind_name);
  if (kind == nullptr)
    return invalid("%s: %s", source, api::unknown_kind_message(version, kind_name));
  const auto* name = object.find_path({"metadata", "name"});
  if (name == nullptr || !name->is_string() || name->as_string().empty())
    return invalid("%s: %s needs metadata.name", source, kind_name);
  manifests.push_back({kind, std::move(object), source});
  return {};
}

// JSON is YAML but for its surrogate pairs ("\ud83d\ude00"), which programs write and YAML refuses.
// What is no JSON is YAML's to judge.
std::optional<Json> read_as_json(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos || text[begin] != '{') return std::nullopt;
  auto json = schema::parse_json(text);
  if (!json.ok()) return std::nullopt;
  return *std::move(json);
}

void sort_for_apply(std::vector<Manifest>& manifests) {
  const auto& kinds = api::all_kinds();
  std::ranges::stable_sort(manifests, [&kinds](const Manifest& a, const Manifest& b) {
    return a.kind - kinds.data() < b.kind - kinds.data();
  });
}

}  // namespace

Result<std::vector<Manifest>> parse_manifests(const std::string& text, const std::string& name) {
  std::vector<Manifest> manifests;
  if (auto json = read_as_json(text)) {
    GANTRY_TRY(add(*std::move(json), name + ":1", manifests));
    return manifests;
  }
  auto documents = schema::parse_yaml(text);
  if (!documents.ok()) return annotate(documents.status(), name);
  for (auto& document : *documents)
    GANTRY_TRY(
        add(std::move(document.value), name + ":" + std::to_string(document.line), manifests));
  return manifests;
}

Result<std::vector<Manifest>> read_manifests(const std::vector<std::string>& paths) {
  std::vector<Manifest> all;
  for (const auto& path : paths) {
    GANTRY_TRY_ASSIGN(const auto files, files_of(path));
    for (const auto& file : files) {
      GANTRY_TRY_ASSIGN(const auto text, text_of(file));
      GANTRY_TRY_ASSIGN(auto manifests, parse_manifests(text, file));
      std::ranges::move(manifests, std::back_inserter(all));
    }
  }
  if (all.empty()) return invalid("no manifest in what -f names");
  sort_for_apply(all);
  return all;
}

}  // namespace gantry::ctl
