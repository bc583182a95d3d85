#include "pkg/base/testing.h"
#include "pkg/http/http.h"

namespace gantry::http {
namespace {

using ::gantry::testing::Fails;
using ::gantry::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(ParseTarget, DecodesEachSegmentOnItsOwn) {
  const auto target = parse_target("/nodes/pve1/content/local%3Avztmpl%2Fdebian%2B12.tar.zst");
  ASSERT_THAT(target, IsOk());
  EXPECT_THAT(target->segments,
              ElementsAre("nodes", "pve1", "content", "local:vztmpl/debian+12.tar.zst"));
  EXPECT_THAT(target->query, IsEmpty());
}

TEST(ParseTarget, KeepsTheQueryInOrderAndReadsPlusAsABlank) {
  const auto target = parse_target("/a?x=1&y=a+b%2Bc&x=2&flag&&empty=");
  ASSERT_THAT(target, IsOk());
  EXPECT_THAT(target->query, ElementsAre(Pair("x", "1"), Pair("y", "a b+c"), Pair("x", "2"),
                                         Pair("flag", ""), Pair("empty", "")));
  EXPECT_EQ(target->find("x"), "1");
  EXPECT_EQ(target->find("flag"), "");
  EXPECT_EQ(target->find("z"), std::nullopt);
}

TEST(ParseTarget, IgnoresOneSlashAtTheEnd) {
  EXPECT_THAT(parse_target("/")->segments, IsEmpty());
  EXPECT_THAT(parse_target("/apis/")->segments, ElementsAre("apis"));
  EXPECT_THAT(parse_target("/?a=1")->segments, IsEmpty());
}

TEST(ParseTarget, RefusesWhatIsNoAbsolutePath) {
  for (const auto* text :
       {"", "a", "*", "http://host/a", "//a", "/a//b", "/a/%2", "/%zz", "/a?x=%", "/a b", "/a#b",
        "/../etc", "/a/%2e%2e/b", "/./a", "/a%00b", "/a\r\nX: y", "/a\x7f", "/\xc3\xbc"}) {
    EXPECT_THAT(parse_target(text), Fails(ErrorClass::invalid)) << text;
  }
}

TEST(ParseEndpoint, TakesNamesAddressesAndDefaultPorts) {
  struct Row {
    const char* url;
    const char* host;
    uint16_t port;
    bool tls;
    const char* again;
  };
  for (const auto& row :
       std::vector<Row>{{"https://pve1.example.com:8006", "pve1.example.com", 8006, true,
                         "https://pve1.example.com:8006"},
                        {"https://10.0.0.1/", "10.0.0.1", 443, true, "https://10.0.0.1:443"},
                        {"http://[::1]:80", "::1", 80, false, "http://[::1]:80"},
                        {"http://localhost", "localhost", 80, false, "http://localhost:80"}}) {
    const auto endpoint = parse_endpoint(row.url);
    ASSERT_THAT(endpoint, IsOk()) << row.url;
    EXPECT_EQ(endpoint->host, row.host);
    EXPECT_EQ(endpoint->port, row.port);
    EXPECT_EQ(endpoint->tls, row.tls);
    EXPECT_EQ(to_string(*endpoint), row.again);
  }
}

TEST(ParseEndpoint, RefusesEverythingElse) {
  for (const auto* url :
       {"", "pve1:8006", "ftp://a", "https://", "https://:8006", "https://a:", "https://a:0",
        "https://a:65536", "https://a:8006/api2", "https://a?x", "https://[::1", "https://[]:1",
        "https://[localhost]:1", "https://a b", "https://::1", "https://a:1:2", "https://[::1]x"}) {
    EXPECT_THAT(parse_endpoint(url), Fails(ErrorClass::invalid)) << url;
  }
}

TEST(ParseEndpoint, NeverRepeatsCredentials) {
  EXPECT_THAT(parse_endpoint("https://root:hunter2@pve1"),
              Fails(ErrorClass::invalid, ::testing::Not(HasSubstr("hunter2"))));
}

TEST(Headers, CompareWithoutCase) {
  Headers headers{{"Content-Type", "text/plain"}};
  headers["content-type"] = "application/json";
  EXPECT_EQ(headers.size(), 1u);
  EXPECT_EQ(headers.find("CONTENT-TYPE")->second, "application/json");
  EXPECT_EQ(headers.find(std::string_view("Content")), headers.end());
}

TEST(EncodeForm, EscapesWhatFormsWouldSplitOn) {
  EXPECT_EQ(encode_form({{"net0", "name=eth0,bridge=vmbr0"}, {"a&b", "x;y z"}}),
            "net0=name%3Deth0%2Cbridge%3Dvmbr0&a%26b=x%3By%20z");
  EXPECT_EQ(encode_form({}), "");
}

TEST(MarkSent, RidesOnTheStatusThroughAnnotate) {
  const auto status = mark_sent(make_error(ErrorClass::transport, "connection reset"));
  EXPECT_TRUE(may_have_been_sent(annotate(status, "create guest 104")));
  EXPECT_FALSE(may_have_been_sent(make_error(ErrorClass::transport, "connection refused")));
  EXPECT_TRUE(mark_sent(Status()).ok());
}

TEST(ReasonPhrase, KnowsTheCommonOnes) {
  EXPECT_EQ(reason_phrase(404), "Not Found");
  EXPECT_EQ(reason_phrase(599), "Unknown");
}

}  // namespace
}  // namespace gantry::http
