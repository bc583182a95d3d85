#include "tests/sim/world.h"

#include "pkg/base/check.h"
#include "tests/sim/objects.h"
#include "tests/sim/records.h"
#include "tests/sim/users.h"

namespace gantry::sim {
namespace {

using namespace std::chrono_literals;

const Time kStart = from_unix_seconds(1'800'000'000);
const VmId kGolden(900);

lab::Options lab_options(const WorldOptions& options) {
  auto made = options.nodes > 1 ? lab::cluster_of(options.nodes) : lab::single_node();
  if (options.tank.empty()) return made;
  lab::StorageOptions tank;
  tank.id = StorageId("tank");
  tank.type = options.tank;
  tank.content = {"rootdir", "images"};
  tank.total = int64_t{250} << 30;
  made.storages.push_back(std::move(tank));
  return made;
}

std::function<void(api::v1alpha1::MachineClassSpec&)> shape_of(const WorldOptions& options) {
  if (options.tank.empty()) return options.shape;
  return [edit = options.shape](api::v1alpha1::MachineClassSpec& spec) {
    spec.root_disk.storage_selector = R"(storage.name == "tank")";
    if (edit) edit(spec);
  };
}

}  // namespace

World::World(WorldOptions options)
    : trace(options.verbose),
      clock(kStart),
      random(options.seed),
      backend(clock, lab_random_, lab::MemoryOptions()),
      disk(clock),
      options_(std::move(options)),
      lab_random_(options_.seed ^ 0x1111),
      user_random_(options_.seed ^ 0x3333) {
  if (options_.cluster) options_.cluster(cluster_);
  lab = std::make_unique<lab::Lab>(lab_options(options_), clock, lab_random_, backend,
                                   loop.executor());
  token_ = lab->set_up_least_privilege("gantry", "11111111-2222-4333-8444-555555555555");
  if (options_.with_network) lab->allow_bridges();
  if (options_.as_root) token_ = *lab->add_token("root@pam", "gantry", false);
  disk.latency = 2ms;
  users_ = std::make_unique<Users>(*this, user_random_);
  GANTRY_CHECK(loop.block_on(clock, set_up()).ok());
  for (int number = 1; number <= options_.hosts; ++number) {
    const auto name = number == 1 ? std::string("daemon") : "daemon" + std::to_string(number);
    const auto* callbacks = options_.callbacks ? &*options_.callbacks : nullptr;
    const Host::Surroundings surroundings{clock,          disk,          *lab,
                                          channel_faults, options_.bugs, callbacks};
    const auto seed = options_.seed ^ (0x2222 + static_cast<uint64_t>(number - 1));
    hosts_.push_back(std::make_unique<Host>(name, seed, surroundings));
  }
  for (const auto& [key, row] : disk.image.objects) acknowledge(key, row.uid);
}

World::~World() {
  hosts_.clear();
  (void)loop.block_on(clock, users_->store.stop());
  auto stop = [this]() -> Async<Status> {
    co_await lab->stop();
    co_return Status();
  };
  (void)loop.block_on(clock, stop());
}

void World::restore_database(store::memory::Image backup) {
  trace.note(clock.now(), "another database is restored");
  // Users' clients begin anew: what they have seen may be no part of this history.
  perform([this]() -> Async<Status> { return users_->store.stop(); });
  disk.restore(std::move(backup));
  objects_seen_ = -1;
  seen_.clear();
  acknowledged_.clear();
  for (const auto& [uid, origin] : machines_) restored_away_.insert(uid);
  for (const auto& [key, row] : disk.image.objects) restored_away_.erase(row.uid);
  for (const auto& [key, row] : disk.image.objects) {
    if (created_.contains(row.uid) && !may_go(row.uid)) acknowledge(key, row.uid);
  }
  // Only now: time passes, and what is missing from this database is looked for.
  users_ = std::make_unique<Users>(*this, user_random_);
  perform([this]() -> Async<Status> { return users_->store.start(); });
}

Async<Status> World::set_up() {
  GANTRY_CO_TRY(co_await users_->store.start());
  auto secret = co_await users_->store.create("secrets", secret_object(token_));
  GANTRY_CO_TRY(secret.status());
  auto cluster = co_await users_->store.create(kClusters, cluster_object(options_.cluster));
  GANTRY_CO_TRY(cluster.status());
  auto shape = co_await users_->store.create(kClasses, class_object(shape_of(options_)));
  GANTRY_CO_TRY(shape.status());
  if (options_.away) GANTRY_CO_TRY(co_await add_cluster_away());
  if (!options_.golden) co_return Status();
  auto golden = co_await users_->store.create(kClasses, golden_class_object(options_.keyctl));
  GANTRY_CO_TRY(golden.status());
  co_return co_await make_golden_template();
}

Async<Status> World::add_cluster_away() {
  auto object = cluster_object({});
  object.member("metadata").set("name", "away");
  auto cluster = co_await users_->store.create(kClusters, std::move(object));
  GANTRY_CO_TRY(cluster.status());
  auto far =
      class_object([](api::v1alpha1::MachineClassSpec& spec) { spec.cluster_name = "away"; });
  far.member("metadata").set("name", "far");
  auto shape = co_await users_->store.create(kClasses, std::move(far));
  co_return shape.status();
}

// As docs tell a person to: a container, made a template, in our pool.
Async<Status> World::make_golden_template() {
  const auto client = root();
  const NodeName node("pve1");
  pve::Parameters parameters;
  parameters["ostemplate"] = "local:vztmpl/debian-12-standard_12.12-1_amd64.tar.zst";
  parameters["hostname"] = "golden-debian";
  parameters["rootfs"] = "local:8";
  parameters["unprivileged"] = "1";
  auto made = co_await client->create_guest(node, kGolden, parameters);
  GANTRY_CO_TRY(made.status());
  GANTRY_CO_TRY(co_await clock.sleep_for(1min));
  GANTRY_CO_TRY(lab->edit_config(kGolden, "template", "1"));
  if (options_.keyctl) {
    GANTRY_CO_TRY(lab->edit_config(kGolden, "features", "nesting=1,keyctl=1"));
  }
  GANTRY_CO_TRY(lab->set_pool(kGolden, "gantry"));
  strangers_[kGolden] = text_of(*lab->find_guest(kGolden));
  co_return Status();
}

void World::offer_images() {
  auto& options = backend.options();
  options.templates["debian-13-standard_13.1-1_amd64.tar.zst"] = 130 << 20;
  options.registry.images = {"wiki:1", "wiki:2", "wiki:3", "wiki:9", "wiki:bad1"};
  options.registry.sick["wiki:bad1"] = "Restarting (1) 3 seconds ago";
}

void World::let_versions_fail() {
  backend.options().program = [](VmId, lab::GuestSystem& system, const guest::Command&) {
    const auto page = system.files.find(kPagePath);
    const bool bad = page != system.files.end() && is_bad(page->second.content);
    system.http_status = bad ? 500 : 200;
    return std::optional<guest::Exit>();
  };
}

void World::settle() {
  bool busy = true;
  while (busy) {
    busy = loop.poll() > 0;
    look(nullptr);
    for (const auto& host : hosts_) {
      const bool ran = host->runs();
      const auto handlers = host->poll();
      if (ran && !host->runs()) {
        trace.note(clock.now(), host->name() + " dies between two awaits");
        reached.note("killed between two awaits");
      }
      if (handlers == 0) continue;
      busy = true;
      look(host.get());
    }
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

void World::spare_daemons() {
  kill_at_.reset();
  for (const auto& host : hosts_) host->spare();
}

void World::start_daemon(size_t number) {
  trace.note(clock.now(), host(number).name() + " starts");
  if (lab->running_tasks() > 0) reached.note("restarted while a task runs");
  host(number).start();
}

void World::kill_daemon(size_t number) {
  trace.note(clock.now(), host(number).name() + " is killed");
  host(number).kill();
  look(&host(number));
}

const Daemon* World::leader() const {
  for (const auto& host : hosts_) {
    if (host->runs() && !host->is_paused() && host->daemon()->leads()) return host->daemon();
  }
  return nullptr;
}

std::unique_ptr<pve::Client> World::root() {
  return lab->client(lab->root_token().id);
}

}  // namespace gantry::sim
