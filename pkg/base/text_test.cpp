#include "pkg/base/text.h"

#include <gmock/gmock.h>

namespace gantry {
namespace {

TEST(Quantity, ReadsEverySuffixAndRoundsUp) {
  EXPECT_EQ(parse_quantity("1Gi"), 1073741824);
  EXPECT_EQ(parse_quantity("1.5Ki"), 1536);
  EXPECT_EQ(parse_quantity("1500m"), 2);
  EXPECT_EQ(parse_quantity("2k"), 2000);
  EXPECT_EQ(parse_quantity("2e3"), 2000);
  EXPECT_EQ(parse_quantity("9223372036854775807"), INT64_MAX);
}

TEST(Quantity, RefusesWhatIsNone) {
  for (const auto* text : {"12Q", "", "Gi", "nan", "inf", "1 Gi", "0x10", "9Ei9", "16Ei", "--1"})
    EXPECT_EQ(parse_quantity(text), std::nullopt) << text;
}

TEST(Split, KeepsEmptyParts) {
  EXPECT_THAT(split("a,,b", ','), ::testing::ElementsAre("a", "", "b"));
  EXPECT_THAT(split("", ','), ::testing::ElementsAre(""));
}

TEST(Join, IsTheInverseOfSplit) {
  for (const auto* text : {"a,b", "", "a", ",", ",,x"})
    EXPECT_EQ(join(split(text, ','), ","), text);
}

TEST(Url, EncodesAndDecodesEveryByte) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(url_decode(url_encode(all)), all);
  EXPECT_EQ(url_encode("a;b c"), "a%3Bb%20c");
  EXPECT_EQ(url_decode("%4"), std::nullopt);
  EXPECT_EQ(url_decode("a+b", true), "a b");
}

TEST(Base64, IsStrict) {
  EXPECT_EQ(base64_decode("aGk="), "hi");
  EXPECT_EQ(base64_decode("aGk"), std::nullopt);
  EXPECT_EQ(base64_decode("aG k="), std::nullopt);
}

TEST(DnsNames, FollowRfc1123) {
  EXPECT_TRUE(is_dns_label("web-1"));
  EXPECT_FALSE(is_dns_label("Web"));
  EXPECT_FALSE(is_dns_label("-web"));
  EXPECT_FALSE(is_dns_label(std::string(64, 'a')));
  EXPECT_TRUE(is_dns_subdomain("a.b-c.d"));
  EXPECT_FALSE(is_dns_subdomain("a..b"));
}

TEST(HumanBytes, UsesBinaryUnits) {
  EXPECT_EQ(human_bytes(512), "512 B");
  EXPECT_EQ(human_bytes(int64_t{15} << 29), "7.5 GiB");
}

}  // namespace
}  // namespace gantry
