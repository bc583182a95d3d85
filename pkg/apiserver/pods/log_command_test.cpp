#include "pkg/apiserver/pods/log_command.h"

#include "pkg/base/testing.h"
#include "pkg/base/text.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::HasSubstr;

const Time kNow = *from_rfc3339("2026-01-01T01:00:00Z");

RequestInfo asked(const std::string& query) {
  http::Request request;
  request.target = "/api/v1/namespaces/default/pods/web-0/log?" + query;
  return *parse_request(request);
}

std::string command_for(const std::string& query, const char* app = nullptr) {
  const auto options = read_log_options(asked(query), kNow);
  if (!options.ok()) return message_of(options.status());
  const Json object = app == nullptr ? Json() : *schema::parse_json(app);
  return join(log_command(*options, app == nullptr ? nullptr : &object).argv, " ");
}

constexpr const char* kNative = R"({"spec": {"workload": {"service": {"unit": "web.service"}}}})";
constexpr const char* kCompose =
    R"({"metadata": {"name": "wiki"}, "spec": {"workload": {"compose": {}}}})";

TEST(LogCommand, AsksTheJournalOfTheAppsUnit) {
  EXPECT_EQ(command_for("", kNative),
            "journalctl --no-pager --quiet --output=json --output-fields=MESSAGE "
            "--unit=web.service");
  EXPECT_EQ(command_for("follow=true&tailLines=5&sinceSeconds=60", kNative),
            "journalctl --no-pager --quiet --output=json --output-fields=MESSAGE "
            "--unit=web.service --since=@1767229140 --lines=5 --follow");
  EXPECT_THAT(command_for("follow=true", kNative), HasSubstr("--no-tail --follow"));
  EXPECT_THAT(command_for("previous=true", kNative), HasSubstr("--boot=-1"));
}

TEST(LogCommand, ShowsTheWholeJournalOfABareMachine) {
  EXPECT_EQ(command_for(""), "journalctl --no-pager --quiet --output=json --output-fields=MESSAGE");
}

TEST(LogCommand, AsksComposeForItsProject) {
  EXPECT_EQ(command_for("follow=true&tailLines=5&timestamps=true&sinceTime=2026-01-01T00:00:00Z",
                        kCompose),
            "docker compose -p wiki logs --no-color --no-log-prefix --follow --timestamps --tail=5 "
            "--since=2026-01-01T00:00:00Z");
}

TEST(LogCommand, NamesTheParameterThatIsWrong) {
  EXPECT_THAT(read_log_options(asked("tailLines=-1"), kNow),
              Fails(ErrorClass::invalid, HasSubstr("tailLines")));
  EXPECT_THAT(read_log_options(asked("sinceTime=yesterday"), kNow),
              Fails(ErrorClass::invalid, HasSubstr("sinceTime")));
  EXPECT_THAT(read_log_options(asked("sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z"), kNow),
              Fails(ErrorClass::invalid, HasSubstr("exclude")));
}

TEST(JournalLine, IsTheMessageWithItsTimeOnDemand) {
  const std::string entry = R"({"__REALTIME_TIMESTAMP":"1767225600000001","MESSAGE":"started"})";
  EXPECT_EQ(journal_line(entry, false), "started\n");
  EXPECT_EQ(journal_line(entry, true), "2026-01-01T00:00:00.000001Z started\n");
  EXPECT_EQ(journal_line(R"({"MESSAGE":[104,105,7]})", false), "hi\a\n");
  EXPECT_EQ(journal_line("no json", true), "no json\n");
}

}  // namespace
}  // namespace gantry::apiserver
