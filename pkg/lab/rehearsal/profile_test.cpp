#include "pkg/lab/rehearsal/profile.h"

#include <fstream>

#include "pkg/base/testing.h"
#include "pkg/schema/codec.h"
#include "pkg/schema/json.h"

namespace gantry::lab {
namespace {

using namespace std::chrono_literals;
using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(FaultProfile, SetsChancesTimesAndWhatComesNext) {
  const auto profile = parse_profile(R"(
requests:
  chances: {loseAnswer: 0.25, error596: 0.5}
  latency: {min: 20ms, max: 1m30s}
  delayMax: 2s
  hiddenShare: 0.1
  next:
    - {fault: error595, method: POST, path: /status/start, times: 2}
tasks:
  chances: {warn: 1}
  slowMax: 90s
  next: [{fault: fail, type: vzcreate}]
)",
                                     "faults.yaml");
  ASSERT_THAT(profile, IsOk());
  Faults faults;
  faults.request_chances[RequestFault::delay] = 1;
  set_faults(*profile, faults);
  EXPECT_EQ(faults.request_chances[RequestFault::lose_answer], 0.25);
  EXPECT_EQ(faults.request_chances[RequestFault::error_596], 0.5);
  EXPECT_EQ(faults.request_chances[RequestFault::delay], 0);
  EXPECT_EQ(faults.task_chances[TaskFault::warn], 1);
  EXPECT_EQ(faults.latency_min, 20ms);
  EXPECT_EQ(faults.latency_max, 90s);
  EXPECT_EQ(faults.delay_max, 2s);
  EXPECT_EQ(faults.late_execution_max, 90s);
  EXPECT_EQ(faults.slow_max, 90s);
  EXPECT_EQ(faults.hidden_share, 0.1);
  SeededRandom random(1);
  EXPECT_EQ(faults.draw_request(random, "POST", "/nodes/pve1/lxc/1/status/start"),
            RequestFault::error_595);
  EXPECT_EQ(faults.draw_task(random, "vzcreate"), TaskFault::fail);
}

TEST(FaultProfile, ReadsBackWhatHolds) {
  const auto profile = parse_profile("{tasks: {chances: {kill: 0.125}}}", "x");
  ASSERT_THAT(profile, IsOk());
  Faults faults;
  set_faults(*profile, faults);
  const auto json = schema::encode(get_faults(faults));
  EXPECT_EQ(schema::to_json(*json.find_path({"tasks", "chances"})), R"({"kill":0.125})");
  const auto again = schema::decode<FaultProfile>(json);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->tasks.chances.kill, 0.125);
  EXPECT_EQ(again->tasks.slow_max, Span{5min});
}

TEST(FaultProfile, NamesPlaceAndRemedyOfEachMistake) {
  const auto wrong = parse_profile(
      "requests:\n"
      "  chances:\n"
      "    loseAnswr: 0.1\n"
      "    delay: 2\n"
      "  delayMax: soon\n"
      "schedule:\n"
      "  - at: 30s\n"
      "    stopGuest: 100\n"
      "    for: 5s\n"
      "  - at: 1s\n",
      "rough.yaml");
  EXPECT_THAT(
      wrong,
      Fails(ErrorClass::invalid,
            AllOf(HasSubstr("rough.yaml:3:5: requests.chances.loseAnswr: "),
                  HasSubstr("rough.yaml:4:5: requests.chances.delay: must be between 0 and 1"),
                  HasSubstr("rough.yaml:5:3: requests.delayMax: must be a duration like 250ms"),
                  HasSubstr("schedule[0].for: this happens once and does not last"),
                  HasSubstr("schedule[1]"))));
  EXPECT_THAT(parse_profile("requests: {chances: [}", "rough.yaml"),
              Fails(ErrorClass::invalid, AllOf(HasSubstr("rough.yaml"), HasSubstr("line 1"))));
  EXPECT_THAT(parse_profile("{schedule: [{at: 1s, for: 5s, every: 5s, quorumLost: true}]}", "x"),
              Fails(ErrorClass::invalid, HasSubstr("every")));
}

TEST(FaultProfile, TheExampleIsOne) {
  const auto path = std::string(GANTRY_TEST_FOLDER) + "/../../../deploy/examples/faults.yaml";
  std::ifstream file(path);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto profile = parse_profile(text, "faults.yaml");
  ASSERT_THAT(profile, IsOk());
  EXPECT_EQ(profile->schedule.size(), 5u);
  EXPECT_EQ(profile->tasks.next.at(0).type, "vzstart");
}

TEST(FaultProfile, NamesFaultsAsTheLabDoes) {
  const std::map<std::string, RequestFault> requests = {
      {"loseRequest", RequestFault::lose_request},
      {"loseAnswer", RequestFault::lose_answer},
      {"delay", RequestFault::delay},
      {"duplicate", RequestFault::duplicate},
      {"error500", RequestFault::error_500},
      {"error595", RequestFault::error_595},
      {"error596", RequestFault::error_596},
      {"partialInventory", RequestFault::partial_inventory}};
  for (const auto& [name, fault] : requests) EXPECT_EQ(schema::name_of(fault), name);
  EXPECT_EQ(schema::name_of(TaskFault::slow), "slow");
  EXPECT_EQ(schema::name_of(TaskFault::kill), "kill");
}

TEST(FaultProfile, NothingIsAProfile) {
  EXPECT_THAT(parse_profile("# all is well\n", "x"), IsOk());
}

}  // namespace
}  // namespace gantry::lab
