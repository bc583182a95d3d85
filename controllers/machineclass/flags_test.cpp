#include "controllers/machineclass/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/schema/json.h"

namespace gantry::controllers::machineclass {
namespace {

using api::meta::ConditionStatus;
using api::v1alpha1::MachineClass;
using api::v1alpha1::ProbeOutcome;
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

TEST(Flags, AreTriedOfTemplatesThatHaveThemAll) {
  EXPECT_EQ(probe_subject(docker(), evidence("nesting=1,keyctl=1", {}), "9.2.11"),
            "docker-13 (20007) with keyctl on Proxmox VE 9.2.11");
  EXPECT_EQ(probe_subject(docker(), evidence("nesting=1", {}), "9.2.11"), "");
  EXPECT_EQ(probe_subject(docker(), evidence("keyctl=1", {}), std::nullopt), "");
  EXPECT_EQ(probe_subject(docker(), FlagEvidence(), "9.2.11"), "");
}

TEST(Flags, AreJudgedByAProbeOfWhatThereIsNow) {
  using api::v1alpha1::FlagProbe;
  auto shape = docker();
  auto seen = evidence("nesting=1,keyctl=1", {machine("a", kHasIt)});
  seen.probe_of = "docker-13 (20007) with keyctl on Proxmox VE 9.3";
  shape.status.flag_probe = FlagProbe{seen.probe_of, ProbeOutcome::lost, std::nullopt, ""};
  const auto lost = judge_flags(shape, seen);
  EXPECT_EQ(lost.status, ConditionStatus::no);
  EXPECT_EQ(lost.words.code, "CON-005");
  EXPECT_THAT(lost.words.message, AllOf(HasSubstr("on Proxmox VE 9.3"),
                                        HasSubstr("pct set ID --features nesting=1,keyctl=1")));
  shape.status.flag_probe->outcome = ProbeOutcome::refused;
  EXPECT_EQ(judge_flags(shape, seen).words.reason, "ClonesRefused");
  shape.status.flag_probe->outcome = ProbeOutcome::kept;
  EXPECT_EQ(judge_flags(shape, seen).words.reason, "ClonesKeepThem");
  // Of another version it says nothing: the Machines do.
  shape.status.flag_probe->outcome = ProbeOutcome::lost;
  shape.status.flag_probe->of = "docker-13 (20007) with keyctl on Proxmox VE 9.2";
  EXPECT_EQ(judge_flags(shape, seen).status, ConditionStatus::yes);
}

TEST(Flags, ThatAreNotKnownYetSayWhy) {
  auto shape = docker();
  auto seen = evidence("nesting=1,keyctl=1", {});
  EXPECT_THAT(judge_flags(shape, seen).words.message, HasSubstr("shows with the first Machine"));
  seen.probe_of = "x";
  shape.status.flag_probe =
      api::v1alpha1::FlagProbe{"x", ProbeOutcome::unclear, std::nullopt, "no space left"};
  EXPECT_THAT(judge_flags(shape, seen).words.message, HasSubstr("ended unclearly: no space left"));
  seen.probe_waits_for = "a clone is being tried";
  EXPECT_THAT(judge_flags(shape, seen).words.message, HasSubstr("a clone is being tried"));
}

}  // namespace
}  // namespace gantry::controllers::machineclass
