#include "pkg/schema/fields/field_set.h"

#include <algorithm>

#include "pkg/schema/json.h"

namespace gantry::schema {
namespace {

// `[name="http"]` of `k:{"name":"http"}`, `[="a"]` of `v:"a"`.
std::string shown(std::string_view element) {
  const auto rest = element.substr(2);
  if (element.starts_with("f:")) return "." + std::string(rest);
  if (element.starts_with("v:")) return "[=" + std::string(rest) + "]";
  const auto key = parse_json(rest);
  std::string text = "[";
  if (key.ok() && key->is_object()) {
    for (const auto& [name, value] : key->as_object())
      text += (text.size() > 1 ? "," : "") + name + "=" + to_json(value);
  }
  return text + "]";
}

void collect(const FieldSet& set, const std::string& path, std::vector<std::string>& paths) {
  if (set.member) paths.push_back(path);
  for (const auto& [element, child] : set.below) collect(child, path + shown(element), paths);
}

}  // namespace

size_t FieldSet::count() const {
  size_t members = member ? 1 : 0;
  for (const auto& [element, child] : below) members += child.count();
  return members;
}

const FieldSet* FieldSet::find(std::string_view element) const {
  const auto found = below.find(element);
  return found == below.end() ? nullptr : &found->second;
}

void FieldSet::insert(const std::vector<std::string>& path) {
  FieldSet* at = this;
  for (const auto& element : path) at = &at->below[element];
  at->member = true;
}

FieldSet unite(FieldSet left, const FieldSet& right) {
  left.member = left.member || right.member;
  for (const auto& [element, child] : right.below) {
    auto& mine = left.below[element];
    mine = unite(std::move(mine), child);
  }
  return left;
}

FieldSet intersect(const FieldSet& left, const FieldSet& right) {
  FieldSet both;
  both.member = left.member && right.member;
  for (const auto& [element, child] : left.below) {
    const auto* other = right.find(element);
    if (other == nullptr) continue;
    auto common = intersect(child, *other);
    if (!common.empty()) both.below.emplace(element, std::move(common));
  }
  return both;
}

FieldSet subtract(FieldSet left, const FieldSet& right) {
  if (right.member) left.member = false;
  for (const auto& [element, child] : right.below) {
    const auto mine = left.below.find(element);
    if (mine == left.below.end()) continue;
    mine->second = subtract(std::move(mine->second), child);
    if (mine->second.empty()) left.below.erase(mine);
  }
  return left;
}

FieldSet subtract_trees(FieldSet left, const FieldSet& right) {
  if (right.member) return {};
  for (const auto& [element, child] : right.below) {
    const auto mine = left.below.find(element);
    if (mine == left.below.end()) continue;
    mine->second = subtract_trees(std::move(mine->second), child);
    if (mine->second.empty()) left.below.erase(mine);
  }
  return left;
}

std::vector<std::string> paths_of(const FieldSet& set) {
  std::vector<std::string> paths;
  collect(set, "", paths);
  std::ranges::sort(paths);
  return paths;
}

}  // namespace gantry::schema
