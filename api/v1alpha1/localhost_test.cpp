#include "api/v1alpha1/localhost.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/schema/json.h"

namespace gantry::api::v1alpha1 {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(Localhost, IsNamedByUrlsPortsAndHosts) {
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"DB", "postgres://wiki:secret@localhost:5432/wiki"},
           {"API", "http://127.0.0.1/v1"},
           {"API", "HTTP://LOCALHOST"},
           {"API", "http://[::1]:80"},
           {"CACHE", "localhost:6379"},
           {"CACHE", "127.0.1.1:6379"},
           {"DB_HOST", "localhost"},
           {"host", "127.0.0.1"}}) {
    EXPECT_TRUE(names_localhost(name, value)) << name << "=" << value;
  }
}

TEST(Localhost, IsNotNamedByWhatListensOrAllows) {
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"LISTEN_ADDRESS", "127.0.0.1:80"},
                                                        {"BIND_HOST", "localhost"},
                                                        {"NO_PROXY", "localhost,127.0.0.1"},
                                                        {"ALLOWED_HOSTS", "localhost"},
                                                        {"DB", "postgres://wiki@db:5432/localhost"},
                                                        {"DB", "http://localhost.lan/"},
                                                        {"DB", "http://localhost:@db/"},
                                                        {"NAME", "localhoster:1"},
                                                        {"VERSION", "127"},
                                                        {"EMPTY", ""}}) {
    EXPECT_FALSE(names_localhost(name, value)) << name << "=" << value;
  }
}

std::vector<std::string> warned(const std::string& spec) {
  return warn_of_localhost(schema::parse_yaml("{spec: " + spec + "}")->front().value);
}

TEST(Localhost, OfSeveralServicesIsWarnedOfWithoutTheValue) {
  EXPECT_THAT(
      warned("{env: [{name: DB, value: 'postgres://w:secret@localhost/w'}, {name: B, value: x}], "
             "workload: {compose: {inline: 'services: {web: {image: a, environment: "
             "{CACHE: \"localhost:6379\"}}, db: {image: b, environment: "
             "[\"PEER_HOST=127.0.0.1\", NAME]}}'}}}"),
      ElementsAre(
          AllOf(HasSubstr("services.db.environment.PEER_HOST"), HasSubstr("(db, web)")),
          HasSubstr("services.web.environment.CACHE"),
          AllOf(HasSubstr("spec.env[DB]"), HasSubstr("WKL-006"), Not(HasSubstr("secret")))));
}

TEST(Localhost, OfOneServiceOrASharedNetworkIsMeant) {
  EXPECT_THAT(warned("{env: [{name: DB_HOST, value: localhost}], workload: {compose: {inline: "
                     "'services: {web: {image: a}}'}}}"),
              IsEmpty());
  EXPECT_THAT(warned("{env: [{name: DB_HOST, value: localhost}], workload: {compose: {inline: "
                     "'services: {a: {image: a, network_mode: host}, "
                     "b: {image: b, network_mode: \"service:a\"}}'}}}"),
              IsEmpty());
  EXPECT_THAT(warned("{env: [{name: DB_HOST, value: localhost}], workload: {service: {unit: x}}}"),
              IsEmpty());
}

}  // namespace
}  // namespace gantry::api::v1alpha1
