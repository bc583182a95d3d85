#include "pkg/apiserver/patch/json_patch.h"

#include "pkg/base/testing.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::HasSubstr;

struct PatchRow {
  const char* patch;
  const char* want;  // null: refused
};
class JsonPatch : public ::testing::TestWithParam<PatchRow> {};

TEST_P(JsonPatch, FollowsRfc6902) {
  Json target = *schema::parse_json(R"({"a":{"b/c":1},"list":[1,2,3]})");
  const Json before = target;
  const auto applied = apply_json_patch(target, *schema::parse_json(GetParam().patch));
  if (GetParam().want == nullptr) {
    EXPECT_THAT(applied, Fails(ErrorClass::invalid, HasSubstr("operation 0")));
    EXPECT_EQ(target, before);
  } else {
    EXPECT_THAT(applied, IsOk());
    EXPECT_EQ(schema::to_json(target), GetParam().want);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, JsonPatch,
    ::testing::Values(PatchRow{R"([{"op":"replace","path":"/a/b~1c","value":2}])",
                               R"({"a":{"b/c":2},"list":[1,2,3]})"},
                      PatchRow{R"([{"op":"add","path":"/list/1","value":9}])",
                               R"({"a":{"b/c":1},"list":[1,9,2,3]})"},
                      PatchRow{R"([{"op":"add","path":"/list/-","value":9}])",
                               R"({"a":{"b/c":1},"list":[1,2,3,9]})"},
                      PatchRow{R"([{"op":"remove","path":"/list/0"}])",
                               R"({"a":{"b/c":1},"list":[2,3]})"},
                      PatchRow{R"([{"op":"move","from":"/list","path":"/a/l"}])",
                               R"({"a":{"b/c":1,"l":[1,2,3]}})"},
                      PatchRow{R"([{"op":"copy","from":"/list/0","path":"/n"}])",
                               R"({"a":{"b/c":1},"list":[1,2,3],"n":1})"},
                      PatchRow{R"([{"op":"test","path":"/list","value":[1,2,3]}])",
                               R"({"a":{"b/c":1},"list":[1,2,3]})"},
                      PatchRow{R"([{"op":"test","path":"/list/0","value":2}])", nullptr},
                      PatchRow{R"([{"op":"remove","path":"/list/3"}])", nullptr},
                      PatchRow{R"([{"op":"replace","path":"/nope","value":1}])", nullptr},
                      PatchRow{R"([{"op":"add","path":"/list/01","value":1}])", nullptr},
                      PatchRow{R"([{"op":"move","from":"/a","path":"/a/x"}])", nullptr},
                      PatchRow{R"([{"op":"add","path":"/x"}])", nullptr},
                      PatchRow{R"([{"op":"jump","path":"/x"}])", nullptr}));

Json operations(const char* one, int count) {
  Json patch = Json::array();
  for (int i = 0; i < count; ++i) patch.push_back(*schema::parse_json(one));
  return patch;
}

TEST(JsonPatch, ASmallPatchDoesNotMakeMuchWork) {
  Json target = *schema::parse_json(R"({"a":["x"],"big":[]})");
  const auto before = target;
  EXPECT_THAT(apply_json_patch(target, operations(R"({"op":"add","path":"/a/-","value":1})",
                                                  kOperationsMax + 1)),
              Fails(ErrorClass::invalid, HasSubstr("at most 10000 operations, not 10001")));
  // Doubles the document with every operation.
  EXPECT_THAT(
      apply_json_patch(target, operations(R"({"op":"copy","from":"/a","path":"/a/-"})", 40)),
      Fails(ErrorClass::invalid, HasSubstr("copies")));
  EXPECT_EQ(target, before);
  for (int i = 0; i < 20'000; ++i) target.find("big")->push_back(i);
  EXPECT_THAT(
      apply_json_patch(target, operations(R"({"op":"add","path":"/big/0","value":1})", 5000)),
      Fails(ErrorClass::invalid, HasSubstr("moves")));
}

}  // namespace
}  // namespace gantry::apiserver
