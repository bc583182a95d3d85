// What expressions come to, table by table, after the conformance suite of the specification
// (github.com/google/cel-spec tests/simple/testdata), in our own words.
#include <string>

#include <gtest/gtest.h>

#include "pkg/cel/program.h"

namespace gantry::cel {
namespace {

struct Row {
  std::string_view text;
  std::string_view wanted;
};

Declarations declarations() {
  const Type ints = Type::list(Type::integer());
  return Declarations()
      .add("x", Type::dyn())
      .add("i", Type::integer())
      .add("u", Type(TypeKind::uinteger))
      .add("d", Type::real())
      .add("s", Type::string())
      .add("l", ints)
      .add("m", Type::map(Type::string(), Type::integer()))
      .add("a", ints);
}

Activation activation() {
  Activation values;
  values.set(
      "x", Value::map({{Value::string("k"), Value::integer(7)}, {Value::string("nil"), Value()}}));
  values.set("i", Value::integer(5)).set("u", Value::uinteger(5)).set("d", Value::real(2.5));
  values.set("s", Value::string("grüße"));
  values.set("l", Value::list({Value::integer(1), Value::integer(2), Value::integer(3)}));
  values.set("m", Value::map({{Value::string("one"), Value::integer(1)},
                              {Value::string("two"), Value::integer(2)}}));
  values.set("a", Value::list({Value::integer(0)}));
  return values;
}

// The value as text; "error L:C: …", "unknown …", or "refused L:C: …" by the checker.
std::string outcome_of(std::string_view text) {
  const auto program = compile(text, declarations());
  if (!program.ok()) return "refused " + message_of(program.status());
  const Outcome outcome = program->evaluate(activation());
  if (outcome.kind == Outcome::Kind::error) return "error " + outcome.error;
  if (outcome.kind == Outcome::Kind::unknown) return "unknown " + outcome.missing.front();
  return outcome.value.to_text();
}

void expect_all(std::initializer_list<Row> rows) {
  for (const auto& [text, wanted] : rows) EXPECT_EQ(outcome_of(text), wanted) << text;
}

TEST(Evaluate, WholeNumbers) {
  expect_all({
      {"42 + 2", "44"},
      {"42 + -2", "40"},
      {"42 - -2", "44"},
      {"-42 * -2", "84"},
      {"42 / 2", "21"},
      {"-7 / 2", "-3"},
      {"7 % 5", "2"},
      {"42 % -5", "2"},
      {"-42 % -5", "-2"},
      {"-42 % 5", "-2"},
      {"-(42)", "-42"},
      {"--42", "42"},
      {"42u + 2u", "44u"},
      {"42u - 2u", "40u"},
      {"42u * 2u", "84u"},
      {"42u / 2u", "21u"},
      {"42u % 5u", "2u"},
      {"1 + 2 * 3 - 4 / 2", "5"},
      {"(1 + 2) * 3", "9"},
      {"7 / 2 * 2", "6"},
      {"42 % 0", "error 1:4: modulus by zero"},
      {"42u % 0u", "error 1:5: modulus by zero"},
      {"15 / 0", "error 1:4: division by zero"},
      {"15u / 0u", "error 1:5: division by zero"},
      {"0 / 0", "error 1:3: division by zero"},
      {"9223372036854775807 + 1", "error 1:21: overflow: 9223372036854775807 + 1 does not fit int"},
      {"-9223372036854775808 - 1",
       "error 1:22: overflow: -9223372036854775808 - 1 does not fit int"},
      {"5000000000 * 5000000000", "error 1:12: overflow: 5000000000 * 5000000000 does not fit int"},
      {"-9223372036854775808 / -1",
       "error 1:22: overflow: -9223372036854775808 / -1 does not fit int"},
      {"-9223372036854775808 % -1",
       "error 1:22: overflow: -9223372036854775808 % -1 does not fit int"},
      {"-(-9223372036854775808)", "error 1:1: overflow: -(-9223372036854775808) does not fit int"},
      {"1u - 2u", "error 1:4: overflow: 1u - 2u does not fit uint"},
      {"18446744073709551615u + 1u",
       "error 1:23: overflow: 18446744073709551615u + 1u does not fit uint"},
      {"5000000000u * 5000000000u",
       "error 1:13: overflow: 5000000000u * 5000000000u does not fit uint"},
  });
}

TEST(Evaluate, Fractions) {
  expect_all({
      {"4.25 + 15.25", "19.5"},
      {"42.0 - 2.5", "39.5"},
      {"-42.5 * 2.0", "-85.0"},
      {"-64.0 / 4.0", "-16.0"},
      {"-(4.5)", "-4.5"},
      {"1.0 / 0.0", "double(\"Infinity\")"},
      {"-1.0 / 0.0", "double(\"-Infinity\")"},
      {"0.0 / 0.0", "double(\"NaN\")"},
      {"0.0 / 0.0 == 0.0 / 0.0", "false"},
      {"0.0 / 0.0 != 0.0 / 0.0", "true"},
      {"0.0 / 0.0 < 1.0", "false"},
      {"0.0 / 0.0 >= 1.0", "false"},
      {"-0.0 == 0.0", "true"},
      {"-0.0 < 0.0", "false"},
      {"1e308 * 10.0", "double(\"Infinity\")"},
      {".99 > 9.9e-1", "false"},
      {"0.1 + 0.2", "0.30000000000000004"},
  });
}

TEST(Evaluate, EqualityOfOneType) {
  expect_all({
      {"1 == 1", "true"},
      {"-1 == 1", "false"},
      {"2u == 2u", "true"},
      {"1.0 == 1.0e+0", "true"},
      {"'' == \"\"", "true"},
      {"'a' == 'b'", "false"},
      {"'abc' == r'abc'", "true"},
      {"'abc' == 'ABC'", "false"},
      {"'\\u00ea' == '\\u0065\\u0302'", "false"},
      {"null == null", "true"},
      {"null != null", "false"},
      {"true == true", "true"},
      {"false == true", "false"},
      {"b'\\303\\277' == b'ÿ'", "true"},
      {"b'abc' == b'abcd'", "false"},
      {"[] == []", "true"},
      {"[] != [1]", "true"},
      {"[1, 2, 3] == [1, 2, 3]", "true"},
      {"[1, 2, 3] == [1, 3, 2]", "false"},
      {"[[]] != [[]]", "false"},
      {"{} == {}", "true"},
      {"{'k': 'v'} == {'k': 'v'}", "true"},
      {"{'k': 'v', 'k1': 'v1'} == {'k': 'v'}", "false"},
      {"{'k1': 'v1', 'k2': 'v2'} == {'k2': 'v2', 'k1': 'v1'}", "true"},
      {"{'key': 'value'} == {'Key': 'value'}", "false"},
      {"24 != 42", "true"},
      {"{'a': [1, {'b': 2}]} == {'a': [1, {'b': 2}]}", "true"},
  });
}

TEST(Evaluate, EqualityAcrossTypesNeedsDyn) {
  expect_all({
      {"dyn(1) == 1.0", "true"},
      {"dyn(1) == 1u", "true"},
      {"dyn(1u) == 1.0", "true"},
      {"dyn(1) == 1.5", "false"},
      {"dyn(-1) == 18446744073709551615u", "false"},
      {"dyn(9007199254740993) == 9007199254740992.0", "false"},
      {"dyn(1) == '1'", "false"},
      {"dyn(1) != '1'", "true"},
      {"dyn(null) == false", "false"},
      {"dyn('a') == b'a'", "false"},
      {"[1, 2.0] == [dyn(1.0), 2]", "true"},
      {"[dyn(1)] == ['1']", "false"},
      {"{'a': dyn(1)} == {'a': 1u}", "true"},
      {"{dyn(1): 'a'} == {1u: 'a'}", "true"},
      {"1 == 1.0", "refused 1:3: no such overload: int == double; did you mean 1.0?"},
      {"1u == 1", "refused 1:4: no such overload: uint == int; did you mean 1u?"},
      {"i == d",
       "refused 1:3: no such overload: int == double; convert one of them with int(), uint() or "
       "double()"},
      {"1 == 'a'", "refused 1:3: no such overload: int == string"},
      {"[1] == ['a']", "refused 1:5: no such overload: list(int) == list(string)"},
      {"1 == null", "refused 1:3: no such overload: int == null"},
  });
}

TEST(Evaluate, Order) {
  expect_all({
      {"-1 < 0", "true"},
      {"0 < 0", "false"},
      {"0 <= 0", "true"},
      {"2u < 2u", "false"},
      {"2u >= 2u", "true"},
      {"1.0 < 1.0000001", "true"},
      {"'a' < 'b'", "true"},
      {"'Abc' < 'aBC'", "true"},
      {"'abc' < 'abcd'", "true"},
      {"'a' < 'á'", "true"},
      {"'a' < 'AB'", "false"},
      {"'\\uFFFD' < '\\U0001F62C'", "true"},
      {"b'a' < b'b'", "true"},
      {"b'\\x00' > b''", "true"},
      {"b'á' < b'b'", "false"},
      {"false < true", "true"},
      {"true > false", "true"},
      {"true < true", "false"},
      {"1 < 1.5", "true"},
      {"1 < 1u", "false"},
      {"1 <= 1u", "true"},
      {"-1 < 0u", "true"},
      {"1.5 > 1u", "true"},
      {"9007199254740993 > 9007199254740992.0", "true"},
      {"18446744073709551615u > -1", "true"},
      {"1e19 < 18446744073709551615u", "true"},
      {"dyn(1) < 'a'", "error 1:8: no such overload: _<_(int, string)"},
      {"[0] < [1]", "refused 1:5: no such overload: list(int) < list(int)"},
      {"null < null", "refused 1:6: no such overload: null < null"},
      {"{0: 'a'} < {1: 'b'}",
       "refused 1:10: no such overload: map(int, string) < map(int, string)"},
      {"1 < 'a'", "refused 1:3: no such overload: int < string"},
  });
}

TEST(Evaluate, LogicAbsorbsErrorsOnEitherSide) {
  expect_all({
      {"true && true", "true"},
      {"true && false", "false"},
      {"false || true", "true"},
      {"false || false", "false"},
      {"!true", "false"},
      {"!(1 > 2)", "true"},
      {"false && 1 / 0 > 3", "false"},
      {"1 / 0 > 3 && false", "false"},
      {"true || 1 / 0 > 3", "true"},
      {"1 / 0 > 3 || true", "true"},
      {"true && 1 / 0 > 3", "error 1:11: division by zero"},
      {"1 / 0 > 3 && true", "error 1:3: division by zero"},
      {"false || 1 / 0 > 3", "error 1:12: division by zero"},
      {"1 / 0 > 3 || 1 % 0 > 3 || false", "error 1:3: division by zero"},
      {"dyn('horses') && false", "false"},
      {"dyn(32) || true", "true"},
      {"dyn('a') && true", "error 1:1: no such overload: a condition must be bool, this is string"},
      {"'a' && true", "refused 1:5: no such overload: string && bool"},
      {"!1", "refused 1:1: no such overload: !int"},
      {"true ? 1 : 2", "1"},
      {"false ? 'foo' : 'bar'", "\"bar\""},
      {"true ? 1 : 1 / 0", "1"},
      {"false ? 1 / 0 : 2", "2"},
      {"1 / 0 > 4 ? 'a' : 'b'", "error 1:3: division by zero"},
      {"true ? 'a' : 17", "refused 1:6: no such overload: bool ? string : int"},
      {"'a' ? 1 : 2", "refused 1:5: no such overload: string ? int : int"},
      {"dyn(1) ? 1 : 2", "error 1:1: no such overload: a condition must be bool, this is int"},
      {"true ? dyn('a') : 17", "\"a\""},
  });
}

TEST(Evaluate, ListsAndMaps) {
  expect_all({
      {"[1, 2, 3][0]", "1"},
      {"l[2]", "3"},
      {"l[3]", "error 1:2: index 3 is outside of a list of 3"},
      {"l[-1]", "error 1:2: index -1 is outside of a list of 3"},
      {"l[dyn(1u)]", "2"},
      {"l[dyn(1.0)]", "2"},
      {"l[dyn(1.5)]", "error 1:2: index 1.5 is outside of a list of 3"},
      {"l['a']", "refused 1:2: no such overload: list(int)[string]"},
      {"[0, 1] + [2] == [0, 1, 2]", "true"},
      {"[] + [1] + []", "[1]"},
      {"[1] + ['a']", "refused 1:5: no such overload: list(int) + list(string)"},
      {"[1, 'a', null, 2.5]", "[1, \"a\", null, 2.5]"},
      {"[1, 'a'] + [true]", "[1, \"a\", true]"},
      {"{0: 1, 2: 2, 5: true}[5]", "true"},
      {"{0u: 1u, 2u: 'happy'}[2u]", "\"happy\""},
      {"{true: 5}[true]", "5"},
      {"{true: 1, 2: 2, 5u: 3}[5]", "3"},
      {"{'name': 100u}['name']", "100u"},
      {"{'n': 'x'}.n", "\"x\""},
      {"{1: 'a'}[dyn(1.0)]", "\"a\""},
      {"{1: 'a'}[dyn(1u)]", "\"a\""},
      {"{0: 1}[1]", "error 1:7: no such key: 1"},
      {"{'a': 1}.b", "error 1:10: no such key: \"b\""},
      {"m.three", "error 1:3: m.three is not set"},
      {"m['three']", "error 1:2: no such key: \"three\""},
      {"m.one + m['two']", "3"},
      {"{'a': 1, 'a': 2}", "error 1:1: duplicate map key \"a\""},
      {"{1: 1, 1u: 2}", "error 1:1: duplicate map key 1"},
      {"{dyn(1.0): 1}", "error 1:1: a map key must be bool, int, uint or string, not double"},
      {"{1.0: 1}", "refused 1:2: a map key must be bool, int, uint or string, not double"},
      {"{null: 1}", "refused 1:2: a map key must be bool, int, uint or string, not null"},
      {"{'a': {'b': {'c': 1}}}.a.b.c", "1"},
      {"size([1, 2]) + [].size() + size({1: 2}) + {}.size()", "3"},
      {"a[a[a[a[a[a[a[a[a[a[a[a[0]]]]]]]]]]]]", "0"},
      {"[[[['foo']]]][0][0][0][0]", "\"foo\""},
      {"size({0: {0: {0: {0: 'foo'}}}})", "1"},
      {"x.k", "7"},
      {"x['k']", "7"},
      {"x.nil", "null"},
      {"x.missing", "error 1:3: x.missing is not set"},
      {"i.field", "refused 1:3: int has no fields, so no field"},
      {"dyn(1).field", "error 1:8: no such overload: a value of type int has no field field"},
      {"{1: 2}.a", "refused 1:8: the keys of map(int, int) are no strings; use [ ]"},
  });
}

TEST(Evaluate, Membership) {
  expect_all({
      {"1 in [1, 2]", "true"},
      {"3 in [1, 2]", "false"},
      {"1 in []", "false"},
      {"'a' in ['b', 'a']", "true"},
      {"1 in [dyn(1.0)]", "true"},
      {"dyn('1') in [1]", "false"},
      {"'a' in {'a': 1}", "true"},
      {"1 in {'a': 1, 1: 2}", "true"},
      {"dyn(1u) in {1: 2}", "true"},
      {"dyn(1.5) in {1: 2}", "false"},
      {"!('z' in m)", "true"},
      {"[1] in [[1], [2]]", "true"},
      {"1 in ['a']", "refused 1:3: no such overload: int in list(string)"},
      {"1 in 2", "refused 1:3: no such overload: int in int"},
      {"1 in dyn(2)", "error 1:3: no such overload: @in(int, int)"},
  });
}

TEST(Evaluate, Strings) {
  expect_all({
      {"size('')", "0"},
      {"size('ÿ')", "1"},
      {"'πέντε'.size()", "5"},
      {"size('😬')", "1"},
      {"size(b'ÿ')", "2"},
      {"size(s)", "5"},
      {"'he' + 'llo'", "\"hello\""},
      {"'' + 'Ω' + ''", "\"Ω\""},
      {"b'a' + b'\\xff'", "b\"a\\xff\""},
      {"'foobar'.startsWith('foo')", "true"},
      {"'foobar'.startsWith('bar')", "false"},
      {"''.startsWith('foo')", "false"},
      {"'foobar'.startsWith('')", "true"},
      {"'завтра'.startsWith('за')", "true"},
      {"'foobar'.endsWith('bar')", "true"},
      {"'forté'.endsWith('té')", "true"},
      {"''.endsWith('')", "true"},
      {"'hello'.contains('ell')", "true"},
      {"'hello'.contains('')", "true"},
      {"'hello'.contains('ol')", "false"},
      {"'abababc'.contains('ababc')", "true"},
      {"'Straße'.contains('aß')", "true"},
      {"'hubba'.matches('ubb')", "true"},
      {"'hubba'.matches('^ubb')", "false"},
      {"''.matches('foo|bar')", "false"},
      {"'cows'.matches('')", "true"},
      {"'grey'.matches('^gr(a|e)y$')", "true"},
      {"'banana'.matches('ba(na)*')", "true"},
      {"'mañana'.matches('a+ñ+a+')", "true"},
      {"matches('abcd', 'bc')", "true"},
      {"'abc'.matches(r'^\\w+$')", "true"},
      {"'aaa'.matches('a' + '{3}')", "true"},
      {"'(a'.matches('a)')", "refused 1:14: not a regular expression (RE2): unexpected ): a)"},
      {"'a'.matches('(' + 'a')", "error 1:5: not a regular expression (RE2): missing ): (a"},
      {"1.startsWith('a')", "refused 1:3: no such overload: int.startsWith(string)"},
      {"startsWith('a', 'b')",
       "refused 1:1: there is no function startsWith; it is called on a value: x.startsWith()"},
      {"'a'.quantity()",
       "refused 1:5: there is no function quantity to call on a value; it is called as "
       "quantity(x)"},
      {"'a'.startWith('b')",
       "refused 1:5: there is no function startWith to call on a value; did you mean "
       "startsWith()?"},
      {"dyn(1).contains('a')", "error 1:8: no such overload: contains(int, string)"},
  });
}

TEST(Evaluate, Conversions) {
  expect_all({
      {"int(42u)", "42"},
      {"int(-123.456)", "-123"},
      {"int(1.9)", "1"},
      {"int(-7.9)", "-7"},
      {"int('987')", "987"},
      {"int('-12')", "-12"},
      {"int(5)", "5"},
      {"int(18446744073709551615u)", "error 1:1: 18446744073709551615u is out of the range of int"},
      {"int(1e99)", "error 1:1: 1e+99 is out of the range of int"},
      {"int(-9223372036854775809.0)",
       "error 1:1: -9223372036854775808.0 is out of the range of int"},
      {"int(0.0 / 0.0)", "error 1:1: double(\"NaN\") is out of the range of int"},
      {"int('12x')", "error 1:1: \"12x\" is not an int"},
      {"int('')", "error 1:1: \"\" is not an int"},
      {"int('9223372036854775808')",
       "error 1:1: \"9223372036854775808\" is out of the range of int"},
      {"int(timestamp('2004-09-16T23:59:59Z'))", "1095379199"},
      {"uint(1729)", "1729u"},
      {"uint(3.14159265)", "3u"},
      {"uint(25.5)", "25u"},
      {"uint(1e19)", "10000000000000000000u"},
      {"uint('300')", "300u"},
      {"uint(-0.5)", "error 1:1: -0.5 is out of the range of uint"},
      {"uint(-1)", "error 1:1: -1 is out of the range of uint"},
      {"uint(6.022e23)", "error 1:1: 6.022e+23 is out of the range of uint"},
      {"uint('-1')", "error 1:1: \"-1\" is not a uint"},
      {"double(1000000000000)", "1e+12"},
      {"double(0u)", "0.0"},
      {"double('123.456')", "123.456"},
      {"double('-84.32e7')", "-843200000.0"},
      {"double('NaN')", "double(\"NaN\")"},
      {"double('x')", "error 1:1: \"x\" is not a double"},
      {"double(9223372036854775807) == 9.223372036854775807e18", "true"},
      {"string(123)", "\"123\""},
      {"string(-456)", "\"-456\""},
      {"string(9876u)", "\"9876\""},
      {"string(123.456)", "\"123.456\""},
      {"string(-4.5e-3)", "\"-0.0045\""},
      {"string(true)", "\"true\""},
      {"string(b'abc')", "\"abc\""},
      {"string(b'\\303\\277')", "\"ÿ\""},
      {"string(b'\\000\\xff')", "error 1:1: invalid UTF-8 in bytes"},
      {"string(timestamp('2009-02-13T23:31:30Z'))", "\"2009-02-13T23:31:30Z\""},
      {"string(duration('1h30m'))", "\"5400s\""},
      {"bytes('ÿ')", "b\"\\xc3\\xbf\""},
      {"bytes('\\377') == b'\\377'", "false"},
      {"bool('true') && bool('1') && bool('T') == false", "error 1:30: \"T\" is not a bool"},
      {"bool('TRUE') && bool('t')", "true"},
      {"bool('FALSE') || bool('f') || bool('0')", "false"},
      {"quantity('20Gi')", "21474836480"},
      {"quantity('500M') < quantity('1Gi')", "true"},
      {"quantity('12Q')", "refused 1:10: \"12Q\" is not a quantity such as \"20Gi\" or \"500M\""},
      {"quantity('1' + 'Ki')", "1024"},
      {"quantity(5)", "refused 1:1: no such overload: quantity(int)"},
      {"string([1])", "refused 1:1: no such overload: string(list(int))"},
      {"int(dyn([1]))", "error 1:1: no such overload: int(list)"},
      {"dyn(1)", "1"},
      {"int(1, 2)", "refused 1:1: no such overload: int(int, int)"},
  });
}

TEST(Evaluate, Types) {
  expect_all({
      {"type(true)", "bool"},
      {"type(0) == int", "true"},
      {"type(64u) == uint", "true"},
      {"type(3.14) == double", "true"},
      {"type('foo') == string", "true"},
      {"type(b'a') == bytes", "true"},
      {"type(null) == null_type", "true"},
      {"type([1]) == list", "true"},
      {"type({4: 16}) == map", "true"},
      {"type([1, 2, 3]) == type(['one'])", "true"},
      {"type(7) == type(7u)", "false"},
      {"type(0.0) != type(0)", "true"},
      {"type(type(7)) == type(type(7u))", "true"},
      {"type(int)", "type"},
      {"type(type) == type", "true"},
      {"type(timestamp(0))", "google.protobuf.Timestamp"},
      {"type(duration('1s')) == google.protobuf.Duration", "true"},
      {"type(timestamp(0)) == google.protobuf.Timestamp", "true"},
      {"type(dyn([1, 'one'])) == list", "true"},
      {"type(x) == map", "true"},
      {"type(1) == 'int'", "refused 1:9: no such overload: type == string"},
      {"int == 1", "refused 1:5: no such overload: type == int"},
  });
}

TEST(Evaluate, TimeArithmetic) {
  expect_all({
      {"timestamp('2009-02-13T23:00:00Z') + duration('4m')", "timestamp(\"2009-02-13T23:04:00Z\")"},
      {"duration('2m') + timestamp('2009-02-13T23:01:00Z')", "timestamp(\"2009-02-13T23:03:00Z\")"},
      {"duration('600s') + duration('50s')", "duration(\"650s\")"},
      {"duration('1h') - duration('1m')", "duration(\"3540s\")"},
      {"timestamp('2009-02-13T23:10:00Z') - duration('10m')",
       "timestamp(\"2009-02-13T23:00:00Z\")"},
      {"timestamp('2009-02-13T23:31:00Z') - timestamp('2009-02-13T23:29:00Z')",
       "duration(\"120s\")"},
      {"timestamp('2009-02-13T23:00:00Z') < timestamp('2009-03-13T23:00:00Z')", "true"},
      {"timestamp('2009-02-13T23:00:00Z') >= timestamp('2009-02-13T23:00:00Z')", "true"},
      {"duration('200s') < duration('300s')", "true"},
      {"duration('1m') == duration('60s')", "true"},
      {"duration('1.5ns') == duration('1ns')", "true"},
      {"duration('1.999999999999999999999s') == duration('1999999999ns')", "true"},
      {"duration('0.3s') == duration('300ms')", "true"},
      {"timestamp(1234567890)", "timestamp(\"2009-02-13T23:31:30Z\")"},
      {"timestamp('9999-12-31T23:59:59Z') + duration('1s')",
       "error 1:35: timestamp out of range: only the years 1 to 9999 exist"},
      {"timestamp('0001-01-01T00:00:00Z') + duration('-1ns')",
       "error 1:35: timestamp out of range: only the years 1 to 9999 exist"},
      {"timestamp('9999-12-31T23:59:59Z') - timestamp('0001-01-01T00:00:00Z')",
       "error 1:35: duration out of range: at most about 292 years"},
      {"duration('9000000000s') + duration('9000000000s')",
       "error 1:25: duration out of range: at most about 292 years"},
      {"timestamp(253402300800)", "refused 1:11: 253402300800 is out of the range of timestamp"},
      {"timestamp('10000-01-01T00:00:00Z')",
       "refused 1:11: \"10000-01-01T00:00:00Z\" is not an RFC 3339 time in the range of the "
       "years 1 to 9999"},
      {"duration('1x')",
       "refused 1:10: \"1x\" is not a duration such as \"1h30m\" in the range of 292 years"},
      {"timestamp('2009-02-13T23:00:00Z') + 1", "refused 1:35: no such overload: timestamp + int"},
  });
}

TEST(Evaluate, TimeParts) {
  const std::string time = "timestamp('2009-02-13T23:31:20.123456789Z').";
  const Row rows[] = {
      {"getFullYear()", "2009"},
      {"getMonth()", "1"},
      {"getDate()", "13"},
      {"getDayOfMonth()", "12"},
      {"getDayOfWeek()", "5"},
      {"getDayOfYear()", "43"},
      {"getHours()", "23"},
      {"getMinutes()", "31"},
      {"getSeconds()", "20"},
      {"getMilliseconds()", "123"},
      {"getDate('Australia/Sydney')", "14"},
      {"getDayOfMonth('America/Chicago')", "12"},
      {"getDayOfMonth('+11:00')", "13"},
      {"getDayOfWeek('UTC')", "5"},
      {"getDayOfWeek('+01:00')", "6"},
      {"getHours('02:00')", "1"},
      {"getHours('-09:30')", "14"},
      {"getMinutes('Asia/Kathmandu')", "16"},
      {"getSeconds('-00:00')", "20"},
      {"getFullYear('Mars/Base')", "refused 1:57: unknown time zone \"Mars/Base\""},
      {"getHours('Mars/' + 'Base')", "error 1:45: unknown time zone \"Mars/Base\""},
      {"getHours(1)", "refused 1:45: no such overload: timestamp.getHours(int)"},
  };
  for (const auto& [call, wanted] : rows) EXPECT_EQ(outcome_of(time + std::string(call)), wanted);
  expect_all({
      {"duration('10000s').getHours()", "2"},
      {"duration('3730s').getMinutes()", "62"},
      {"duration('3730s').getSeconds()", "3730"},
      {"duration('123321ms').getMilliseconds()", "321"},
      {"duration('1s').getDate()", "refused 1:16: no such overload: duration.getDate()"},
  });
}

}  // namespace
}  // namespace gantry::cel
