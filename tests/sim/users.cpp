// What users do: they write objects, and what they have asked for is remembered.
#include "tests/sim/users.h"

#include "controllers/machineclass/probe.h"
#include "pkg/base/text.h"
#include "pkg/callback/tokens.h"
#include "tests/sim/objects.h"

namespace gantry::sim {
namespace {

bool is_deleting(const Json& object) {
  return object.find_path({"metadata", "deletionTimestamp"}) != nullptr;
}

// The App that owns a Machine; empty when a user made it.
Uid app_of(const Json& machine) {
  const auto* owners = machine.find_path({"metadata", "ownerReferences"});
  if (owners == nullptr || owners->size() == 0) return Uid();
  return Uid(owners->as_array().front().string_or("uid", ""));
}

// Of a compose project's one image.
std::string tag_of(const Json& spec) {
  const auto* text = spec.find_path({"workload", "compose", "inline"});
  if (text == nullptr) return "";
  const auto begin = text->as_string().find(kImage);
  if (begin == std::string::npos) return "";
  const auto tag = text->as_string().substr(begin + std::string_view(kImage).size());
  return tag.substr(0, tag.find('"'));
}

bool is_attached(const Json& spec) {
  const auto* networks = spec.find("networks");
  return networks != nullptr && networks->size() > 0 &&
         networks->as_array().front().find("applianceRef") != nullptr;
}

std::vector<std::string> needs_of(const Json& spec) {
  std::vector<std::string> needs;
  const auto* dependencies = spec.find("dependsOn");
  if (dependencies == nullptr) return needs;
  for (const auto& one : dependencies->as_array()) needs.push_back(one.string_or("name", ""));
  return needs;
}

std::vector<std::string> mounts_of(const Json& spec) {
  std::vector<std::string> mounts;
  const auto* volumes = spec.find("volumes");
  if (volumes == nullptr) return mounts;
  for (const auto& volume : volumes->as_array()) mounts.push_back(volume.string_or("path", ""));
  return mounts;
}

bool takes_turns(const Json& spec) {
  const auto* strategy = spec.find_path({"update", "strategy"});
  return strategy != nullptr && *strategy == Json("BlueGreen");
}

bool deletes_volumes(const Json& spec) {
  const auto* policy = spec.find_path({"deletion", "volumes"});
  return policy != nullptr && *policy == Json("Delete");
}

int ordinal_of(const std::string& machine) {
  const auto number = machine.substr(0, machine.rfind("-green"));
  return static_cast<int>(parse_integer(number.substr(number.rfind('-') + 1)).value_or(0));
}

}  // namespace

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

std::optional<Json> World::probe() const {
  const auto object =
      users_->store.get({kMachines, controllers::machineclass::kProbeNamespace, kProbeMachine});
  return object.ok() ? std::optional((*object)->value) : std::nullopt;
}

std::optional<Json> World::golden_class() const {
  const auto object = users_->store.get({kClasses, "", "golden"});
  return object.ok() ? std::optional((*object)->value) : std::nullopt;
}

std::vector<Json> World::objects(const store::Resource& resource) const {
  std::vector<Json> objects;
  for (const auto& object : users_->store.list(resource, "").items)
    objects.push_back(object->value);
  return objects;
}

void World::see_what_users_have() {
  for (auto& [name, wish] : wanted_apps_) wish.exists = false;
  for (const auto& object : users_->store.list(kApps, kNamespace).items) {
    auto& wish = wanted_apps_[object->key.name];
    const auto& spec = *object->value.find("spec");
    wish.uid = object->uid;
    wish.exists = !is_deleting(object->value);
    wish.replicas = static_cast<int>(spec.integer_or("replicas", 1));
    wish.suspended = spec.bool_or("suspend", false);
    const auto* files = spec.find_path({"workload", "service", "files"});
    wish.native = files != nullptr;
    wish.page = wish.native ? files->as_array().front().string_or("content", "") : tag_of(spec);
    wish.mounts = mounts_of(spec);
    wish.needs = needs_of(spec);
    wish.bad = is_bad(wish.page);
    const auto* on_failure = spec.find_path({"update", "onFailure"});
    wish.rolls_back = on_failure == nullptr || *on_failure == Json("Rollback");
    auto& asked = asked_[object->uid];
    asked.pages.insert(wish.page);
    wish.attached = is_attached(spec);
    const auto* expose = spec.find("expose");
    wish.host = expose == nullptr ? "" : expose->as_array().front().string_or("host", "");
    asked.fewest = std::min(asked.fewest, wish.replicas);
    asked.volumes_too = asked.volumes_too || deletes_volumes(spec);
    wish.takes_turns = takes_turns(spec);
    asked.takes_turns = asked.takes_turns || wish.takes_turns;
  }
  std::set<std::string> there;
  const store::Query machines{kMachines, kNamespace, {}};
  for (const auto& record : users_->store.reader().list(machines, {}).items) {
    const auto& name = record->key.name;
    there.insert(name);
    if (std::exchange(seen_[name], record->revision) == record->revision) continue;
    const auto object = *users_->store.get(record->key);
    auto& wish = wanted_[name];
    if (wish.uid != object->uid) wish = Wanted();
    wish.uid = object->uid;
    wish.exists = !is_deleting(object->value);
    const auto* power = object->value.find_path({"spec", "powerState"});
    wish.running = power == nullptr || *power != Json("Stopped");
    wish.attached = is_attached(*object->value.find("spec"));
    machines_[object->uid] = Origin{name, app_of(object->value)};
  }
  see_probe();
  for (auto& [name, wish] : wanted_) {
    // Of those that users never deleted none may be missing.
    if (!there.contains(name) && may_go(wish.uid)) wish.exists = false;
  }
}

// It is its class's alone: nobody asks for it, and it may go at any time.
void World::see_probe() {
  const auto object = probe();
  if (!object.has_value()) return;
  const Uid uid(object->find_path({"metadata", "uid"})->as_string());
  machines_[uid] = Origin{kProbeMachine, Uid(), true};
}

bool World::may_go(const Uid& uid) const {
  if (const auto own = asked_.find(uid); own != asked_.end() && own->second.gone) return true;
  const auto origin = machines_.find(uid);
  if (origin != machines_.end() && origin->second.is_probe) return true;
  if (origin == machines_.end() || origin->second.app.get().empty()) return false;
  const auto app = asked_.find(origin->second.app);
  if (app == asked_.end()) return false;
  const bool has_turns = app->second.takes_turns && is_spare(origin->second);
  return app->second.gone || has_turns || ordinal_of(origin->second.name) >= app->second.fewest;
}

// Only Apps have volumes here.
bool World::may_lose_data(const Uid& uid) const {
  const auto origin = machines_.find(uid);
  if (origin == machines_.end() || origin->second.app.get().empty()) return true;
  const auto app = asked_.find(origin->second.app);
  return app != asked_.end() && app->second.volumes_too;
}

bool World::may_stop(const Uid& uid) const {
  if (may_go(uid)) return true;
  if (const auto own = asked_.find(uid); own != asked_.end() && own->second.stopped) return true;
  const auto origin = machines_.find(uid);
  if (origin == machines_.end()) return false;
  const auto app = asked_.find(origin->second.app);
  if (app == asked_.end()) return false;
  return app->second.stopped || (app->second.takes_turns && is_giving(origin->second));
}

void World::acknowledge(const store::Key& key, const Uid& uid) {
  created_.insert(uid);
  acknowledged_[key] = uid;
  looked_for_.insert(key);  // or was never there: that is to be seen
}

void World::create(const store::Resource& resource, Json object) {
  const auto name = object.find_path({"metadata", "name"})->as_string();
  trace.note(clock.now(), "user creates " + name);
  perform([this, resource, object]() -> Async<Status> {
    auto created = co_await users_->store.create(resource, object);
    if (created.ok()) acknowledge((*created)->key, (*created)->uid);
    see_what_users_have();
    co_return created.status();
  });
}

void World::remove(const store::Key& key, store::Dependents dependents) {
  trace.note(clock.now(), "user deletes " + key.name);
  perform([this, key, dependents]() -> Async<Status> {
    store::Removal any;
    any.dependents = dependents;
    // From the attempt on: a lost answer may have deleted it.
    see_what_users_have();
    acknowledged_.erase(key);
    if (const auto object = users_->store.get(key); object.ok()) {
      asked_[(*object)->uid].gone = true;
      any.precondition.uid = (*object)->uid;
    }
    auto removed = co_await users_->store.remove(key, any);
    see_what_users_have();
    co_return removed.status();
  });
}

void World::edit(const store::Key& key, const std::function<void(Json& spec)>& edit) {
  perform([this, key, edit]() -> Async<Status> {
    const auto object = users_->store.get(key);
    if (!object.ok()) co_return object.status();
    auto value = (*object)->value;
    auto& spec = value.member("spec");
    edit(spec);
    auto& asked = asked_[(*object)->uid];
    const bool stop = spec.string_or("powerState", "Running") == "Stopped" ||
                      spec.bool_or("suspend", false) || spec.find("restore") != nullptr;
    asked.stopped = asked.stopped || stop;
    if (key.resource == kApps) {
      asked.fewest = std::min(asked.fewest, static_cast<int>(spec.integer_or("replicas", 1)));
      asked.volumes_too = asked.volumes_too || deletes_volumes(spec);
      asked.takes_turns = asked.takes_turns || takes_turns(spec);
    }
    auto updated = co_await users_->store.update(key.resource, store::Part::main, value);
    see_what_users_have();
    co_return updated.status();
  });
}

void World::create_machine(const std::string& name, const std::function<void(Json& spec)>& edit) {
  auto object = machine_object(name);
  if (edit) edit(object.member("spec"));
  create(kMachines, std::move(object));
}

void World::delete_machine(const std::string& name) {
  remove({kMachines, kNamespace, name});
}

void World::edit_machine(const std::string& name, const std::function<void(Json& spec)>& edit) {
  trace.note(clock.now(), "user edits " + name);
  this->edit({kMachines, kNamespace, name}, edit);
}

void World::create_app(const std::string& name, int replicas, const std::string& page,
                       const std::function<void(Json& spec)>& edit) {
  auto object = app_object(name, replicas, page);
  if (edit) edit(object.member("spec"));
  create(kApps, std::move(object));
}

void World::create_appliance(const std::function<void(Json& spec)>& edit) {
  auto object = appliance_object();
  if (edit) edit(object.member("spec"));
  create(kAppliances, std::move(object));
}

void World::edit_appliance(const std::function<void(Json& spec)>& edit) {
  trace.note(clock.now(), "user edits the appliance");
  this->edit({kAppliances, kNamespace, "lan"}, edit);
}

void World::delete_appliance() {
  remove({kAppliances, kNamespace, "lan"});
}

void World::write_values(const store::Resource& resource, const std::string& name,
                         const std::map<std::string, std::string>& values) {
  const bool secret = resource == "secrets";
  auto object = values_object(secret ? "Secret" : "ConfigMap", name);
  for (const auto& [key, value] : values)
    object.member("data").set(key, secret ? base64_encode(value) : value);
  const auto old = users_->store.get({resource, kNamespace, name});
  if (!old.ok()) return create(resource, std::move(object));
  object.set("metadata", *(*old)->value.find("metadata"));
  perform([this, resource, object]() -> Async<Status> {
    const auto updated = co_await users_->store.update(resource, store::Part::main, object);
    co_return updated.status();
  });
}

void World::delete_app(const std::string& name, store::Dependents dependents) {
  remove({kApps, kNamespace, name}, dependents);
}

void World::strip_app(const std::string& name) {
  perform([this, name]() -> Async<Status> {
    const store::Key key(kApps, kNamespace, name);
    const auto object = users_->store.get(key);
    if (!object.ok()) co_return object.status();
    auto value = (*object)->value;
    value.member("metadata").erase("finalizers");
    auto updated = co_await users_->store.update(kApps, store::Part::main, value);
    co_return updated.status();
  });
}

void World::edit_app(const std::string& name, const std::function<void(Json& spec)>& edit) {
  trace.note(clock.now(), "user edits " + name);
  this->edit({kApps, kNamespace, name}, edit);
}

void World::call_back(const std::string& machine, int64_t attempt) {
  trace.note(clock.now(), machine + " calls back");
  perform([this, machine, attempt]() -> Async<Status> {
    const store::Key key{kMachines, kNamespace, machine};
    const auto object = users_->store.get(key);
    if (!object.ok()) co_return object.status();
    auto value = (*object)->value;
    auto& annotations = value.member("metadata").member("annotations");
    annotations.set(callback::kHeardAnnotation, std::to_string(attempt));
    auto updated = co_await users_->store.update(key.resource, store::Part::main, value);
    co_return updated.status();
  });
}

void World::edit_class(const std::function<void(Json& spec)>& edit) {
  trace.note(clock.now(), "user edits the class");
  this->edit({kClasses, "", "small"}, edit);
}

void World::edit_cluster(const std::function<void(Json& spec)>& edit) {
  trace.note(clock.now(), "user edits the cluster");
  this->edit({kClusters, "", "home"}, edit);
}

}  // namespace gantry::sim
