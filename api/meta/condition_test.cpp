#include "api/meta/condition.h"

#include "api/meta/status.h"
#include "pkg/base/testing.h"
#include "pkg/schema/codec.h"
#include "pkg/schema/json.h"

namespace gantry::api::meta {
namespace {

const Time kEarly = *from_rfc3339("2026-11-21T05:00:00Z");
const Time kLate = *from_rfc3339("2026-11-21T06:00:00Z");

Condition ready(ConditionStatus status, std::string reason) {
  Condition condition;
  condition.type = "Ready";
  condition.status = status;
  condition.reason = std::move(reason);
  return condition;
}

TEST(SetCondition, AddsInOrderOfType) {
  Conditions conditions;
  EXPECT_TRUE(set_condition(conditions, ready(ConditionStatus::yes, "Running"), kEarly));
  Condition held;
  held.type = "Held";
  EXPECT_TRUE(set_condition(conditions, held, kEarly));
  EXPECT_EQ(conditions[0].type, "Held");
  EXPECT_TRUE(is_true(conditions, "Ready"));
  EXPECT_FALSE(is_true(conditions, "Held"));
  EXPECT_EQ(find_condition(conditions, "Stalled"), nullptr);
}

TEST(SetCondition, MovesTheTransitionTimeOnlyWhenTheStatusFlips) {
  Conditions conditions;
  set_condition(conditions, ready(ConditionStatus::no, "Starting"), kEarly);
  EXPECT_TRUE(set_condition(conditions, ready(ConditionStatus::no, "Failed"), kLate));
  EXPECT_EQ(conditions[0].last_transition_time, kEarly);
  EXPECT_TRUE(set_condition(conditions, ready(ConditionStatus::yes, "Running"), kLate));
  EXPECT_EQ(conditions[0].last_transition_time, kLate);
}

TEST(SetCondition, SaysWhenNothingChanged) {
  Conditions conditions;
  set_condition(conditions, ready(ConditionStatus::yes, "Running"), kEarly);
  EXPECT_FALSE(set_condition(conditions, ready(ConditionStatus::yes, "Running"), kLate));
  auto coded = ready(ConditionStatus::yes, "Running");
  coded.code = "CON-001";
  EXPECT_TRUE(set_condition(conditions, coded, kLate));
}

TEST(RemoveCondition, SaysWhetherThereWasOne) {
  Conditions conditions;
  set_condition(conditions, ready(ConditionStatus::yes, "Running"), kEarly);
  EXPECT_TRUE(remove_condition(conditions, "Ready"));
  EXPECT_FALSE(remove_condition(conditions, "Ready"));
}

TEST(Condition, IsWrittenAsKubernetesReadsIt) {
  Conditions conditions;
  set_condition(conditions, ready(ConditionStatus::unknown, "Waiting"), kEarly);
  EXPECT_EQ(schema::to_json(schema::encode(conditions[0])),
            R"({"lastTransitionTime":"2026-11-21T05:00:00Z","message":"","reason":"Waiting",)"
            R"("status":"Unknown","type":"Ready"})");
}

TEST(ToCauses, UsesKubernetesWords) {
  const auto causes = to_causes({{"spec.x", schema::Reason::not_supported, "must be A or B"}});
  ASSERT_EQ(causes.size(), 1u);
  EXPECT_EQ(causes[0].reason, "FieldValueNotSupported");
  EXPECT_EQ(causes[0].field, "spec.x");
  EXPECT_EQ(causes[0].message, "must be A or B");
}

}  // namespace
}  // namespace gantry::api::meta
