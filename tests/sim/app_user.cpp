// What users do with Apps.
#include "tests/sim/actors.h"
#include "tests/sim/objects.h"

namespace gantry::sim {
namespace {

std::string some_page(Random& random) {
  return "page " + std::to_string(random.below(5)) + "\n";
}

// One volume; `removed` with its App.
void add_volume(Json& spec, bool removed) {
  Json volume = Json::object();
  volume.set("name", "data");
  volume.set("path", kDataPath);
  volume.set("size", "2Gi");
  volume.set("storageSelector", R"(storage.name == "local")");
  spec.member("volumes").push_back(std::move(volume));
  if (removed) spec.member("deletion").set("volumes", "Delete");
}

}  // namespace

void UserActor::create_app(const std::string& name, int replicas) {
  const bool volume = swarm_.volumes && random_.unit() < 0.7;
  const bool removed = volume && random_.unit() < 0.3;
  const auto page = some_page(random_);
  world_.create_app(name, replicas, page, [volume, removed](Json& spec) {
    if (volume) add_volume(spec, removed);
  });
}

void UserActor::act_on_app(const std::string& name) {
  if (swarm_.volumes && random_.unit() < 0.3 && act_on_data(name)) return;
  const auto drawn = random_.below(8);
  if (drawn < 2) {
    delete_app(name, drawn == 1 ? store::Dependents::foreground : store::Dependents::unsaid);
    if (drawn == 0) create_app(name, 1);
  } else if (drawn < 5) {
    const auto replicas = static_cast<int>(random_.below(4));
    world_.edit_app(name, [replicas](Json& spec) { spec.set("replicas", replicas); });
  } else if (drawn < 7) {
    const auto page = some_page(random_);
    world_.edit_app(name, [page](Json& spec) {
      auto& files = spec.member("workload").member("service").member("files");
      files.as_array().front().set("content", page);
    });
  } else {
    const bool suspend = random_.unit() < 0.5;
    world_.edit_app(name, [suspend](Json& spec) { spec.set("suspend", suspend); });
  }
}

// Some tear it out, so that the garbage collector is who takes its Machines away.
void UserActor::delete_app(const std::string& name, store::Dependents dependents) {
  world_.delete_app(name, dependents);
  if (swarm_.volumes && random_.unit() < 0.2) world_.strip_app(name);
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
