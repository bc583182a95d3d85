#include "pkg/schema/fields/field_set.h"

#include "pkg/base/testing.h"
#include "pkg/schema/fields/managed_fields.h"
#include "pkg/schema/json.h"

namespace gantry::schema {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// From a real API server's answer (curl creating a custom resource, kubectl applying to it).
constexpr const char* kRecorded =
    R"({"f:metadata":{"f:annotations":{".":{},"f:example.com/a b":{}}},)"
    R"("f:spec":{".":{},"f:image":{},"f:ports":{"k:{\"name\":\"http\"}":)"
    R"({".":{},"f:name":{},"f:port":{}}},"f:tags":{"v:\"a\"":{}}}})";

FieldSet parsed(const char* text) {
  auto set = parse_fields_v1(*parse_json(text));
  EXPECT_THAT(set, IsOk());
  return set.ok() ? *set : FieldSet();
}

TEST(FieldSet, KeepsTheFormOfTheWire) {
  EXPECT_EQ(to_json(to_fields_v1(parsed(kRecorded))), kRecorded);
}

TEST(FieldSet, NamesItsMembersAsPeopleReadThem) {
  EXPECT_THAT(
      paths_of(parsed(R"({"f:spec":{"f:ports":{"k:{\"name\":\"http\"}":{".":{},"f:port":{}}}},
                          "f:tags":{"v:\"a\"":{}}})")),
      ElementsAre(R"(.spec.ports[name="http"])", R"(.spec.ports[name="http"].port)",
                  R"(.tags[="a"])"));
}

TEST(FieldSet, RefusesWhatIsNoSetOfFields) {
  for (const auto* text : {"[]", R"({"x":{}})", R"({"k:[]":{}})", R"({"v:{":{}})", R"({"f:a":1})"})
    EXPECT_THAT(parse_fields_v1(*parse_json(text)), Fails(ErrorClass::invalid)) << text;
  std::string deep, end;
  for (int i = 0; i < 60; ++i) {
    deep += R"({"f:a":)";
    end += "}";
  }
  EXPECT_THAT(parse_fields_v1(*parse_json(deep + "{}" + end)),
              Fails(ErrorClass::invalid, HasSubstr("deep")));
}

TEST(FieldSet, Reckons) {
  const auto left = parsed(R"({"f:a":{".":{},"f:x":{},"f:y":{}},"f:b":{}})");
  const auto right = parsed(R"({"f:a":{".":{},"f:y":{}},"f:c":{}})");
  EXPECT_THAT(paths_of(unite(left, right)), ElementsAre(".a", ".a.x", ".a.y", ".b", ".c"));
  EXPECT_THAT(paths_of(intersect(left, right)), ElementsAre(".a", ".a.y"));
  EXPECT_THAT(paths_of(subtract(left, right)), ElementsAre(".a.x", ".b"));
  EXPECT_THAT(paths_of(subtract_trees(left, right)), ElementsAre(".b"));
  EXPECT_TRUE(subtract(left, left).empty());
  EXPECT_EQ(left.count(), 4U);
}

ManagedEntry entry(const char* manager, ManagerOperation operation, const char* time) {
  ManagedEntry made;
  made.manager = manager;
  made.operation = operation;
  made.api_version = "gantry.dev/v1alpha1";
  made.time = *from_rfc3339(time);
  made.fields = parsed(kRecorded);
  return made;
}

TEST(ManagedFields, AreReadAndWrittenAsRecorded) {
  const auto* text =
      R"([{"apiVersion":"gantry.dev/v1alpha1","fieldsType":"FieldsV1","fieldsV1":{"f:status":)"
      R"({"f:ready":{}}},"manager":"kubectl-patch","operation":"Update","subresource":"status",)"
      R"("time":"2026-11-20T21:27:19Z"}])";
  const auto read = parse_managed_fields(*parse_json(text));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(to_json(to_json(*read)), text);
}

TEST(ManagedFields, AreSortedAsKubernetesSorts) {
  ManagedFields entries{entry("b", ManagerOperation::update, "2026-11-20T21:27:19Z"),
                        entry("a", ManagerOperation::update, "2026-11-20T21:27:19Z"),
                        entry("z", ManagerOperation::apply, "2026-11-20T22:00:00Z")};
  sort_entries(entries);
  EXPECT_EQ(entries[0].manager, "z");
  EXPECT_EQ(entries[1].manager, "a");
}

TEST(ManagedFields, RefuseWhatNobodyCouldHaveRead) {
  for (const auto* text :
       {"{}", R"([{"manager":"x"}])", R"([{"operation":"Update","fieldsV1":[]}])",
        R"([{"operation":"Update","fieldsType":"FieldsV2"}])"})
    EXPECT_THAT(parse_managed_fields(*parse_json(text)),
                Fails(ErrorClass::invalid, HasSubstr("metadata.managedFields")))
        << text;
}

}  // namespace
}  // namespace gantry::schema
