#include "pkg/guest/setup/network.h"

#include <map>

#include <gmock/gmock.h>

#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"
#include "pkg/base/text.h"

namespace gantry::guest {
namespace {

using gantry::testing::Fails;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// What it says to each command.
class Container final : public Channel {
 public:
  std::map<std::string, std::string> says = {
      {"ip -4 route show default", "default via 10.20.0.1 dev eth0\n"},
      {"ip neigh show 10.20.0.1", "10.20.0.1 dev eth0 lladdr 02:00:00:00:00:01 REACHABLE\n"},
      {"cat /etc/resolv.conf", "search lan\nnameserver 10.20.0.1\nnameserver 9.9.9.9\n"}};
  std::vector<std::string> asked;

  Async<Result<Exit>> exec(Target, Command command, OutputSink) override {
    asked.push_back(join(command.argv, " "));
    Exit exit;
    exit.out = says[asked.back()];
    co_return exit;
  }
  Async<Status> push(Target, File) override { co_return Status(); }
  Async<Status> unlock(Target, Upid) override { co_return Status(); }
};

class NetworkTest : public ::testing::Test {
 protected:
  Status explained(const std::string& words, const std::string& code = "") {
    auto failed = make_error(ErrorClass::remote, words);
    if (!code.empty()) failed = with_code(std::move(failed), code);
    return loop.block_on(clock, explain(std::move(failed)));
  }
  Async<Status> explain(Status failed) {
    const Guest inside(container, Target{NodeName("pve1"), VmId(20000)}, clock);
    guest::Setup setup(inside, {}, [](const Progress&) {});
    co_return co_await explain_network(setup, std::move(failed));
  }
  std::string code_of(const Status& status) { return catalogue_code(status).value_or("none"); }

  async::Loop loop;
  async::SimulatedClock clock{Time()};
  Container container;
};

TEST_F(NetworkTest, OtherFailuresAreLeftAsTheyAre) {
  const auto status = explained("E: Unable to locate package ngnix");
  EXPECT_THAT(status, Fails(ErrorClass::remote, "E: Unable to locate package ngnix"));
  EXPECT_EQ(code_of(status), "none");
  EXPECT_TRUE(loop.block_on(clock, explain(Status())).ok());
  EXPECT_THAT(container.asked, IsEmpty());
}

TEST_F(NetworkTest, NamesTheFirstLayerThatIsMissing) {
  const std::string words = "Temporary failure resolving 'deb.example.org'";
  auto status = explained(words);
  EXPECT_THAT(status, Fails(ErrorClass::overload,
                            words + "; names are not answered by 10.20.0.1, 9.9.9.9"));
  EXPECT_EQ(code_of(status), "NET-004");
  container.says["cat /etc/resolv.conf"] = "# nothing\n";
  status = explained(words);
  EXPECT_THAT(status, Fails(ErrorClass::overload, HasSubstr("names no name server")));
  EXPECT_EQ(code_of(status), "DNS-002");
  container.says["ip neigh show 10.20.0.1"] = "10.20.0.1 dev eth0 FAILED\n";
  status = explained(words);
  EXPECT_THAT(status, Fails(ErrorClass::overload, HasSubstr("its gateway 10.20.0.1 does not")));
  EXPECT_EQ(code_of(status), "NET-004");
  container.says["ip -4 route show default"] = "";
  status = explained(words);
  EXPECT_THAT(status, Fails(ErrorClass::overload, HasSubstr("no default route")));
  EXPECT_EQ(code_of(status), "NET-003");
  container.says["ip -6 route show default"] = "default via fe80::1 dev eth0\n";
  EXPECT_EQ(code_of(explained(words)), "DNS-002");
}

TEST_F(NetworkTest, ASilentMirrorIsNotTheContainersFault) {
  auto status = explained("Could not connect to deb.example.org:80, connection timed out");
  EXPECT_EQ(code_of(status), "NET-005");
  EXPECT_THAT(status, Fails(ErrorClass::overload));
  // What is known of it already stays.
  status = explained("Get https://registry.lan/v2/: dial tcp: i/o timeout", "TPL-006");
  EXPECT_EQ(code_of(status), "TPL-006");
}

}  // namespace
}  // namespace gantry::guest
