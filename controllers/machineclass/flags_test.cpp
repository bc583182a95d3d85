#include "controllers/machineclass/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/schema/json.h"

namespace gantry::controllers::machineclass {
namespace {

using api::meta::ConditionStatus;
using api::v1alpha1::MachineClass;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

MachineClass docker() {
  MachineClass shape;
  shape.spec.golden = api::v1alpha1::GoldenTemplate{"docker-13"};
  shape.spec.features.nesting = true;
  shape.spec.features.keyctl = true;
  return shape;
}

Json machine(const std::string& name, const std::string& status) {
  return *schema::parse_json(R"({"metadata":{"namespace":"home","name":")" + name +
                             R"("},"status":)" + status + "}");
}

FlagEvidence evidence(const std::string& features, const std::vector<Json>& machines) {
  FlagEvidence found;
  found.templates["20007"] = features;
  for (const auto& each : machines) count_flags(each, {"keyctl"}, found);
  return found;
}

constexpr const char* kHasIt = R"({"power":"running"})";
constexpr const char* kLacksIt = R"({"power":"running","drift":[{"field":"features",
    "want":"keyctl=1,nesting=1","have":"nesting=1"}]})";

TEST(Flags, AreThoseThatOnlyRootMaySet) {
  EXPECT_THAT(root_flags(docker()), ElementsAre("keyctl"));
  EXPECT_THAT(root_flags(MachineClass()), IsEmpty());
}

TEST(Flags, OfATemplateThatLacksThemAreMissedWithTheCommand) {
  const auto verdict = judge_flags(docker(), evidence("nesting=1", {machine("a", kHasIt)}));
  EXPECT_EQ(verdict.status, ConditionStatus::no);
  EXPECT_EQ(verdict.words.code, "CON-005");
  EXPECT_THAT(verdict.words.message,
              AllOf(HasSubstr("docker-13 (20007) has no keyctl"),
                    HasSubstr("pct set 20007 --features nesting=1,keyctl=1")));
}

TEST(Flags, AreSeenToBeKeptOrLostByMachines) {
  const std::string both = "nesting=1,keyctl=1";
  EXPECT_EQ(judge_flags(docker(), evidence(both, {})).words.reason, "NotTriedYet");
  const auto not_made = machine("a", R"({"power":""})");
  EXPECT_EQ(judge_flags(docker(), evidence(both, {not_made})).words.reason, "NotTriedYet");
  const auto kept = judge_flags(docker(), evidence(both, {machine("a", kHasIt)}));
  EXPECT_EQ(kept.status, ConditionStatus::yes);
  EXPECT_EQ(kept.words.reason, "ClonesKeepThem");
  const auto lost = judge_flags(docker(), evidence(both, {machine("a", kLacksIt)}));
  EXPECT_EQ(lost.status, ConditionStatus::no);
  EXPECT_EQ(lost.words.code, "CON-005");
  EXPECT_THAT(lost.words.message, HasSubstr("home/a have no keyctl although the template has"));
  // Older than the flag: a later one proves that clones keep it.
  EXPECT_EQ(judge_flags(docker(), evidence(both, {machine("a", kLacksIt), machine("b", kHasIt)}))
                .words.reason,
            "ClonesKeepThem");
}

}  // namespace
}  // namespace gantry::controllers::machineclass
