#pragma once
// What an App needs next, decided without I/O.
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "api/v1alpha1/app.h"
#include "api/v1alpha1/machine.h"
#include "controllers/app/slots.h"

namespace gantry::controllers::app {

inline constexpr const char* kFinalizer = "gantry.dev/app";
inline constexpr const char* kAppLabel = "gantry.dev/app";

// Object steps; one a reconcile, deletions first.
struct AddFinalizer {};
struct CreateMachine {
  api::v1alpha1::Machine machine;
};
struct UpdateMachine {
  api::v1alpha1::Machine machine;  // with the spec it should have
};
struct DeleteMachine {
  std::string name;
};
struct RemoveFinalizer {};
struct Await {  // something that ends by itself; nothing is written
  std::string what;
};
using Step =
    std::variant<AddFinalizer, CreateMachine, UpdateMachine, DeleteMachine, RemoveFinalizer, Await>;

// The Machines that belong to this App: the owner's uid decides, never the name.
std::vector<api::v1alpha1::Machine> owned_machines(
    const api::v1alpha1::App& app, const std::vector<api::v1alpha1::Machine>& machines);

// The Machine with that ordinal as the App wants it.
api::v1alpha1::Machine wanted_machine(const api::v1alpha1::App& app, int ordinal,
                                      api::v1alpha1::Slot slot = api::v1alpha1::Slot::blue);

// The next step towards the wanted Machines; nullopt when they are as they should be. `machines`
// are all of the namespace: a stranger with one of our names is never touched, and `blocked` then
// says so. Goes by what the status says of sets and revisions, which must be written already.
// `may_retire`: those that have served before may go.
std::optional<Step> plan(const api::v1alpha1::App& app,
                         const std::vector<api::v1alpha1::Machine>& machines, std::string& blocked,
                         bool may_retire = true);

// The App's conditions and counts from its machines' states (status.machines must be filled in).
void judge(api::v1alpha1::App& app, const std::string& blocked, const Status& problem, Time now);

}  // namespace gantry::controllers::app
