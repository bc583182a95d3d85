// Compose Apps: set up step by step, updated without stopping what works, and silent about secrets.
#include "pkg/schema/json.h"
#include "tests/sim/objects.h"
#include "tests/sim/stories/story.h"

namespace gantry::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kSecrets = "secrets";
constexpr const char* kConfigMaps = "configmaps";
constexpr const char* kSecretText = "quetzal-7431-unseen";

WorldOptions of_template(const std::string& name) {
  WorldOptions options;
  options.cluster = [](api::v1alpha1::ProxmoxClusterSpec& spec) {
    spec.command_channel.emplace();
    spec.command_channel->ssh.secret_ref = spec.credentials.secret_ref;
  };
  options.shape = [name](api::v1alpha1::MachineClassSpec& spec) {
    spec.os = api::v1alpha1::OsTemplate{name, {}};
  };
  return options;
}

class ComposeStory : public Story {
 protected:
  ComposeStory() : ComposeStory("debian-13-standard") {}
  explicit ComposeStory(const std::string& os) : Story(of_template(os)) {
    world.backend.options().templates["debian-13-standard_13.1-1_amd64.tar.zst"] = 130 << 20;
  }

  static std::function<void(Json&)> with_tag(const std::string& tag) {
    return [tag](Json& spec) {
      spec.member("workload").erase("service");
      spec.member("workload")
          .member("compose")
          .set("inline", "services:\n  web: {image: \"wiki:" + tag +
                             "\", ports: [\"80:3000\"]}\n  db: {image: \"pg:16\"}\n");
    };
  }
  // With a variable and a file from a Secret, and one from a ConfigMap.
  static std::function<void(Json&)> with_values(const std::string& tag) {
    return [tag](Json& spec) {
      with_tag(tag)(spec);
      spec.set("env", yaml("[{name: PASS, valueFrom: {secretKeyRef: {name: db, key: pass}}}]"));
      spec.set("files", yaml("[{path: /etc/app.key, secretKeyRef: {name: db, key: pass}},"
                             " {path: /etc/app.conf, configMapKeyRef: {name: conf, key: conf}}]"));
    };
  }
  static Json yaml(const std::string& text) { return schema::parse_yaml(text)->front().value; }

  Json app() {
    const auto apps = world.objects("apps.gantry.dev");
    return apps.empty() ? Json::object() : apps.front();
  }
  std::string condition(const std::string& type, const std::string& field) {
    const auto object = app();
    const auto* conditions = object.find_path({"status", "conditions"});
    if (conditions == nullptr) return "";
    for (const auto& each : conditions->as_array())
      if (each.string_or("type", "") == type) return each.string_or(field, "");
    return "";
  }
  bool is_ready() { return condition("Ready", "status") == "True"; }
  lab::GuestSystem& inside(const std::string& machine = "wiki-0") {
    return *world.backend.inside(*world.vmid_of(machine));
  }
  std::string file(const std::string& path) {
    const auto found = inside().files.find(path);
    return found == inside().files.end() ? "none" : found->second.content;
  }
  bool has_event(const std::string& text) {
    return std::ranges::any_of(world.objects("events"), [&](const Json& event) {
      return event.string_or("message", "").find(text) != std::string::npos;
    });
  }
};

TEST_F(ComposeStory, AnAppIsSetUpStepByStepAndSaysSo) {
  world.create_app("wiki", 1, "", with_tag("2"));
  EXPECT_TRUE(wait_until([&] {
    return app().find_path({"status", "machines"}) != nullptr &&
           schema::to_json(app()).find("\"stepCount\":10") != std::string::npos;
  }));
  EXPECT_TRUE(wait_until([&] { return is_ready(); }));
  EXPECT_EQ(inside().docker.services.at("wiki/web").image, "wiki:2");
  for (const char* told : {"runtime: installing docker.io", "images: pulling pg:16 (1 of 2)",
                           "up: bringing the services up"}) {
    EXPECT_TRUE(has_event(told)) << told;
  }
  EXPECT_THAT(world.unmet(), IsEmpty());
  world.delete_app("wiki");
  EXPECT_TRUE(wait_until([&] { return world.lab->guest_count() == 0; }));
  EXPECT_THAT(world.leaks(), IsEmpty());
}

