#include "controllers/app/bootstrap/callback.h"

#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"

namespace gantry::controllers::app {
namespace {

using gantry::testing::IsOk;
using ::testing::HasSubstr;
using ::testing::Not;

// A container that answers everything with one exit.
class Answering final : public guest::Channel {
 public:
  explicit Answering(guest::Exit exit) : exit_(std::move(exit)) {}
  Async<Result<guest::Exit>> exec(guest::Target, guest::Command command,
                                  guest::OutputSink) override {
    asked = command.argv;
    co_return exit_;
  }
  Async<Status> push(guest::Target, guest::File) override { co_return Status(); }
  Async<Status> unlock(guest::Target, Upid) override { co_return Status(); }
  std::vector<std::string> asked;

 private:
  guest::Exit exit_;
};

class TryCallback : public ::testing::Test {
 protected:
  Status tried(int code, const std::string& out, const std::string& err) {
    guest::Exit exit;
    exit.code = code;
    exit.out = out;
    exit.err = err;
    Answering channel(exit);
    const guest::Guest guest(channel, guest::Target{NodeName("pve1"), VmId(100)}, clock_);
    const Callback callback{"https://gantry.lan:6443/callback", "-----BEGIN", "gantrycb_7_secret"};
    auto found = loop_.block_on(clock_, try_callback(guest, callback));
    for (const auto& word : channel.asked) EXPECT_THAT(word, Not(HasSubstr("gantrycb")));
    return found;
  }
  async::Loop loop_;
  async::SimulatedClock clock_{Time()};
};

TEST_F(TryCallback, OurRouteRefusesWhatIsNoPost) {
  EXPECT_THAT(tried(0, "405", ""), IsOk());
  EXPECT_THAT(tried(8, "",
                    "https://gantry.lan:6443/callback:\n2026-11-28 ERROR 405: Method Not "
                    "Allowed.\n"),
              IsOk());
}

TEST_F(TryCallback, WhyNotIsTold) {
  const auto closed = tried(7, "000", "curl: (7) Failed to connect to gantry.lan port 6443\n");
  EXPECT_EQ(catalogue_code(closed), "BST-002");
  EXPECT_EQ(message_of(closed), "curl: (7) Failed to connect to gantry.lan port 6443");
  const auto other = tried(0, "302", "");
  EXPECT_EQ(catalogue_code(other), "BST-002");
  EXPECT_EQ(message_of(other), "https://gantry.lan:6443/callback answers 302");
  EXPECT_EQ(message_of(tried(28, "000", "")), "no answer, exit code 28");
  EXPECT_EQ(message_of(tried(4, "", std::string(500, 'x'))).size(), 200u);
}

TEST_F(TryCallback, WithoutAProgramForItNothingIsProven) {
  const auto unknown = tried(127, "", "sh: not found");
  EXPECT_FALSE(unknown.ok());
  EXPECT_EQ(catalogue_code(unknown), std::nullopt);
}

}  // namespace
}  // namespace gantry::controllers::app
