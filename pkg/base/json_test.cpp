#include "pkg/base/json.h"

#include <gmock/gmock.h>

namespace gantry {
namespace {

TEST(Json, FindNeverInserts) {
  Json value = Json::object();
  EXPECT_EQ(value.find("missing"), nullptr);
  EXPECT_EQ(value.size(), 0U);
}

TEST(Json, ACopyIsIndependentHoweverDeep) {
  Json first(Json::Object{{"spec", Json(Json::Object{{"list", Json(Json::Array{1, 2})}})}});
  auto& list = first.member("spec").member("list");
  const Json before = first;
  list.push_back(3);
  Json second = first;
  second.member("spec").member("list").as_array()[0] = "changed";
  first.member("spec").set("new", true);
  EXPECT_EQ(before.find_path({"spec", "list"})->as_array(), (Json::Array{1, 2}));
  EXPECT_EQ(second.find_path({"spec", "list"})->as_array(), (Json::Array{"changed", 2, 3}));
  EXPECT_EQ(first.find_path({"spec", "list"})->as_array(), (Json::Array{1, 2, 3}));
  EXPECT_EQ(second.find_path({"spec", "new"}), nullptr);
}

TEST(Json, AReferenceThatWasKeptChangesOnlyWhatItLeadsInto) {
  Json object(Json::Object{{"status", Json(Json::Object{{"phase", "Pending"}})}});
  Json* status = object.find("status");
  const Json copy = object;
  status->set("phase", "Running");
  EXPECT_EQ(object.find("status")->string_or("phase", ""), "Running");
  EXPECT_EQ(copy.find("status")->string_or("phase", ""), "Pending");
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
