#include "pkg/apiserver/pods/remote_command.h"

#include "pkg/base/testing.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<ExecOptions> options_of(const std::string& query) {
  http::Request request;
  request.target = "/api/v1/namespaces/default/pods/web-0/exec?" + query;
  return read_exec_options(*parse_request(request));
}

TEST(ExecOptions, AreTheCommandWordByWord) {
  const auto options =
      options_of("command=sh&command=-c&command=echo+%24HOME%3B&stdout=true&stdin=1");
  ASSERT_THAT(options, IsOk());
  EXPECT_THAT(options->command, ElementsAre("sh", "-c", "echo $HOME;"));
  EXPECT_TRUE(options->has_stdin && options->has_stdout);
  EXPECT_FALSE(options->has_stderr);
}

TEST(ExecOptions, RefuseWhatIsNotThere) {
  EXPECT_THAT(options_of("stdout=true"), Fails(ErrorClass::invalid, HasSubstr("command")));
  EXPECT_THAT(options_of("command=ls&container=other"),
              Fails(ErrorClass::invalid, HasSubstr("main")));
}

TEST(Resize, SaysASizeThatATerminalCanHave) {
  EXPECT_EQ(size_message({80, 24}), "\x04{\"Height\":24,\"Width\":80}");
  EXPECT_EQ(read_size(R"({"Width":132,"Height":50})"), (guest::WindowSize{132, 50}));
  for (const auto* bad : {"", "{}", "[]", R"({"Width":0,"Height":24})", R"({"Width":80})",
                          R"({"Width":70000,"Height":24})", R"({"Width":"80","Height":24})"})
    EXPECT_FALSE(read_size(bad).has_value()) << bad;
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
