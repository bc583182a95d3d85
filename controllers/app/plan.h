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

// "hello-0".
std::string machine_name(const api::v1alpha1::App& app, int ordinal);
// The Machine with that ordinal as the App wants it.
api::v1alpha1::Machine wanted_machine(const api::v1alpha1::App& app, int ordinal);

// The next step towards the wanted Machines; nullopt when they are as they should be. `machines`
// are all of the namespace: a stranger with one of our names is never touched, and `blocked` then
// says so.
std::optional<Step> plan(const api::v1alpha1::App& app,
                         const std::vector<api::v1alpha1::Machine>& machines, std::string& blocked);

// The App's conditions and counts from its machines' states (status.machines must be filled in).
void judge(api::v1alpha1::App& app, const std::string& blocked, const Status& problem, Time now);

}  // namespace gantry::controllers::app
