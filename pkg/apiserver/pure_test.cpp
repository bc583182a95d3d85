// The pure parts: paths, selectors, negotiation, patches.
#include "pkg/apiserver/json_patch.h"
#include "pkg/apiserver/negotiate.h"
#include "pkg/apiserver/request_info.h"
#include "pkg/apiserver/selectors.h"
#include "pkg/base/testing.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::HasSubstr;

struct PathRow {
  const char* method;
  const char* target;
  const char* want;  // verb resource namespace name subresource
};
class RequestPath : public ::testing::TestWithParam<PathRow> {};

TEST_P(RequestPath, IsReadAsKubernetesReadsIt) {
  http::Request request;
  request.method = GetParam().method;
  request.target = GetParam().target;
  const auto info = parse_request(request);
  ASSERT_THAT(info, IsOk());
  const auto got = info->is_resource ? info->verb + " " + info->resource() + " " + info->ns + " " +
                                           info->name + " " + info->subresource
                                     : "none";
  EXPECT_EQ(got, GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Table, RequestPath,
    ::testing::Values(
        PathRow{"GET", "/api/v1/namespaces/default", "get namespaces  default "},
        PathRow{"GET", "/api/v1/namespaces", "list namespaces   "},
        PathRow{"GET", "/api/v1/namespaces/x/secrets/y", "get secrets x y "},
        PathRow{"GET", "/apis/gantry.dev/v1alpha1/apps?watch=true", "watch apps.gantry.dev   "},
        PathRow{"GET", "/apis/gantry.dev/v1alpha1/apps?watch=True", "watch apps.gantry.dev   "},
        PathRow{"GET", "/apis/gantry.dev/v1alpha1/namespaces/n/apps/a/status",
                "get apps.gantry.dev n a status"},
        PathRow{"PATCH", "/api/v1/namespaces/n/status", "patch namespaces  n status"},
        PathRow{"POST", "/apis/gantry.dev/v1alpha1/namespaces/n/apps",
                "create apps.gantry.dev n  "},
        PathRow{"DELETE", "/apis/gantry.dev/v1alpha1/namespaces/n/apps",
                "deletecollection apps.gantry.dev n  "},
        PathRow{"GET", "/version/", "none"}, PathRow{"GET", "/apis", "none"},
        PathRow{"GET", "/apis/gantry.dev/v1alpha1", "none"}));

Json labelled(const char* labels) {
  return *schema::parse_json(std::string(R"({"metadata":{"name":"a","labels":)") + labels + "}}");
}

struct LabelRow {
  const char* selector;
  bool matches;
};
class Labels : public ::testing::TestWithParam<LabelRow> {};

TEST_P(Labels, SelectAsKubernetesDoes) {
  const auto selector = LabelSelector::parse(GetParam().selector);
  ASSERT_THAT(selector, IsOk()) << GetParam().selector;
  EXPECT_EQ(selector->matches(labelled(R"({"app":"web","tier":"front"})")), GetParam().matches)
      << GetParam().selector;
}

INSTANTIATE_TEST_SUITE_P(
    Table, Labels,
    ::testing::Values(LabelRow{"", true}, LabelRow{"app=web", true}, LabelRow{"app==web", true},
                      LabelRow{"app = web , tier = front", true}, LabelRow{"app=db", false},
                      LabelRow{"app!=db", true}, LabelRow{"gone!=x", true}, LabelRow{"app", true},
                      LabelRow{"gone", false}, LabelRow{"!gone", true}, LabelRow{"!app", false},
                      LabelRow{"app in (db, web)", true}, LabelRow{"app in(web)", true},
                      LabelRow{"app notin (db)", true}, LabelRow{"gone notin (db)", true},
                      LabelRow{"app in (db)", false}, LabelRow{"app in (web),tier!=back", true},
                      LabelRow{"example.com/x!=y", true}));

TEST(LabelSelector, RefusesWhatItCannotRead) {
  for (const auto* text : {"app in web", "=x", "a b", "app in (x", ",", "-/x=y"})
    EXPECT_THAT(LabelSelector::parse(text), Fails(ErrorClass::invalid)) << text;
}

TEST(FieldSelector, MatchesDeclaredFieldsOnly) {
  const auto selector = FieldSelector::parse("metadata.name=a,metadata.namespace!=x",
                                             {"metadata.name", "metadata.namespace"});
  ASSERT_THAT(selector, IsOk());
  EXPECT_TRUE(selector->matches(labelled("{}")));
  EXPECT_THAT(FieldSelector::parse("spec.image=x", {"metadata.name"}),
              Fails(ErrorClass::invalid, "field label not supported: spec.image"));
}

TEST(Negotiate, TakesTheFirstFormItCanWrite) {
  http::Request request;
  request.headers["Accept"] =
      "application/vnd.kubernetes.protobuf,application/json;as=Table;v=v1;g=meta.k8s.io,"
      "application/json";
  const auto accepted = negotiate(request, false);
  ASSERT_THAT(accepted, IsOk());
  EXPECT_EQ(accepted->shape, Shape::table);
  request.headers["Accept"] = "application/xml";
  EXPECT_THAT(negotiate(request, false), Fails(ErrorClass::unsupported));
}

TEST(ReadBody, ReadsYamlAndNamesThePlaceOfAnError) {
  http::Request request;
  request.headers["Content-Type"] = "application/yaml";
  request.body = "a: 1\nb: [2";
  EXPECT_THAT(read_body(request), Fails(ErrorClass::invalid, HasSubstr("line ")));
  request.headers["Content-Type"] = "application/vnd.kubernetes.protobuf";
  EXPECT_THAT(read_body(request), Fails(ErrorClass::unsupported, HasSubstr("protobuf")));
}

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

}  // namespace
}  // namespace gantry::apiserver
