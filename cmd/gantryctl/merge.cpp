#include "cmd/gantryctl/merge.h"

namespace gantry::ctl {
namespace {

const Json& member_or_null(const Json& object, const std::string& key) {
  static const Json null;
  const auto* found = object.find(key);
  return found == nullptr ? null : *found;
}

}  // namespace

Json three_way_patch(const Json& last, const Json& wanted, const Json& live) {
  if (!wanted.is_object() || !live.is_object()) return wanted == live ? Json() : wanted;
  Json patch;
  for (const auto& [key, value] : wanted.as_object()) {
    const auto* current = live.find(key);
    if (current == nullptr || !value.is_object() || !current->is_object()) {
      if (current == nullptr || *current != value) patch.set(key, value);
      continue;
    }
    auto inner = three_way_patch(member_or_null(last, key), value, *current);
    if (!inner.is_null()) patch.set(key, std::move(inner));
  }
  if (!last.is_object()) return patch;
  for (const auto& [key, value] : last.as_object()) {
    if (wanted.find(key) == nullptr && live.find(key) != nullptr) patch.set(key, nullptr);
  }
  return patch;
}

Json without_last_applied(Json manifest) {
  auto* metadata = manifest.find("metadata");
  auto* annotations = metadata == nullptr ? nullptr : metadata->find("annotations");
  if (annotations == nullptr) return manifest;
  annotations->erase(kLastApplied);
  if (annotations->size() == 0) metadata->erase("annotations");
  return manifest;
}

}  // namespace gantry::ctl
