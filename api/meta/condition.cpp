#include "api/meta/condition.h"

#include <algorithm>

namespace gantry::api::meta {

using namespace schema;

TypeInfo describe(Type<ConditionStatus>) {
  return enumeration<ConditionStatus>("ConditionStatus", "Whether a condition holds.",
                                      {"True", "False", "Unknown"});
}

TypeInfo describe(Type<Condition>) {
  return object<Condition>(
      "Condition", "One thing that an object says about itself.",
      {
          field<&Condition::type>("type", "What it is about: Ready, Reconciling, Stalled, …",
                                  required),
          field<&Condition::status>("status", "Whether it holds; Unknown when it cannot be told.",
                                    required),
          field<&Condition::observed_generation>(
              "observedGeneration", "The generation of the spec that this was said about."),
          field<&Condition::last_transition_time>("lastTransitionTime", "When status last changed.",
                                                  required),
          field<&Condition::reason>("reason", "Why, in one word for programs.", required),
          field<&Condition::message>("message", "Why, in a sentence for people.", always),
          field<&Condition::code>(
              "code", "The failure's code in the catalogue, when something is wrong: CON-001."),
      });
}

const Condition* find_condition(const Conditions& conditions, std::string_view type) {
  const auto found = std::ranges::find(conditions, type, &Condition::type);
  return found == conditions.end() ? nullptr : &*found;
}

bool is_true(const Conditions& conditions, std::string_view type) {
  const auto* condition = find_condition(conditions, type);
  return condition != nullptr && condition->status == ConditionStatus::yes;
}

bool set_condition(Conditions& conditions, Condition condition, Time now) {
  condition.last_transition_time = now;
  const auto found = std::ranges::find(conditions, condition.type, &Condition::type);
  if (found == conditions.end()) {
    const auto place = std::ranges::upper_bound(conditions, condition.type, {}, &Condition::type);
    conditions.insert(place, std::move(condition));
    return true;
  }
  if (found->status == condition.status) {
    condition.last_transition_time = found->last_transition_time;
    const bool same = found->reason == condition.reason && found->message == condition.message &&
                      found->code == condition.code &&
                      found->observed_generation == condition.observed_generation;
    if (same) return false;
  }
  *found = std::move(condition);
  return true;
}

bool remove_condition(Conditions& conditions, std::string_view type) {
  return std::erase_if(conditions, [&](const Condition& c) { return c.type == type; }) > 0;
}

}  // namespace gantry::api::meta
