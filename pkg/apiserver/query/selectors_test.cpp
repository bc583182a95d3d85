#include "pkg/apiserver/query/selectors.h"

#include "pkg/base/testing.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;

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

}  // namespace
}  // namespace gantry::apiserver
