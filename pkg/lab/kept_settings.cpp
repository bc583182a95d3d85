#include "pkg/lab/kept_settings.h"

#include "pkg/base/text.h"
#include "pkg/schema/json.h"

namespace gantry::lab {
namespace {

constexpr const char* kStorages = "storage.cfg";

std::string interfaces_of(const NodeName& node) {
  return "nodes/" + node.get() + "/interfaces";
}

std::vector<std::string> words_of(const Json& object, const char* key) {
  std::vector<std::string> words;
  const auto* list = object.find(key);
  if (list == nullptr || !list->is_array()) return words;
  for (const auto& word : list->as_array())
    if (word.is_string()) words.push_back(word.as_string());
  return words;
}

std::string to_text(const NetworkState& network) {
  Json object = Json::object();
  for (const auto& [name, settings] : network.added) {
    auto& iface = object.member("added").member(name);
    iface = Json::object();
    for (const auto& [key, value] : settings) iface.set(key, value);
  }
  for (const auto& name : network.removed) object.member("removed").push_back(name);
  return schema::to_json(object);
}

std::optional<NetworkState> parse_network(const std::string& text) {
  const auto object = schema::parse_json(text);
  if (text.empty() || !object.ok() || !object->is_object()) return std::nullopt;
  NetworkState network;
  if (const auto* added = object->find("added"); added != nullptr && added->is_object()) {
    for (const auto& [name, settings] : added->as_object()) {
      auto& iface = network.added[name];
      if (!settings.is_object()) continue;
      for (const auto& [key, value] : settings.as_object())
        if (value.is_string()) iface[key] = value.as_string();
    }
  }
  for (const auto& name : words_of(*object, "removed")) network.removed.insert(name);
  return network;
}

// One JSON object a line.
std::string to_text(const StorageOptions& storage) {
  Json object = Json::object();
  object.set("id", storage.id.get());
  object.set("type", storage.type);
  object.set("content", join({storage.content.begin(), storage.content.end()}, ","));
  object.set("shared", storage.shared);
  object.set("total", storage.total);
  for (const auto& node : storage.nodes) object.member("nodes").push_back(node.get());
  return schema::to_json(object);
}

void load_storage(Model& model, const std::string& line) {
  const auto object = schema::parse_json(line);
  if (!object.ok() || !object->is_object()) return;
  StorageOptions storage;
  storage.id = StorageId(object->string_or("id", ""));
  if (model.volumes.find_storage(storage.id.get()) != nullptr) return;
  storage.type = object->string_or("type", "dir");
  storage.content.clear();
  for (const auto& content : split(object->string_or("content", ""), ','))
    storage.content.insert(content);
  storage.shared = object->bool_or("shared", false);
  storage.total = object->integer_or("total", 0);
  storage.added = true;
  for (const auto& node : words_of(*object, "nodes")) storage.nodes.emplace_back(node);
  model.options.storages.push_back(std::move(storage));
}

}  // namespace

void save_network(Model& model, const NodeName& name) {
  const auto& node = model.nodes.at(name);
  model.files.write(interfaces_of(name), to_text(node.network));
  if (node.new_network.has_value()) {
    model.files.write(interfaces_of(name) + ".new", to_text(*node.new_network));
  } else {
    model.files.remove(interfaces_of(name) + ".new");
  }
}

void save_storages(Model& model) {
  std::string text;
  for (const auto& storage : model.options.storages)
    if (storage.added) text += to_text(storage) + "\n";
  model.files.write(kStorages, text);
}

void load_settings(Model& model) {
  for (const auto& line : split(model.files.read(kStorages), '\n'))
    if (!line.empty()) load_storage(model, line);
  for (auto& [name, node] : model.nodes) {
    const auto network = parse_network(model.files.read(interfaces_of(name)));
    if (network.has_value()) node.network = *network;
    node.new_network = parse_network(model.files.read(interfaces_of(name) + ".new"));
  }
}

}  // namespace gantry::lab
