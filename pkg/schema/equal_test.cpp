#include "pkg/schema/equal.h"

#include <gtest/gtest.h>

#include "pkg/schema/codec.h"
#include "pkg/schema/toy_test.h"

namespace gantry::schema {
namespace {

using namespace std::chrono_literals;
using toy::Toy;

// Changes one field of full_toy().
using Change = void (*)(Toy&);

Toy full_toy() {
  Toy toy;
  toy.title = "duck";
  toy.since = Time(5s);
  toy.share = 0.5;
  toy.ports = {{"http", 80}, {"ssh", 22}};
  toy.tags = {"a", "b"};
  toy.labels = {{"x", "y"}, {"z", "w"}};
  toy.extra.emplace();
  toy.anything.set("deep", Json(Json::Array{1, "two"}));
  return toy;
}

TEST(IsEqual, SeesADifferenceInEveryKindOfField) {
  const Change changes[] = {
      [](Toy& toy) { toy.title = "swan"; },
      [](Toy& toy) { toy.count = 7; },
      [](Toy& toy) { toy.quick = true; },
      [](Toy& toy) { toy.colour = toy::Colour::light_green; },
      [](Toy& toy) { toy.wait = 31s; },
      [](Toy& toy) { toy.since = Time(6s); },
      [](Toy& toy) { toy.since.reset(); },
      [](Toy& toy) { toy.share = 0.0; },
      [](Toy& toy) { toy.share.reset(); },
      [](Toy& toy) { toy.ports[1].port = 23; },
      [](Toy& toy) { toy.ports.pop_back(); },
      [](Toy& toy) { std::swap(toy.tags[0], toy.tags[1]); },
      [](Toy& toy) { toy.labels["z"] = "v"; },
      [](Toy& toy) { toy.labels.erase("z"); },
      [](Toy& toy) { toy.labels.extract("z"), toy.labels["v"] = "w"; },
      [](Toy& toy) { toy.limits.low = 3; },
      [](Toy& toy) { toy.extra->low = 3; },
      [](Toy& toy) { toy.extra.reset(); },
      [](Toy& toy) {
        toy.anything.set("deep", Json(Json::Array{1, "three"}));
      },
  };
  for (const auto change : changes) {
    auto toy = full_toy();
    EXPECT_TRUE(is_equal(toy, full_toy()));
    change(toy);
    EXPECT_FALSE(is_equal(toy, full_toy()));
    EXPECT_FALSE(is_equal(full_toy(), toy));
    EXPECT_NE(encode(toy), encode(full_toy()));
  }
}

TEST(IsEqual, PassesOverWhatIsNotWritten) {
  auto toy = full_toy();
  *toy.since += 300ms;
  EXPECT_TRUE(is_equal(toy, full_toy()));
  EXPECT_EQ(encode(toy), encode(full_toy()));
}

}  // namespace
}  // namespace gantry::schema
