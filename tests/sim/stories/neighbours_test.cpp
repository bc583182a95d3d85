// Two installations share a cluster, a pool, a user and a range of VMIDs; each has a token.
#include "pkg/base/check.h"
#include "pkg/pve/mark.h"
#include "tests/sim/objects.h"
#include "tests/sim/stories/story.h"

namespace gantry::sim {
namespace {

constexpr const char* kInstallation = "another-installation";

// A second gantryd with a database of its own, over the same lab.
class Neighbour {
 public:
  explicit Neighbour(World& world)
      : world_(world),
        disk_(world.clock, kInstallation),
        database_(disk_),
        store_(world.loop.executor(), database_.backend(), world.clock, random_),
        group_(world.loop.executor()) {
    world.perform([this] { return set_up(); });
    daemon_ = std::make_unique<Daemon>(DaemonDependencies{world.loop.executor(), world.clock,
                                                          random_, disk_, *world.lab,
                                                          channel_faults_, bugs_, "neighbour"});
    group_.spawn("neighbour", [this] { return daemon_->run(); });
  }
  ~Neighbour() {
    group_.stop();
    while (group_.size() > 0) GANTRY_CHECK(world_.loop.poll() > 0);
    daemon_.reset();
    world_.perform([this] { return store_.stop(); });
  }
  Neighbour(const Neighbour&) = delete;
  Neighbour& operator=(const Neighbour&) = delete;

  void create_machine(const std::string& name) {
    world_.perform([this, name]() -> Async<Status> {
      auto created = co_await store_.create("machines.gantry.dev", machine_object(name));
      co_return created.status();
    });
  }
  void delete_machine(const std::string& name) {
    world_.perform([this, name]() -> Async<Status> {
      const store::Key key{"machines.gantry.dev", "default", name};
      auto removed = co_await store_.remove(key, store::Precondition());
      co_return removed.status();
    });
  }
  // The reason of Ready, or what there is of it.
  std::string state_of(const std::string& name) const {
    const auto object = store_.get({"machines.gantry.dev", "default", name});
    if (!object.ok()) return "absent";
    const auto* conditions = (*object)->value.find_path({"status", "conditions"});
    if (conditions == nullptr) return "new";
    for (const auto& condition : conditions->as_array()) {
      if (condition.string_or("type", "") == "Ready") return condition.string_or("reason", "");
    }
    return "unknown";
  }

 private:
  Async<Status> set_up() {
    GANTRY_CO_TRY(co_await store_.start());
    const auto token = *world_.lab->add_token("gantry@pve", "neighbour", false);
    auto secret = co_await store_.create("secrets", secret_object(token));
    GANTRY_CO_TRY(secret.status());
    auto cluster = co_await store_.create("proxmoxclusters.gantry.dev", cluster_object(nullptr));
    GANTRY_CO_TRY(cluster.status());
    auto shape = co_await store_.create("machineclasses.gantry.dev", class_object(nullptr));
    co_return shape.status();
  }

  World& world_;
  SeededRandom random_{4711};
  ChannelFaults channel_faults_;
  Bugs bugs_;
  store::memory::Disk disk_;
  store::memory::Database database_;
  store::CachedStore store_;
  async::Group group_;
  std::unique_ptr<Daemon> daemon_;
};

class Neighbours : public Story {
 protected:
  std::map<std::string, size_t> by_installation() {
    std::map<std::string, size_t> count;
    for (const auto& guest : world.lab->guests()) {
      const auto mark = pve::find_mark(guest.config.at("description"));
      ++count[mark.has_value() ? mark->installation : "nobody"];
    }
    return count;
  }
};

class SharedRange : public Neighbours {
 protected:
  SharedRange() : neighbour_(world) { world.run_for(1min); }
  void both_create(int count) {
    for (int i = 0; i < count; ++i) {
      world.create_machine("m" + std::to_string(i));
      neighbour_.create_machine("m" + std::to_string(i));
    }
  }
  bool neighbour_has(int count) {
    for (int i = 0; i < count; ++i)
      if (neighbour_.state_of("m" + std::to_string(i)) != "Running") return false;
    return true;
  }
  // The guests of the other one, with all that Proxmox holds of them.
  std::map<VmId, std::map<std::string, std::string>> theirs() {
    std::map<VmId, std::map<std::string, std::string>> guests;
    for (const auto& guest : world.lab->guests()) {
      const auto mark = pve::find_mark(guest.config.at("description"));
      if (mark.has_value() && mark->installation == kInstallation)
        guests[guest.vmid] = guest.config;
    }
    return guests;
  }

