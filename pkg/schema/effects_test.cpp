#include "pkg/schema/effects.h"

#include <gmock/gmock.h>

#include "pkg/schema/json.h"
#include "pkg/schema/toy_test.h"

namespace gantry::schema {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> effects(const std::string& before, const std::string& after) {
  std::vector<std::string> told;
  for (const auto& each : effects_of(*type_of<toy::Toy>(), *parse_json(before), *parse_json(after)))
    told.push_back(each.path + ": " + std::string(each.effect));
  return told;
}

TEST(Effects, AreThoseOfTheFieldsThatDiffer) {
  EXPECT_THAT(effects(R"({"count":1})", R"({"count":1})"), IsEmpty());
  EXPECT_THAT(effects(R"({"count":1})", R"({"count":2})"),
              ElementsAre("count: they are counted anew"));
  EXPECT_THAT(effects(R"({"count":1})", "{}"), ElementsAre("count: they are counted anew"));
  EXPECT_THAT(effects(R"({"quick":true})", "{}"), IsEmpty()) << "nothing is said of it";
}

TEST(Effects, HoldForWhatIsInside) {
  EXPECT_THAT(effects(R"({"limits":{"high":1,"low":0}})", R"({"limits":{"high":2,"low":0}})"),
              ElementsAre("limits.high: it is stopped"));
  EXPECT_THAT(effects("{}", R"({"limits":{"high":2,"low":1}})"),
              ElementsAre("limits.high: it is stopped", "limits.low: it is stopped"));
}

}  // namespace
}  // namespace gantry::schema
