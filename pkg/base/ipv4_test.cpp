#include "pkg/base/ipv4.h"

#include <gmock/gmock.h>

namespace gantry {
namespace {

TEST(Ipv4, IsReadAndWrittenAsFourNumbers) {
  EXPECT_EQ(to_string(*parse_ipv4("192.0.2.1")), "192.0.2.1");
  EXPECT_EQ(parse_ipv4("192.0.2.1")->value, 0xC0000201U);
  EXPECT_EQ(to_string(*parse_ipv4("255.255.255.255")), "255.255.255.255");
  for (const auto* wrong : {"", "192.0.2", "192.0.2.256", "192.0.2.1 ", "::1", "a.b.c.d"})
    EXPECT_FALSE(parse_ipv4(wrong)) << wrong;
}

TEST(Ipv4Network, KnowsItsEnds) {
  const auto network = *parse_ipv4_network("10.20.0.0/24");
  EXPECT_EQ(to_string(network.first()), "10.20.0.0");
  EXPECT_EQ(to_string(network.last()), "10.20.0.255");
  EXPECT_EQ(netmask(network), "255.255.255.0");
  EXPECT_TRUE(network.has_host(*parse_ipv4("10.20.0.1")));
  EXPECT_FALSE(network.has_host(*parse_ipv4("10.20.0.0")));
  EXPECT_FALSE(network.has_host(*parse_ipv4("10.20.0.255")));
  EXPECT_FALSE(network.contains(*parse_ipv4("10.20.1.1")));
  const auto everything = *parse_ipv4_network("0.0.0.0/0");
  EXPECT_TRUE(everything.contains(*parse_ipv4("203.0.113.9")));
  for (const auto* wrong : {"10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "::/0"})
    EXPECT_FALSE(parse_ipv4_network(wrong)) << wrong;
}

TEST(Ipv4Network, OverlapsInBothDirections) {
  const auto wide = *parse_ipv4_network("10.20.0.0/16");
  const auto narrow = *parse_ipv4_network("10.20.7.0/24");
  const auto other = *parse_ipv4_network("10.21.0.0/24");
  EXPECT_TRUE(wide.overlaps(narrow));
  EXPECT_TRUE(narrow.overlaps(wide));
  EXPECT_FALSE(wide.overlaps(other));
}

}  // namespace
}  // namespace gantry
