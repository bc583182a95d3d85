#include "tests/sim/world.h"

#include "pkg/base/check.h"
#include "pkg/base/text.h"
#include "tests/sim/objects.h"

namespace gantry::sim {
namespace {

using namespace std::chrono_literals;

const Time kStart = from_unix_seconds(1'800'000'000);
constexpr const char* kMachines = "machines.gantry.dev";
constexpr const char* kClasses = "machineclasses.gantry.dev";
constexpr const char* kClusters = "proxmoxclusters.gantry.dev";
constexpr const char* kNamespace = "default";

lab::MemoryOptions backend_options() {
  lab::MemoryOptions options;
  return options;
}

}  // namespace

struct World::Users {
  Users(World& world)
      : database(world.disk),
        store(world.loop.executor(), database.backend(), world.clock, world.user_random_) {}
  store::memory::Database database;
  store::CachedStore store;
};

World::World(WorldOptions options)
    : trace(options.verbose),
      clock(kStart),
      random(options.seed),
      backend(clock, lab_random_, backend_options()),
      disk(clock),
      options_(options),
      lab_random_(options.seed ^ 0x1111),
      daemon_random_(options.seed ^ 0x2222),
      user_random_(options.seed ^ 0x3333) {
  lab = std::make_unique<lab::Lab>(
      options.nodes > 1 ? lab::cluster_of(options.nodes) : lab::single_node(), clock, lab_random_,
      backend, loop.executor());
  token_ = lab->set_up_least_privilege("gantry", "11111111-2222-4333-8444-555555555555");
  if (options_.as_root) token_ = *lab->add_token("root@pam", "gantry", false);
  disk.latency = 2ms;
  users_ = std::make_unique<Users>(*this);
  GANTRY_CHECK(loop.block_on(clock, set_up()).ok());
}

World::~World() {
  if (daemon_runs()) kill_daemon();
  (void)loop.block_on(clock, users_->store.stop());
  auto stop = [this]() -> Async<Status> {
    co_await lab->stop();
    co_return Status();
  };
  (void)loop.block_on(clock, stop());
}

Async<Status> World::set_up() {
  GANTRY_CO_TRY(co_await users_->store.start());
  auto secret = co_await users_->store.create("secrets", secret_object(token_));
  GANTRY_CO_TRY(secret.status());
  auto cluster = co_await users_->store.create(kClusters, cluster_object(options_.cluster));
  GANTRY_CO_TRY(cluster.status());
  auto shape = co_await users_->store.create(kClasses, class_object(options_.shape));
  co_return shape.status();
}

void World::settle() {
  while (loop.poll() > 0) {
    look_at_writes();
    if (kill_at_.has_value() && !daemon_group_) kill_at_.reset();
  }
}

void World::run_for(Duration duration) {
  const auto end = clock.now() + duration;
  while (true) {
    settle();
    const auto next = clock.next_deadline();
    if (!next.has_value() || *next > end) break;
    clock.advance_to_next();
  }
  clock.advance_to(end);
  settle();
  check_guests();
}

void World::perform(std::function<Async<Status>()> operation) {
  bool done = false;
  async::Group group(loop.executor());
  group.spawn("somebody", [&]() -> Async<Status> {
    auto status = co_await operation();
    trace.note(clock.now(), status.ok() ? "  done" : "  failed: " + message_of(status));
    done = true;
    co_return Status();
  });
  while (!done) {
    settle();
    if (!done) GANTRY_CHECK(clock.advance_to_next());
  }
  settle();
}

void World::start_daemon() {
  GANTRY_CHECK(!daemon_runs());
  trace.note(clock.now(), "daemon starts");
  const auto holder = "daemon-" + std::to_string(++incarnation_);
  daemon_ = std::make_unique<Daemon>(
      DaemonDependencies{loop.executor(), clock, daemon_random_, disk, *lab, holder});
  daemon_group_ = std::make_unique<async::Group>(loop.executor());
  daemon_group_->spawn(holder, [this] { return daemon_->run(); });
}

void World::kill_daemon() {
  trace.note(clock.now(), "daemon is killed");
  daemon_group_->stop();
  // Its end takes no virtual time, so nothing but it can happen meanwhile.
  while (daemon_group_->size() > 0) {
    if (loop.poll() == 0) GANTRY_CHECK(clock.advance_to_next());
  }
  daemon_group_.reset();
  daemon_.reset();
  look_at_writes();
}

std::optional<Json> World::machine(const std::string& name) const {
  const auto object = users_->store.get({kMachines, kNamespace, name});
  if (!object.ok()) return std::nullopt;
  return (*object)->value;
}

std::optional<VmId> World::vmid_of(const std::string& name) const {
  const auto object = machine(name);
  if (!object.has_value()) return std::nullopt;
  const auto* vmid = object->find_path({"status", "vmid"});
  if (vmid == nullptr || !vmid->is_integer()) return std::nullopt;
  return VmId(vmid->as_integer());
}

void World::see_what_users_have() {
  std::set<std::string> there;
  for (const auto& object : users_->store.list(kMachines, kNamespace).items) {
    there.insert(object->key.name);
    auto& wish = wanted_[object->key.name];
    wish.uid = object->uid;
    wish.exists = object->value.find_path({"metadata", "deletionTimestamp"}) == nullptr;
    const auto* power = object->value.find_path({"spec", "powerState"});
    wish.running = power == nullptr || *power != Json("Stopped");
  }
  for (auto& [name, wish] : wanted_) {
    // Of those that users never deleted none may be missing.
    if (!there.contains(name) && ever_wanted_gone_.contains(wish.uid)) wish.exists = false;
  }
}

void World::create_machine(const std::string& name, const std::function<void(Json& spec)>& edit) {
  trace.note(clock.now(), "user creates " + name);
  auto object = machine_object(name);
  if (edit) edit(object.member("spec"));
  perform([this, name, object]() -> Async<Status> {
    auto created = co_await users_->store.create(kMachines, object);
    see_what_users_have();
    co_return created.status();
  });
}

void World::delete_machine(const std::string& name) {
  trace.note(clock.now(), "user deletes " + name);
  perform([this, name]() -> Async<Status> {
    store::Key key{kMachines, kNamespace, name};
    store::Precondition any;
    // From the attempt on: a lost answer may have deleted it.
    see_what_users_have();
    ever_wanted_gone_.insert(wanted_[name].uid);
    auto removed = co_await users_->store.remove(key, any);
    see_what_users_have();
    co_return removed.status();
  });
}

void World::edit_machine(const std::string& name, const std::function<void(Json& spec)>& edit) {
  perform([this, name, edit]() -> Async<Status> {
    const auto object = users_->store.get({kMachines, kNamespace, name});
    if (!object.ok()) co_return object.status();
    auto value = (*object)->value;
    edit(value.member("spec"));
    const bool stop = value.member("spec").string_or("powerState", "Running") == "Stopped";
    if (stop) ever_wanted_stopped_.insert(wanted_[name].uid);
    auto updated = co_await users_->store.update(kMachines, store::Part::main, value);
    see_what_users_have();
    co_return updated.status();
  });
}

void World::edit_class(const std::function<void(Json& spec)>& edit) {
  this->edit({kClasses, "", "small"}, edit);
}

void World::edit_cluster(const std::function<void(Json& spec)>& edit) {
  this->edit({kClusters, "", "home"}, edit);
}

void World::edit(const store::Key& key, const std::function<void(Json& spec)>& edit) {
  perform([this, key, edit]() -> Async<Status> {
    const auto object = users_->store.get(key);
    if (!object.ok()) co_return object.status();
    auto value = (*object)->value;
    edit(value.member("spec"));
    auto updated = co_await users_->store.update(key.resource, store::Part::main, value);
    co_return updated.status();
  });
}

std::vector<Json> World::objects(const store::Resource& resource) const {
  std::vector<Json> objects;
  for (const auto& object : users_->store.list(resource, "").items)
    objects.push_back(object->value);
  return objects;
}

std::unique_ptr<pve::Client> World::root() {
  return lab->client(lab->root_token().id);
}

}  // namespace gantry::sim
