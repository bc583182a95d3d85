#include "pkg/schema/json_cursor.h"

#include "pkg/base/json.h"
#include "pkg/base/testing.h"
#include "pkg/schema/json.h"

namespace gantry::schema {
namespace {

TEST(JsonCursor, FindsMembersAsTheyStandInTheText) {
  const std::string text =
      R"({"a":{"x":"q\"uote","y":[1,{"z":null}]},"b":-1.5e+3,"c":"\u00e9","d":{},"e":[]})";
  std::vector<std::string> seen;
  JsonCursor cursor(text);
  ASSERT_TRUE(cursor.members([&](std::string_view key) {
    const auto value = cursor.value();
    if (value) seen.push_back(std::string(key) + "=" + std::string(*value));
    return value.has_value();
  }));
  EXPECT_TRUE(cursor.at_end());
  EXPECT_THAT(seen, ::testing::ElementsAre(R"(a={"x":"q\"uote","y":[1,{"z":null}]})", "b=-1.5e+3",
                                           R"(c="\u00e9")", "d={}", "e=[]"));
}

TEST(JsonCursor, FailsOnWhatIsNotCompactJson) {
  for (const auto* text :
       {"", "{", "{\"a\" :1}", "{\"a\": 1}", "[1, 2]", "01", "1.", "-", "\"a", "\"\\x\"",
        "\"\\u12\"", "tru", "{\"a\":1,}", "[1,]", "{a:1}", "\"\n\"", "1e", "+1"}) {
    JsonCursor cursor(text);
    const auto value = cursor.value();
    EXPECT_FALSE(value.has_value() && cursor.at_end()) << text;
  }
  const auto deep = std::string(300, '[') + std::string(300, ']');
  EXPECT_FALSE(JsonCursor(deep).value().has_value());
}

TEST(JsonCursor, SeesEveryByteWhereverItStandsInAString) {
  for (size_t size = 1; size < 20; ++size) {
    for (size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        const char c = static_cast<char>(byte);
        auto text = '"' + std::string(size, 'a') + '"';
        text[at + 1] = c;
        const auto value = JsonCursor(text).value();
        const bool is_whole = byte >= 0x20 && c != '"' && c != '\\';
        EXPECT_EQ(value.has_value() && *value == text, is_whole)
            << at << " of " << size << ": " << byte;
      }
    }
  }
}

TEST(JsonCursor, WithAllChecksPassesOnlyWhatSurelyParses) {
  for (const auto* text : {R"({"b":1,"a":2})", R"({"a":1,"a":2})", R"("\ud800")", "1e999"}) {
    EXPECT_TRUE(JsonCursor(text).value().has_value()) << text;
    EXPECT_FALSE(JsonCursor(text, JsonCursor::Check::all).value().has_value()) << text;
  }
}

TEST(JsonCursor, PassesEverythingThatToJsonWrites) {
  Json value;
  value.set("text", "tab\t, zero \x01, ü, 😀, \\ and \"");
  value.set("numbers", Json::Array{Json(0), Json(-7), Json(1.5), Json(1e300), Json(true), Json()});
  value.member("deep").member("er").set("", Json::array());
  const auto text = to_json(value);
  JsonCursor cursor(text);
  EXPECT_EQ(cursor.value(), text);
  EXPECT_TRUE(cursor.at_end());
}

}  // namespace
}  // namespace gantry::schema
