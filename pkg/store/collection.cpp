#include "pkg/store/collection.h"

#include <algorithm>

namespace gantry::store {
namespace {

std::string label_term(std::string_view label, std::string_view value) {
  std::string term("l");
  term.append(label).append("=").append(value);
  return term;
}

std::string field_term(size_t field, std::string_view value) {
  return std::to_string(field).append("=").append(value);
}

// The terms that a requirement is about; nullopt when it asks for no particular value.
std::optional<std::vector<std::string>> terms_of_requirement(const Requirement& requirement) {
  const bool indexed =
      requirement.on == Requirement::On::label || requirement.on == Requirement::On::field;
  if (!indexed || requirement.op != Requirement::Operator::in) return std::nullopt;
  std::vector<std::string> terms;
  for (const auto& value : requirement.values) {
    // What is missing is not in the index.
    if (requirement.on == Requirement::On::field && value.empty()) return std::nullopt;
    terms.push_back(requirement.on == Requirement::On::label
                        ? label_term(requirement.label, value)
                        : field_term(requirement.field, value));
  }
  std::ranges::sort(terms);
  terms.erase(std::unique(terms.begin(), terms.end()), terms.end());
  return terms;
}

// The name that must be, when there is exactly one.
const std::string* only_name(const Selector& selector) {
  for (const auto& requirement : selector.requirements)
    if (requirement.on == Requirement::On::name && requirement.op == Requirement::Operator::in &&
        requirement.values.size() == 1)
      return &requirement.values.front();
  return nullptr;
}

}  // namespace

std::vector<std::string> Collection::terms_of(const Record& record) {
  std::vector<std::string> terms;
  terms.reserve(record.labels.size() + record.fields.size());
  for (const auto& [label, value] : record.labels) terms.push_back(label_term(label, value));
  for (size_t i = 0; i < record.fields.size(); ++i)
    if (!record.fields[i].empty()) terms.push_back(field_term(i, record.fields[i]));
  return terms;
}

RecordPtr Collection::find(std::string_view ns, std::string_view name) const {
  const auto at = records_.find(ByPlace::View(ns, name));
  return at == records_.end() ? nullptr : *at;
}

RecordPtr Collection::put(RecordPtr record) {
  auto before = erase(record->key.ns, record->key.name);
  for (auto& term : terms_of(*record)) terms_[std::move(term)].insert(record);
  records_.insert(std::move(record));
  return before;
}

RecordPtr Collection::erase(std::string_view ns, std::string_view name) {
  const auto at = records_.find(ByPlace::View(ns, name));
  if (at == records_.end()) return nullptr;
  auto record = *at;
  records_.erase(at);
  for (const auto& term : terms_of(*record)) {
    const auto set = terms_.find(term);
    set->second.erase(record);
    if (set->second.empty()) terms_.erase(set);
  }
  return record;
}

std::optional<std::vector<const Collection::Records*>> Collection::candidates(
    const Selector& selector) const {
  std::optional<std::vector<const Records*>> best;
  size_t best_size = 0;
  for (const auto& requirement : selector.requirements) {
    const auto terms = terms_of_requirement(requirement);
    if (!terms) continue;
    std::vector<const Records*> sets;
    size_t size = 0;
    for (const auto& term : *terms) {
      const auto found = terms_.find(term);
      if (found == terms_.end()) continue;
      sets.push_back(&found->second);
      size += found->second.size();
    }
    if (best && best_size <= size) continue;
    best = std::move(sets);
    best_size = size;
  }
  return best;
}

std::vector<RecordPtr> Collection::select(const std::string& ns, const Selector& selector,
                                          const Place& after) const {
  std::vector<RecordPtr> found;
  const auto take = [&](const Records& records) {
    auto at =
        after.first < ns ? records.lower_bound(ByPlace::View(ns, "")) : records.upper_bound(after);
    for (; at != records.end() && (ns.empty() || (*at)->key.ns == ns); ++at)
      if (selector.matches(**at)) found.push_back(*at);
  };
  if (const auto* name = only_name(selector); name != nullptr && !ns.empty()) {
    const auto record = find(ns, *name);
    const bool beyond = record && ByPlace()(after, record);
    if (beyond && selector.matches(*record)) found.push_back(record);
    return found;
  }
  const auto sets = candidates(selector);
  if (!sets) {
    if (selector.empty() && ns.empty() && after == Place()) found.reserve(records_.size());
    take(records_);
    return found;
  }
  for (const auto* set : *sets) take(*set);
  if (sets->size() > 1) std::ranges::sort(found, ByPlace());
  return found;
}

}  // namespace gantry::store
