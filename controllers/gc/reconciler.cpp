#include "controllers/gc/reconciler.h"

#include <algorithm>

#include "api/kinds.h"
#include "api/meta/condition.h"
#include "pkg/base/text.h"
#include "pkg/schema/codec.h"
#include "pkg/store/object.h"

namespace gantry::controllers::gc {
namespace {

using namespace std::chrono_literals;
using runtime::Outcome;
using runtime::Request;

// A deletion that takes its usual course is nobody's worry.
constexpr auto kUsual = 10s;
// Dependents on their way tell of their end; this is for those that do not.
constexpr auto kLookAgain = 30s;
constexpr const char* kBlocked = "DeletionBlocked";

Request request_of(const store::Key& key) {
  return {key.ns, key.resource + "/" + key.name};
}

store::Key key_of(const Request& request) {
  const auto slash = request.name.find('/');
  return {request.name.substr(0, slash), request.ns, request.name.substr(slash + 1)};
}

bool is_deleting(const Json& object) {
  return !store::metadata_text(object, "deletionTimestamp").empty();
}

bool has(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// `object` without references to `owners`.
Json without_owners(Json object, const std::vector<Uid>& owners) {
  auto* list = object.find("metadata")->find("ownerReferences");
  std::erase_if(list->as_array(), [&owners](const Json& reference) {
    return std::ranges::find(owners, Uid(reference.string_or("uid", ""))) != owners.end();
  });
  return object;
}

std::string names_of(const std::vector<Owner>& owners) {
  std::vector<std::string> names;
  names.reserve(owners.size());
  for (const auto& owner : owners)
    names.push_back(owner.reference.kind + " " + owner.reference.name);
  return join(names, ", ");
}

}  // namespace

void Reconciler::connect(runtime::Controller& controller) {
  controller_ = &controller;
  std::vector<store::Resource> all;
  for (const auto& kind : api::all_kinds()) {
    if (!kind.stored || kind.kind == "Event") continue;
    all.push_back(kind.resource());
    controller.watches(kind.resource(),
                       [this](const store::Change& change) { return concerned(change); });
  }
  controller.writes(std::move(all));
}

// The object itself when it has owners or waits for finalizers; of a deleted one those that it
// owned, and those that may have waited for it.
std::vector<Request> Reconciler::concerned(const store::Change& change) {
  index_.observe(change);
  const auto& object = *change.object;
  std::vector<Request> requests;
  const auto owners = owner_references(object.value);
  if (change.type == store::ChangeType::deleted) {
    for (const auto& key : index_.dependents_of(object.uid)) requests.push_back(request_of(key));
    for (const auto& owner : owners)
      if (const auto key = key_of_owner(owner, object.key.ns)) requests.push_back(request_of(*key));
    return requests;
  }
  if (!runtime::spec_or_metadata_changed(change)) return requests;
  if (!owners.empty() || is_deleting(object.value)) requests.push_back(request_of(object.key));
  return requests;
}

Observed Reconciler::observe(const store::Object& object) const {
  Observed observed;
  observed.deleting = is_deleting(object.value);
  observed.finalizers = store::finalizers_of(object.value);
  bool broken = false;
  for (const auto& reference : owner_references(object.value, &broken))
    observed.owners.push_back(look_up(the_.store, reference, object.key.ns));
  if (broken) observed.owners.emplace_back();  // somebody, who cannot be told
  const bool asks = has(observed.finalizers, store::kOrphanFinalizer) ||
                    has(observed.finalizers, store::kForegroundFinalizer);
  if (observed.deleting && asks) observed.dependents = dependents_of(the_.store, object);
  return observed;
}

Async<Result<Outcome>> Reconciler::reconcile(Request request) {
  const auto key = key_of(request);
  auto object = the_.store.get(key);
  if (!object.ok()) co_return object.status();
  auto observed = observe(**object);
  if (!plan(observed)) co_return co_await report(*std::move(object), observed);
  // There is something to do. The cache may be behind what others have written: an owner is absent
  // only when it is after everything has been read that was committed until now.
  GANTRY_CO_TRY(co_await the_.store.sync());
  object = the_.store.get(key);
  if (!object.ok()) co_return object.status();
  observed = observe(**object);
  auto step = plan(observed);
  if (step) GANTRY_CO_TRY(co_await take(*object, *std::move(step)));
  if (!observed.deleting) co_return runtime::settled();
  co_return runtime::recheck(kLookAgain);
}

Async<Status> Reconciler::take(store::ObjectPtr object, Step step) {
  if (const auto* go = std::get_if<Delete>(&step))
    co_return co_await remove(std::move(object), go->dependents);
  if (auto* drop = std::get_if<DropOwners>(&step))
    co_return co_await drop_owners(std::move(object), std::move(drop->owners));
  if (auto* leave = std::get_if<Orphan>(&step))
    co_return co_await orphan(*object, std::move(leave->dependents));
  if (auto* release = std::get_if<RemoveFinalizer>(&step))
    co_return co_await remove_finalizer(std::move(object), std::move(release->name));
  for (const auto& key : std::get<CollectDependents>(step).dependents)
    controller_->enqueue(request_of(key));
  co_return Status();
}

Async<Status> Reconciler::remove(store::ObjectPtr object, store::Dependents dependents) {
  store::Removal removal;
  removal.precondition.uid = object->uid;
  removal.precondition.revision = object->revision;  // of what was looked at, and no other
  removal.dependents = dependents;
  const auto owners = names_of(observe(*object).owners);
  auto removed = co_await the_.store.remove(object->key, removal);
  if (!removed.ok()) co_return removed.status();
  tell(*object, "GarbageCollected",
       dependents == store::Dependents::foreground
           ? "deleted, since its owner waits for that: " + owners
           : "deleted, since its owner is gone: " + owners);
  co_return Status();
}

Async<Status> Reconciler::drop_owners(store::ObjectPtr object, std::vector<Uid> owners) {
  auto updated = co_await the_.store.update(object->key.resource, store::Part::main,
                                            without_owners(object->value, owners));
  co_return updated.status();
}

Async<Status> Reconciler::orphan(const store::Object& owner, std::vector<store::Key> dependents) {
  const std::vector<Uid> only(1, owner.uid);
  for (const auto& key : dependents) {
    const auto dependent = the_.store.get(key);
    if (!dependent.ok()) continue;
    GANTRY_CO_TRY(co_await drop_owners(*dependent, only));
    tell(**dependent, "Orphaned", "its owner " + store::to_string(owner.key) + " left it behind");
  }
  controller_->enqueue(request_of(owner.key));
  co_return Status();
}

Async<Status> Reconciler::remove_finalizer(store::ObjectPtr object, std::string name) {
  Json value = object->value;
  std::erase(value.find("metadata")->find("finalizers")->as_array(), Json(name));
  auto updated =
      co_await the_.store.update(object->key.resource, store::Part::main, std::move(value));
  co_return updated.status();
}

Async<Result<Outcome>> Reconciler::report(store::ObjectPtr object, const Observed& observed) {
  if (!observed.deleting) co_return runtime::settled();
  const auto* kind = api::find_by_resource(object->key.resource);
  const auto* status = kind->type()->field("status");
  if (status == nullptr || status->type()->field("conditions") == nullptr)
    co_return runtime::settled();
  const auto asked = from_rfc3339(store::metadata_text(object->value, "deletionTimestamp"));
  const auto waited = asked ? the_.clock.now() - *asked : Duration(kUsual);
  if (waited < kUsual) co_return runtime::recheck(kUsual - waited);
  Json value = object->value;
  auto& list = value.member("status").member("conditions");
  api::meta::Conditions conditions;
  if (list.is_array()) {
    auto read = schema::decode_stored<api::meta::Conditions>(list);
    if (!read.ok()) co_return read.status();
    conditions = *std::move(read);
  }
  api::meta::Condition blocked;
  blocked.type = kBlocked;
  blocked.status = api::meta::ConditionStatus::yes;
  blocked.observed_generation = value.find("metadata")->integer_or("generation", 0);
  blocked.reason = observed.dependents.empty() ? "Finalizers" : "Dependents";
  blocked.message = what_blocks(observed);
  if (!set_condition(conditions, std::move(blocked), the_.clock.now()))
    co_return runtime::recheck(kLookAgain);
  list = schema::encode(conditions);
  auto updated =
      co_await the_.store.update(object->key.resource, store::Part::status, std::move(value));
  if (!updated.ok()) co_return updated.status();
  co_return runtime::recheck(kLookAgain);
}

void Reconciler::tell(const store::Object& object, const std::string& reason,
                      const std::string& message) {
  runtime::Subject subject{object.value.string_or("apiVersion", ""),
                           object.value.string_or("kind", ""), object.key.ns, object.key.name,
                           object.uid};
  the_.events.record(subject, {runtime::EventType::normal, reason, message, ""});
}

}  // namespace gantry::controllers::gc
