#include "pkg/schema/fields/typed.h"

#include <map>
#include <set>

#include "pkg/schema/problem.h"

namespace gantry::schema {
namespace {

// A value's parts by element name, in the order in which they stand.
struct Part {
  std::string element;
  Slot slot;
  const Json* value;
};

std::vector<Part> parts_of(Slot slot, const Json& value) {
  std::vector<Part> parts;
  switch (slot.division(value)) {
    case Division::fields:
    case Division::keys:
      for (const auto& [name, member] : value.as_object())
        parts.push_back({"f:" + name, slot.member(name), &member});
      break;
    case Division::keyed_list:
    case Division::elements:
      for (const auto& element : value.as_array())
        if (auto name = slot.element_name(element))
          parts.push_back({*std::move(name), slot.element(), &element});
      break;
    case Division::leaf:
      break;
  }
  return parts;
}

bool is_leaf(Slot slot, const Json& value) {
  return slot.division(value) == Division::leaf;
}

using Index = std::map<std::string_view, const Json*>;

// Of two equal elements the first counts.
Index index_of(const std::vector<Part>& parts) {
  Index index;
  for (const auto& part : parts) index.emplace(part.element, part.value);
  return index;
}

const Json* find(const Index& index, std::string_view element) {
  const auto found = index.find(element);
  return found == index.end() ? nullptr : found->second;
}

void insert(FieldSet& fields, const std::string& element, FieldSet below) {
  if (!below.empty()) fields.below[element] = std::move(below);
}

// Everything in `value` and itself: what comes or goes with it.
FieldSet whole(Slot slot, const Json& value) {
  FieldSet fields;
  fields.member = true;
  for (const auto& part : parts_of(slot, value))
    insert(fields, part.element, whole(part.slot, *part.value));
  return fields;
}

void compare_parts(Slot slot, const Json& before, const Json& after, Comparison& out) {
  const auto old_parts = parts_of(slot, before);
  const auto new_parts = parts_of(slot, after);
  const auto old_index = index_of(old_parts);
  const auto new_index = index_of(new_parts);
  for (const auto& part : new_parts) {
    const auto* old = find(old_index, part.element);
    if (old == nullptr) {
      insert(out.added, part.element, whole(part.slot, *part.value));
      continue;
    }
    if (*old == *part.value) continue;
    auto below = compare(part.slot, *old, *part.value);
    insert(out.added, part.element, std::move(below.added));
    insert(out.modified, part.element, std::move(below.modified));
    insert(out.removed, part.element, std::move(below.removed));
  }
  for (const auto& part : old_parts)
    if (find(new_index, part.element) == nullptr)
      insert(out.removed, part.element, whole(part.slot, *part.value));
}

Json merge_lists(Slot slot, const Json& live, const Json& config) {
  const auto mine = parts_of(slot, live);
  const auto theirs = parts_of(slot, config);
  std::vector<std::string> preferred, present;
  for (const auto& part : theirs) preferred.push_back(part.element);
  for (const auto& part : mine) present.push_back(part.element);
  const auto old_index = index_of(mine);
  const auto new_index = index_of(theirs);
  Json merged = Json::array();
  for (const auto& element : merge_orders(preferred, present)) {
    const auto* old = find(old_index, element);
    const auto* wanted = find(new_index, element);
    if (old == nullptr || wanted == nullptr)
      merged.push_back(wanted != nullptr ? *wanted : *old);
    else
      merged.push_back(merge_config(slot.element(), *old, *wanted));
  }
  return merged;
}

bool is_hollow(const Json& value) {
  return (value.is_object() || value.is_array()) && value.size() == 0;
}

// What becomes of one part of a value; true when it goes.
bool prune_part(bool declared, Slot slot, Json& value, const FieldSet& given_up,
                const FieldSet* owned) {
  const FieldSet nothing;
  const bool whole = owned == nullptr && given_up.member;
  if (whole && (!declared || given_up.below.empty())) return true;
  if (is_leaf(slot, value)) return false;
  const bool was_hollow = is_hollow(value);
  prune(slot, value, given_up, owned == nullptr ? nothing : *owned);
  return owned == nullptr && !was_hollow && is_hollow(value);
}

}  // namespace

FieldSet fields_of(Slot slot, const Json& value) {
  FieldSet fields;
  const auto division = slot.division(value);
  if (division == Division::leaf) {
    fields.member = true;
    return fields;
  }
  for (const auto& part : parts_of(slot, value)) {
    auto below = fields_of(part.slot, *part.value);
    const bool declared =
        division == Division::fields && slot.declares(std::string_view(part.element).substr(2));
    const bool empty_map = part.value->is_object() && part.value->size() == 0;
    if (!declared || empty_map) below.member = true;
    insert(fields, part.element, std::move(below));
  }
  return fields;
}

Comparison compare(Slot slot, const Json& before, const Json& after) {
  Comparison found;
  if (before == after) return found;
  const bool divided = slot.division(before) == slot.division(after) && !is_leaf(slot, after);
  if (divided)
    compare_parts(slot, before, after, found);
  else
    found.modified.member = true;
  return found;
}

Json merge_config(Slot slot, const Json& live, const Json& config) {
  const auto division = slot.division(config);
  if (division == Division::leaf || slot.division(live) != division) return config;
  if (division == Division::keyed_list || division == Division::elements)
    return merge_lists(slot, live, config);
  Json merged = live;
  for (const auto& [name, wanted] : config.as_object()) {
    const auto* old = live.find(name);
    merged.set(name, old == nullptr ? wanted : merge_config(slot.member(name), *old, wanted));
  }
  return merged;
}

void prune(Slot slot, Json& value, const FieldSet& given_up, const FieldSet& owned) {
  const auto division = slot.division(value);
  if (division == Division::fields || division == Division::keys) {
    for (const auto& [element, below] : given_up.below) {
      if (!element.starts_with("f:")) continue;
      const auto name = element.substr(2);
      auto* member = value.find(name);
      if (member == nullptr) continue;
      if (prune_part(slot.declares(name), slot.member(name), *member, below, owned.find(element)))
        value.erase(name);
    }
    return;
  }
  if (division == Division::leaf) return;
  std::erase_if(value.as_array(), [&](Json& item) {
    const auto element = slot.element_name(item);
    const auto* below = element ? given_up.find(*element) : nullptr;
    return below != nullptr &&
           prune_part(false, slot.element(), item, *below, owned.find(*element));
  });
}

Status check_elements(Slot slot, const Json& value, const std::string& path) {
  const auto division = slot.division(value);
  if (division == Division::fields || division == Division::keys) {
    for (const auto& [name, member] : value.as_object())
      GANTRY_TRY(check_elements(slot.member(name), member, key_path(path, name)));
    return {};
  }
  if (division == Division::leaf) return {};
  std::set<std::string> seen;
  size_t index = 0;
  for (const auto& item : value.as_array()) {
    const auto here = index_path(path, index++);
    const auto element = slot.element_name(item);
    if (!element)
      return invalid("%s: must have %s, which tells the elements of this list apart", here,
                     std::string(slot.key()));
    if (!seen.insert(*element).second)
      return invalid("%s: is there twice: %s", here, element->substr(2));
    GANTRY_TRY(check_elements(slot.element(), item, here));
  }
  return {};
}

}  // namespace gantry::schema
