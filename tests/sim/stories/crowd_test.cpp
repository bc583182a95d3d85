// Many at once: those that wait must not stand in the way of those that are at work.
#include <absl/strings/str_replace.h>

#include "pkg/schema/json.h"
#include "pkg/store/cached_store.h"
#include "pkg/store/memory/memory.h"
#include "tests/sim/stories/story.h"

namespace gantry::sim {
namespace {

TEST_F(Story, MachinesThatWaitForTheirTurnAskNothingOfProxmox) {
  const auto vmid = ready("web");
  world.lab->faults().slow_max = 2h;
  world.lab->faults().next_task(lab::TaskFault::slow, "vzcreate", 1000);
  for (int i = 0; i < 100; ++i) world.create_machine("w" + std::to_string(i));
  world.run_for(1min);
  EXPECT_EQ(reason("w99", "Ready"), "False Throttled");
  const auto before = world.lab->request_count();
  world.run_for(1min);
  // A turn each 5 s, of a hundred: 1,200 looks. The few at work and the inventory may ask.
  EXPECT_LT(world.lab->request_count() - before, 300u);
  world.delete_machine("web");
  world.run_for(1min);
  EXPECT_FALSE(world.lab->find_guest(vmid).has_value());
}

class Thousand : public Story {
 protected:
  static constexpr int kMany = 1000;
  Thousand() : Story(twenty_nodes()) {}
  static WorldOptions twenty_nodes() {
    WorldOptions options;
    options.nodes = 20;
    options.cluster = [](api::v1alpha1::ProxmoxClusterSpec& spec) {
      spec.vmid_range = {20000, 21999};
      spec.poll = 30s;
      spec.limits.requests_per_second = 60;
      spec.limits.tasks_per_node = 10;
      spec.limits.creates_per_storage = 10;
    };
    options.shape = [](api::v1alpha1::MachineClassSpec& spec) {
      spec.resources.memory = schema::Quantity("128Mi");
      spec.root_disk.size = schema::Quantity("1Gi");
    };
    return options;
  }
  static std::string name_of(int number) { return "m" + std::to_string(number); }

  // As many as the first that was made for real: objects, rows and containers as the daemon would
  // have left them. That they are right shows when it looks at them.
  void multiply() {
    ready(name_of(0));
    home_ = world.lab->find_guest(VmId(kFirst))->node;
    world.kill_daemon();
    for (int i = 1; i < kMany; ++i) {
      world.create_machine(name_of(i));
      world.disk.image.guests.push_back(row_of(i));
      by_root([this, i](lab::Lab& lab) { return make_container(lab, i); });
    }
    world.run_for(1min);
    store::memory::Database database(world.disk);
    store::CachedStore store(world.loop.executor(), database.backend(), world.clock, world.random);
    world.perform([&store] { return store.start(); });
    for (int i = 1; i < kMany; ++i) {
      const auto node = node_of(i);
      by_root([node, i](lab::Lab& lab) { return start(lab, node, VmId(kFirst + i)); });
      world.perform([this, &store, i] { return write_machine(store, i); });
    }
    world.perform([&store] { return store.stop(); });
    world.start_daemon();
    world.run_for(3min);
  }

 private:
  static constexpr int kFirst = 20000;
  NodeName home_;  // of the first
  static NodeName node_of(int number) { return NodeName("pve" + std::to_string(1 + number % 20)); }
  // What is said of the first, of that one.
  std::string told_of(int number, std::string text) {
    const std::pair<std::string, std::string> changes[] = {
        {std::to_string(kFirst), std::to_string(kFirst + number)},
        {world.wanted().at(name_of(0)).uid.get(), world.wanted().at(name_of(number)).uid.get()},
        {R"("m0")", '"' + name_of(number) + '"'},
        {'"' + home_.get() + '"', '"' + node_of(number).get() + '"'},
        {"default/m0", "default/" + name_of(number)}};
    for (const auto& [from, to] : changes) text = absl::StrReplaceAll(text, {{from, to}});
    return text;
  }
  store::GuestRow row_of(int number) {
    auto row = world.disk.image.guests.front();
    row.vmid = VmId(kFirst + number);
    row.uid = world.wanted().at(name_of(number)).uid;
    row.owner = told_of(number, row.owner);
    row.create_task = Upid(told_of(number, row.create_task->get()));
    return row;
  }
  Async<Status> make_container(lab::Lab& lab, int number) {
    auto settings = lab.find_guest(VmId(kFirst))->config;
    for (auto& [key, value] : settings) value = told_of(number, value);
    settings["vmid"] = std::to_string(kFirst + number);
    settings["hostname"] = name_of(number);
    settings["pool"] = "gantry";
    settings["ostemplate"] = "local:vztmpl/debian-12-standard_12.12-1_amd64.tar.zst";
    settings["rootfs"] = "local:1";
    auto& card = settings["net0"];
    const auto address = card.find(",hwaddr=");
    card.erase(address, card.find(',', address + 1) - address);
    const auto path = "/nodes/" + node_of(number).get() + "/lxc";
    const auto made = co_await lab.as_root("POST", path, settings);
    co_return made.status();
  }
  static Async<Status> start(lab::Lab& lab, NodeName node, VmId vmid) {
    const lab::Lab::Arguments none;
    const auto path = absl::StrFormat("/nodes/%s/lxc/%d/status/start", node.get(), vmid.get());
    const auto started = co_await lab.as_root("POST", path, none);
    co_return started.status();
  }
  Async<Status> write_machine(store::Store& store, int number) {
    auto object = *schema::parse_json(told_of(number, schema::to_json(*world.machine("m0"))));
    object.member("metadata").erase("resourceVersion");
    auto written = co_await store.update("machines.gantry.dev", store::Part::whole, object);
    co_return written.status();
  }
};

// The token silently sees nothing any more: as if somebody had deleted a thousand containers.
TEST_F(Thousand, ALostPrivilegeMakesNoCreateAndNoDelete) {
  multiply();
  EXPECT_THAT(world.unmet(), IsEmpty());
  EXPECT_EQ(world.lab->guest_count(), size_t{kMany});
  // None of it was ours to make but the first.
  EXPECT_EQ(count_written("POST", "/lxc"), 1u);
  world.lab->set_privilege_masked("gantry@pve", "VM.Audit", true);
  world.blind = true;
  world.run_for(1min);  // the next cycle notices
  const auto writes = world.writes();
  world.create_machine("new");
  world.delete_machine(name_of(0));
  const auto killed = *world.vmid_of(name_of(1));
  by_root([killed](lab::Lab& lab) { return lab.stop_guest(killed); });
  world.run_for(10min);
  EXPECT_EQ(world.writes(), writes);
  EXPECT_EQ(world.lab->guest_count(), size_t{kMany});
  EXPECT_EQ(world.objects("machines.gantry.dev").size(), size_t{kMany} + 1);
  EXPECT_EQ(reason(name_of(2), "Ready").substr(0, 7), "Unknown");
  world.lab->set_privilege_masked("gantry@pve", "VM.Audit", false);
  world.blind = false;
  world.run_for(5min);
  EXPECT_THAT(world.unmet(), IsEmpty());
  EXPECT_THAT(world.leaks(), IsEmpty());
  EXPECT_EQ(world.lab->guest_count(), size_t{kMany});
}

}  // namespace
}  // namespace gantry::sim
