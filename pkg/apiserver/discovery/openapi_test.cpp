#include "pkg/apiserver/discovery/openapi.h"

#include <set>

#include "api/kinds.h"
#include "pkg/apiserver/discovery/openapi_document.h"
#include "pkg/apiserver/discovery/openapi_protobuf.h"
#include "pkg/apiserver/protobuf/wire.h"
#include "pkg/base/testing.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

using gantry::testing::IsOk;
using protobuf::RawField;
using protobuf::Reader;
using ::testing::Contains;
using ::testing::HasSubstr;

http::Response asked(const OpenApi& openapi, const std::string& target, const std::string& accept,
                     const std::string& etag = "") {
  http::Request request;
  request.target = target;
  if (!accept.empty()) request.headers["Accept"] = accept;
  if (!etag.empty()) request.headers["If-None-Match"] = etag;
  const auto info = parse_request(request);
  EXPECT_THAT(info, IsOk());
  return openapi.answer(request, *info).value_or(http::Response{404, "", {}, ""});
}

// The fields of a message, by number.
std::multimap<uint32_t, RawField> fields_of(std::string_view message) {
  std::multimap<uint32_t, RawField> fields;
  Reader reader(message, 0);
  while (!reader.at_end()) {
    const auto field = reader.next();
    if (!field.ok()) {
      ADD_FAILURE() << field.status();
      break;
    }
    fields.emplace(field->number, *field);
  }
  return fields;
}

std::string_view only(std::string_view message, uint32_t number) {
  const auto fields = fields_of(message);
  EXPECT_EQ(fields.count(number), 1U) << number;
  return fields.contains(number) ? fields.find(number)->second.bytes : std::string_view();
}

// The value under `name` in a list of {1: name, 2: value} at field `number`.
std::string_view named(std::string_view message, uint32_t number, std::string_view name) {
  const auto fields = fields_of(message);
  for (auto [at, end] = fields.equal_range(number); at != end; ++at)
    if (only(at->second.bytes, 1) == name) return only(at->second.bytes, 2);
  ADD_FAILURE() << name << " is missing";
  return {};
}

std::string_view property(std::string_view schema, std::string_view name) {
  return named(only(schema, 25), 1, name);
}

// Every "$ref" below `value`.
void collect_references(const Json& value, std::set<std::string>& found) {
  if (value.is_array())
    for (const auto& element : value.as_array()) collect_references(element, found);
  if (!value.is_object()) return;
  for (const auto& [name, member] : value.as_object()) {
    if (name == "$ref") found.insert(member.as_string());
    collect_references(member, found);
  }
}

