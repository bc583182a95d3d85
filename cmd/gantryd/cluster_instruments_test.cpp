#include "cmd/gantryd/cluster_instruments.h"

#include "pkg/base/testing.h"
#include "pkg/metrics/prometheus/registry.h"

namespace gantry::daemon {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

const ClusterName kHome("home"), kAway("away");
constexpr pve::Operation kConfig{"GET", "/nodes/{node}/lxc/{vmid}/config"};

TEST(ClusterInstruments, CountAndTimeEachCallByWhatItWas) {
  metrics::prometheus::Registry registry;
  ClusterInstruments instruments(registry);
  const Status well;
  const auto late = make_error(ErrorClass::timeout, "x");
  instruments.called(kHome, {kConfig, well, 20ms});
  instruments.called(kHome, {kConfig, well, 20ms});
  instruments.called(kHome, {kConfig, late, 30s});
  instruments.called(kAway, {kConfig, well, 20ms});
  const auto count = [&registry](const char* cluster, const char* outcome) {
    return registry.value("gantry_pve_requests_total",
                          {cluster, "GET", "/nodes/{node}/lxc/{vmid}/config", outcome});
  };
  EXPECT_EQ(count("home", "Ok"), 2);
  EXPECT_EQ(count("home", "Timeout"), 1);
  EXPECT_EQ(registry.value("gantry_pve_request_seconds",
                           {"home", "GET", "/nodes/{node}/lxc/{vmid}/config"}),
            3);
  instruments.closed(kHome);
  EXPECT_EQ(count("home", "Ok"), std::nullopt);
  EXPECT_EQ(count("away", "Ok"), 1);
  EXPECT_THAT(registry.render(), Not(HasSubstr("\"home\"")));
}

}  // namespace
}  // namespace gantry::daemon
