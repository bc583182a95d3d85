#include "pkg/schema/fields/slot.h"

#include <map>
#include <set>

#include "pkg/schema/json.h"

namespace gantry::schema {

Division Slot::division(const Json& value) const {
  if (value.is_object()) {
    if (type != nullptr && type->kind == Kind::object) return Division::fields;
    const bool map = type == nullptr || type->kind == Kind::map || type->kind == Kind::any;
    return map ? Division::keys : Division::leaf;
  }
  if (!value.is_array() || field == nullptr || type->kind != Kind::list) return Division::leaf;
  if (!field->list_map_key.empty()) return Division::keyed_list;
  return field->set ? Division::elements : Division::leaf;
}

Slot Slot::member(std::string_view name) const {
  if (type == nullptr) return {};
  if (type->kind == Kind::map) return {type->element(), nullptr};
  const Field* found = type->kind == Kind::object ? type->field(name) : nullptr;
  return found == nullptr ? Slot() : Slot{found->type(), found};
}

Slot Slot::element() const {
  if (type == nullptr || type->kind != Kind::list) return {};
  return {type->element(), nullptr};
}

bool Slot::declares(std::string_view name) const {
  return type != nullptr && type->kind == Kind::object && type->field(name) != nullptr;
}

std::string_view Slot::key() const {
  return field == nullptr ? std::string_view() : field->list_map_key;
}

std::optional<std::string> Slot::element_name(const Json& value) const {
  if (key().empty()) return "v:" + to_json(value);
  const auto* own = value.find(key());
  if (own == nullptr || own->is_null() || own->is_array() || own->is_object()) return std::nullopt;
  Json name;
  name.set(key(), *own);
  return "k:" + to_json(name);
}

std::vector<std::string> merge_orders(const std::vector<std::string>& preferred,
                                      const std::vector<std::string>& present) {
  const std::set<std::string> chosen(preferred.begin(), preferred.end());
  std::map<std::string, std::vector<std::string>> followers;  // by what stands before them
  std::string before;                                         // empty: at the front
  for (const auto& name : present) {
    if (!chosen.contains(name))
      followers[before].push_back(name);
    else
      before = name;
  }
  auto merged = followers[""];
  for (const auto& name : preferred) {
    merged.push_back(name);
    const auto& behind = followers[name];
    merged.insert(merged.end(), behind.begin(), behind.end());
  }
  return merged;
}

}  // namespace gantry::schema
