#include "pkg/base/json.h"

#include <gmock/gmock.h>

namespace gantry {
namespace {

TEST(Json, FindNeverInserts) {
  Json value = Json::object();
  EXPECT_EQ(value.find("missing"), nullptr);
  EXPECT_EQ(value.size(), 0U);
}

TEST(Json, MergePatchReplacesMergesAndDeletes) {
  Json target(Json::Object{{"keep", 1}, {"drop", 2}, {"inner", Json(Json::Object{{"a", 1}})}});
  const Json patch(
      Json::Object{{"drop", nullptr}, {"inner", Json(Json::Object{{"b", 2}})}, {"new", "x"}});
  merge_patch(target, patch);
  const Json expected(
      Json::Object{{"keep", 1}, {"inner", Json(Json::Object{{"a", 1}, {"b", 2}})}, {"new", "x"}});
  EXPECT_EQ(target, expected);
}

TEST(Json, MergePatchOfAScalarWithAnObjectDropsNulls) {
  Json target("text");
  merge_patch(target, Json(Json::Object{{"a", nullptr}, {"b", 1}}));
  EXPECT_EQ(target, Json(Json::Object{{"b", 1}}));
}

}  // namespace
}  // namespace gantry
