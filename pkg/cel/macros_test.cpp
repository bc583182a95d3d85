// Macros, their variables, and what the cost limit makes of them.
#include <string>

#include <gtest/gtest.h>

#include "pkg/base/testing.h"
#include "pkg/cel/program.h"

namespace gantry::cel {
namespace {

struct MacroRow {
  std::string_view text;
  std::string_view wanted;
};

Outcome run(std::string_view text, Limits limits = {}) {
  const auto declarations = Declarations().add("x", Type::integer()).add("v", Type::dyn());
  const auto program = compile(text, declarations, limits);
  if (!program.ok()) {
    Outcome refused;
    refused.kind = Outcome::Kind::error;
    refused.error = "refused " + message_of(program.status());
    return refused;
  }
  Activation values;
  values.set("x", Value::integer(100));
  values.set("v", Value::map({{Value::string("f"), Value()}}));
  return program->evaluate(values);
}

std::string macro_outcome(std::string_view text) {
  const Outcome outcome = run(text);
  return outcome.kind == Outcome::Kind::error ? outcome.error : outcome.value.to_text();
}

void expect_macros(std::initializer_list<MacroRow> rows) {
  for (const auto& [text, wanted] : rows) EXPECT_EQ(macro_outcome(text), wanted) << text;
}

TEST(Macros, HasTellsWhetherAFieldIsThere) {
  expect_macros({
      {"has({'a': 1}.a)", "true"},
      {"has({'a': 1}.b)", "false"},
      {"has({'a': {'b': null}}.a.b)", "true"},
      {"has(v.f)", "true"},
      {"has(v.g)", "false"},
      {"has(v.g.h)", "1:7: v.g is not set"},
      {"has(dyn(1).a)", "1:12: no such overload: a value of type int has no field a"},
      {"has(x.a)", "refused 1:7: int has no fields, so no a"},
  });
}

TEST(Macros, ExistsJoinsWithOr) {
  expect_macros({
      {"[1, 2, 3].exists(e, e > 2)", "true"},
      {"[1, 2, 3].exists(e, e > 3)", "false"},
      {"[].exists(e, e == 2)", "false"},
      {"[1, 2, 0].exists(e, 4 / e == 4)", "true"},
      {"[0, 1].exists(e, 4 / e == 4)", "true"},
      {"[0, 1].exists(e, 4 / e == 5)", "1:20: division by zero"},
      {"[1, 'foo', 3].exists(e, e != '1')", "true"},
      {"{'key1': 1, 'key2': 2}.exists(k, k == 'key2')", "true"},
      {"!{'key1': 1}.exists(k, k == 'key3')", "true"},
  });
}

TEST(Macros, AllJoinsWithAnd) {
  expect_macros({
      {"[1, 2, 3].all(e, e > 0)", "true"},
      {"[1, 2, 3].all(e, e == 2)", "false"},
      {"[].all(e, e > 0)", "true"},
      {"[1, 2, 3].all(e, 6 / (2 - e) == 6)", "false"},
      {"[1, 2, 3].all(e, e / 0 != 17)", "1:20: division by zero"},
      {"[1, 'foo', 3].all(e, e % 2 == 1)", "1:24: no such overload: _%_(string, int)"},
      {"{'key1': 1, 'key2': 2}.all(k, k == 'key2')", "false"},
      {"[1].all(e, 'yes')",
       "refused 1:12: the condition of all() must be true or false, this is string"},
      {"[1].all(e, dyn('yes'))",
       "1:12: no such overload: a condition must be bool, this is string"},
  });
}

TEST(Macros, ExistsOneCountsAndAbsorbsNothing) {
  expect_macros({
      {"[].exists_one(a, a == 7)", "false"},
      {"[7].exists_one(a, a == 7)", "true"},
      {"[7, 7].exists_one(a, a == 7)", "false"},
      {"[6, 7, 8].exists_one(n, n % 5 == 2)", "true"},
      {"[6, 7, 8].existsOne(n, n % 5 == 2)", "true"},
      {"[3, 2, 1, 0].exists_one(n, 12 / n > 1)", "1:31: division by zero"},
      {"{6: 'six', 7: 'seven'}.exists_one(n, n % 5 == 2)", "true"},
  });
}

TEST(Macros, MapAndFilterMakeLists) {
  expect_macros({
      {"[].map(n, n / 2)", "[]"},
      {"[2, 4, 6].map(n, n / 2)", "[1, 2, 3]"},
      {"[1, 2, 3].map(n, n > 1, n * n)", "[4, 9]"},
      {"[2, 1, 0].map(n, 4 / n)", "1:20: division by zero"},
      {"{'b': 1, 'a': 2}.map(k, k + '!')", "[\"a!\", \"b!\"]"},
      {"[0, 1, 2, 3, 4].filter(n, n % 2 == 1)", "[1, 3]"},
      {"[].filter(n, n > 3)", "[]"},
      {"[3, 2, 1, 0].filter(n, 12 / n > 4)", "1:27: division by zero"},
      {"{0: 10, 1: 11}.filter(k, k == 1)", "[1]"},
      {"[[1, 2], [3]].map(l, l.map(e, e * 2))", "[[2, 4], [6]]"},
      {"[1, 2].map(n, [n, n]).filter(p, p[0] == 2)", "[[2, 2]]"},
      {"[1].map(n, n.startsWith('a'))", "refused 1:14: no such overload: int.startsWith(string)"},
      {"1.map(n, n)", "refused 1:3: map() goes over a list or a map, not over int"},
      {"dyn(1).map(n, n)", "1:8: no such overload: map() over a value of type int"},
      {"[[], [[]], [[[]]]].size()", "3"},
      {"([] + [[1]] + [])[0][0] + 1", "2"},
  });
}

TEST(Macros, AVariableHidesWhatWasThereBefore) {
  expect_macros({
      {"[1, 2].map(x, x)", "[1, 2]"},
      {"[1, 2].map(x, .x)", "[100, 100]"},
      {"[1, 2].map(x, x) + [x]", "[1, 2, 100]"},
      {"[[1], [2]].map(x, x.map(x, x + 1))", "[[2], [3]]"},
      {"[1, 2].map(y, [3].map(x, x + y))", "[[4], [5]]"},
      {"['a'].all(x, x == 'a') && x == 100", "true"},
      {"[1].map(int, int + 1)", "[2]"},
      {"[1].map(y, y) + [y]", "refused 1:18: there is no variable y; there are v, x"},
  });
}

TEST(Cost, IsTheSameEveryTime) {
  const Outcome once = run("[1, 2, 3].all(e, e > 0) && 'abc'.contains('b')");
  const Outcome again = run("[1, 2, 3].all(e, e > 0) && 'abc'.contains('b')");
  EXPECT_EQ(once.cost, again.cost);
  EXPECT_GT(once.cost, 10u);
  EXPECT_LT(once.cost, 40u);
}

TEST(Cost, IsChargedForWhatIsTouched) {
  EXPECT_EQ(run("1").cost, 1u);
  EXPECT_EQ(run("1 + 2").cost, 3u);
  EXPECT_GT(run("'" + std::string(6400, 'a') + "' + 'b'").cost, 100u);
  EXPECT_LT(run("false && [1, 2, 3, 4].all(x, x > 0)").cost, 4u);
}

TEST(Cost, StopsWhatWouldNotEndInReasonableTime) {
  const std::string ten = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]";
  std::string nested = "true";
  for (int i = 0; i < 20; ++i) nested = ten + ".all(e, " + nested + ")";
  std::string doubling = "['0123456789']";
  for (int i = 0; i < 40; ++i) doubling += ".map(t, t + t)";
  std::string shared = "[0]";
  for (int i = 0; i < 60; ++i) shared += ".map(t, [t, t])";
  const std::string joined = "[" + ten + "].map(a, a + a).map(a, a + a + a + a)";
  std::string longer = joined;
  for (int i = 0; i < 30; ++i) longer += ".map(a, a + a)";
  for (const std::string& text :
       {nested, doubling, shared + " == " + shared, shared + " in [" + shared + "]", longer}) {
    const Outcome outcome = run(text, {.cost = 20'000});
    EXPECT_EQ(outcome.error.substr(0, 24), "1:1: cost limit exceeded") << text.substr(0, 80);
    EXPECT_LE(outcome.cost, 20'000u);
  }
}

TEST(Cost, IsNeverAbsorbed) {
  const std::string dear = "[1, 2, 3, 4, 5, 6].all(e, e > 0)";
  for (const std::string& text : std::initializer_list<std::string>{
           dear + " || true", "!(" + dear + " && false)", "[1].exists(y, " + dear + ") || true",
           "true ? " + dear + " : false"}) {
    const Outcome outcome = run(text, {.cost = 15});
    EXPECT_EQ(outcome.error, "1:1: cost limit exceeded: the expression costs more than 15");
  }
  EXPECT_EQ(run("true || " + dear, {.cost = 15}).kind, Outcome::Kind::value);
}

TEST(Depth, OfWhatIsEvaluatedIsBounded) {
  std::string sum = "1";
  for (int i = 0; i < 200; ++i) sum += " + 1";
  EXPECT_EQ(macro_outcome(sum), "201");
  std::string list = "0";
  for (int i = 0; i < 90; ++i) list = "[" + list + "]";
  EXPECT_EQ(macro_outcome("size(" + list + ")"), "1");
  std::string chain = "[0]";
  for (int i = 0; i < 200; ++i) chain += ".map(t, t + 1)";
  EXPECT_EQ(macro_outcome(chain), "[200]");
}

}  // namespace
}  // namespace gantry::cel
