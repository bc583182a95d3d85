#include "pkg/cel/value/value.h"

#include <limits>
#include <string>

#include "pkg/base/testing.h"
#include "pkg/cel/value/compare.h"
#include "pkg/cel/value/time_text.h"
#include "pkg/cel/value/utf8.h"

namespace gantry::cel {
namespace {

Value same(const Value& a, const Value& b) {
  Meter meter(1000);
  return equal(a, b, meter);
}

TEST(Value, ComparesNumbersOfAllTypesWithoutRounding) {
  // 2^53 + 1 has no double; as doubles both sides would be equal.
  const Value odd = Value::integer(9007199254740993);
  const Value even = Value::real(9007199254740992.0);
  EXPECT_TRUE(compare_numbers(odd, even) > 0);
  EXPECT_TRUE(compare_numbers(even, odd) < 0);
  const Value max_uint = Value::uinteger(std::numeric_limits<uint64_t>::max());
  EXPECT_TRUE(compare_numbers(Value::integer(-1), max_uint) < 0);
  EXPECT_TRUE(compare_numbers(max_uint, Value::real(1e300)) < 0);
  EXPECT_TRUE(compare_numbers(Value::real(-0.5), Value::uinteger(0)) < 0);
  EXPECT_TRUE(compare_numbers(Value::real(0.5), Value::integer(0)) > 0);
  EXPECT_TRUE(compare_numbers(Value::real(-0.5), Value::integer(0)) < 0);
  EXPECT_TRUE(same(Value::integer(1), Value::uinteger(1)).is_true());
  EXPECT_TRUE(same(Value::real(1), Value::uinteger(1)).is_true());
  const Value nan = Value::real(std::numeric_limits<double>::quiet_NaN());
  EXPECT_TRUE(same(nan, nan).is_false());
  EXPECT_TRUE(compare_numbers(nan, Value::integer(0)) == std::partial_ordering::unordered);
}

TEST(Value, FindsMapKeysByTheirNumber) {
  const Value map = Value::map({{Value::string("b"), Value::integer(2)},
                                {Value::integer(1), Value::string("one")},
                                {Value::boolean(true), Value()}});
  ASSERT_TRUE(map.is(Kind::map));
  EXPECT_EQ(map.to_text(), "{true: null, 1: \"one\", \"b\": 2}");
  EXPECT_EQ(map.as_map().find(Value::uinteger(1))->as_string(), "one");
  EXPECT_EQ(map.as_map().find(Value::real(1.0))->as_string(), "one");
  EXPECT_EQ(map.as_map().find(Value::real(1.5)), nullptr);
  EXPECT_EQ(map.as_map().find(Value::string("c")), nullptr);
  EXPECT_EQ(map.as_map().find("b")->as_int(), 2);
}

TEST(Value, RefusesMapsThatAreNone) {
  const Value twice = Value::map({{Value::integer(1), Value()}, {Value::uinteger(1), Value()}});
  ASSERT_TRUE(twice.is_error());
  EXPECT_EQ(twice.problem().message, "duplicate map key 1");
  const Value real = Value::map({{Value::real(1), Value()}});
  ASSERT_TRUE(real.is_error());
  EXPECT_EQ(real.problem().message, "a map key must be bool, int, uint or string, not double");
}

TEST(Value, EqualityDependsOnAnUnknownOnlyWhenNothingElseDecides) {
  const Value unknown = Value::unknown("a.b");
  const Value list = Value::list({Value::integer(1), unknown});
  EXPECT_TRUE(same(list, Value::list({Value::integer(2), Value()})).is_false());
  EXPECT_TRUE(same(list, Value::list({Value::integer(1)})).is_false());
  const Value depends = same(list, Value::list({Value::integer(1), Value()}));
  ASSERT_TRUE(depends.is_unknown());
  EXPECT_THAT(depends.unknown_paths(), ::testing::ElementsAre("a.b"));
}

TEST(Value, JoinsWhatIsUnknown) {
  const Value both = Value::unknown(Value::unknown("b"), Value::unknown("a"));
  EXPECT_THAT(both.unknown_paths(), ::testing::ElementsAre("a", "b"));
  EXPECT_THAT(Value::unknown(both, Value::unknown("a")).unknown_paths(),
              ::testing::ElementsAre("a", "b"));
}

TEST(Value, EqualityOfSharedPartsIsPaidFor) {
  // 2^40 elements in forty lists of two.
  Value value = Value::integer(0);
  for (int i = 0; i < 40; ++i) value = Value::list({value, value});
  Meter meter(10'000);
  equal(value, value, meter);
  EXPECT_TRUE(meter.exhausted());
  EXPECT_LT(value.to_text(100).size(), 110u);
}

TEST(Utf8, TellsWellFormedTextFromOther) {
  for (const std::string_view good : {"", "abc", "é", "€", "😬", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (const std::string_view bad : {"\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
                                     "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xe2\x82"}) {
    EXPECT_FALSE(is_utf8(bad)) << bad;
  }
  EXPECT_EQ(count_code_points("aé€😬"), 4u);
}

TEST(TimeText, ReadsAndWritesTimestamps) {
  const struct {
    std::string_view text;
    std::string_view wanted;
  } rows[] = {
      {"2009-02-13T23:31:30Z", "2009-02-13T23:31:30Z"},
      {"2009-02-13t23:31:30z", "2009-02-13T23:31:30Z"},
      {"2009-02-13T23:31:30.5Z", "2009-02-13T23:31:30.5Z"},
      {"2009-02-13T23:31:30.123456789Z", "2009-02-13T23:31:30.123456789Z"},
      {"2009-02-13T23:31:30+02:30", "2009-02-13T21:01:30Z"},
      {"2009-02-13T23:31:30-02:30", "2009-02-14T02:01:30Z"},
      {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
      {"9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"},
      {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"},
  };
  for (const auto& [text, wanted] : rows) {
    const auto time = parse_timestamp(text);
    ASSERT_TRUE(time.has_value()) << text;
    EXPECT_EQ(to_text(*time), wanted);
  }
  for (const std::string_view bad :
       {"", "2009-02-13", "2009-02-13T23:31Z", "2009-02-13T23:31:30", "2009-02-30T00:00:00Z",
        "2023-02-29T00:00:00Z", "2009-13-01T00:00:00Z", "2009-02-13T24:00:00Z",
        "2009-02-13T23:60:00Z", "2009-02-13T23:59:60Z", "2009-02-13 23:31:30Z",
        "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "2009-02-13T23:31:30.Z",
        "2009-02-13T23:31:30Zx", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"}) {
    EXPECT_FALSE(parse_timestamp(bad).has_value()) << bad;
  }
}

TEST(TimeText, ReadsAndWritesDurations) {
  const struct {
    std::string_view text;
    std::string_view wanted;
  } rows[] = {
      {"0", "0s"},
      {"90s", "90s"},
      {"1h30m", "5400s"},
      {"1.5h", "5400s"},
      {"-1.5s", "-1.5s"},
      {"100ms", "0.1s"},
      {"-1ns", "-0.000000001s"},
      {"1us", "0.000001s"},
      {"1µs", "0.000001s"},
      {"+2m", "120s"},
      {"1h1m1s1ms1us1ns", "3661.001001001s"},
      {".5s", "0.5s"},
      {"0.1h", "360s"},
      {"1000000s", "1000000s"},
  };
  for (const auto& [text, wanted] : rows) {
    const auto duration = parse_duration(text);
    ASSERT_TRUE(duration.has_value()) << text;
    EXPECT_EQ(to_text(*duration), wanted) << text;
  }
  for (const std::string_view bad : {"", "-", "1", "s", "1x", "1h-1m", ".s", "1s ", "inf",
                                     "320000000000s", "9223372036854775808ns"}) {
    EXPECT_FALSE(parse_duration(bad).has_value()) << bad;
  }
}

TEST(TimeText, KnowsTimeZonesByNameAndNeverByPath) {
  for (const std::string_view good : {"UTC", "+02:00", "-09:30", "02:00", "Europe/Paris"}) {
    EXPECT_TRUE(find_time_zone(good).has_value()) << good;
  }
  for (const std::string_view bad : {"", "localtime", "/etc/localtime", "../zoneinfo/UTC",
                                     "file:/etc/localtime", "Mars/Olympus", "+25:00", "+2"}) {
    EXPECT_FALSE(find_time_zone(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace gantry::cel
