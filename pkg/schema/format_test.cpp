#include "pkg/schema/format.h"

#include <string>

#include "pkg/base/testing.h"
#include "pkg/schema/quantity.h"
#include "pkg/schema/utf8.h"

namespace gantry::schema {
namespace {

struct Row {
  const char* name;
  const Format* format;
  std::vector<std::string> right;
  std::vector<std::string> wrong;
};

std::ostream& operator<<(std::ostream& out, const Row& row) {
  return out << row.name;
}

class EveryFormat : public ::testing::TestWithParam<Row> {};

TEST_P(EveryFormat, TakesWhatIsRightAndNothingElse) {
  for (const auto& text : GetParam().right) EXPECT_TRUE(GetParam().format->matches(text)) << text;
  for (const auto& text : GetParam().wrong) EXPECT_FALSE(GetParam().format->matches(text)) << text;
}

const std::string kPin =
    "AB:CD:EF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:"
    "CC";

INSTANTIATE_TEST_SUITE_P(
    All, EveryFormat,
    ::testing::Values(
        Row{"QualifiedName",
            &format::qualified_name,
            {"a", "a.b/C_d", "x-1"},
            {"", "/a", "a/", "a/b/c", "-a", "A_B/c", std::string(64, 'a')}},
        Row{"LabelValue", &format::label_value, {"", "a", "A_b.c"}, {"a b", "-", "a/"}},
        Row{"Ip",
            &format::ip,
            {"192.0.2.1", "2001:db8::1"},
            {"192.0.2", "192.0.2.256", "192.0.2.1/24", "x", std::string("192.0.2.1\0", 10)}},
        Row{"Cidr",
            &format::cidr,
            {"192.0.2.1/24", "2001:db8::1/64", "0.0.0.0/0"},
            {"192.0.2.1", "192.0.2.1/33", "192.0.2.1/", "192.0.2.1/-1", "2001:db8::/129", "dhcp"}},
        Row{"Ipv4", &format::ipv4, {"192.0.2.1"}, {"2001:db8::1", "192.0.2.1/24", "dhcp"}},
        Row{"Ipv4OrDhcp",
            &format::ipv4_or_dhcp,
            {"dhcp", "192.0.2.1/24", "10.0.0.1/8"},
            {"DHCP", "auto", "192.0.2.1", "10.0.0.1/7", "2001:db8::1/64"}},
        Row{"Mac",
            &format::mac,
            {"02:00:5e:10:00:01", "BC:24:11:00:00:0F"},
            {"03:00:5e:10:00:01", "02-00-5e-10-00-01", "02:00:5e:10:00", "02:00:5e:10:00:0g"}},
        Row{"HttpsUrl",
            &format::https_url,
            {"https://pve1.lan:8006", "https://192.0.2.1", "https://[2001:db8::1]:8006",
             "https://PVE/"},
            {"http://pve1.lan:8006", "https://", "https://a:0", "https://a:70000", "https://a/b",
             "https://u@a", "https://a:8006x", "https://[::1", "https://a b"}},
        Row{"AbsolutePath",
            &format::absolute_path,
            {"/a", "/var/www/index.html"},
            {"a", "/", "/a/", "//a", "/a/../b", "/./a", "/a\n", ""}},
        Row{"UrlPath", &format::url_path, {"/", "/healthz?x=1"}, {"", "healthz", "/a b", "/a#b"}},
        Row{"OctalMode",
            &format::octal_mode,
            {"0644", "755", "0000"},
            {"0888", "4755", "64", "06440"}},
        Row{"Fingerprint",
            &format::fingerprint,
            {kPin, std::string(64, 'a')},
            {"AA:BB:...", "", kPin + ":00", std::string(63, 'a'), std::string(64, 'g')}},
        Row{"Owner", &format::owner, {"root", "www-data:adm"}, {":", "a:", "-x", "a:b:c", "a b"}},
        Row{"Package",
            &format::package_name,
            {"nginx-light", "libstdc++6", "curl=7.88.1-10+deb12u5"},
            {"-y", "a", "Nginx", "nginx;rm", "nginx=", "nginx=x", "a b"}},
        Row{"Unit",
            &format::systemd_unit,
            {"nginx.service", "getty@tty1.service", "a.timer"},
            {"nginx", ".service", "-a.service", "a b.service", "a.conf", "../a.service"}},
        Row{"EnvName", &format::env_name, {"DB_PASS", "_a1"}, {"1A", "A-B", "", "A=B"}},
        Row{"ConfigKey",
            &format::config_key,
            {"tokenId", ".dockerconfigjson", "a_b-c.d"},
            {"", ".", "..", "a/b", "a b"}},
        Row{"PortName",
            &format::port_name,
            {"http", "a-1"},
            {"80", "HTTP", "-a", "a--b", "a-very-long-name", ""}},
        Row{"Bridge",
            &format::bridge,
            {"vmbr0", "gantry-lan", "eth0.10"},
            {"", "0a", "a-very-long-name", "a,b"}},
        Row{"ProxmoxId",
            &format::proxmox_id,
            {"local-lvm", "pve1"},
            {"", "-a", "a/b", "a b", "a,b"}},
        Row{"Base64", &format::base64, {"", "aGk="}, {"aGk", "%%%="}},
        Row{"Pem",
            &format::pem_certificates,
            {"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"},
            {"x", "-----BEGIN CERTIFICATE-----", "-----BEGIN RSA PRIVATE KEY-----"}},
        Row{"Cel", &format::cel, {"node.online"}, {"", "  ", std::string(5000, 'a')}}));

TEST(Quantity, KeepsTheTextThatWasWritten) {
  EXPECT_EQ(Quantity("1024Mi").text(), "1024Mi");
  EXPECT_EQ(Quantity("1024Mi"), Quantity("1Gi"));
  EXPECT_EQ(Quantity::of_bytes(1536 << 10).text(), "1536Ki");
  EXPECT_EQ(Quantity::of_bytes(8LL << 30).text(), "8Gi");
  EXPECT_EQ(Quantity::of_bytes(0).text(), "0");
  for (const auto* wrong : {"", "12Q", "-1", "Gi", "1 Gi", "99999999Ei"}) {
    EXPECT_FALSE(Quantity::parse(wrong)) << wrong;
  }
}

TEST(Utf8, KnowsAsciiWhereverTheOtherByteIs) {
  for (size_t size = 0; size < 20; ++size) {
    EXPECT_TRUE(is_ascii(std::string(size, '\x7f')));
    for (size_t at = 0; at < size; ++at) {
      std::string text(size, 'a');
      text[at] = '\x80';
      EXPECT_FALSE(is_ascii(text)) << at << " of " << size;
    }
  }
}

TEST(Utf8, KnowsBrokenSequences) {
  for (const auto* good : {"", "a", "é", "€", "𝄞"}) EXPECT_TRUE(is_utf8(good)) << good;
  for (const auto* bad : {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
                          "\xf4\x90\x80\x80", "\xf0\x9d\x84", "a\xff"}) {
    EXPECT_FALSE(is_utf8(bad));
    EXPECT_TRUE(is_utf8(to_utf8(bad)));
  }
}

}  // namespace
}  // namespace gantry::schema
