#include "pkg/apiserver/views/pod_view.h"

#include "pkg/base/testing.h"
#include "pkg/schema/columns.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

constexpr const char* kMachine = R"({
  "apiVersion": "gantry.dev/v1alpha1", "kind": "Machine",
  "metadata": {"name": "web-0", "namespace": "shop", "uid": "u-1", "resourceVersion": "7",
               "creationTimestamp": "2026-01-01T00:00:00Z", "labels": {"gantry.dev/app": "web"},
               "finalizers": ["gantry.dev/container"], "managedFields": [{}]},
  "spec": {"machineClassName": "small"},
  "status": {"vmid": 20000, "node": "pve1", "power": "running", "uptimeSeconds": 60,
             "addresses": ["10.0.0.5", "fd00::5"], "lastObservedAt": "2026-01-01T00:10:00Z",
             "usage": {"cpu": 0.25, "memoryUsed": 104857600},
             "conditions": [
               {"type": "Observed", "status": "True", "reason": "Observed"},
               {"type": "Ready", "status": "True", "reason": "Running", "message": "running",
                "lastTransitionTime": "2026-01-01T00:01:00Z"}]}})";

Json machine() {
  return *schema::parse_json(kMachine);
}
std::string text_at(const Json& object, std::string_view path) {
  const auto* found = schema::find_path(object, path);
  return found == nullptr ? "-" : found->is_string() ? found->as_string() : schema::to_json(*found);
}

TEST(PodView, ShowsARunningContainer) {
  const auto pod = pod_of(machine());
  ASSERT_TRUE(pod.has_value());
  EXPECT_EQ(text_at(*pod, "kind"), "Pod");
  EXPECT_EQ(text_at(*pod, "metadata.uid"), "u-1");
  EXPECT_EQ(text_at(*pod, "metadata.resourceVersion"), "7");
  EXPECT_EQ(text_at(*pod, "metadata.finalizers"), "-");
  EXPECT_EQ(text_at(*pod, "metadata.ownerReferences[0].kind"), "Machine");
  EXPECT_EQ(text_at(*pod, "spec.containers[0].name"), "main");
  EXPECT_EQ(text_at(*pod, "spec.nodeName"), "pve1");
  EXPECT_EQ(text_at(*pod, "status.phase"), "Running");
  EXPECT_EQ(text_at(*pod, "status.podIP"), "10.0.0.5");
  EXPECT_EQ(text_at(*pod, "status.podIPs[1].ip"), "fd00::5");
  EXPECT_EQ(text_at(*pod, "status.conditions[type=Ready].status"), "True");
  EXPECT_EQ(text_at(*pod, "status.startTime"), "2026-01-01T00:09:00Z");
  EXPECT_EQ(text_at(*pod, "status.containerStatuses[0].ready"), "true");
  EXPECT_EQ(text_at(*pod, "status.containerStatuses[0].containerID"), "lxc://20000");
}

TEST(PodView, TakesAnUptimeBeyondAllTimes) {
  auto old = machine();
  old.find("status")->set("uptimeSeconds", INT64_MAX);
  EXPECT_EQ(text_at(*pod_of(old), "status.startTime"), "1733-09-22T00:22:44Z");
}

TEST(PodView, IsNotThereBeforeTheContainer) {
  auto young = machine();
  young.find("status")->erase("vmid");
  EXPECT_FALSE(pod_of(young).has_value());
  young.erase("status");
  EXPECT_FALSE(pod_of(young).has_value());
}

TEST(PodView, SaysUnknownOfWhatIsNotSeenNow) {
  auto lost = machine();
  auto& observed = lost.find("status")->find("conditions")->as_array()[0];
  observed.set("status", "Unknown");
  const auto pod = pod_of(lost);
  ASSERT_TRUE(pod.has_value());
  EXPECT_EQ(text_at(*pod, "status.phase"), "Unknown");
  EXPECT_EQ(text_at(*pod, "status.conditions[type=Ready].status"), "False");
  EXPECT_FALSE(pod_metrics_of(lost).has_value());
}

TEST(PodView, SaysWhatAContainerWaitsFor) {
  auto starting = machine();
  starting.find("status")->set("power", "");
  starting.find("status")->set("step", "create");
  const auto pod = pod_of(starting);
  ASSERT_TRUE(pod.has_value());
  EXPECT_EQ(text_at(*pod, "status.phase"), "Pending");
  EXPECT_EQ(text_at(*pod, "status.containerStatuses[0].state.waiting.reason"), "create");
}

TEST(PodMetrics, AreProxmoxOwnFigures) {
  const auto metrics = pod_metrics_of(machine());
  ASSERT_TRUE(metrics.has_value());
  EXPECT_EQ(text_at(*metrics, "containers[0].usage.cpu"), "250000000n");
  EXPECT_EQ(text_at(*metrics, "containers[0].usage.memory"), "102400Ki");
  EXPECT_EQ(text_at(*metrics, "timestamp"), "2026-01-01T00:10:00Z");
}

}  // namespace
}  // namespace gantry::apiserver
