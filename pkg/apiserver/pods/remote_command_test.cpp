#include "pkg/apiserver/pods/remote_command.h"

#include "pkg/base/testing.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<ExecOptions> asked(const std::string& query) {
  http::Request request;
  request.target = "/api/v1/namespaces/default/pods/web-0/exec?" + query;
  return read_exec_options(*parse_request(request));
}

TEST(ExecOptions, AreTheCommandWordByWord) {
  const auto options = asked("command=sh&command=-c&command=echo+%24HOME%3B&stdout=true&stdin=1");
  ASSERT_THAT(options, IsOk());
  EXPECT_THAT(options->command, ElementsAre("sh", "-c", "echo $HOME;"));
  EXPECT_TRUE(options->has_stdin && options->has_stdout);
  EXPECT_FALSE(options->has_stderr);
}

TEST(ExecOptions, RefuseWhatIsNotThere) {
  EXPECT_THAT(asked("stdout=true"), Fails(ErrorClass::invalid, HasSubstr("command")));
  EXPECT_THAT(asked("command=ls&container=other"), Fails(ErrorClass::invalid, HasSubstr("main")));
  EXPECT_THAT(asked("command=ls&tty=true"), Fails(ErrorClass::unsupported, HasSubstr("-t")));
}

TEST(EndMessage, SaysHowItEnded) {
  guest::Exit exit;
  EXPECT_EQ(end_message(exit),
            "\x03"
            R"({"metadata":{},"status":"Success"})");
  exit.code = 7;
  const auto status = *schema::parse_json(end_message(exit).substr(1));
  EXPECT_EQ(status.string_or("reason", ""), "NonZeroExitCode");
  EXPECT_EQ(schema::to_json(*status.find_path({"details", "causes"})),
            R"([{"message":"7","reason":"ExitCode"}])");
  EXPECT_THAT(end_message(make_error(ErrorClass::timeout, "killed")), HasSubstr("killed"));
}

}  // namespace
}  // namespace gantry::apiserver
