#include "pkg/apiserver/patch/strategic.h"

#include "api/core/event.h"
#include "api/v1alpha1/app.h"
#include "pkg/base/testing.h"
#include "pkg/schema/columns.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::HasSubstr;

constexpr const char* kApp = R"({"metadata":{"finalizers":["a/x","b/x"],"labels":{"l":"1"}},
  "spec":{"env":[{"name":"A","value":"1"},{"name":"B","value":"2"}],
          "ports":[{"name":"http","port":80},{"name":"https","port":443}],
          "workload":{"service":{"commands":[["a"]],"packages":["nginx","curl"],"unit":"u"}}},
  "status":{"conditions":[{"status":"True","type":"Ready"},{"status":"False","type":"Stalled"}]}})";

struct Row {
  const char* patch;
  const char* path;  // what of the App is looked at
  const char* want;  // null: refused
};
class OfAnApp : public ::testing::TestWithParam<Row> {};

const Json* at(const Json& object, const std::string& path) {
  return path.empty() ? &object : schema::find_path(object, path);
}

TEST_P(OfAnApp, MergesByTheDeclaredKeys) {
  Json app = *schema::parse_json(kApp);
  const auto before = app;
  const auto patch = *schema::parse_json(GetParam().patch);
  const auto applied = apply_strategic_merge(*schema::type_of<api::v1alpha1::App>(), app, patch);
  if (GetParam().want == nullptr) {
    EXPECT_THAT(applied, Fails(ErrorClass::invalid, HasSubstr(GetParam().path)));
    EXPECT_EQ(app, before) << "a patch that is refused changes nothing";
    return;
  }
  ASSERT_THAT(applied, IsOk());
  const auto* found = at(app, GetParam().path);
  EXPECT_EQ(found == nullptr ? "nothing" : schema::to_json(*found), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Table, OfAnApp,
    ::testing::Values(
        Row{R"({"spec":{"ports":[{"name":"https","port":8443}]}})", "spec.ports",
            R"([{"name":"http","port":80},{"name":"https","port":8443}])"},
        Row{R"({"spec":{"ports":[{"name":"ssh","port":22}]}})", "spec.ports[2].port", "22"},
        Row{R"({"spec":{"ports":[{"$patch":"delete","name":"http"}]}})", "spec.ports",
            R"([{"name":"https","port":443}])"},
        Row{R"({"spec":{"ports":[{"$patch":"delete","name":"gone"}]}})", "spec.ports[1].port",
            "443"},
        Row{R"({"spec":{"ports":[{"name":"x","port":1},{"$patch":"replace"}]}})", "spec.ports",
            R"([{"name":"x","port":1}])"},
        Row{R"({"spec":{"ports":[{"$patch":"replace","name":"http","port":1,"protocol":null}]}})",
            "spec.ports", R"([{"name":"http","port":1},{"name":"https","port":443}])"},
        // The order that kubectl apply sends along; what it does not know keeps its place.
        Row{R"({"spec":{"$setElementOrder/ports":[{"name":"new"},{"name":"https"}],
                        "ports":[{"name":"new","port":1}]}})",
            "spec.ports",
            R"([{"name":"http","port":80},{"name":"new","port":1},{"name":"https","port":443}])"},
        Row{R"({"spec":{"$setElementOrder/env":[{"name":"B"},{"name":"A"}]}})", "spec.env",
            R"([{"name":"B","value":"2"},{"name":"A","value":"1"}])"},
        Row{R"({"metadata":{"finalizers":["c/x","a/x"]}})", "metadata.finalizers",
            R"(["a/x","b/x","c/x"])"},
        Row{R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["a/x"]}})",
            "metadata.finalizers", R"(["b/x"])"},
        Row{R"({"metadata":{"$setElementOrder/finalizers":["b/x","a/x"]}})", "metadata.finalizers",
            R"(["b/x","a/x"])"},
        Row{R"({"spec":{"workload":{"service":{"commands":[["b"]]}}}})",
            "spec.workload.service.commands", R"([["b"]])"},
        Row{R"({"spec":{"workload":{"$retainKeys":["compose"],"compose":{"project":"p"}}}})",
            "spec.workload", R"({"compose":{"project":"p"}})"},
        Row{R"({"spec":{"workload":{"$patch":"replace","compose":{"project":"p"}}}})",
            "spec.workload", R"({"compose":{"project":"p"}})"},
        Row{R"({"metadata":{"labels":{"$patch":"delete"}}})", "metadata.labels", "{}"},
        Row{R"({"metadata":{"labels":null}})", "metadata.labels", "nothing"},
        Row{R"({"status":{"conditions":[{"type":"Stalled","status":"True"}]}})",
            "status.conditions[type=Stalled].status", "\"True\""},
        Row{R"({"status":{"conditions":[{"type":"Stalled","status":"True"}]}})",
            "status.conditions[type=Ready].status", "\"True\""},
        Row{R"({"spec":{"ports":[{"port":1}]}})", "spec.ports[0]: needs the list's merge key",
            nullptr},
        Row{R"({"spec":{"ports":[7]}})", "spec.ports[0]", nullptr},
        Row{R"({"spec":{"$patch":"upend"}})", "spec: unknown $patch", nullptr},
        Row{R"({"spec":{"$reorder/ports":[]}})", "unknown directive", nullptr},
        Row{R"({"spec":{"$deleteFromPrimitiveList/ports":["x"]}})", "this list is no set", nullptr},
        Row{R"([])", "must be an object", nullptr}));

// What client-go's event recorder sends (k8s.io/client-go/tools/record).
TEST(StrategicMerge, CountsAnEventUp) {
  Json event = *schema::parse_json(R"({"count":1,"message":"a","reason":"Started"})");
  ASSERT_THAT(apply_strategic_merge(
                  *schema::type_of<api::core::Event>(), event,
                  *schema::parse_json(R"({"count":2,"lastTimestamp":"2026-01-01T00:00:00Z"})")),
              IsOk());
  EXPECT_EQ(schema::to_json(event),
            R"({"count":2,"lastTimestamp":"2026-01-01T00:00:00Z","message":"a",)"
            R"("reason":"Started"})");
}

}  // namespace
}  // namespace gantry::apiserver
