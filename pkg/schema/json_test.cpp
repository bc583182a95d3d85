#include "pkg/schema/json.h"

#include <cmath>
#include <limits>

#include <absl/strings/str_format.h>

#include "pkg/base/testing.h"

namespace gantry::schema {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOkAndHolds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(ParseJson, ReadsEveryKindOfValue) {
  const auto value = parse_json(R"({"a":[1,-2,1.5,true,false,null,"x"],"b":{"c":{}}})");
  ASSERT_TRUE(value.ok()) << value.status();
  const Json& a = *value->find("a");
  EXPECT_EQ(a.as_array()[0], Json(1));
  EXPECT_EQ(a.as_array()[1], Json(-2));
  EXPECT_EQ(a.as_array()[2], Json(1.5));
  EXPECT_EQ(a.as_array()[3], Json(true));
  EXPECT_TRUE(a.as_array()[5].is_null());
  EXPECT_EQ(a.as_array()[6], Json("x"));
  EXPECT_EQ(value->find_path({"b", "c"})->size(), 0u);
}

TEST(ParseJson, KeepsIntegersOf64BitsAndMakesDoublesOfLarger) {
  EXPECT_THAT(parse_json("9223372036854775807"),
              IsOkAndHolds(Json(std::numeric_limits<int64_t>::max())));
  EXPECT_THAT(parse_json("-9223372036854775808"),
              IsOkAndHolds(Json(std::numeric_limits<int64_t>::min())));
  EXPECT_THAT(parse_json("9223372036854775808"), IsOkAndHolds(Json(9223372036854775808.0)));
  EXPECT_THAT(parse_json("123456789012345678901234567890"),
              IsOkAndHolds(Json(1.2345678901234568e29)));
}

TEST(ParseJson, ReadsDoublesToTheLastBit) {
  const auto read = [](const std::string& text) {
    const auto value = parse_json("[" + text + "]");
    return value.ok() ? value->as_array().front().as_double() : std::nan("");
  };
  for (const auto* zero : {"0e99", "0E304", "-0e40", "0.0e-30", "0.000000000000000000000000000"})
    EXPECT_EQ(read(zero), 0.0) << zero;
  for (const double value : {0.1, 1.7976931348623157e308, 5e-324, 2.2250738585072014e-308, 1e23,
                             -123456.789e-12, 0.30000000000000004})
    EXPECT_EQ(read(absl::StrFormat("%.17g", value)), value);
  EXPECT_EQ(read("1e-400"), 0.0);
  EXPECT_EQ(read("123456789012345678901234567890"), 123456789012345678901234567890.0);
  EXPECT_FALSE(parse_json("1e400").ok());
  EXPECT_FALSE(parse_json("999999999999e300").ok());
}

TEST(ParseJson, SaysWhereItStopped) {
  EXPECT_THAT(parse_json("{\n  \"a\": 1,\n  \"b\" 2\n}"),
              Fails(ErrorClass::invalid, StartsWith("line 3, column 7: missing a colon")));
  EXPECT_THAT(parse_json("{\"é\": x}"),
              Fails(ErrorClass::invalid, StartsWith("line 1, column 7:")));
}

struct Broken {
  const char* name;
  std::string text;
  const char* why;
};

class BrokenJson : public ::testing::TestWithParam<Broken> {};

TEST_P(BrokenJson, IsRefused) {
  EXPECT_THAT(parse_json(GetParam().text), Fails(ErrorClass::invalid, HasSubstr(GetParam().why)));
}

INSTANTIATE_TEST_SUITE_P(
    All, BrokenJson,
    ::testing::Values(Broken{"Empty", "", "empty"}, Broken{"Half", "{\"a\":", ""},
                      Broken{"Comment", "{/**/}", ""}, Broken{"TrailingComma", "[1,]", ""},
                      Broken{"TextAfter", "{} {}", "column 4"},
                      Broken{"ZeroAfter", std::string("{}\0x", 4), "zero byte"},
                      Broken{"Duplicate", R"({"a":1,"b":{"c":1,"c":2}})", "\"c\" is given twice"},
                      Broken{"TooDeep", std::string(201, '['), "deeper than 200"},
                      Broken{"VeryDeep", std::string(1'000'000, '['), "deeper than 200"},
                      Broken{"NoUtf8", "\"\xc3\x28\"", "encoding"},
                      Broken{"HalfSurrogate", R"("\ud800")", "surrogate"},
                      Broken{"NotANumber", "NaN", ""}, Broken{"TooLarge", "1e999", ""}),
    [](const auto& row) { return row.param.name; });

TEST(ParseJson, Takes200Levels) {
  EXPECT_TRUE(parse_json(std::string(200, '[') + std::string(200, ']')).ok());
}

TEST(ToJson, SortsKeysAndReadsBack) {
  Json value = Json::object();
  value.set("b", 1);
  value.set("a", Json::array());
  value.set("c", "line\nbreak \"quoted\" é");
  value.set("d", 1.0);
  const std::string text = to_json(value);
  EXPECT_EQ(text, R"({"a":[],"b":1,"c":"line\nbreak \"quoted\" é","d":1.0})");
  EXPECT_THAT(parse_json(text), IsOkAndHolds(value));
  EXPECT_THAT(parse_json(to_pretty_json(value)), IsOkAndHolds(value));
}

TEST(ToJson, ReplacesWhatIsNoText) {
  EXPECT_EQ(to_json(Json("a\xff"
                         "b")),
            "\"a\xef\xbf\xbd"
            "b\"");
  EXPECT_EQ(to_json(Json("\xed\xa0\x80")), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
  EXPECT_EQ(to_json(Json(std::numeric_limits<double>::infinity())), "null");
}

TEST(ToPrettyJson, IndentsByTwo) {
  Json value = Json::object();
  value.set("a", Json::Array{1, 2});
  EXPECT_EQ(to_pretty_json(value), "{\n  \"a\": [\n    1,\n    2\n  ]\n}");
}

}  // namespace
}  // namespace gantry::schema