// Killed every few seconds, at another place each time: it goes on where the container says.
TEST_F(ComposeStory, KillsAnywhereDelayItAndNothingElse) {
  world.write_values(kSecrets, "db", {{"pass", kSecretText}});
  world.write_values(kConfigMaps, "conf", {{"conf", "a=1\r\n"}});
  world.create_app("wiki", 2, "", with_values("2"));
  for (uint64_t kill = 0; kill < 40; ++kill) {
    world.host(0).kill_after(37 * kill + 50);
    world.run_for(3s);
    world.host(0).spare();
    if (!world.daemon_runs()) world.start_daemon();
  }
  EXPECT_TRUE(wait_until([&] { return is_ready(); }));
  for (const char* machine : {"wiki-0", "wiki-1"}) {
    EXPECT_EQ(inside(machine).docker.pulls, 2) << machine;
    EXPECT_LE(inside(machine).docker.services.at("wiki/web").starts, 2) << machine;
  }
  EXPECT_EQ(file("/etc/app.conf"), "a=1\n");
}

TEST_F(ComposeStory, AMissingSecretIsAskedForAndAChangedOneRolledOut) {
  world.write_values(kConfigMaps, "conf", {{"conf", "a=1\n"}});
  world.create_app("wiki", 1, "", with_values("2"));
  EXPECT_TRUE(wait_until([&] { return condition("Stalled", "status") == "True"; }));
  EXPECT_THAT(condition("Ready", "message"), HasSubstr("Secret default/db does not exist"));
  world.write_values(kSecrets, "db", {{"pass", "first-value"}});
  ASSERT_TRUE(wait_until([&] { return is_ready(); }));
  EXPECT_EQ(file("/etc/app.key"), "first-value");
  EXPECT_EQ(inside().files.at("/etc/app.key").mode, 0600);
  const auto before = app().find_path({"status", "revision"})->as_string();
  world.write_values(kSecrets, "db", {{"pass", "second-value"}});
  EXPECT_TRUE(wait_until([&] { return is_ready() && file("/etc/app.key") == "second-value"; }));
  const auto after = app().find_path({"status", "revision"})->as_string();
  EXPECT_NE(before, after);
  EXPECT_THAT(file("/var/lib/gantry/payload/" + after + "/app.env"), HasSubstr("second-value"));
  EXPECT_EQ(file("/var/lib/gantry/payload/" + before + "/app.env"), "none");
  EXPECT_EQ(inside().docker.services.at("wiki/web").starts, 2);
}

// What a container says may hold its secrets: nobody else may hear them.
TEST_F(ComposeStory, ASecretStaysInTheContainer) {
  world.write_values(kSecrets, "db", {{"pass", kSecretText}});
  world.write_values(kConfigMaps, "conf", {{"conf", "a=1\n"}});
  std::vector<std::string> argv;
  world.backend.options().program = [&](VmId, lab::GuestSystem& system, const auto& command) {
    argv.insert(argv.end(), command.argv.begin(), command.argv.end());
    system.docker.last_words = std::string("no login with ") + kSecretText;
    return std::optional<guest::Exit>();
  };
  world.backend.options().registry.sick["wiki:2"] = "Restarting (1) 2 seconds ago";
  world.create_app("wiki", 1, "", with_values("2"));
  EXPECT_TRUE(wait_until([&] { return condition("Ready", "code") == "WKL-003"; }));
  EXPECT_THAT(condition("Ready", "message"), HasSubstr("no login with ***"));
  EXPECT_EQ(file("/etc/app.key"), kSecretText);

  std::string everything;
  for (const auto& word : argv) everything += word + "\n";
  for (const char* resource : {"apps.gantry.dev", "machines.gantry.dev", "events"})
    for (const auto& object : world.objects(resource)) everything += schema::to_json(object) + "\n";
  for (const auto& write : world.written()) everything += write.path + "\n";
  const auto guest = world.lab->find_guest(*world.vmid_of("wiki-0"));
  for (const auto& [key, value] : guest->config) everything += key + "=" + value + "\n";
  EXPECT_THAT(everything, HasSubstr("wiki"));
  EXPECT_THAT(everything, Not(HasSubstr(kSecretText)));
}

