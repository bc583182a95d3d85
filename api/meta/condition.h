#pragma once
// Conditions: what an object says about itself, per metav1.Condition, plus our failure code.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/time.h"
#include "pkg/schema/schema.h"

namespace gantry::api::meta {

enum class ConditionStatus { yes, no, unknown };  // "True", "False", "Unknown"

struct Condition {
  std::string type;
  ConditionStatus status = ConditionStatus::unknown;
  int64_t observed_generation = 0;
  Time last_transition_time;
  std::string reason;   // CamelCase, for programs
  std::string message;  // for people
  std::string code;     // of the failure catalogue ("CON-001"); empty when nothing is wrong
};
using Conditions = std::vector<Condition>;

schema::TypeInfo describe(schema::Type<ConditionStatus>);
schema::TypeInfo describe(schema::Type<Condition>);

// The condition of that type; nullptr when there is none.
const Condition* find_condition(const Conditions& conditions, std::string_view type);
// True when it is there and "True".
bool is_true(const Conditions& conditions, std::string_view type);
// Adds or replaces the condition of the same type; sorted by type. lastTransitionTime becomes `now`
// only when the status flips (whatever `condition` says). Returns whether anything changed, so that
// a reconcile that finds nothing new writes nothing.
bool set_condition(Conditions& conditions, Condition condition, Time now);
// Returns whether there was one.
bool remove_condition(Conditions& conditions, std::string_view type);

}  // namespace gantry::api::meta
