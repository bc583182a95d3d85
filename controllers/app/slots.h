#pragma once
// Slots: the two sets of Machines that an update with BlueGreen takes turns with, "hello-0" and
// "hello-0-green". One of them serves; the other is there only during an update. Pure.
#include <string>
#include <vector>

#include "api/v1alpha1/app.h"
#include "api/v1alpha1/appliance.h"

namespace gantry::controllers::app {

// "hello-0", "hello-0-green". The names of no other App's Machines end so.
std::string machine_name(const api::v1alpha1::App& app, int ordinal,
                         api::v1alpha1::Slot slot = api::v1alpha1::Slot::blue);
// Which set a Machine of that name is of.
api::v1alpha1::Slot slot_of(const std::string& machine);
api::v1alpha1::Slot other(api::v1alpha1::Slot slot);

bool is_blue_green(const api::v1alpha1::App& app);
// What serves is left as it is: another version is to come up beside it, or has failed to.
bool leaves_alone(const api::v1alpha1::App& app);
// Writes down which set serves and what belongs to its version, as long as the spec is about that
// one.
void note_serving(api::v1alpha1::App& app);
// The App as the set that serves is to be asked: by its own version's ports and health.
api::v1alpha1::App as_served(const api::v1alpha1::App& app);
// Another version is to come up in the other set, which is free for it; or volumes are on their way
// there or back.
bool wants_standby(const api::v1alpha1::App& app);
// It neither serves nor is to.
bool retires(const api::v1alpha1::App& app, const api::v1alpha1::AppMachine& machine);

// What was under way when the proxy turned to other containers has so long to end, as under Docker
// and Compose; what takes longer is cut off as by every stop.
inline constexpr Duration kDrain = std::chrono::seconds(10);

// Whether those that have served before may go. Empty: they may. Else what they wait for: that
// every route of the App, as its Appliances' proxies have loaded it, leads to others only, and then
// kDrain. `appliances`: those that its networks name.
std::string why_kept(const api::v1alpha1::App& app,
                     const std::vector<api::v1alpha1::Appliance>& appliances, Time now);

// Whether every route of the App leads to the set that requests are sent to, as the proxies have
// loaded it. Empty: it does, or there is none.
std::string why_not_turned(const api::v1alpha1::App& app,
                           const std::vector<api::v1alpha1::Appliance>& appliances);

}  // namespace gantry::controllers::app
