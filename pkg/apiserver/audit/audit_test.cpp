#include "pkg/apiserver/audit/audit.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <sys/stat.h>

#include "pkg/apiserver/audit/testing.h"
#include "pkg/async/group.h"
#include "pkg/async/loop.h"
#include "pkg/base/random.h"
#include "pkg/base/testing.h"
#include "pkg/base/text.h"
#include "pkg/metrics/prometheus/registry.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::HasSubstr;

AuditEntry entry_of(const std::string& user) {
  AuditEntry entry;
  entry.at = from_unix_seconds(1'800'000'000);
  entry.id = "1-1";
  entry.stage = "ResponseComplete";
  entry.user = user;
  entry.source = "192.0.2.1";
  entry.verb = "get";
  entry.path = "/api/v1/namespaces/default/secrets/db";
  entry.resource = "secrets";
  entry.name = "db";
  entry.code = 200;
  return entry;
}

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(AuditLine, IsOneJsonObjectWhateverTheClientSays) {
  auto entry = entry_of("eve\"\n{\"user\":\"admin\"}");
  entry.user_agent.assign(5000, 'a');
  const auto line = to_line(entry);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto json = schema::parse_json(line);
  ASSERT_THAT(json, IsOk());
  EXPECT_EQ(json->string_or("user", ""), entry.user);
  EXPECT_EQ(json->string_or("userAgent", "").size(), 200U);
}

TEST(AuditFile, RotatesAndKeepsWhatItShall) {
  const auto folder = ::testing::TempDir() + "audit_" + SystemRandom().suffix(8);
  std::filesystem::create_directory(folder);
  AuditFile file;
  file.path = folder + "/audit.log";
  file.bytes_max = 100;
  file.keep = 2;
  auto sink = open_audit_file(file);
  ASSERT_THAT(sink, IsOk());
  for (int i = 0; i < 5; ++i)
    EXPECT_THAT((*sink)->write(std::to_string(i) + std::string(59, 'x') + "\n"), IsOk());
  EXPECT_EQ(read(file.path).front(), '4');
  EXPECT_EQ(read(file.path + ".1").front(), '3');
  EXPECT_EQ(read(file.path + ".2").front(), '2');
  EXPECT_FALSE(std::filesystem::exists(file.path + ".3"));
  struct stat found {};
  ASSERT_EQ(::stat(file.path.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600U);
  std::filesystem::remove_all(folder);
  file.path = "/nowhere/audit.log";
  EXPECT_THAT(open_audit_file(file), Fails(ErrorClass::invalid, HasSubstr("/nowhere/audit.log")));
}

TEST(AuditLog, WritesWhatWasNotedAndTellsWhatDidNotFit) {
  async::Loop loop;
  metrics::prometheus::Registry metrics;
  std::string text;
  {
    AuditLog log(std::make_unique<Collector>(text), metrics, 3);
    for (int i = 0; i < 5; ++i) log.note(entry_of("user" + std::to_string(i)));
    EXPECT_EQ(log.waiting(), 3U);
    async::Group group(loop.executor());
    group.spawn("audit", [&log] { return log.run(); });
    group.spawn("more", [&]() -> Async<Status> {
      while (log.waiting() > 0) co_await async::yield();
      log.note(entry_of("late"));
      group.cancel();
      co_return Status();
    });
    (void)loop.block_on(group.join());
  }
  EXPECT_THAT(text, HasSubstr("user2"));
  EXPECT_EQ(text.find("user3"), std::string::npos);
  EXPECT_THAT(text, HasSubstr(R"("stage":"Lost","entries":2)"));
  EXPECT_THAT(text, HasSubstr("late"));
}

}  // namespace
}  // namespace gantry::apiserver
