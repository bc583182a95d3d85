#include "api/core/secret.h"

#include "api/core/configmap.h"
#include "api/core/event.h"
#include "pkg/base/testing.h"
#include "pkg/schema/codec.h"
#include "pkg/schema/json.h"

namespace gantry::api::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Json json(std::string_view text) {
  return schema::parse_yaml(text)->front().value;
}

TEST(Secret, MovesTextIntoData) {
  Json secret = json("{data: {a: b2xk, b: Yg==}, stringData: {a: new}}");
  fold_string_data(secret);
  EXPECT_EQ(schema::to_json(secret), R"({"data":{"a":"bmV3","b":"Yg=="}})");
}

TEST(Secret, GivesDecodedValues) {
  Secret secret;
  secret.data["token"] = "aHVudGVyMg==";
  EXPECT_EQ(secret_value(secret, "token"), "hunter2");
  EXPECT_EQ(secret_value(secret, "other"), std::nullopt);
}

TEST(Secret, CannotBeChangedWhenItIsImmutable) {
  const auto check = secret_kind().check_update;
  const Json before = json("{immutable: true, data: {a: YQ==}}");
  EXPECT_THAT(check(before, before), IsEmpty());
  const auto problems = check(before, json("{data: {a: Yg==}}"));
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(problems[0].path, "immutable");
  EXPECT_EQ(problems[1].path, "data");
  EXPECT_THAT(check(json("{data: {a: YQ==}}"), json("{}")), IsEmpty());
}

TEST(Columns, CountValues) {
  const Json map = json("{data: {a: b}, binaryData: {c: YQ==, d: YQ==}}");
  EXPECT_THAT(schema::cells(config_map_kind().columns, map, Time{}), ElementsAre(Json(3)));
}

TEST(Columns, ShowEventsByTheirLastTime) {
  const Json event = json(R"({involvedObject: {kind: App, name: hello}, reason: Created,
      type: Normal, message: m, lastTimestamp: "2026-11-21T05:00:00Z", count: 3,
      metadata: {annotations: {gantry.dev/code: CT-001}}})");
  const Time now = *from_rfc3339("2026-11-21T05:00:12Z");
  EXPECT_THAT(schema::cells(event_kind().columns, event, now),
              ElementsAre(Json("12s"), Json("Normal"), Json("Created"), Json("app/hello"),
                          Json("CT-001"), Json(3), Json(), Json("m")));
}

}  // namespace
}  // namespace gantry::api::core
