#include "pkg/lab/guest_config.h"

#include <gmock/gmock.h>

#include "pkg/lab/property.h"

namespace gantry::lab {
namespace {

TEST(GuestConfig, ReadsBackAsItWasWritten) {
  GuestConfig config;
  config.values = {{"description", "one\n\ntwo: 2"}, {"memory", "512"}, {"net0", "name=eth0"}};
  config.pending = {{"features", "nesting=1"}};
  config.pending_delete = {"nameserver", "tty"};
  EXPECT_EQ(to_conf(config),
            "#one\n#\n#two: 2\nmemory: 512\nnet0: name=eth0\n\n[pve:pending]\n"
            "delete: nameserver,tty\nfeatures: nesting=1\n");
  EXPECT_EQ(parse_conf(to_conf(config)), config);
}

TEST(GuestConfig, TheDigestIsThatOfTheFile) {
  GuestConfig config;
  config.values = {{"lock", "create"}};
  EXPECT_EQ(digest_of(config), "a7e9f8c42935261b36fcd1d7d6cd8cd41648da49");  // recorded
}

TEST(GuestConfig, NumbersAreShownAsNumbersAndTheRestAsText) {
  EXPECT_EQ(shown("memory", "512"), Json(512));
  EXPECT_EQ(shown("memory", " "), Json(" "));
  EXPECT_EQ(shown("cpulimit", "0.5"), Json("0.5"));
  EXPECT_EQ(shown("description", "a"), Json("a\n"));
}

TEST(GuestConfig, TagsAreSortedLowerCaseAndUnique) {
  EXPECT_EQ(normalised_tags("b;a,C b"), "a;b;c");
  EXPECT_EQ(normalised_tags(""), "");
}

TEST(Property, IsWrittenInProxmoxsOrder) {
  const auto& net = *find_property_format("net", true);
  EXPECT_EQ(print_properties(net, parse_properties(net, "ip=dhcp,firewall=on,bridge=b,name=eth0")),
            "name=eth0,bridge=b,firewall=1,ip=dhcp");
  const auto& mp = *find_property_format("mp", true);
  EXPECT_EQ(print_properties(mp, parse_properties(mp, "backup=1,mp=/d,local:1")),
            "local:1,mp=/d,backup=1");
}

TEST(Property, SizesPrintInTheLargestUnitThatDivides) {
  EXPECT_EQ(print_size(int64_t{4} << 30), "4G");
  EXPECT_EQ(print_size(1536 << 20), "1536M");
  EXPECT_EQ(print_size(1000), "1000");
  EXPECT_EQ(parse_size("1.5G"), int64_t{1536} << 20);
  EXPECT_EQ(parse_new_disk("local:0.5")->bytes, 512 << 20);
  EXPECT_FALSE(parse_new_disk("local:100/vm-100-disk-0.raw").has_value());
  EXPECT_FALSE(parse_new_disk("local:99999999999999999999").has_value());
}

}  // namespace
}  // namespace gantry::lab
