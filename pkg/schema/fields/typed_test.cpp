#include "pkg/schema/fields/typed.h"

#include "pkg/base/testing.h"
#include "pkg/schema/json.h"

namespace gantry::schema {

struct FieldsPort {
  std::string name;
  int port = 0;
};
struct FieldsSpec {
  std::string image;
  std::vector<FieldsPort> ports;
  std::vector<std::string> tags, command;
  std::map<std::string, std::string> labels;
};
struct FieldsThing {
  FieldsSpec spec;
};

static TypeInfo describe(Type<FieldsPort>) {
  return object<FieldsPort>(
      "Port", "", {field<&FieldsPort::name>("name", ""), field<&FieldsPort::port>("port", "")});
}
static TypeInfo describe(Type<FieldsSpec>) {
  return object<FieldsSpec>(
      "Spec", "",
      {field<&FieldsSpec::image>("image", ""),
       field<&FieldsSpec::ports>("ports", "", MapKey{"name"}),
       field<&FieldsSpec::tags>("tags", "", set), field<&FieldsSpec::command>("command", ""),
       field<&FieldsSpec::labels>("labels", "")});
}
static TypeInfo describe(Type<FieldsThing>) {
  return object<FieldsThing>("Thing", "", {field<&FieldsThing::spec>("spec", "")});
}

namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Slot root() {
  return {type_of<FieldsThing>(), nullptr};
}
Json json(const char* text) {
  return *parse_json(text);
}

TEST(FieldsOf, CountsListsByKeyAndDeclaredObjectsByTheirFields) {
  EXPECT_THAT(
      paths_of(fields_of(root(), json(R"({"spec":{
      "image":"x","ports":[{"name":"http","port":80}],"tags":["a"],"command":["a","b"],
      "labels":{"l":"1"}},"free":{"x":{"y":1}}})"))),
      ElementsAre(".free", ".free.x", ".free.x.y", ".spec.command", ".spec.image", ".spec.labels.l",
                  R"(.spec.ports[name="http"])", R"(.spec.ports[name="http"].name)",
                  R"(.spec.ports[name="http"].port)", R"(.spec.tags[="a"])"));
}

TEST(Compare, NamesContainersThatComeAndGoThemselves) {
  const auto found = compare(root(), json(R"({"spec":{"labels":{"a":"1"},"command":["a"]}})"),
                             json(R"({"spec":{"image":"x","command":["b"],
                                      "ports":[{"name":"http","port":80}]}})"));
  EXPECT_THAT(paths_of(found.added),
              ElementsAre(".spec.image", ".spec.ports", R"(.spec.ports[name="http"])",
                          R"(.spec.ports[name="http"].name)", R"(.spec.ports[name="http"].port)"));
  EXPECT_THAT(paths_of(found.modified), ElementsAre(".spec.command"));
  EXPECT_THAT(paths_of(found.removed), ElementsAre(".spec.labels", ".spec.labels.a"));
}

TEST(Compare, OfEqualsIsEmptyWhateverTheOrderOfAKeyedList) {
  const auto found =
      compare(root(), json(R"({"spec":{"ports":[{"name":"a","port":1},{"name":"b","port":2}]}})"),
              json(R"({"spec":{"ports":[{"name":"b","port":2},{"name":"a","port":1}]}})"));
  EXPECT_TRUE(found.added.empty() && found.modified.empty() && found.removed.empty());
}

TEST(MergeConfig, MergesByKeyAndKeepsWhatOthersAdded) {
  EXPECT_EQ(
      to_json(merge_config(root(), json(R"({"spec":{"image":"x","ports":[{"name":"a","port":1},
                                {"name":"extra","port":5}],"tags":["z"],"command":["a"]}})"),
                           json(R"({"spec":{"ports":[{"name":"b","port":2},{"name":"a","port":9}],
                         "tags":["y"],"command":["b"]}})"))),
      R"({"spec":{"command":["b"],"image":"x","ports":[{"name":"b","port":2},)"
      R"({"name":"a","port":9},{"name":"extra","port":5}],"tags":["z","y"]}})");
}

struct PruneRow {
  const char* value;
  const char* given_up;
  const char* owned;
  const char* want;
};
class Prune : public ::testing::TestWithParam<PruneRow> {};

TEST_P(Prune, TakesWhatIsInNobodysHands) {
  Json value = json(GetParam().value);
  prune(root(), value, *parse_fields_v1(json(GetParam().given_up)),
        *parse_fields_v1(json(GetParam().owned)));
  EXPECT_EQ(to_json(value), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Prune,
    ::testing::Values(
        PruneRow{R"({"spec":{"image":"x","command":["a"]}})", R"({"f:spec":{"f:image":{}}})", "{}",
                 R"({"spec":{"command":["a"]}})"},
        PruneRow{R"({"spec":{"image":"x"}})", R"({"f:spec":{"f:image":{}}})",
                 R"({"f:spec":{"f:image":{}}})", R"({"spec":{"image":"x"}})"},
        // An element goes with the default that nobody owns …
        PruneRow{R"({"spec":{"ports":[{"name":"a","port":1}],"image":"x"}})",
                 R"({"f:spec":{"f:ports":{"k:{\"name\":\"a\"}":{".":{},"f:name":{}}}}})", "{}",
                 R"({"spec":{"image":"x"}})"},
        // … but not when somebody else has a field in it.
        PruneRow{
            R"({"spec":{"ports":[{"name":"a","port":1}]}})",
            R"({"f:spec":{"f:ports":{"k:{\"name\":\"a\"}":{".":{},"f:name":{},"f:port":{}}}}})",
            R"({"f:spec":{"f:ports":{"k:{\"name\":\"a\"}":{".":{},"f:name":{}}}}})",
            R"({"spec":{"ports":[{"name":"a"}]}})"},
        PruneRow{R"({"spec":{"tags":["a","b"]}})", R"({"f:spec":{"f:tags":{"v:\"a\"":{}}}})", "{}",
                 R"({"spec":{"tags":["b"]}})"},
        // A declared object stays while something is left in it, whoever set that.
        PruneRow{R"({"spec":{"labels":{"a":"1","b":"2"}}})",
                 R"({"f:spec":{"f:labels":{".":{},"f:a":{}}}})", "{}",
                 R"({"spec":{"labels":{"b":"2"}}})"},
        PruneRow{R"({"spec":{"labels":{"a":"1"}}})", R"({"f:spec":{"f:labels":{"f:a":{}}}})", "{}",
                 "{}"}));

TEST(CheckElements, RefusesListsThatCannotBeShared) {
  EXPECT_THAT(check_elements(root(), json(R"({"spec":{"ports":[{"port":1}]}})"), ""),
              Fails(ErrorClass::invalid, HasSubstr("spec.ports[0]: must have name")));
  EXPECT_THAT(check_elements(root(), json(R"({"spec":{"tags":["a","a"]}})"), ""),
              Fails(ErrorClass::invalid, HasSubstr("spec.tags[1]: is there twice")));
  EXPECT_THAT(check_elements(root(), json(R"({"spec":{"command":["a","a"]}})"), ""), IsOk());
}

}  // namespace
}  // namespace gantry::schema
