#include "pkg/apiserver/patch/strategic.h"

#include <map>
#include <set>

#include "pkg/schema/fields/slot.h"

namespace gantry::apiserver {
namespace {

using schema::Division;
using schema::Slot;

constexpr std::string_view kDirective = "$patch";
constexpr std::string_view kRetainKeys = "$retainKeys";
constexpr std::string_view kOrder = "$setElementOrder/";
constexpr std::string_view kDelete = "$deleteFromPrimitiveList/";

Status merge_value(Slot slot, Json& target, const Json& patch, const std::string& path);

Status wrong(const std::string& path, const std::string& what) {
  return invalid("strategic merge patch: %s: %s", path.empty() ? "(root)" : path, what);
}

// How a list merges here, whatever it holds.
Division division_of(Slot slot) {
  return slot.division(Json::array());
}

// The elements of a list by name, for ordering. A directive's element needs its key only.
Result<std::vector<std::string>> names_of(Slot slot, const Json& list, const std::string& path) {
  std::vector<std::string> names;
  if (!list.is_array()) return wrong(path, "must be a list");
  for (const auto& item : list.as_array()) {
    auto name = slot.element_name(item);
    if (!name)
      return wrong(schema::index_path(path, names.size()),
                   "needs the list's merge key \"" + std::string(slot.key()) + "\"");
    names.push_back(*std::move(name));
  }
  return names;
}

// The list in the order that $setElementOrder asks for; other elements keep their place.
Status order_list(Slot slot, Json& list, const Json& order, const std::string& path) {
  if (division_of(slot) == Division::leaf) return wrong(path, "this list has no merge key");
  GANTRY_TRY_ASSIGN(const auto wanted, names_of(slot, order, path));
  GANTRY_TRY_ASSIGN(const auto present, names_of(slot, list, path));
  std::map<std::string, Json> items;
  for (size_t i = 0; i < present.size(); ++i) items[present[i]] = list.as_array()[i];
  std::vector<std::string> preferred;
  std::set<std::string> seen;
  for (const auto& name : wanted)
    if (items.contains(name) && seen.insert(name).second) preferred.push_back(name);
  list = Json::array();
  for (const auto& name : schema::merge_orders(preferred, present)) list.push_back(items[name]);
  return {};
}

Status delete_elements(Slot slot, Json& list, const Json& doomed, const std::string& path) {
  if (division_of(slot) != Division::elements) return wrong(path, "this list is no set");
  if (!doomed.is_array()) return wrong(path, "must be a list");
  std::set<std::string> names;
  for (const auto& item : doomed.as_array()) names.insert(*slot.element_name(item));
  if (list.is_array())
    std::erase_if(list.as_array(),
                  [&](const Json& item) { return names.contains(*slot.element_name(item)); });
  return {};
}

bool is_replace_marker(const Json& item) {
  return item.size() == 1 && item.string_or(kDirective, "") == "replace";
}

Status merge_keyed_list(Slot slot, Json& list, const Json& patch, const std::string& path) {
  for (const auto& item : patch.as_array())
    if (is_replace_marker(item)) list = Json::array();
  std::map<std::string, size_t> places;
  GANTRY_TRY_ASSIGN(const auto present, names_of(slot, list, path));
  for (size_t i = 0; i < present.size(); ++i) places.emplace(present[i], i);
  std::set<size_t> doomed;
  for (size_t i = 0; i < patch.size(); ++i) {
    const auto& item = patch.as_array()[i];
    const auto here = schema::index_path(path, i);
    if (is_replace_marker(item)) continue;
    const auto name = slot.element_name(item);
    if (!name) return wrong(here, "needs the list's merge key \"" + std::string(slot.key()) + "\"");
    const auto place = places.find(*name);
    if (item.string_or(kDirective, "") == "delete") {
      if (place != places.end()) doomed.insert(place->second);
      continue;
    }
    if (place == places.end()) list.push_back(Json::object());
    const auto at = places.emplace(*name, list.size() - 1).first->second;
    doomed.erase(at);
    GANTRY_TRY(merge_value(slot.element(), list.as_array()[at], item, here));
  }
  size_t index = 0;
  std::erase_if(list.as_array(), [&](const Json&) { return doomed.contains(index++); });
  return {};
}

void merge_set(Slot slot, Json& list, const Json& patch) {
  std::set<std::string> present;
  for (const auto& item : list.as_array()) present.insert(*slot.element_name(item));
  for (const auto& item : patch.as_array())
    if (present.insert(*slot.element_name(item)).second) list.push_back(item);
}

Status merge_list(Slot slot, Json& target, const Json& patch, const std::string& path) {
  const auto division = division_of(slot);
  if (division == Division::leaf) {
    target = patch;
    return {};
  }
  if (!target.is_array()) target = Json::array();
  if (division == Division::keyed_list) return merge_keyed_list(slot, target, patch, path);
  merge_set(slot, target, patch);
  return {};
}

Status retain_keys(Json& target, const Json& keys, const std::string& path) {
  if (!keys.is_array()) return wrong(path, "$retainKeys must be a list of names");
  std::erase_if(target.as_object(), [&keys](const auto& member) {
    return std::ranges::find(keys.as_array(), Json(member.first)) == keys.as_array().end();
  });
  return {};
}

// One member of the patch: a directive about a sibling, or a value.
Status merge_member(Slot slot, Json& target, const std::string& name, const Json& patch,
                    const std::string& path) {
  if (name.starts_with(kDelete)) {
    const auto list = name.substr(kDelete.size());
    if (target.find(list) == nullptr) return {};
    return delete_elements(slot.member(list), target.member(list), patch,
                           schema::key_path(path, name));
  }
  if (name.starts_with("$")) return wrong(path, "unknown directive \"" + name + "\"");
  if (patch.is_null()) {
    target.erase(name);
    return {};
  }
  return merge_value(slot.member(name), target.member(name), patch, schema::key_path(path, name));
}

Status merge_object(Slot slot, Json& target, const Json& patch, const std::string& path) {
  const auto directive = patch.string_or(kDirective, "merge");
  if (directive == "delete" || directive == "replace") target = Json::object();
  if (directive == "delete") return {};
  if (directive != "replace" && directive != "merge")
    return wrong(path, "unknown $patch \"" + directive + "\"; use merge, replace or delete");
  if (!target.is_object()) target = Json::object();
  if (const auto* keys = patch.find(kRetainKeys)) GANTRY_TRY(retain_keys(target, *keys, path));
  for (const auto& [name, value] : patch.as_object()) {
    if (name == kDirective || name == kRetainKeys || name.starts_with(kOrder)) continue;
    GANTRY_TRY(merge_member(slot, target, name, value, path));
  }
  for (const auto& [name, order] : patch.as_object()) {
    if (!name.starts_with(kOrder)) continue;
    const auto list_name = name.substr(kOrder.size());
    auto* list = target.find(list_name);
    if (list == nullptr || !list->is_array()) continue;
    GANTRY_TRY(order_list(slot.member(list_name), *list, order, schema::key_path(path, name)));
  }
  return {};
}

Status merge_value(Slot slot, Json& target, const Json& patch, const std::string& path) {
  if (patch.is_object()) return merge_object(slot, target, patch, path);
  if (patch.is_array()) return merge_list(slot, target, patch, path);
  target = patch;
  return {};
}

}  // namespace

Status apply_strategic_merge(const schema::TypeInfo& type, Json& target, const Json& patch) {
  if (!patch.is_object()) return invalid("a strategic merge patch must be an object");
  Json result = target;
  GANTRY_TRY(merge_object({&type, nullptr}, result, patch, ""));
  target = std::move(result);
  return {};
}

}  // namespace gantry::apiserver