TEST_F(ComposeStory, AfterARestartOfTheContainerTheServicesComeBack) {
  world.create_app("wiki", 1, "", with_tag("2"));
  ASSERT_TRUE(wait_until([&] { return is_ready(); }));
  const auto vmid = *world.vmid_of("wiki-0");
  by_root([vmid](lab::Lab& lab) { return lab.stop_guest(vmid); });
  world.run_for(5s);
  EXPECT_TRUE(wait_until(
      [&] { return is_ready() && inside().docker.services.at("wiki/web").state == "running"; }));
}

TEST_F(ComposeStory, WithoutADeclaredProbeTheServicesSpeakForThemselves) {
  world.create_app("wiki", 1, "", [](Json& spec) {
    with_tag("2")(spec);
    spec.erase("health");
  });
  ASSERT_TRUE(wait_until([&] { return is_ready(); }));
  inside().docker.services.at("wiki/db").state = "exited";
  inside().docker.services.at("wiki/db").status = "Exited (1) 1 second ago";
  EXPECT_TRUE(wait_until([&] { return inside().docker.services.at("wiki/db").starts == 2; }));
  EXPECT_TRUE(wait_until([&] { return is_ready(); }));
}

// A tag that is moved changes nothing of a revision that has run: not for another container, nor
// for one that is made anew, nor when it comes back.
TEST_F(ComposeStory, AMovedTagChangesNoRevision) {
  world.create_app("wiki", 1, "", with_tag("2"));
  ASSERT_TRUE(wait_until([&] { return is_ready(); }));
  const auto id = [&](const std::string& machine) {
    const auto vmid = world.vmid_of(machine);
    const auto* system = vmid.has_value() ? world.backend.inside(*vmid) : nullptr;
    if (system == nullptr || !system->docker.services.contains("wiki/web")) return std::string();
    return system->docker.services.at("wiki/web").id;
  };
  const auto first = id("wiki-0");
  ASSERT_NE(first, "");
  EXPECT_TRUE(wait_until([&] { return schema::to_json(app()).find(first) != std::string::npos; }));
  world.backend.options().registry.digests["wiki:2"] = "sha256:moved";
  world.edit_app("wiki", [](Json& spec) { spec.set("replicas", 2); });
  ASSERT_TRUE(wait_until([&] { return is_ready() && id("wiki-1") != ""; }));
  EXPECT_EQ(id("wiki-1"), first);
  world.edit_app("wiki", with_tag("3"));
  ASSERT_TRUE(wait_until([&] { return is_ready() && id("wiki-0") != first; }));
  const auto vmid = *world.vmid_of("wiki-1");
  by_root([vmid](lab::Lab& lab) { return lab.destroy_guest(vmid); });
  world.edit_app("wiki", with_tag("2"));
  ASSERT_TRUE(wait_until([&] { return is_ready() && id("wiki-1") == first; }));
  EXPECT_EQ(id("wiki-0"), first);
}

class AlpineStory : public ComposeStory {
 protected:
  AlpineStory() : ComposeStory("alpine-3.22-default") {}
};

TEST_F(AlpineStory, AlpineIsSetUpWithItsOwnPrograms) {
  world.create_app("wiki", 1, "", with_tag("2"));
  EXPECT_TRUE(wait_until([&] { return is_ready(); }));
  EXPECT_TRUE(inside().packages.contains("docker-cli-compose"));
  EXPECT_TRUE(inside().units.at("docker.service").enabled);
}

}  // namespace
}  // namespace gantry::sim
