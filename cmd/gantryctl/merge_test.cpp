#include "cmd/gantryctl/merge.h"

#include <gmock/gmock.h>

#include "pkg/schema/json.h"

namespace gantry::ctl {
namespace {

Json parse(const char* text) {
  return *schema::parse_json(text);
}

struct Row {
  const char* name;
  const char* last;
  const char* wanted;
  const char* live;
  const char* patch;
};

TEST(ThreeWayPatch, ChangesOnlyWhatTheManifestSays) {
  const std::vector<Row> rows{
      {"nothing to do", R"({"a":1})", R"({"a":1})", R"({"a":1,"status":{"x":1}})", "null"},
      {"a value changed", R"({"a":1})", R"({"a":2})", R"({"a":1})", R"({"a":2})"},
      {"a field was added", R"({})", R"({"a":{"b":1}})", R"({"a":{"c":1}})", R"({"a":{"b":1}})"},
      {"a field left the manifest", R"({"a":1,"b":2})", R"({"a":1})", R"({"a":1,"b":2})",
       R"({"b":null})"},
      {"a nested field left it", R"({"a":{"x":1,"y":2}})", R"({"a":{"x":1}})",
       R"({"a":{"x":1,"y":2}})", R"({"a":{"y":null}})"},
      {"what others set stays", R"({"a":1})", R"({"a":1})", R"({"a":1,"b":2})", "null"},
      {"what is gone already is not removed again", R"({"a":1,"b":2})", R"({"a":1})", R"({"a":1})",
       "null"},
      {"lists are replaced whole", R"({"l":[1]})", R"({"l":[1,2]})", R"({"l":[1]})",
       R"({"l":[1,2]})"},
      {"drift is undone", R"({"a":1})", R"({"a":1})", R"({"a":5})", R"({"a":1})"},
      {"without memory nothing is removed", "null", R"({"a":1})", R"({"a":1,"b":2})", "null"},
  };
  for (const auto& row : rows)
    EXPECT_EQ(three_way_patch(parse(row.last), parse(row.wanted), parse(row.live)),
              parse(row.patch))
        << row.name;
}

TEST(ThreeWayPatch, AppliedToTheLiveObjectItYieldsTheManifest) {
  const auto wanted = parse(R"({"spec":{"a":[1],"b":{"c":"x"}}})");
  auto live = parse(R"({"spec":{"a":[],"b":{"c":"y","d":1},"e":2},"status":{}})");
  const auto last = parse(R"({"spec":{"b":{"d":1}}})");
  merge_patch(live, three_way_patch(last, wanted, live));
  EXPECT_EQ(live, parse(R"({"spec":{"a":[1],"b":{"c":"x"},"e":2},"status":{}})"));
}

TEST(WithoutLastApplied, LeavesNoEmptyAnnotations) {
  Json manifest = parse(R"({"metadata":{"name":"a"}})");
  manifest.member("metadata").member("annotations").set(kLastApplied, "{}");
  EXPECT_EQ(without_last_applied(manifest), parse(R"({"metadata":{"name":"a"}})"));
}

}  // namespace
}  // namespace gantry::ctl
