#include "pkg/base/json_compare.h"

#include <gtest/gtest.h>

namespace gantry {
namespace {

Json object(std::initializer_list<std::pair<const char*, Json>> members) {
  auto json = Json::object();
  for (const auto& [name, value] : members) json.set(name, value);
  return json;
}

TEST(SameButFor, PassesOverWhatIsNamed) {
  const auto one = object({{"a", 1}, {"b", 2}, {"z", "x"}});
  const auto other = object({{"b", 2}, {"c", true}, {"z", "y"}});
  EXPECT_TRUE(same_but_for(&one, &other, {"a", "c", "z"}));
  EXPECT_FALSE(same_but_for(&one, &other, {"a", "c"}));
  EXPECT_FALSE(same_but_for(&one, &other, {"a", "z"}));
  EXPECT_FALSE(same_but_for(&one, &other, {"c", "z"}));
}

TEST(SameButFor, SeesAMemberThatOnlyOneHas) {
  const auto none = Json::object();
  const auto some = object({{"a", 1}});
  EXPECT_FALSE(same_but_for(&none, &some, {"b"}));
  EXPECT_FALSE(same_but_for(&some, &none, {"b"}));
  EXPECT_TRUE(same_but_for(&none, &some, {"a"}));
}

TEST(SameButFor, ComparesWholeWhatIsNoObject) {
  const Json one(1), two(2);
  EXPECT_TRUE(same_but_for(&one, &one, {"a"}));
  EXPECT_FALSE(same_but_for(&one, &two, {"a"}));
  EXPECT_TRUE(same_but_for(nullptr, nullptr, {}));
  EXPECT_FALSE(same_but_for(nullptr, &one, {}));
  EXPECT_FALSE(same_but_for(&one, nullptr, {}));
}

}  // namespace
}  // namespace gantry
