#include "pkg/base/search.h"

#include <string>

#include <gtest/gtest.h>

namespace gantry {
namespace {

TEST(FindText, FindsWhatStringsFind) {
  const std::string text = R"({"reason":"Ready","reasons":["a","Ready"],"r":"re"})";
  for (const std::string word :
       {"\"reason\":\"", "Ready", "{", "}", "\"re\"}", "reasonable", "", "x"})
    EXPECT_EQ(find_text(text, word), text.find(word)) << word;
  EXPECT_EQ(find_text("", "a"), std::string::npos);
  EXPECT_EQ(find_text("a", "ab"), std::string::npos);
  EXPECT_TRUE(has_text(text, "reasons"));
  EXPECT_FALSE(has_text(text, "seasons"));
}

TEST(FindText, KeepsWithinTheView) {
  const std::string_view text = "one two";
  EXPECT_EQ(find_text(text.substr(0, 6), "two"), std::string_view::npos);
  EXPECT_EQ(find_text(std::string_view("a\0b", 3), std::string_view("\0b", 2)), 1U);
}

}  // namespace
}  // namespace gantry
