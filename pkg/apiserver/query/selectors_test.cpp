#include "pkg/apiserver/query/selectors.h"

#include "api/kinds.h"
#include "pkg/base/testing.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;

store::RecordPtr machine(const std::string& labels = "{}", const std::string& spec = "{}") {
  const auto value =
      *schema::parse_json(R"({"metadata":{"labels":)" + labels +
                          R"(,"name":"a","namespace":"default"},"spec":)" + spec + "}");
  return store::make_preview({"machines.gantry.dev", "default", "a"}, value);
}

const api::meta::Kind& machines() {
  return *api::find_by_resource("machines.gantry.dev");
}

struct LabelRow {
  const char* selector;
  bool matches;
};
class Labels : public ::testing::TestWithParam<LabelRow> {};

TEST_P(Labels, SelectAsKubernetesDoes) {
  const auto selector = parse_label_selector(GetParam().selector);
  ASSERT_THAT(selector, IsOk()) << GetParam().selector;
  const auto object = machine(R"({"app":"web","tier":"front","n":"7","empty":""})");
  EXPECT_EQ(selector->matches(*object), GetParam().matches) << GetParam().selector;
}

INSTANTIATE_TEST_SUITE_P(
    Table, Labels,
    ::testing::Values(LabelRow{"", true}, LabelRow{"app=web", true}, LabelRow{"app==web", true},
                      LabelRow{"app = web , tier = front", true}, LabelRow{"app=db", false},
                      LabelRow{"app!=db", true}, LabelRow{"gone!=x", true}, LabelRow{"app", true},
                      LabelRow{"gone", false}, LabelRow{"!gone", true}, LabelRow{"! gone", true},
                      LabelRow{"!app", false}, LabelRow{"app in (db, web)", true},
                      LabelRow{"app in(web)", true}, LabelRow{"app notin (db)", true},
                      LabelRow{"gone notin (db)", true}, LabelRow{"app in (db)", false},
                      LabelRow{"app in (web),tier!=back", true}, LabelRow{"example.com/x!=y", true},
                      LabelRow{"in=x", false}, LabelRow{"empty", true}, LabelRow{"empty=", true},
                      LabelRow{"empty,app=web", true}, LabelRow{"empty in (,x)", true},
                      LabelRow{"app=", false}, LabelRow{"gone=", false}, LabelRow{"n>6", true},
                      LabelRow{"n>7", false}, LabelRow{"n<8", true}, LabelRow{"app>1", false},
                      LabelRow{"gone<1", false}));

struct WrongRow {
  const char* selector;
  const char* message;
};

TEST(LabelSelector, SaysWhatIsWrongInTheWordsThatClientsKnow) {
  for (const auto& [selector, message] :
       {WrongRow{"a===b", "unable to parse requirement: found '=', expected: identifier"},
        WrongRow{"=x", "found '=', expected: !, identifier, or 'end of string'"},
        WrongRow{",", "found ',', expected: !, identifier, or 'end of string'"},
        WrongRow{"a,", "found '', expected: identifier after ','"},
        WrongRow{"a b",
                 "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"},
        WrongRow{"a in b", "unable to parse requirement: found 'b', expected: '('"},
        WrongRow{"a in (b", "unable to parse requirement: found '', expected: ',' or ')'"},
        WrongRow{"a in ()",
                 "unable to parse requirement: for 'in', 'notin' operators, values set can't be "
                 "empty"},
        WrongRow{"!a=b", "found '=', expected: ',' or 'end of string'"},
        WrongRow{"n>x",
                 "unable to parse requirement: values[0][n]: Invalid value: \"x\": for 'Gt', 'Lt' "
                 "operators, the value must be an integer"}})
    EXPECT_THAT(parse_label_selector(selector), Fails(ErrorClass::invalid, message)) << selector;
  for (const auto* text : {"-/x=y", "a/b/c=x", "a=b/c", "a=-b"})
    EXPECT_THAT(parse_label_selector(text), Fails(ErrorClass::invalid)) << text;
  std::string many = "a";
  for (int i = 0; i < 200; ++i) many += ",a";
  EXPECT_THAT(parse_label_selector(many), Fails(ErrorClass::invalid, "more than 100 requirements"));
}

struct FieldRow {
  const char* selector;
  bool matches;
};

TEST(FieldSelector, ComparesDeclaredFields) {
  const auto object = machine("{}", R"({"machineClassName":"a,b=c\"d"})");
  for (const auto& [selector, matches] :
       {FieldRow{"", true}, FieldRow{"metadata.name=a", true}, FieldRow{"metadata.name==b", false},
        FieldRow{"metadata.name=a,metadata.namespace!=x", true},
        FieldRow{"metadata.namespace=x", false}, FieldRow{"status.node=", true},
        FieldRow{"status.node!=pve1", true}, FieldRow{"status.node=pve1", false},
        FieldRow{R"(spec.machineClassName=a\,b\=c"d)", true}}) {
    const auto parsed = parse_field_selector(selector, machines());
    ASSERT_THAT(parsed, IsOk()) << selector;
    EXPECT_EQ(parsed->matches(*object), matches) << selector;
  }
}

TEST(FieldSelector, RefusesWhatTheKindDoesNotDeclare) {
  EXPECT_THAT(parse_field_selector("spec.image=x", machines()),
              Fails(ErrorClass::invalid, "field label not supported: spec.image"));
  EXPECT_THAT(parse_field_selector("metadata.name", machines()),
              Fails(ErrorClass::invalid,
                    "invalid selector: 'metadata.name'; can't understand 'metadata.name'"));
  EXPECT_THAT(parse_field_selector(R"(metadata.name=a\b)", machines()), Fails(ErrorClass::invalid));
  EXPECT_THAT(parse_field_selector("metadata.name=a=b", machines()), Fails(ErrorClass::invalid));
}

TEST(FieldSelector, ReadsEventsAsTheyAreWritten) {
  const auto& events = *api::find_by_resource("events");
  for (const auto* text : {"involvedObject.name=a", "source=kubelet", "reason!=Killing"})
    EXPECT_THAT(parse_field_selector(text, events), IsOk()) << text;
}

}  // namespace
}  // namespace gantry::apiserver
