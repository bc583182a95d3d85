#include "cmd/gantryd/first_start.h"

#include "pkg/base/testing.h"

namespace gantry::daemon {
namespace {

TEST(ApiUrl, IsOneThatClientsReachAndTheCertificateNames) {
  const std::vector<std::string> none;
  const std::vector<std::string> names = {"gantry.lan", "192.0.2.10"};
  EXPECT_EQ(api_url("127.0.0.1", none, 6443), "https://127.0.0.1:6443");
  EXPECT_EQ(api_url("::1", none, 6443), "https://[::1]:6443");
  EXPECT_EQ(api_url("0.0.0.0", none, 6443), "https://127.0.0.1:6443");
  EXPECT_EQ(api_url("::", none, 6443), "https://127.0.0.1:6443");
  EXPECT_EQ(api_url("192.0.2.10", none, 7000), "https://192.0.2.10:7000");
  EXPECT_EQ(api_url("0.0.0.0", names, 6443), "https://gantry.lan:6443");
  EXPECT_EQ(api_url("192.0.2.10", names, 6443), "https://gantry.lan:6443");
  // Nobody else reaches it there, whatever it is called.
  EXPECT_EQ(api_url("127.0.0.1", names, 6443), "https://127.0.0.1:6443");
}

}  // namespace
}  // namespace gantry::daemon
