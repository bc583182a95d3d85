#include "pkg/apiserver/views/event_view.h"

#include "pkg/base/testing.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

TEST(EventView, ComesBackAsItWas) {
  const auto core = *schema::parse_json(
      R"({"apiVersion":"v1","kind":"Event","metadata":{"name":"a"},"reason":"Created",
          "involvedObject":{"kind":"App"},"message":"made","reportingComponent":"gantryd",
          "source":{"component":"gantryd"},"firstTimestamp":"2026-01-01T00:00:00Z",
          "lastTimestamp":"2026-01-01T00:01:00Z","count":2,"type":"Normal"})");
  const auto newer = newer_event_of(core);
  ASSERT_TRUE(newer.has_value());
  EXPECT_EQ(newer->string_or("apiVersion", ""), "events.k8s.io/v1");
  EXPECT_EQ(newer->string_or("note", ""), "made");
  EXPECT_EQ(newer->integer_or("deprecatedCount", 0), 2);
  EXPECT_NE(newer->find("regarding"), nullptr);
  EXPECT_EQ(core_event_of(*newer), core);
}

TEST(EventView, RenamesInAMergePatch) {
  const auto patch = *schema::parse_json(R"({"series":{"count":3},"note":null})");
  EXPECT_EQ(schema::to_json(core_event_of(patch)), R"({"message":null,"series":{"count":3}})");
}

}  // namespace
}  // namespace gantry::apiserver
