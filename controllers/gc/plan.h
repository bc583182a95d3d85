#pragma once
// plan: what the garbage collector does next about one object. Pure.
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "api/meta/types.h"
#include "pkg/store/store.h"

namespace gantry::controllers::gc {

// What is known of an owner that an object names.
enum class Presence {
  present,  // it exists, as the very object that is named (uid)
  waiting,  // the same, but it is being deleted and waits for its dependents to go first
  absent,   // it does not exist any more: another object, or none, has its name
  unknown,  // cannot be told: a kind that nobody serves here, or a place where it cannot be
};
struct Owner {
  api::meta::OwnerReference reference;
  Presence presence = Presence::unknown;
};

// An object that names this one as its owner.
struct Dependent {
  store::Key key;
  bool blocks = false;  // blockOwnerDeletion
  bool deleting = false;
};

struct Observed {
  bool deleting = false;
  std::vector<std::string> finalizers;
  std::vector<Owner> owners;
  std::vector<Dependent> dependents;  // looked up only while it is deleted with them or without
};

struct Delete {  // nobody owns it any more
  store::Dependents dependents = store::Dependents::unsaid;
  bool operator==(const Delete&) const = default;
};
struct DropOwners {  // those that are gone or wait, while others are there
  std::vector<Uid> owners;
  bool operator==(const DropOwners&) const = default;
};
struct CollectDependents {  // they are looked at, and go because this one waits for them
  std::vector<store::Key> dependents;
  bool operator==(const CollectDependents&) const = default;
};
struct Orphan {  // they forget this owner
  std::vector<store::Key> dependents;
  bool operator==(const Orphan&) const = default;
};
struct RemoveFinalizer {
  std::string name;
  bool operator==(const RemoveFinalizer&) const = default;
};
using Step = std::variant<Delete, DropOwners, CollectDependents, Orphan, RemoveFinalizer>;

// The next step, or nothing. What is unknown never leads to a step.
// k8s.io/kubernetes/pkg/controller/garbagecollector (attemptToDeleteItem).
std::optional<Step> plan(const Observed& observed);

// "waits for gantry.dev/app, foregroundDeletion; still there: machines.gantry.dev default/web-0":
// what keeps an object that is being deleted.
std::string what_blocks(const Observed& observed);

}  // namespace gantry::controllers::gc
