#pragma once
// Snapshots: the data of an App's containers, kept aside before another revision goes out. Pure.
#include <string>
#include <vector>

#include "api/v1alpha1/app.h"
#include "api/v1alpha1/machine.h"

namespace gantry::controllers::app {

// Of each Machine; the oldest goes when there are more.
inline constexpr size_t kSnapshotsKept = 3;
// How long an update waits for one until a person is asked.
inline constexpr Duration kSnapshotPatience = std::chrono::minutes(10);

// Adds it to those that the Machine is to have.
void add_snapshot(api::v1alpha1::MachineSpec& spec, const std::string& name);

// Takes those off its list that are not there: what is asked for no more is not to be taken later.
void drop_snapshots(api::v1alpha1::Machine& machine);

// What the Machine is to be put back to by spec.restore, when it may be: what it is to run is by
// now what the spec asks for.
std::optional<api::v1alpha1::Restore> restore_of(const api::v1alpha1::App& app,
                                                 const std::string& machine);
// … and that is neither done nor refused: nothing is put into it meanwhile.
bool awaits_restore(const api::v1alpha1::App& app, const api::v1alpha1::AppMachine& machine);

// What Machines say of the snapshots that were asked for, into the revisions whose data they hold.
// Answers what is waited for; Invalid once that has taken too long. OK: nothing.
Status see_snapshots(api::v1alpha1::App& app, const std::vector<api::v1alpha1::Machine>& machines,
                     Time now);

// True once the data that the container has is kept aside, or it is known that it cannot be; until
// then asks for it.
bool keep_data(api::v1alpha1::App& app, api::v1alpha1::AppMachine& machine, Time now);
void forget_request(api::v1alpha1::AppMachine& machine);

}  // namespace gantry::controllers::app
