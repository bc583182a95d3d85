#pragma once
// Hand-over: with BlueGreen the volumes of an App go to the set of Machines with the new version,
// and back when that cannot run it. A volume has one owner; which, the Machines' controller asks of
// the containers. Here is decided to which set they are to go. Pure.
#include <vector>

#include "api/v1alpha1/app.h"
#include "api/v1alpha1/appliance.h"
#include "api/v1alpha1/machine.h"
#include "controllers/app/rollout.h"

namespace gantry::controllers::app {

// How long those that have got the volumes may take, beside health.startupSeconds, until they
// answer.
inline constexpr Duration kHandoverPatience = std::chrono::minutes(1);

// It has BlueGreen and volumes.
bool hands_over(const api::v1alpha1::App& app);
// The plan of an App with BlueGreen goes by sets and revisions: they are written before it is
// acted upon, so that who dies in between finds them.
bool may_plan(const api::v1alpha1::App& before, const api::v1alpha1::App& app);
// How many there are of the larger of the two sets.
int replicas_of(const api::v1alpha1::App& app);
// It is brought as far as it can be without its volumes, and no farther.
bool only_prepares(const api::v1alpha1::App& app, const api::v1alpha1::AppMachine& machine);
// Writes its part into a Machine as the App wants it: where it is, which way volumes go, whether it
// runs.
void arrange(const api::v1alpha1::App& app, int ordinal, api::v1alpha1::Machine& machine);

// All of the other set waits for nothing but its volumes: from now on they are on their way.
std::vector<News> begin_handover(api::v1alpha1::App& app, Time now);
// They turn round: what they were handed over for is not wanted any more, or has failed. Where
// nothing has been stopped yet, nothing has happened.
void turn_back(api::v1alpha1::App& app);
// Why it cannot go on to the new set; empty: it can.
std::string why_back(const api::v1alpha1::App& app);
// Those that have got the volumes have had their time. nullptr: not yet, or all have answered.
const api::v1alpha1::AppMachine* overdue(const api::v1alpha1::App& app, Time now);
// Every Machine that takes has what it is to have.
bool have_taken(const api::v1alpha1::App& app, const std::vector<api::v1alpha1::Machine>& machines);
// They are where they were before, and it answers, or is suspended: the hand-over is over.
std::vector<News> end_return(api::v1alpha1::App& app, bool taken);

// Once every proxy holds requests for the set that the volumes go to, the other one is told to
// stop. `before`: the App as it is stored, which the Appliances have seen.
void note_turn(const api::v1alpha1::App& before, api::v1alpha1::App& app,
               const std::vector<api::v1alpha1::Appliance>& appliances, Time now);

}  // namespace gantry::controllers::app
