#include "cmd/gantryd/guests.h"

#include <map>
#include <memory>

#include "pkg/async/loop.h"
#include "pkg/base/testing.h"
#include "pkg/pve/client_fake.h"
#include "pkg/schema/json.h"

namespace gantry::daemon {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const NodeName kNode("pve1");
const VmId kVmid(20000);
const Uid kOurs("00000000-0000-4000-8000-00000000000a"),
    kTheirs("00000000-0000-4000-8000-00000000000b");

// Notes what runs inside.
class NotedChannel final : public guest::Channel {
 public:
  std::vector<std::string> ran;
  Async<Result<guest::Exit>> exec(guest::Target, guest::Command command,
                                  guest::OutputSink) override {
    ran.push_back(command.argv.front());
    co_return guest::Exit();
  }
  Async<Status> push(guest::Target, guest::File) override { co_return Status(); }
  Async<Status> unlock(guest::Target, Upid) override { co_return Status(); }
};

// One cluster in which that id is there and one Machine's.
class Place final : public inventory::Inventory, public pve::Ownership {
 public:
  Place(const std::string& name, Uid owner)
      : row{ClusterName(name), kVmid, std::move(owner), 1, {}} {
    set_mark(row.uid);
  }
  void set_mark(const Uid& uid) {
    client.configs[kVmid].values["description"] =
        pve::to_description_line(pve::Mark{"home-1", uid, 1});
  }
  std::shared_ptr<const inventory::Snapshot> current() const override { return {}; }
  std::shared_ptr<const inventory::Snapshot> last_good() const override { return {}; }
  inventory::VanishGuard vanish_guard() const override { return {}; }
  void poke() override {}
  Async<Status> wait_for_next() override { co_return Status(); }
  inventory::Sighting sight(VmId) const override {
    inventory::Sighting sighting;
    sighting.presence = inventory::Presence::present;
    sighting.guest.emplace();
    sighting.guest->node = kNode;
    sighting.owner = row.uid;
    return sighting;
  }
  Async<Result<std::optional<pve::OwnedGuest>>> find(ClusterName, VmId) override {
    co_return std::optional<pve::OwnedGuest>(row);
  }

  pve::OwnedGuest row;
  pve::ClientFake client;
  NotedChannel channel;
  pve::Writer writer{row.cluster, "home-1", client, *this, [](bool) { return Status(); }};
  inventory::ClusterPtr cluster{new inventory::Cluster{
      row.cluster, "home-1", "root@pam", {}, *this, client, writer, &channel, {}}};
};

class GuestsTest : public ::testing::Test, public inventory::Clusters {
 protected:
  inventory::ClusterPtr find(const ClusterName& name) const override {
    return name == here_.row.cluster ? here_.cluster : there_.cluster;
  }
  std::vector<inventory::ClusterPtr> all() const override {
    return {there_.cluster, here_.cluster};
  }
  static Json machine(const Uid& uid) {
    Json machine;
    machine.member("metadata").set("uid", uid.get());
    machine.member("spec").set("machineClassName", "far");
    machine.member("status").set("vmid", kVmid.get());
    machine.member("status").set("power", "running");
    return machine;
  }
  Status run(const apiserver::GuestDoor& door) {
    guest::Command command;
    command.argv = {"id"};
    return loop_.block_on(door.channel->exec(door.target, command, guest::no_output())).status();
  }

  async::Loop loop_;
  Place here_{"here", kOurs}, there_{"there", kTheirs};
};

// The same id is in use in two clusters, by Machines of different people.
TEST_F(GuestsTest, TheContainerIsWhereItsRowIsAndNotWhereItsClassSays) {
  const auto door = find_guest(*this, machine(kOurs));
  ASSERT_THAT(door, IsOk());
  EXPECT_EQ(door->target.node, kNode);
  EXPECT_THAT(run(*door), IsOk());
  EXPECT_THAT(here_.channel.ran, ElementsAre("id"));
  EXPECT_THAT(there_.channel.ran, IsEmpty());
}

TEST_F(GuestsTest, AContainerThatIsSomebodyElsesByNowIsNotEntered) {
  const auto door = find_guest(*this, machine(kOurs));
  ASSERT_THAT(door, IsOk());
  here_.set_mark(kTheirs);
  EXPECT_THAT(run(*door), Fails(ErrorClass::held, HasSubstr("OwnershipUnproven")));
  here_.set_mark(kOurs);
  here_.row.uid = kTheirs;
  EXPECT_THAT(run(*door), Fails(ErrorClass::held, HasSubstr("OwnershipUnproven")));
  EXPECT_THAT(here_.channel.ran, IsEmpty());
}

TEST_F(GuestsTest, AMachineThatHoldsNoIdHasNoWayIn) {
  const Uid nobody("00000000-0000-4000-8000-00000000000c");
  EXPECT_THAT(find_guest(*this, machine(nobody)).status(),
              Fails(ErrorClass::remote, HasSubstr("no connected ProxmoxCluster")));
  EXPECT_THAT(find_guest(*this, Json::object()).status(),
              Fails(ErrorClass::remote, HasSubstr("has no container")));
}

}  // namespace
}  // namespace gantry::daemon
