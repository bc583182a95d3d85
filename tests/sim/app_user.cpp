// What users do with Apps.
#include "pkg/base/text.h"
#include "tests/sim/actors.h"
#include "tests/sim/objects.h"

namespace gantry::sim {
namespace {

// One volume; `removed` with its App.
void add_volume(Json& spec, bool removed, const std::string& storage) {
  Json volume = Json::object();
  volume.set("name", "data");
  volume.set("path", kDataPath);
  volume.set("size", "2Gi");
  volume.set("storageSelector", "storage.name == \"" + storage + "\"");
  spec.member("volumes").push_back(std::move(volume));
  if (removed) spec.member("deletion").set("volumes", "Delete");
}

// A compose project instead of the service.
void set_version(Json& spec, const std::string& tag) {
  auto& workload = spec.member("workload");
  workload.erase("service");
  workload.member("compose").set("inline", compose_text(tag));
}

void expose(Json& spec, const std::string& host) {
  attach(spec);
  Json entry = Json::object();
  entry.set("host", host);
  entry.set("port", "http");
  spec.member("expose").push_back(std::move(entry));
}

void set_needs(Json& spec, const std::vector<std::string>& names) {
  Json needs = Json::array();
  for (const auto& name : names) {
    Json need = Json::object();
    need.set("kind", "App");
    need.set("name", name);
    needs.push_back(std::move(need));
  }
  spec.set("dependsOn", std::move(needs));
}

// How it is updated, and what becomes of an update that fails.
struct Rollout {
  const char* strategy;
  bool holds;
  int unavailable, bake;
};

// `often`: volumes are to change their container.
Rollout some_rollout(Random& random, bool may_take_turns, bool often) {
  Rollout rollout{};
  const auto drawn = random.unit();
  const bool takes_turns = may_take_turns && drawn > (often ? 0.4 : 0.6);
  rollout.strategy = drawn < 0.3 ? "Recreate" : takes_turns ? "BlueGreen" : "Rolling";
  rollout.holds = random.unit() < 0.2;
  rollout.unavailable = 1 + static_cast<int>(random.below(2));
  rollout.bake = 5 * static_cast<int>(random.below(5));
  return rollout;
}

void set_rollout(Json& spec, const Rollout& rollout) {
  auto& update = spec.member("update");
  update.set("strategy", rollout.strategy);
  update.set("maxUnavailable", rollout.unavailable);
  update.set("bakeSeconds", rollout.bake);
  update.set("onFailure", rollout.holds ? "Hold" : "Rollback");
  spec.member("health").set("startupSeconds", 20);
}

}  // namespace

// A page, or the tag of an image.
std::string UserActor::some_page(bool compose) {
  const bool bad = swarm_.updates && random_.unit() < 0.35;
  if (compose)
    return bad ? "bad" + std::to_string(1 + random_.below(2))
               : std::to_string(1 + random_.below(3));
  return (bad ? "bad page " : "page ") + std::to_string(random_.below(5)) + "\n";
}

// Of those that were made before it, so that there is no circle; some are gone, or never were.
std::vector<std::string> UserActor::some_needs(const std::string& name) {
  std::vector<std::string> needs;
  const auto number = parse_integer(name.substr(1)).value_or(1);
  for (int64_t other = 1; other < number; ++other) {
    const auto need = "a" + std::to_string(other);
    const double wish = world_.wanted_apps().contains(need) ? 0.6 : 0.03;
    if (random_.unit() < wish) needs.push_back(need);
  }
  return needs;
}

void UserActor::create_app(const std::string& name, int replicas) {
  const bool volume = swarm_.volumes && random_.unit() < 0.7;
  const bool removed = volume && random_.unit() < 0.3;
  const bool compose = swarm_.compose && random_.unit() < 0.6;
  const auto page = some_page(compose);
  const auto needs = swarm_.depends ? some_needs(name) : std::vector<std::string>();
  // Volumes that snapshots hold are not handed over.
  const bool takes_turns = !volume || !swarm_.tank;
  const auto rollout =
      swarm_.updates ? std::optional(some_rollout(random_, takes_turns, volume)) : std::nullopt;
  const bool attached = swarm_.appliance && random_.unit() < 0.6;
  const std::string storage = swarm_.ha ? "nfs" : swarm_.tank ? "tank" : "local";
  world_.create_app(name, replicas, page, [=](Json& spec) {
    if (compose) set_version(spec, page);
    if (attached) expose(spec, name + ".apps.lan");
    if (volume) add_volume(spec, removed, storage);
    if (!needs.empty()) set_needs(spec, needs);
    if (rollout.has_value()) set_rollout(spec, *rollout);
  });
}

void UserActor::act_on_app(const std::string& name) {
  if (swarm_.tank && random_.unit() < 0.3 && put_data_back(name)) return;
  if (swarm_.volumes && random_.unit() < 0.3 && act_on_data(name)) return;
  if (swarm_.updates && act_on_version(name)) return;
  if (swarm_.depends && random_.unit() < 0.1) {
    change_needs(name);
    return;
  }
  const auto drawn = random_.below(8);
  if (drawn < 2) {
    delete_app(name, drawn == 1 ? store::Dependents::foreground : store::Dependents::unsaid);
    if (drawn == 0) create_app(name, 1);
  } else if (drawn < 5) {
    const auto replicas = static_cast<int>(random_.below(4));
    world_.edit_app(name, [replicas](Json& spec) { spec.set("replicas", replicas); });
  } else if (drawn < 7) {
    change_page(name, some_page(!world_.wanted_apps().at(name).native));
  } else {
    const bool suspend = random_.unit() < 0.5;
    world_.edit_app(name, [suspend](Json& spec) { spec.set("suspend", suspend); });
  }
}

// In the middle of an update, too. False when it is not its turn.
bool UserActor::act_on_version(const std::string& name) {
  const auto drawn = random_.unit();
  const auto& wish = world_.wanted_apps().at(name);
  if (drawn < 0.4) {
    change_page(name, some_page(!wish.native));
  } else if (drawn < 0.48 && (wish.mounts.empty() || !swarm_.tank)) {
    const char* strategy = wish.takes_turns ? "Rolling" : "BlueGreen";
    world_.edit_app(name,
                    [strategy](Json& spec) { spec.member("update").set("strategy", strategy); });
  } else {
    return false;
  }
  return true;
}

void UserActor::change_page(const std::string& name, const std::string& page) {
  const bool native = world_.wanted_apps().at(name).native;
  world_.edit_app(name, [native, page](Json& spec) {
    if (!native) return set_version(spec, page);
    auto& files = spec.member("workload").member("service").member("files");
    files.as_array().front().set("content", page);
  });
}

void UserActor::change_needs(const std::string& name) {
  const auto needs = some_needs(name);
  world_.edit_app(name, [needs](Json& spec) { set_needs(spec, needs); });
}

bool UserActor::mend_versions() {
  std::vector<std::string> bad;
  for (const auto& [name, wish] : world_.wanted_apps()) {
    if (wish.exists && wish.bad) bad.push_back(name);
  }
  for (const auto& name : bad)
    change_page(name, world_.wanted_apps().at(name).native ? "page 9\n" : "9");
  if (!bad.empty()) world_.reached.note("a version that did not come up was mended");
  return !bad.empty();
}

bool UserActor::spoil_versions() {
  std::vector<std::string> good;
  for (const auto& [name, wish] : world_.wanted_apps()) {
    if (wish.exists && !wish.bad) good.push_back(name);
  }
  for (const auto& name : good)
    change_page(name, world_.wanted_apps().at(name).native ? "bad page 9\n" : "bad2");
  return !good.empty();
}

bool UserActor::renew_versions() {
  std::vector<std::string> with_data;
  for (const auto& [name, wish] : world_.wanted_apps()) {
    if (wish.exists && !wish.mounts.empty()) with_data.push_back(name);
  }
  for (const auto& name : with_data)
    change_page(name, world_.wanted_apps().at(name).native ? "page 7\n" : "3");
  return !with_data.empty();
}

void UserActor::put_all_data_back() {
  std::vector<std::string> all;
  for (const auto& [name, wish] : world_.wanted_apps())
    if (wish.exists) all.push_back(name);
  for (const auto& name : all) put_data_back(name);
}

// Some tear it out, so that the garbage collector is who takes its Machines away.
void UserActor::delete_app(const std::string& name, store::Dependents dependents) {
  world_.delete_app(name, dependents);
  if (swarm_.volumes && random_.unit() < 0.2) world_.strip_app(name);
}

// As one of its first revisions has left it, if any has; a new wish, or the last once more.
bool UserActor::put_data_back(const std::string& name) {
  if (world_.wanted_apps().at(name).mounts.empty()) return false;
  if (random_.unit() < 0.8) ++restores_;
  const auto id = "s" + std::to_string(restores_);
  const auto revision = 1 + static_cast<int>(random_.below(3));
  world_.edit_app(name, [&](Json& spec) {
    spec.member("restore").set("id", id);
    spec.member("restore").set("revision", revision);
  });
  return true;
}

// False when it has none.
bool UserActor::act_on_data(const std::string& name) {
  if (world_.wanted_apps().at(name).mounts.empty()) return false;
  if (random_.unit() < 0.3) {
    world_.edit_app(name, [](Json& spec) { spec.member("deletion").set("volumes", "Delete"); });
    return true;
  }
  // Never smaller: that is refused where users write.
  world_.edit_app(name, [](Json& spec) {
    auto& volume = spec.member("volumes").as_array().front();
    const auto size = volume.string_or("size", "");
    volume.set("size", size == "2Gi" ? "3Gi" : "5Gi");
  });
  return true;
}

}  // namespace gantry::sim
