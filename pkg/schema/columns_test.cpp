#include "pkg/schema/columns.h"

#include "pkg/base/testing.h"
#include "pkg/schema/json.h"

namespace gantry::schema {
namespace {

Json object() {
  return *parse_json(R"({"spec":{"replicas":2},"metadata":{"annotations":{"a.b/c":"x"}},
    "status":{"conditions":[{"type":"Ready","status":"True"}],"addresses":["192.0.2.7"],
    "since":"2026-11-21T05:00:00Z"}})");
}

TEST(FindPath, FollowsNamesIndexesAndKeys) {
  const Json value = object();
  EXPECT_EQ(*find_path(value, "spec.replicas"), Json(2));
  EXPECT_EQ(*find_path(value, "status.conditions[type=Ready].status"), Json("True"));
  EXPECT_EQ(*find_path(value, "status.addresses[0]"), Json("192.0.2.7"));
  EXPECT_EQ(*find_path(value, "metadata.annotations[a.b/c]"), Json("x"));
  for (const auto* missing : {"spec.x", "status.addresses[1]", "status.addresses[-1]",
                              "status.conditions[type=Held].status", "spec.replicas.x", "x[0"}) {
    EXPECT_EQ(find_path(value, missing), nullptr) << missing;
  }
}

TEST(Cells, MakesOneRow) {
  const std::vector<Column> columns = {
      {"Wanted", "integer", "", "spec.replicas"},
      {"Ready", "string", "", "status.conditions[type=Ready].status"},
      {"Since", "date", "", "status.since"},
      {"Gone", "string", "", "status.gone"},
      {"Own", "string", "", "", 1,
       [](const Json& o) { return Json(static_cast<int64_t>(o.size())); }},
  };
  const Time now = *from_rfc3339("2026-11-21T05:03:20Z");
  const auto row = cells(columns, object(), now);
  EXPECT_EQ(row, (std::vector<Json>{2, "True", "3m20s", nullptr, 3}));
}

}  // namespace
}  // namespace gantry::schema