  Neighbour neighbour_;
};

TEST_F(SharedRange, TwoInstallationsSeeEachOthersGuestsAsForeign) {
  both_create(6);
  EXPECT_TRUE(wait_until([this] { return neighbour_has(6) && world.unmet().empty(); }));
  EXPECT_EQ(world.lab->guest_count(), 12u);
  EXPECT_EQ(by_installation()[kInstallation], 6u);
  const auto before = theirs();
  for (int i = 0; i < 6; ++i) world.delete_machine("m" + std::to_string(i));
  world.run_for(10min);
  EXPECT_THAT(world.unmet(), IsEmpty());
  EXPECT_EQ(theirs(), before);
  EXPECT_TRUE(neighbour_has(6));
  EXPECT_EQ(world.lab->guest_count(), 6u);
  for (int i = 0; i < 6; ++i) neighbour_.delete_machine("m" + std::to_string(i));
  world.run_for(10min);
  EXPECT_EQ(world.lab->guest_count(), 0u);
  EXPECT_THAT(world.leaks(), IsEmpty());
}

// Whose create it was that took the id, when neither answer came: the task's token says so, and in
// the end the mark.
TEST_F(SharedRange, OfTwoCreatesOnOneIdWithoutAnswersEachKnowsItsOwn) {
  world.lab->faults().next_request(lab::RequestFault::lose_answer, "POST", "/lxc", 4);
  world.lab->faults().next_task(lab::TaskFault::slow, "vzcreate", 4);
  both_create(3);
  EXPECT_TRUE(wait_until([this] { return neighbour_has(3) && world.unmet().empty(); }));
  EXPECT_EQ(world.lab->guest_count(), 6u);
  EXPECT_EQ(by_installation()[kInstallation], 3u);
}

// A create of the other one that dies leaves what has no mark and no owner: nobody's to remove.
TEST_F(SharedRange, WhatADeadCreateOfTheOtherLeftIsPassedBy) {
  world.lab->faults().next_task(lab::TaskFault::kill, "vzcreate");
  neighbour_.create_machine("m0");
  world.run_for(30s);
  ASSERT_EQ(world.lab->guest_count(), 1u);
  world.create_machine("m0");
  EXPECT_TRUE(wait_until([this] { return world.unmet().empty(); }));
  EXPECT_EQ(world.lab->guest_count(), 2u);
  EXPECT_EQ(neighbour_.state_of("m0"), "StaleLock");
}

// Our container goes, and theirs has its id: it is not ours, whatever our row says.
TEST_F(Neighbours, AnIdThatTheOtherTookIsHeldAndNotTouched) {
  const auto vmid = ready("web");
  world.kill_daemon();
  by_root([vmid](lab::Lab& lab) { return lab.destroy_guest(vmid); });
  Neighbour neighbour(world);
  neighbour.create_machine("theirs");
  world.run_for(3min);
  ASSERT_EQ(by_installation(), (std::map<std::string, size_t>{{kInstallation, 1}}));
  ASSERT_TRUE(world.lab->find_guest(vmid).has_value());
  const auto writes = world.writes();
  world.start_daemon();
  world.run_for(5min);
  world.delete_machine("web");
  world.run_for(10min);
  EXPECT_EQ(world.writes(), writes);
  EXPECT_EQ(reason("web", "Held"), "True OwnershipUnproven");
  EXPECT_EQ(neighbour.state_of("theirs"), "Running");
}

}  // namespace
}  // namespace gantry::sim
