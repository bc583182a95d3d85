// A network of its own for Apps: what would hurt whoever relies on it.
#include "pkg/schema/json.h"
#include "tests/sim/stories/story.h"

namespace gantry::sim {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

WorldOptions options(bool with_network) {
  WorldOptions made;
  made.with_network = with_network;
  made.cluster = [](api::v1alpha1::ProxmoxClusterSpec& spec) {
    spec.command_channel.emplace();
    spec.command_channel->ssh.secret_ref = spec.credentials.secret_ref;
  };
  return made;
}

class ApplianceStory : public Story {
 protected:
  explicit ApplianceStory(bool with_network = true) : Story(options(with_network)) {}

  std::optional<Json> appliance() {
    const auto all = world.objects("appliances.gantry.dev");
    return all.empty() ? std::nullopt : std::optional<Json>(all.front());
  }
  std::string condition(const std::string& type, const std::string& field = "status") {
    const auto object = appliance();
    if (!object) return "no object";
    const auto* all = object->find_path({"status", "conditions"});
    if (all == nullptr) return "";
    for (const auto& each : all->as_array())
      if (each.string_or("type", "") == type) return each.string_or(field, "");
    return "";
  }
  // "False PRX-004 UpstreamRefused"
  std::string app_says(const std::string& type) {
    const auto app = world.objects("apps.gantry.dev").front();
    const auto* all = app.find_path({"status", "conditions"});
    if (all == nullptr) return "absent";
    for (const auto& each : all->as_array()) {
      if (each.string_or("type", "") != type) continue;
      return each.string_or("status", "") + " " + each.string_or("code", "") + " " +
             each.string_or("reason", "");
    }
    return "absent";
  }
  bool serves() { return condition("Ready") == "True"; }
  static void attach(Json& spec) {
    spec.set("networks", schema::parse_yaml("[{applianceRef: {name: lan}}]")->front().value);
  }
  static void attach_or_fall_back(Json& spec) {
    spec.set("networks",
             schema::parse_yaml("[{applianceRef: {name: lan}, fallback: Uplink}]")->front().value);
  }
  std::string card(const std::string& machine, const std::string& key = "net0") {
    const auto vmid = world.vmid_of(machine);
    return vmid ? setting(*vmid, key) : "no VMID";
  }
  std::string ready_reason(const std::string& machine) { return reason(machine, "Ready"); }
  bool is_ready(const std::string& machine) { return ready_reason(machine) == "True Running"; }
  size_t bridges_made() { return count_written("POST", "/network"); }
  std::vector<std::string> told() {
    std::vector<std::string> lines;
    for (const auto& event : world.objects("events"))
      lines.push_back(event.string_or("reason", "") + ": " + event.string_or("message", ""));
    return lines;
  }
  // Something happens inside the Appliance's container.
  void inside(const std::function<void(lab::GuestSystem&)>& deed) {
    auto* system = world.backend.inside(*world.vmid_of("lan-appliance"));
    ASSERT_NE(system, nullptr);
    deed(*system);
  }
};

TEST_F(ApplianceStory, ABridgeAContainerAndWhatRunsInIt) {
  world.create_appliance();
  ASSERT_TRUE(wait_until([&] { return serves(); })) << condition("Ready", "message");
  EXPECT_EQ(bridges_made(), 1);
  EXPECT_THAT(card("lan-appliance"), HasSubstr("bridge=vmbr0"));
  EXPECT_THAT(card("lan-appliance", "net1"), HasSubstr("bridge=gantry-lan"));
  EXPECT_THAT(card("lan-appliance", "net1"), HasSubstr("ip=10.20.0.1/24"));
  for (const char* type : {"BridgeReady", "ContainerReady", "NATReady", "DHCPReady", "DNSReady",
                           "ProxyReady", "CertificatesReady"})
    EXPECT_EQ(condition(type), "True") << type;
}

TEST_F(ApplianceStory, AMachineWaitsForItsAddressAndThenKeepsIt) {
  world.create_machine("web", attach);
  world.run_for(3min);
  EXPECT_EQ(ready_reason("web"), "False ApplianceNotReady");
  EXPECT_EQ(card("web"), "no guest") << "nothing is made that would boot without an address";
  world.create_appliance();
  ASSERT_TRUE(wait_until([&] { return is_ready("web"); })) << message("web", "Ready");
  EXPECT_THAT(card("web"), HasSubstr("bridge=gantry-lan"));
  EXPECT_THAT(card("web"), HasSubstr("hwaddr=02:"));
  EXPECT_EQ(message("web", "NetworkReady"), "10.20.0.100 in default/lan");
  const auto before = card("web");
  world.kill_daemon();
  world.start_daemon();
  world.run_for(5min);
  EXPECT_EQ(card("web"), before);
  inside([](lab::GuestSystem& system) {
    EXPECT_THAT(system.files["/etc/gantry/dhcp-hosts"].content, HasSubstr(",10.20.0.100\n"));
  });
}

// A bridge without ports reaches no other node.
TEST_F(ApplianceStory, WhoIsAttachedGoesWhereTheBridgeIs) {
  world.create_appliance();
  for (const char* name : {"a", "b", "c", "d"}) world.create_machine(name, attach);
  ASSERT_TRUE(
      wait_until([&] { return is_ready("a") && is_ready("b") && is_ready("c") && is_ready("d"); }));
  const auto node = world.lab->find_guest(*world.vmid_of("lan-appliance"))->node;
  for (const char* name : {"a", "b", "c", "d"})
    EXPECT_EQ(world.lab->find_guest(*world.vmid_of(name))->node, node) << name;
}

class UnprivilegedStory : public ApplianceStory {
 protected:
  UnprivilegedStory() : ApplianceStory(false) {}
};

TEST_F(UnprivilegedStory, APersonIsToldWhatToTypeAndThenItGoesOn) {
  world.create_appliance();
  ASSERT_TRUE(wait_until([&] { return condition("Held") == "True"; }));
  EXPECT_EQ(condition("Held", "code"), "APL-002");
  EXPECT_THAT(condition("Held", "message"),
              HasSubstr("pvesh create /nodes/pve1/network --iface gantry-lan --type bridge"));
  EXPECT_EQ(world.lab->guest_count(), 0);
  by_root([](lab::Lab& lab) -> Async<Status> {
    lab::Lab::Arguments settings;
    settings["iface"] = "gantry-lan";
    settings["type"] = "bridge";
    settings["autostart"] = "1";
    const auto made = co_await lab.as_root("POST", "/nodes/pve1/network", settings);
    if (!made.ok()) co_return made.status();
    const lab::Lab::Arguments none;
    const auto applied = co_await lab.as_root("PUT", "/nodes/pve1/network", none);
    co_return applied.status();
  });
  EXPECT_TRUE(wait_until([&] { return serves(); })) << condition("Ready", "message");
  EXPECT_EQ(condition("Held"), "");
}

TEST_F(UnprivilegedStory, WhoMayFallBackGoesOnTheUplinkAndSaysSo) {
  world.create_appliance();
  world.create_machine("patient", attach);
  world.create_machine("hasty", attach_or_fall_back);
  ASSERT_TRUE(wait_until([&] { return is_ready("hasty"); })) << message("hasty", "Ready");
  EXPECT_THAT(card("hasty"), HasSubstr("bridge=vmbr0"));
  EXPECT_EQ(reason("hasty", "NetworkReady"), "True FallbackNetwork");
  EXPECT_THAT(told(), Contains(HasSubstr("FallbackNetwork: on vmbr0 instead of Appliance")));
  EXPECT_EQ(ready_reason("patient"), "False ApplianceNotReady");
  EXPECT_EQ(card("patient"), "no guest");
}

TEST_F(ApplianceStory, ItIsNotDestroyedWhileSomebodyNeedsIt) {
  world.create_appliance();
  world.create_machine("web", attach);
  ASSERT_TRUE(wait_until([&] { return is_ready("web"); }));
  const auto vmid = *world.vmid_of("lan-appliance");
  world.delete_appliance();
  world.run_for(10min);
  EXPECT_EQ(condition("Held", "reason"), "InUse");
  EXPECT_THAT(condition("Held", "message"), HasSubstr("1 attached: Machine default/web"));
  EXPECT_TRUE(world.lab->find_guest(vmid).has_value());
  EXPECT_TRUE(is_ready("web"));
  // Who still needs it is still served.
  inside([](lab::GuestSystem& system) { system.units["dnsmasq.service"].active = false; });
  world.run_for(2min);
  inside([](lab::GuestSystem& system) { EXPECT_TRUE(system.units["dnsmasq.service"].active); });
  world.delete_machine("web");
  ASSERT_TRUE(wait_until([&] { return !appliance().has_value(); }))
      << condition("Ready", "message");
  EXPECT_FALSE(world.lab->find_guest(vmid).has_value());
  EXPECT_EQ(count_written("DELETE", "/network/gantry-lan"), 1);
}

// A virtual machine that our token does not even see.
TEST_F(ApplianceStory, ABridgeThatAPersonsGuestIsPluggedIntoStays) {
  world.create_appliance();
  ASSERT_TRUE(wait_until([&] { return serves(); }));
  ASSERT_EQ(world.lab->find_guest(*world.vmid_of("lan-appliance"))->node, NodeName("pve1"));
  const VmId person(500);
  world.put_stranger(person,
                     {{"hostname", "nas"}, {"net0", "name=eth0,bridge=gantry-lan,ip=dhcp"}});
  world.delete_appliance();
  world.run_for(10min);
  ASSERT_TRUE(appliance().has_value());
  EXPECT_EQ(condition("Held", "reason"), "BridgeInUse");
  EXPECT_THAT(condition("Held", "message"), HasSubstr("guest 500 are plugged into gantry-lan on "));
  EXPECT_EQ(count_written("DELETE", "/network/gantry-lan"), 0);
  ASSERT_TRUE(world.lab->migrate_guest(person, NodeName("pve2")).ok());
  ASSERT_TRUE(wait_until([&] { return !appliance().has_value(); }))
      << condition("Ready", "message");
  EXPECT_EQ(count_written("DELETE", "/network/gantry-lan"), 1);
}

TEST_F(ApplianceStory, WithoutAWayToTheNodeItsBridgeStaysAndAPersonIsToldHow) {
  world.create_appliance();
  ASSERT_TRUE(wait_until([&] { return serves(); }));
  world.channel_faults.refused = 1;
  world.delete_appliance();
  ASSERT_TRUE(wait_until([&] { return condition("Held", "reason") == "BridgeUsersUnknown"; }));
  EXPECT_THAT(condition("Held", "message"), HasSubstr("pvesh delete /nodes/pve"));
  world.run_for(10min);
  EXPECT_EQ(count_written("DELETE", "/network/gantry-lan"), 0);
  world.channel_faults.refused = 0;
  ASSERT_TRUE(wait_until([&] { return !appliance().has_value(); }))
      << condition("Ready", "message");
}

// A person moves its container; where it was there is a bridge of ours, too.
TEST_F(ApplianceStory, ABridgeThatItHasLeftIsRemovedWithIt) {
  world.create_appliance();
  ASSERT_TRUE(wait_until([&] { return serves(); }));
  const auto vmid = *world.vmid_of("lan-appliance");
  const NodeName there(world.lab->find_guest(vmid)->node == NodeName("pve1") ? "pve2" : "pve1");
  ASSERT_TRUE(world.lab->migrate_guest(vmid, there).ok());
  ASSERT_TRUE(wait_until([&] { return bridges_made() == 2; })) << condition("Ready", "message");
  world.delete_appliance();
  ASSERT_TRUE(wait_until([&] { return !appliance().has_value(); }))
      << condition("Ready", "message");
  EXPECT_EQ(count_written("DELETE", "/network/gantry-lan"), 2);
}

TEST_F(ApplianceStory, WhenItIsDownWhoIsAttachedGoesOn) {
  world.create_appliance();
  world.create_machine("web", attach);
  ASSERT_TRUE(wait_until([&] { return is_ready("web"); }));
  const auto web = *world.vmid_of("web");
  const auto before = world.lab->find_guest(web)->config;
  const auto writes = written().size();
  const auto vmid = *world.vmid_of("lan-appliance");
  by_root([vmid](lab::Lab& lab) { return lab.destroy_guest(vmid); });
  ASSERT_TRUE(wait_until([&] { return !serves(); }));
  ASSERT_TRUE(wait_until([&] { return serves(); })) << condition("Ready", "message");
  EXPECT_EQ(world.lab->find_guest(web)->config, before);
  EXPECT_THAT(written(writes), Not(Contains(HasSubstr("/lxc/" + std::to_string(web.get())))));
  EXPECT_TRUE(is_ready("web"));
}

TEST_F(ApplianceStory, WhatBreaksInsideComesBackAndIsTold) {
  world.create_appliance();
  ASSERT_TRUE(wait_until([&] { return serves(); }));
  inside([](lab::GuestSystem& system) {
    system.units["dnsmasq.service"].active = false;
    system.network.rules.clear();
    system.network.forwarding = false;
    system.files["/etc/gantry/caddy.json"].content = "}{";
    system.units["caddy.service"].active = false;
  });
  world.run_for(1min);
  inside([](lab::GuestSystem& system) {
    EXPECT_TRUE(system.units["dnsmasq.service"].active);
    EXPECT_TRUE(system.units["caddy.service"].active);
    EXPECT_THAT(system.network.rules, HasSubstr("masquerade"));
    EXPECT_TRUE(system.network.forwarding);
    EXPECT_EQ(system.files["/etc/gantry/caddy.json"].content.front(), '{');
  });
  EXPECT_TRUE(serves());
  for (const char* deed : {"Repaired: names: starting dnsmasq.service",
                           "Repaired: filter: loading the packet filter and NAT",
                           "Repaired: forwarding: turning on forwarding",
                           "Repaired: proxy: writing /etc/gantry/caddy.json"})
    EXPECT_THAT(told(), Contains(HasSubstr(deed)));
}

// What runs inside is ours to mend as long as we may write at all.
TEST_F(ApplianceStory, InModeObserveWhatBreaksInsideIsToldAndLeft) {
  world.create_appliance();
  ASSERT_TRUE(wait_until([&] { return serves(); }));
  world.edit_cluster([](Json& spec) { spec.set("mode", "Observe"); });
  world.run_for(30s);
  inside([](lab::GuestSystem& system) {
    system.units["dnsmasq.service"].active = false;
    system.network.forwarding = false;
    system.files["/etc/gantry/caddy.json"].content = "}{";
  });
  world.run_for(20min);
  inside([](lab::GuestSystem& system) {
    EXPECT_FALSE(system.units["dnsmasq.service"].active);
    EXPECT_FALSE(system.network.forwarding);
    EXPECT_EQ(system.files["/etc/gantry/caddy.json"].content, "}{");
  });
  EXPECT_FALSE(serves());
  EXPECT_EQ(condition("DNSReady", "code"), "DNS-001");
  EXPECT_THAT(condition("DNSReady", "message"),
              HasSubstr("starting dnsmasq.service: ObserveMode: "));
  EXPECT_THAT(told(), Not(Contains(HasSubstr("Repaired: names: starting dnsmasq.service"))));
  world.edit_cluster([](Json& spec) { spec.set("mode", "Enforce"); });
  EXPECT_TRUE(wait_until([&] { return serves(); })) << condition("Ready", "message");
  inside([](lab::GuestSystem& system) { EXPECT_TRUE(system.units["dnsmasq.service"].active); });
}

// A daemon that leads again is the same process: its second term is to look inside as the first
// did.
TEST_F(ApplianceStory, AfterTheLeaseWasLostItIsLookedAfterAgain) {
  world.create_appliance();
  ASSERT_TRUE(wait_until([&] { return serves(); }));
  world.disk.down = true;
  world.run_for(1min);
  ASSERT_EQ(world.leader(), nullptr);
  world.disk.down = false;
  ASSERT_TRUE(wait_until([&] { return world.leader() != nullptr; }));
  inside([](lab::GuestSystem& system) { system.units["dnsmasq.service"].active = false; });
  world.run_for(2min);
  inside([](lab::GuestSystem& system) { EXPECT_TRUE(system.units["dnsmasq.service"].active); });
  EXPECT_TRUE(serves());
}

TEST_F(ApplianceStory, AKillAfterEachWriteMakesOneBridgeAndOneContainer) {
  world.create_appliance();
  world.create_machine("web", attach);
  for (int kills = 0; kills < 12; ++kills) {
    world.kill_at_next_write();
    for (int i = 0; i < 240 && world.daemon_runs(); ++i) world.run_for(500ms);
    world.spare_daemons();
    if (world.daemon_runs()) break;
    world.run_for(5s);
    world.start_daemon();
  }
  ASSERT_TRUE(wait_until([&] { return serves() && is_ready("web"); }));
  EXPECT_EQ(bridges_made(), 1);
  EXPECT_EQ(world.lab->guest_count(), 2);
}

TEST_F(ApplianceStory, AnExposedAppIsRouted) {
  world.create_appliance();
  world.create_app("site", 2, "page", [](Json& spec) {
    attach(spec);
    spec.set("expose", schema::parse_yaml("[{host: site.lan, port: http}]")->front().value);
  });
  ASSERT_TRUE(wait_until([&] {
    bool routed = false;
    if (world.vmid_of("lan-appliance").has_value() && serves()) {
      inside([&](lab::GuestSystem& system) {
        routed = system.network.proxy.find("10.20.0.100:80") != std::string::npos &&
                 system.network.proxy.find("10.20.0.101:80") != std::string::npos;
      });
    }
    return routed;
  }));
  // The route is there before the App answers; its URL is told when it does.
  EXPECT_TRUE(wait_until([&] {
    return world.objects("apps.gantry.dev").front().find("status")->string_or("url", "") ==
           "https://site.lan/";
  }));
  world.delete_app("site");
  ASSERT_TRUE(wait_until([&] {
    bool routed = true;
    inside([&](lab::GuestSystem& system) {
      routed = system.network.proxy.find("site.lan") != std::string::npos;
    });
    return !routed;
  }));
}

// By its own word it is well: only whoever asks from the proxy's place can tell.
TEST_F(ApplianceStory, AnAppThatTheProxyCannotReachIsNotCalledExposed) {
  world.create_appliance();
  world.create_app("site", 1, "page", [](Json& spec) {
    attach(spec);
    spec.set("expose", schema::parse_yaml("[{host: site.lan, port: http}]")->front().value);
  });
  ASSERT_TRUE(wait_until([&] { return app_says("Exposed") == "True  Routed"; }))
      << app_says("Exposed");
  inside([](lab::GuestSystem& system) { system.network.closed = {"10.20.0.100:80"}; });
  EXPECT_TRUE(wait_until([&] { return app_says("Exposed") == "False PRX-004 UpstreamRefused"; }));
  EXPECT_EQ(app_says("Ready"), "True  AllReplicasReady");
  EXPECT_TRUE(serves()) << "it is not the Appliance's fault";
  // Its own word is asked for, and says why.
  const auto listens = [this](const std::string& address) {
    auto* system = world.backend.inside(*world.vmid_of("site-0"));
    for (const char* path : {"/proc/net/tcp", "/proc/net/tcp6"})
      system->files[path].content = "0: " + address + ":0050 00000000:0000 0A\n";
  };
  listens("0100007F");
  EXPECT_TRUE(wait_until([&] { return app_says("Exposed") == "False WKL-005 BoundToLoopback"; }));
  world.kill_daemon();
  world.start_daemon();
  world.run_for(2s);
  EXPECT_EQ(app_says("Exposed"), "False WKL-005 BoundToLoopback");
  listens("00000000");
  EXPECT_TRUE(wait_until([&] { return app_says("Exposed") == "False PRX-004 UpstreamRefused"; }));
  inside([](lab::GuestSystem& system) { system.network.closed.clear(); });
  EXPECT_TRUE(wait_until([&] { return app_says("Exposed") == "True  Routed"; }));
  world.edit_app("site", [](Json& spec) { spec.set("suspend", true); });
  EXPECT_TRUE(wait_until([&] { return app_says("Exposed") == "absent"; }));
}

}  // namespace
}  // namespace gantry::sim