TEST(OpenApiV2, IsProtobufForThoseWhoAcceptThat) {
  const OpenApi openapi;
  const auto answer = asked(openapi, "/openapi/v2?timeout=32s",
                            "application/com.github.proto-openapi.spec.v2@v1.0+protobuf");
  EXPECT_EQ(answer.headers.find("Content-Type")->second,
            "application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
  EXPECT_EQ(only(answer.body, 1), "2.0");
  EXPECT_THAT(asked(openapi, "/openapi/v2", "*/*").body, HasSubstr("\"swagger\":\"2.0\""));
  const auto etag = answer.headers.find("ETag")->second;
  EXPECT_EQ(asked(openapi, "/openapi/v2",
                  "application/com.github.proto-openapi.spec.v2@v1.0+protobuf", etag)
                .status,
            304);
}

TEST(OpenApiV2, SaysInProtobufWhatItSaysInJson) {
  const auto document = openapi_v2_document();
  const auto bytes = openapi_v2_protobuf(document);
  const auto app = named(only(bytes, 9), 1, "dev.gantry.v1alpha1.App");
  const auto* json = document.find_path({"definitions", "dev.gantry.v1alpha1.App"});
  ASSERT_NE(json, nullptr);
  EXPECT_EQ(only(app, 4), json->string_or("description", ""));
  EXPECT_EQ(only(only(app, 22), 1), "object");
  EXPECT_EQ(only(named(app, 31, "x-kubernetes-group-version-kind"), 2),
            R"([{"group":"gantry.dev","kind":"App","version":"v1alpha1"}])");
  const auto replicas = property(property(app, "spec"), "replicas");
  EXPECT_EQ(only(only(replicas, 22), 1), "integer");
  EXPECT_EQ(only(only(replicas, 5), 2), "1");  // the default
  const auto conditions = property(property(app, "status"), "conditions");
  EXPECT_EQ(only(named(conditions, 31, "x-kubernetes-list-map-keys"), 2), R"(["type"])");
  EXPECT_EQ(only(only(only(only(conditions, 23), 1), 22), 1), "object");
}

// kubectl 1.20 asks for a dry run only where it finds the parameter.
TEST(OpenApiV2, OffersDryRunsOfPatches) {
  const auto bytes = openapi_v2_protobuf(openapi_v2_document());
  const auto item =
      named(only(bytes, 8), 2, "/apis/gantry.dev/v1alpha1/namespaces/{namespace}/apps/{name}");
  const auto fields = fields_of(only(item, 8));
  std::vector<std::string> names;
  for (auto [at, end] = fields.equal_range(8); at != end; ++at) {
    const auto parameter = fields_of(only(at->second.bytes, 1));
    if (!parameter.contains(2)) continue;
    names.emplace_back(only(only(parameter.find(2)->second.bytes, 3), 4));
  }
  EXPECT_THAT(names, Contains("dryRun"));
}

// A reference to nothing stops Argo CD.
TEST(OpenApiV2, RefersOnlyToWhatItDefines) {
  const auto document = openapi_v2_document();
  std::set<std::string> references;
  collect_references(document, references);
  EXPECT_GE(references.size(), 8U);
  for (const auto& reference : references) {
    const std::string prefix = "#/definitions/";
    ASSERT_TRUE(reference.starts_with(prefix)) << reference;
    EXPECT_NE(document.find("definitions")->find(reference.substr(prefix.size())), nullptr)
        << reference;
  }
}

TEST(OpenApiV3, RefersOnlyToWhatItDefines) {
  for (const auto& kind : api::all_kinds()) {
    const auto document = openapi_v3_document(std::string(kind.group), std::string(kind.version));
    std::set<std::string> references;
    collect_references(document, references);
    for (const auto& reference : references) {
      const std::string prefix = "#/components/schemas/";
      ASSERT_TRUE(reference.starts_with(prefix)) << reference;
      EXPECT_NE(document.find("components")->find("schemas")->find(reference.substr(prefix.size())),
                nullptr)
          << reference;
    }
  }
}

TEST(OpenApiV3, SaysWhichFieldsCanBeSelected) {
  const auto document = openapi_v3_document("gantry.dev", "v1alpha1");
  const auto* fields = document.find_path(
      {"components", "schemas", "dev.gantry.v1alpha1.Machine", "x-kubernetes-selectable-fields"});
  ASSERT_NE(fields, nullptr);
  EXPECT_EQ(schema::to_json(*fields),
            R"([{"fieldPath":"status.node"},{"fieldPath":"spec.machineClassName"}])");
}

TEST(OpenApiV3, IsCacheableUnderItsHash) {
  const OpenApi openapi;
  const auto index = schema::parse_json(asked(openapi, "/openapi/v3", "application/json").body);
  ASSERT_THAT(index, IsOk());
  const auto url =
      index->find_path({"paths", "apis/gantry.dev/v1alpha1"})->string_or("serverRelativeURL", "");
  const auto document = asked(openapi, url, "application/json");
  EXPECT_EQ(document.status, 200);
  EXPECT_EQ(document.headers.find("Cache-Control")->second, "public, immutable");
  const auto old = asked(openapi, "/openapi/v3/apis/gantry.dev/v1alpha1?hash=00", "");
  EXPECT_EQ(old.status, 301);
  EXPECT_EQ(old.headers.find("Location")->second, url);
  EXPECT_EQ(asked(openapi, "/openapi/v3/apis/nobody/v1", "").status, 404);
}

}  // namespace
}  // namespace gantry::apiserver
