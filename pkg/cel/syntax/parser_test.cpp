#include "pkg/cel/syntax/parser.h"

#include <string>

#include "pkg/base/testing.h"

namespace gantry::cel {
namespace {

using testing::Fails;
using testing::IsOk;

std::string parsed(std::string_view text) {
  const auto expr = parse(text);
  return expr.ok() ? to_text(**expr) : message_of(expr.status());
}

struct Row {
  std::string_view text;
  std::string_view wanted;
};

TEST(Parser, GroupsOperatorsByPrecedenceAndAssociativity) {
  const Row rows[] = {
      {"a + b * c", "(a + (b * c))"},
      {"a * b + c", "((a * b) + c)"},
      {"a - b - c", "((a - b) - c)"},
      {"a / b * c % d", "(((a / b) * c) % d)"},
      {"a + b < c - d", "((a + b) < (c - d))"},
      {"a < b == c", "((a < b) == c)"},
      {"a in b && c in d", "((a in b) && (c in d))"},
      {"a in b + c", "(a in (b + c))"},
      {"a && b || c && d", "((a && b) || (c && d))"},
      {"a || b && c", "(a || (b && c))"},
      {"a && b && c", "(a && b && c)"},
      {"a && (b && c)", "(a && (b && c))"},
      {"(a && b) && c", "((a && b) && c)"},
      {"a || b || c || d", "(a || b || c || d)"},
      {"a ? b : c ? d : e", "(a ? b : (c ? d : e))"},
      {"a || b ? c && d : e", "((a || b) ? (c && d) : e)"},
      {"!a && b", "((!a) && b)"},
      {"!!a", "(!(!a))"},
      {"!a.b", "(!a.b)"},
      {"-a.b", "(-a.b)"},
      {"-a * b", "((-a) * b)"},
      {"--a", "(-(-a))"},
      {"a - -b", "(a - (-b))"},
      {"a-1", "(a - 1)"},
      {"a - -1", "(a - -1)"},
      {"--1", "(-(-1))"},
      {"-(1)", "(-(1))"},
      {"a.b.c[d].e(f)", "a.b.c[d].e(f)"},
      {"a[b][c]", "a[b][c]"},
      {"f(a, b + c)", "f(a, (b + c))"},
      {"a.f()", "a.f()"},
      {"_(a)", "_(a)"},
      {"_b(a) - _", "(_b(a) - _)"},
      {".a.b", ".a.b"},
      {".f(a)", ".f(a)"},
      {"[a, b + c, [d]]", "[a, (b + c), [d]]"},
      {"[a, b,]", "[a, b]"},
      {"{a: b, \"c\": d ? e : f}", "{a: b, \"c\": (d ? e : f)}"},
      {"{a: b,}", "{a: b}"},
      {"(((a)))", "a"},
      {"1.size()", "(1).size()"},
      {"a.for.namespace.type", "a.for.namespace.type"},
      {"a.`x.y/z-1`", "a.`x.y/z-1`"},
      {"a.`plain`", "a.plain"},
      {"has(a.b.c)", "has(a.b.c)"},
      {"a.all(x, x > 1)", "a.all(x, (x > 1))"},
      {"a.exists_one(x, x)", "a.exists_one(x, x)"},
      {"a.map(x, x > 0, x * 2)", "a.map(x, (x > 0), (x * 2))"},
      {"a.b.filter(x, x.c).map(x, x)", "a.b.filter(x, x.c).map(x, x)"},
      {"a // the rest\n  + b", "(a + b)"},
      {"a + b // to the end", "(a + b)"},
      {"\t a\r\n\f+ b ", "(a + b)"},
  };
  for (const auto& [text, wanted] : rows) {
    EXPECT_EQ(parsed(text), wanted) << text;
    EXPECT_EQ(parsed(wanted), wanted) << "its own text must mean the same: " << text;
  }
}

TEST(Parser, ReadsEveryFormOfLiteral) {
  const Row rows[] = {
      {"0", "0"},
      {"42", "42"},
      {"9223372036854775807", "9223372036854775807"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"0x1F", "31"},
      {"-0xff", "-255"},
      {"0XaB", "171"},
      {"0xFFFFFFFFFFFFFFFFu", "18446744073709551615u"},
      {"7u", "7u"},
      {"7U", "7u"},
      {"18446744073709551615u", "18446744073709551615u"},
      {"1.5", "1.5"},
      {".5", "0.5"},
      {"1e3", "1000.0"},
      {"1E-3", "0.001"},
      {"1.5e+2", "150.0"},
      {"-2.5e-1", "-0.25"},
      {"0.0", "0.0"},
      {"-0.0", "-0.0"},
      {"true", "true"},
      {"false", "false"},
      {"null", "null"},
      {"''", "\"\""},
      {"'it''", "1:5: this string is not closed on its line"},
      {"'say \"x\"'", "\"say \\\"x\\\"\""},
      {"\"it's\"", "\"it's\""},
      {"'''a'b''c'''", "\"a'b''c\""},
      {"\"\"\"two\nlines\"\"\"", "\"two\\nlines\""},
      {"r'a\\nb'", "\"a\\\\nb\""},
      {"R\"\\\"", "\"\\\\\""},
      {"r'''a\\'''", "\"a\\\\\""},
      {"'\\a\\b\\f\\n\\r\\t\\v'", "\"\\x07\\x08\\x0c\\n\\r\\t\\x0b\""},
      {"'\\\\ \\? \\\" \\' \\`'", "\"\\\\ ? \\\" ' `\""},
      {"'\\x41\\X42\\103'", "\"ABC\""},
      {"'\\u00e9\\U0001F62C'", "\"é😬\""},
      {"'\\xe9\\351'", "\"éé\""},
      {"'\\uD83D\\uDE2C'", "\"😬\""},
      {"b'abc'", "b\"abc\""},
      {"B\"é\"", "b\"\\xc3\\xa9\""},
      {"b'\\xff\\377'", "b\"\\xff\\xff\""},
      {"br'\\x'", "b\"\\\\x\""},
      {"b'''a\nb'''", "b\"a\\nb\""},
  };
  for (const auto& [text, wanted] : rows) EXPECT_EQ(parsed(text), wanted) << text;
}

TEST(Parser, SaysWhereAndWhatIsWrong) {
  const Row rows[] = {
      {"", "1:1: the expression ends where an expression was expected"},
      {"  ", "1:3: the expression ends where an expression was expected"},
      {"a +", "1:4: the expression ends where an expression was expected"},
      {"a b", "1:3: found \"b\" where an operator or the end was expected"},
      {"a\n  && )", "2:6: found \")\" where an expression was expected"},
      {"é'", "1:1: unexpected character \"é\""},
      {"'é' $", "1:5: unexpected character \"$\""},
      {"a = b", "1:3: unexpected character \"=\"; equality is =="},
      {"a & b", "1:3: unexpected character \"&\"; logical and is &&"},
      {"a | b", "1:3: unexpected character \"|\"; logical or is ||"},
      {"(a", "1:3: the expression ends where \")\" was expected"},
      {"[a", "1:3: the expression ends where \"]\" was expected"},
      {"{a b}", "1:4: found \"b\" where \":\" was expected"},
      {"a[1", "1:4: the expression ends where \"]\" was expected"},
      {"a ? b", "1:6: the expression ends where \":\" was expected"},
      {"a ? b ? c : d : e", "1:7: found \"?\" where \":\" was expected"},
      {"f(a,)", "1:5: found \")\" where an argument was expected"},
      {"a.1", "1:2: found \".1\" where an operator or the end was expected"},
      {"a.true", "1:3: found \"true\" where a field's name was expected"},
      {"a.in", "1:3: found \"in\" where a field's name was expected"},
      {"if", "1:1: if is a reserved word of the language"},
      {"a + package", "1:5: package is a reserved word of the language"},
      {"namespace.x", "1:1: namespace is a reserved word of the language"},
      {"in", "1:1: found \"in\" where an expression was expected"},
      {".true", "1:2: found a literal where a name belongs"},
      {"Node{name: 'x'}", "1:1: messages cannot be constructed here; a map is {\"key\": value}"},
      {"a.b.Node{}", "1:5: messages cannot be constructed here; a map is {\"key\": value}"},
      {"a.?b", "1:3: optional selection .? is not supported; use has()"},
      {"a[?b]", "1:3: optional index [?] is not supported; use in"},
      {"[?a]", "1:2: optional elements are not supported"},
      {"{?a: b}", "1:2: optional entries are not supported"},
      {"12ab", "1:1: a number and a name without a space between them: 12a"},
      {"0x", "1:1: a hexadecimal number needs digits after 0x"},
      {"1.5u", "1:1: a number and a name without a space between them: 1.5u"},
      {"9223372036854775808", "1:1: the number 9223372036854775808 does not fit an int"},
      {"1 + -9223372036854775809", "1:5: the number -9223372036854775809 does not fit an int"},
      {"18446744073709551616u", "1:1: the number 18446744073709551616u does not fit a uint"},
      {"-1u", "1:1: a uint has no sign: -1u"},
      {"1e999", "1:1: the number 1e999 does not fit a double"},
      {"'abc", "1:1: this string is not closed on its line"},
      {"'abc\n'", "1:1: this string is not closed on its line"},
      {"'''abc'", "1:1: this string is not closed"},
      {"x == 'a\\d'",
       "1:8: unknown escape; write \\\\ for a backslash, or a raw string such as r\"\\d+\""},
      {"'\\x4'", "1:2: \\x needs two hex digits"},
      {"'\\u12'", "1:2: \\u needs four hex digits"},
      {"'\\U0001'", "1:2: \\U needs eight hex digits"},
      {"'\\U00110000'", "1:2: not a Unicode code point"},
      {"'\\ud800'", "1:2: not a Unicode code point"},
      {"'\\ud800\\u0041'", "1:2: not a Unicode code point"},
      {"'\\19'", "1:2: an octal escape needs three digits, \\000 to \\377"},
      {"b'\\u0041'", "1:3: \\u and \\U are for strings only; write the octets with \\x"},
      {"has(a)", "1:5: has() needs the selection of one field, as in has(storage.avail)"},
      {"has(a.b())", "1:7: has() needs the selection of one field, as in has(storage.avail)"},
      {"has(a['b'])", "1:6: has() needs the selection of one field, as in has(storage.avail)"},
      {"has()", "1:1: has() needs the selection of one field, as in has(storage.avail)"},
      {"has(a.b, c)", "1:7: has() needs the selection of one field, as in has(storage.avail)"},
      {"x &&\n a.all(1, true)",
       "2:8: the first argument of all() must be a simple name: list.all(x, condition)"},
      {"a.exists(b.c, true)",
       "1:12: the first argument of exists() must be a simple name: list.exists(x, condition)"},
      {"a.map(x)",
       "1:3: map() takes a variable and an expression: list.map(x, value) or list.map(x, "
       "condition, value)"},
      {"a.all(x, y, z)", "1:3: all() takes a variable and an expression: list.all(x, condition)"},
      {"a.`b c", "1:3: a name in backticks has letters, digits and _ . - / and a closing `"},
      {"`b`", "1:1: found \"b\" where an expression was expected"},
  };
  for (const auto& [text, wanted] : rows) {
    EXPECT_EQ(parsed(text), wanted) << text;
    EXPECT_THAT(parse(text), Fails(ErrorClass::invalid)) << text;
  }
}

TEST(Parser, RefusesWhatIsNoText) {
  EXPECT_THAT(parse("'\xff'"), Fails(ErrorClass::invalid, ::testing::HasSubstr("UTF-8")));
  EXPECT_THAT(parse(std::string(70'000, ' ')),
              Fails(ErrorClass::invalid, ::testing::HasSubstr("at most 65536")));
}

std::string repeat(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(Parser, TakesTheDepthThatTheLanguagePromises) {
  EXPECT_THAT(parse(repeat("(", 32) + "7" + repeat(")", 32)), IsOk());
  EXPECT_THAT(parse(repeat("[", 32) + "7" + repeat("]", 32)), IsOk());
  EXPECT_THAT(parse(repeat("!", 32) + "true"), IsOk());
  EXPECT_THAT(parse(repeat("-", 33) + "1"), IsOk());
  EXPECT_THAT(parse("a" + repeat("[0]", 32)), IsOk());
  EXPECT_THAT(parse("a" + repeat(".b", 32)), IsOk());
  EXPECT_THAT(parse("1" + repeat(" + 1", 100)), IsOk());
  EXPECT_THAT(parse("a" + repeat(" && a", 3000)), IsOk());
  EXPECT_THAT(parse("a" + repeat(" || a", 3000)), IsOk());
  EXPECT_THAT(parse(repeat("true ? 1 : ", 32) + "2"), IsOk());
}

TEST(Parser, AnswersDeepNestingWithAnErrorNotACrash) {
  for (const std::string_view open : {"(", "[", "!", "-", "a[", "f(", "{1:", "a?b:", "x.map(y,"}) {
    const auto expr = parse(repeat(open, 500));
    EXPECT_THAT(expr, Fails(ErrorClass::invalid, ::testing::HasSubstr("100 levels"))) << open;
  }
  for (const std::string_view more : {" + 1", ".b", "[0]", " == 1", ".f()"}) {
    const auto expr = parse("a" + repeat(more, 500));
    EXPECT_THAT(expr, Fails(ErrorClass::invalid, ::testing::HasSubstr("250 operations"))) << more;
  }
}

TEST(Parser, KeepsThePlaceOfEveryPartInTheSource) {
  const std::string text = "a.b > 1 && (c || d) && has(e.f)";
  const auto expr = parse(text);
  ASSERT_THAT(expr, IsOk());
  std::vector<std::string> parts;
  for (const ExprPtr& arg : (*expr)->args) {
    parts.push_back(text.substr(arg->begin, arg->end - arg->begin));
  }
  EXPECT_THAT(parts, ::testing::ElementsAre("a.b > 1", "(c || d)", "has(e.f)"));
}

}  // namespace
}  // namespace gantry::cel
