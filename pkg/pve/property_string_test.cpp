#include "pkg/pve/property_string.h"

#include "pkg/base/testing.h"

namespace gantry::pve {
namespace {

using testing::Fails;
using testing::IsOk;

PropertyString parsed(std::string_view text, std::string_view default_key = "") {
  auto result = PropertyString::parse(text, default_key);
  EXPECT_THAT(result, IsOk());
  return result.ok() ? *std::move(result) : PropertyString();
}

TEST(PropertyString, ReadsAndWritesTheSameText) {
  const std::string net = "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:36:34:BB,ip=dhcp,type=veth";
  EXPECT_EQ(parsed(net).format(), net);
  EXPECT_EQ(parsed(net).get("bridge"), "vmbr0");
  EXPECT_EQ(parsed(net).get("tag"), std::nullopt);
  const std::string rootfs = "local:100/vm-100-disk-0.raw,size=8G";
  EXPECT_EQ(parsed(rootfs, "volume").format(), rootfs);
  EXPECT_EQ(parsed(rootfs, "volume").get("volume"), "local:100/vm-100-disk-0.raw");
  EXPECT_EQ(parsed("").entries().size(), 0u);
}

TEST(PropertyString, IsChangedByKey) {
  auto text = parsed("name=eth0,bridge=vmbr0");
  text.set("bridge", "vmbr1");
  text.set("tag", "7");
  EXPECT_EQ(text.format(), "name=eth0,bridge=vmbr1,tag=7");
  EXPECT_TRUE(text.erase("name"));
  EXPECT_FALSE(text.erase("name"));
  EXPECT_EQ(text.format(), "bridge=vmbr1,tag=7");
}

TEST(PropertyString, RefusesWhatProxmoxRefuses) {
  EXPECT_THAT(PropertyString::parse("vmbr0"), Fails(ErrorClass::invalid));
  EXPECT_THAT(PropertyString::parse("a=1,,b=2"), Fails(ErrorClass::invalid));
  EXPECT_THAT(PropertyString::parse("a=1,a=2"), Fails(ErrorClass::invalid));
  EXPECT_THAT(PropertyString::parse("=1"), Fails(ErrorClass::invalid));
  EXPECT_THAT(PropertyString::parse("x,volume=y", "volume"), Fails(ErrorClass::invalid));
}

TEST(PropertyString, AgreesWithWhatProxmoxMakesOfIt) {
  const auto actual =
      parsed("name=eth0,bridge=vmbr0,firewall=1,hwaddr=BC:24:11:36:34:BB,ip=dhcp,type=veth");
  EXPECT_TRUE(agrees(parsed("bridge=vmbr0,name=eth0,ip=dhcp"), actual));
  EXPECT_TRUE(agrees(parsed("firewall=on,hwaddr=bc:24:11:36:34:bb"), actual));
  EXPECT_TRUE(agrees(parsed("link_down=0"), actual));
  EXPECT_FALSE(agrees(parsed("firewall=0"), actual));
  EXPECT_FALSE(agrees(parsed("bridge=vmbr1"), actual));
  EXPECT_FALSE(agrees(parsed("tag=7"), actual));
}

TEST(PropertyString, SizesCompareByBytes) {
  EXPECT_TRUE(same_value("1G", "1024M"));
  EXPECT_FALSE(same_value("1G", "2G"));
  EXPECT_EQ(parse_size("8G"), int64_t{8} << 30);
  EXPECT_EQ(parse_size("1.5G"), int64_t{3} << 29);
  EXPECT_EQ(parse_size("512"), 512);
  EXPECT_EQ(parse_size("vmbr0"), std::nullopt);
  EXPECT_EQ(parse_size(""), std::nullopt);
  EXPECT_EQ(parse_size("99999999999999999T"), std::nullopt);
}

}  // namespace
}  // namespace gantry::pve
