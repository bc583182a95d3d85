#include "controllers/proxmoxcluster/report.h"

#include <gmock/gmock.h>

#include "api/meta/condition.h"
#include "pkg/base/testing.h"

namespace gantry::controllers::proxmoxcluster {
namespace {

using namespace std::chrono_literals;
using api::meta::ConditionStatus;
using api::v1alpha1::ProxmoxCluster;
using ::testing::ElementsAre;

const Time kNow = from_unix_seconds(1'800'000'000);

std::shared_ptr<inventory::Snapshot> good() {
  auto snapshot = std::make_shared<inventory::Snapshot>();
  snapshot->cycle = 3;
  snapshot->observed_at = kNow - 3s;
  snapshot->complete = snapshot->quorate = snapshot->canary_passed = true;
  snapshot->cluster_read = snapshot->permissions_read = snapshot->guests_read = true;
  snapshot->cluster.quorate = true;
  snapshot->version = pve::Version{"9.2.11", "9.2", 9, 2};
  snapshot->cluster.members = {{NodeName("pve1"), true, true, "10.0.0.1"}};
  pve::NodeRow node;
  node.name = NodeName("pve1");
  node.status = "online";
  snapshot->nodes[node.name] = node;
  for (const int id : {100, 20000}) snapshot->guests[VmId(id)].node = node.name;
  return snapshot;
}

Sight sight_of(std::shared_ptr<const inventory::Snapshot> current) {
  Sight sight;
  sight.now = kNow;
  sight.current = std::move(current);
  sight.last_good = good();
  sight.rows = {{ClusterName("home"), VmId(20000), Uid("u"), "default/web", 1, {}, {}}};
  return sight;
}

std::string condition(const ProxmoxCluster& cluster, std::string_view type) {
  const auto* found = api::meta::find_condition(cluster.status.conditions, type);
  if (found == nullptr) return "absent";
  const char* status = found->status == ConditionStatus::yes  ? "True"
                       : found->status == ConditionStatus::no ? "False"
                                                              : "Unknown";
  return status + (found->code.empty() ? std::string() : " " + found->code);
}

TEST(Report, ACompleteInventoryIsReadyAndCounted) {
  ProxmoxCluster cluster;
  report(cluster, sight_of(good()));
  EXPECT_EQ(condition(cluster, "Ready"), "True");
  EXPECT_EQ(condition(cluster, "InventoryComplete"), "True");
  EXPECT_EQ(cluster.status.guests.owned, 1);
  EXPECT_EQ(cluster.status.guests.foreign, 1);
  EXPECT_EQ(cluster.status.version, "9.2.11");
  EXPECT_EQ(cluster.status.inventory.age_seconds, 3);
}

// CON-016.
TEST(Report, SlowAnswersAreToldUntilTheyAreClearlyQuicker) {
  ProxmoxCluster cluster;
  cluster.spec.poll = 5s;
  auto sight = sight_of(good());
  const auto said = [&](Duration answer, Duration cycle) {
    auto snapshot = good();
    snapshot->took = cycle;
    sight.current = snapshot;
    sight.read_p95 = answer;
    report(cluster, sight);
    return condition(cluster, "Reachable");
  };
  EXPECT_EQ(said(2s, 5s), "True");
  EXPECT_EQ(said(2100ms, 1s), "True CON-016");
  const auto* reachable = api::meta::find_condition(cluster.status.conditions, "Reachable");
  EXPECT_EQ(reachable->reason, "SlowAPI");
  EXPECT_EQ(reachable->message, "1 of 20 answers takes 2 s or more, a cycle 1 s of 5 s");
  EXPECT_EQ(condition(cluster, "Ready"), "True");
  EXPECT_EQ(said(1600ms, 1s), "True CON-016");
  EXPECT_EQ(said(1400ms, 1s), "True");
  EXPECT_EQ(said(100ms, 6s), "True CON-016");
  EXPECT_EQ(said(100ms, 1s), "True");
  sight.read_p95.reset();
  EXPECT_EQ(condition(cluster, "Reachable"), "True");
}

TEST(Report, EachFailureHasItsConditionAndThoseBehindAreUnknown) {
  struct Row {
    ErrorClass error;
    const char* code;
    const char* type;
    const char* next;
  };
  for (const auto& row :
       std::vector<Row>{{ErrorClass::transport, "CON-001", "Reachable", "Authenticated"},
                        {ErrorClass::tls, "CON-003", "Reachable", "Authenticated"},
                        {ErrorClass::auth, "CON-002", "Authenticated", "Authorized"},
                        {ErrorClass::permission, "CON-004", "Authorized", "Quorate"}}) {
    SCOPED_TRACE(row.code);
    auto bad = std::make_shared<inventory::Snapshot>();
    bad->cycle = 4;
    bad->problem = with_code(make_error(row.error, "it failed"), row.code);
    ProxmoxCluster cluster;
    report(cluster, sight_of(bad));
    EXPECT_EQ(condition(cluster, row.type), std::string("False ") + row.code);
    EXPECT_EQ(condition(cluster, row.next), "Unknown");
    EXPECT_EQ(condition(cluster, "Ready"), std::string("False ") + row.code);
    // The last picture stays.
    EXPECT_EQ(cluster.status.nodes.size(), 1u);
  }
}

// One call of the cycle has failed: it proves nothing about what the others were asked for, nor do
// they about it.
TEST(Report, EachLevelIsToldByItsOwnCall) {
  const auto levels = [](const std::shared_ptr<inventory::Snapshot>& snapshot) {
    ProxmoxCluster cluster;
    report(cluster, sight_of(snapshot));
    std::vector<std::string> said;
    for (const char* type :
         {"Reachable", "Authenticated", "Authorized", "Quorate", "InventoryComplete"})
      said.push_back(condition(cluster, type));
    return said;
  };
  const auto lost = with_code(make_error(ErrorClass::timeout, "no answer in 8 s"), "CON-001");
  auto permissions = good();
  permissions->problem = lost;
  permissions->complete = permissions->permissions_read = false;
  EXPECT_THAT(levels(permissions), ElementsAre("True", "True", "Unknown", "True", "False CON-001"));
  auto members = good();
  members->problem = lost;
  members->complete = members->cluster_read = members->cluster.quorate = false;
  members->cluster.members.clear();
  EXPECT_THAT(levels(members), ElementsAre("True", "True", "True", "Unknown", "False CON-001"));
  // A task list that does not come hides neither a lost quorum nor a lost privilege.
  auto both = good();
  both->problem = lost;
  both->complete = both->cluster.quorate = false;
  both->missing_privileges = {"/pool/gantry: VM.Audit"};
  EXPECT_THAT(levels(both),
              ElementsAre("True", "True", "False CON-004", "False CON-010", "False CON-001"));
  auto quorum = good();
  quorum->cluster.quorate = quorum->quorate = false;
  quorum->problem = inventory::why_not_quorate(*quorum);
  EXPECT_THAT(levels(quorum), ElementsAre("True", "True", "True", "False CON-010", "Unknown"));
}

TEST(Report, AFailureSaysOfWhenThePictureIs) {
  auto bad = std::make_shared<inventory::Snapshot>();
  bad->cycle = 4;
  bad->problem = with_code(make_error(ErrorClass::timeout, "no answer in 8 s"), "CON-001");
  ProxmoxCluster cluster;
  report(cluster, sight_of(bad));
  EXPECT_EQ(api::meta::find_condition(cluster.status.conditions, "Reachable")->message,
            "no answer in 8 s; what is shown is of " + to_rfc3339(kNow - 3s));
}

TEST(Report, ACycleThatDoesNotEndIsSilence) {
  ProxmoxCluster cluster;
  auto sight = sight_of(good());
  sight.now = kNow + 12s;
  report(cluster, sight);
  EXPECT_EQ(condition(cluster, "Reachable"), "True");
  sight.now = kNow + 13s;
  report(cluster, sight);
  for (const char* type : {"Reachable", "InventoryComplete", "Ready"}) {
    EXPECT_EQ(condition(cluster, type), "Unknown CON-001");
    const auto* said = api::meta::find_condition(cluster.status.conditions, type);
    EXPECT_EQ(said->reason, "Timeout");
    EXPECT_THAT(said->message, ::testing::HasSubstr(to_rfc3339(kNow - 3s)));
  }
  EXPECT_EQ(cluster.status.nodes.size(), 1u);
  // A cluster that is asked once a minute is no older than that.
  cluster.spec.poll = 60s;
  report(cluster, sight);
  EXPECT_EQ(condition(cluster, "Reachable"), "True");
}

TEST(Report, AStartForgetsNothing) {
  ProxmoxCluster fresh;
  report(fresh, sight_of(std::make_shared<inventory::Snapshot>()));
  EXPECT_EQ(condition(fresh, "Ready"), "Unknown");
  ProxmoxCluster cluster;
  report(cluster, sight_of(good()));
  report(cluster, sight_of(std::make_shared<inventory::Snapshot>()));
  EXPECT_EQ(condition(cluster, "Ready"), "True");
  cluster.metadata.generation = 2;  // another spec: nothing is known about it
  report(cluster, sight_of(std::make_shared<inventory::Snapshot>()));
  EXPECT_EQ(condition(cluster, "Ready"), "Unknown");
}

TEST(Report, ADeletionThatWaitsSaysForWhat) {
  ProxmoxCluster cluster;
  cluster.metadata.deletion_timestamp = kNow;
  report(cluster, sight_of(good()));
  const auto* said = api::meta::find_condition(cluster.status.conditions, "Deleting");
  ASSERT_NE(said, nullptr);
  EXPECT_THAT(said->message, ::testing::HasSubstr("VMIDs of ours there: 1"));
}

TEST(Report, EachEndpointHasItsOwnWord) {
  ProxmoxCluster cluster;
  cluster.spec.endpoints = {"https://a:8006", "https://b:8006", "https://c:8006"};
  auto sight = sight_of(good());
  sight.endpoints = {{"https://a:8006", true, make_error(ErrorClass::transport, "refused"), kNow},
                     {"https://b:8006", true, Status(), kNow},
                     {"https://c:8006", false, Status(), kNow}};
  report(cluster, sight);
  const auto& endpoints = cluster.status.endpoints;
  EXPECT_FALSE(endpoints[0].reachable);
  EXPECT_EQ(endpoints[0].message, "refused; asked at " + to_rfc3339(kNow));
  EXPECT_TRUE(endpoints[1].reachable);
  EXPECT_EQ(endpoints[2].message, "not asked yet: another one answers");
  EXPECT_EQ(condition(cluster, "Ready"), "True");
}

TEST(Report, ItsStatusKnowsWhichClusterItWasUntilAPersonSaysOtherwise) {
  ProxmoxCluster cluster;
  EXPECT_FALSE(known_identity(cluster).has_value());
  report(cluster, sight_of(good()));
  ASSERT_TRUE(known_identity(cluster).has_value());
  EXPECT_TRUE(known_identity(cluster)->nodes.contains(NodeName("pve1")));
  cluster.metadata.annotations[kRebind] = "yes";
  EXPECT_FALSE(known_identity(cluster).has_value());
}

TEST(Report, WithoutConnectionSaysWhy) {
  ProxmoxCluster cluster;
  Sight sight;
  sight.now = kNow;
  sight.connection = with_code(make_error(ErrorClass::invalid, "secret a/b not found"), "MC-007");
  report(cluster, sight);
  EXPECT_EQ(condition(cluster, "Stalled"), "True MC-007");
  EXPECT_EQ(condition(cluster, "Reachable"), "Unknown");
}

TEST(Report, TheCommandChannelIsSaidByItselfAndKeepsNothingElse) {
  ProxmoxCluster cluster;
  auto sight = sight_of(good());
  report(cluster, sight);
  EXPECT_EQ(condition(cluster, "CommandChannel"), "absent");
  sight.channel.emplace();
  report(cluster, sight);
  EXPECT_EQ(condition(cluster, "CommandChannel"), "Unknown");
  const auto refused = with_code(make_error(ErrorClass::tls, "the host key is unknown"), "CON-013");
  sight.channel->troubles[NodeName("pve1")] = {refused, kNow - 5min, kNow - 1s};
  report(cluster, sight);
  EXPECT_EQ(condition(cluster, "CommandChannel"), "False CON-013");
  EXPECT_EQ(condition(cluster, "Ready"), "True");
  const auto* said = api::meta::find_condition(cluster.status.conditions, "CommandChannel");
  EXPECT_EQ(said->reason, "HostKeyMismatch");
  EXPECT_THAT(said->message, ::testing::HasSubstr("node pve1: the host key is unknown; since"));
  // An hour later nobody has tried again.
  sight.channel->troubles[NodeName("pve1")].last = kNow - 1h;
  report(cluster, sight);
  EXPECT_EQ(condition(cluster, "CommandChannel"), "Unknown CON-013");
  sight.channel->troubles.clear();
  sight.channel->answered = true;
  report(cluster, sight);
  EXPECT_EQ(condition(cluster, "CommandChannel"), "True");
  sight.channel->problem =
      with_code(make_error(ErrorClass::invalid, "secret a/b not found"), "MC-007");
  report(cluster, sight);
  EXPECT_EQ(condition(cluster, "CommandChannel"), "False MC-007");
  EXPECT_EQ(condition(cluster, "Ready"), "True");
}

TEST(Report, NumbersThatAlwaysChangeAreNoNewsForAMinute) {
  ProxmoxCluster before, after;
  report(before, sight_of(good()));
  auto later = sight_of(good());
  later.now += 5s;
  auto newer = good();
  newer->observed_at += 5s;
  newer->nodes[NodeName("pve1")].memory_used = 12345;
  later.last_good = newer;
  after = before;
  report(after, later);
  EXPECT_FALSE(is_news(before.status, after.status));
  newer->observed_at += 60s;
  report(after, later);
  EXPECT_TRUE(is_news(before.status, after.status));
}

TEST(Report, AStorageThatFillsIsNewsAtOnce) {
  auto snapshot = good();
  pve::StorageRow storage;
  storage.id = StorageId("local");
  storage.node = NodeName("pve1");
  storage.total = 1000;
  storage.available = 500;
  snapshot->storages = {storage};
  auto sight = sight_of(snapshot);
  sight.last_good = snapshot;
  ProxmoxCluster before;
  report(before, sight);
  auto after = before;
  snapshot->storages[0].available = 495;
  report(after, sight);
  EXPECT_FALSE(is_news(before.status, after.status));
  snapshot->storages[0].available = 480;
  report(after, sight);
  EXPECT_TRUE(is_news(before.status, after.status));
}

}  // namespace
}  // namespace gantry::controllers::proxmoxcluster
