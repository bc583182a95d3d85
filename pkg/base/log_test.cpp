#include "pkg/base/log.h"

#include "pkg/base/testing.h"

namespace gantry::log {
namespace {

TEST(LogText, IsAMessageAndPairsOnOneLine) {
  EXPECT_EQ(render(Format::text, "guest created", {{"machine", "web-0"}, {"vmid", 20000}}),
            "guest created machine=web-0 vmid=20000");
  EXPECT_EQ(render(Format::text, "ready", {}), "ready");
}

TEST(LogText, QuotesWhatWouldReadAsSomethingElse) {
  EXPECT_EQ(render(Format::text, "m", {{"a", "two words"}, {"b", ""}, {"c", "x=y"}, {"d", "\""}}),
            R"(m a="two words" b="" c="x=y" d="\"")");
  EXPECT_EQ(render(Format::text, "m", {{"a", "one\ntwo\t"}}), R"(m a="one\ntwo\u0009")");
}

TEST(LogText, KeepsWhatAServerSaidOnOneLine) {
  EXPECT_EQ(render(Format::text, "it said: one\ntwo", {}), R"(it said: one\ntwo)");
}

TEST(LogJson, IsTheMembersOfAnObject) {
  EXPECT_EQ(render(Format::json, "a \"b\"\n", {{"ok", true}, {"path", R"(C:\x)"}}),
            R"("message":"a \"b\"\n","ok":"true","path":"C:\\x")");
}

TEST(LogValue, ShowsAStatusWithItsClass) {
  EXPECT_EQ(render(Format::text, "m", {{"error", not_found("app %s", "web")}}),
            R"(m error="NotFound: app web")");
  EXPECT_EQ(render(Format::text, "m", {{"error", Status()}, {"share", 0.25}}),
            "m error=ok share=0.25");
}

TEST(LogLevel, IsReadFromItsName) {
  EXPECT_EQ(parse_level("warning", Level::info), Level::warn);
  EXPECT_EQ(parse_level("debug", Level::info), Level::debug);
  EXPECT_EQ(parse_level("loud", Level::info), Level::info);
}

}  // namespace
}  // namespace gantry::log
