#include "pkg/inventory/placement/near_miss.h"

#include <algorithm>
#include <map>
#include <set>

#include "pkg/base/text.h"
#include "pkg/cel/hints.h"

namespace gantry::inventory::placement {
namespace {

// The texts that an object has at "storage.type", or in the list at "storage.content".
void collect(const Json& value, std::set<std::string>& texts) {
  if (value.is_string()) texts.insert(value.as_string());
  if (!value.is_array()) return;
  for (const auto& item : value.as_array()) collect(item, texts);
}

const Json* find(const Json& object, const std::string& variable, const std::string& attribute) {
  auto names = split(attribute, '.');
  if (names.front() != variable) return nullptr;
  const Json* at = &object;
  for (size_t i = 1; i < names.size() && at != nullptr; ++i) at = at->find(names[i]);
  return at;
}

}  // namespace

std::string find_near_miss(const cel::Selector& selector, const std::string& variable,
                           const std::vector<Json>& objects) {
  std::vector<std::string> attributes;
  std::map<std::string, std::vector<std::string>> wanted;
  for (const auto& comparison : selector.comparisons()) {
    auto& texts = wanted[comparison.attribute];
    if (texts.empty()) attributes.push_back(comparison.attribute);
    texts.push_back(comparison.text);
  }
  for (const auto& attribute : attributes) {
    std::set<std::string> texts;
    for (const auto& object : objects) {
      const auto* value = find(object, variable, attribute);
      if (value != nullptr) collect(*value, texts);
    }
    // Of several that are asked for one is enough.
    const auto is_there = [&texts](const std::string& text) { return texts.contains(text); };
    if (std::ranges::any_of(wanted[attribute], is_there)) continue;
    for (const auto& text : wanted[attribute]) {
      const auto meant = cel::nearest(text, {texts.begin(), texts.end()});
      if (meant.empty()) continue;
      return absl::StrFormat("'%s' not found, did you mean '%s'?", text, meant);
    }
  }
  return "";
}

}  // namespace gantry::inventory::placement
