// The two sets of Machines that BlueGreen takes turns with.
#include "pkg/base/search.h"
#include "tests/sim/objects.h"
#include "tests/sim/users.h"
#include "tests/sim/words.h"

namespace gantry::sim {
namespace {

constexpr std::string_view kGreen = "-green";

bool is_green(const std::string& machine) {
  return machine.ends_with(kGreen);
}

// nullptr: it has none yet, which is blue.
const Json* active_slot(const Json& app) {
  return app.find_path({"status", "activeSlot"});
}
bool is_green_active(const Json& app) {
  const auto* slot = active_slot(app);
  return slot != nullptr && *slot == Json("Green");
}

}  // namespace

std::string World::serving_machine(const std::string& app, int ordinal) const {
  const auto name = app + "-" + std::to_string(ordinal);
  const auto object = users_->store.get({kApps, kNamespace, app});
  return object.ok() && is_green_active((*object)->value) ? name + std::string(kGreen) : name;
}

// It is not of the set that serves.
bool World::is_spare(const Origin& machine) const {
  for (const auto& object : users_->store.list(kApps, kNamespace).items)
    if (object->uid == machine.app) return is_green(machine.name) != is_green_active(object->value);
  return false;
}

// Its volumes go to the other set, or come from there: it stands still for that.
bool World::is_giving(const Origin& machine) const {
  for (const auto& object : users_->store.list(kApps, kNamespace).items)
    if (object->uid == machine.app)
      return object->value.find_path({"status", "handover", "stoppedAt"}) != nullptr;
  return false;
}

std::vector<std::string> World::unmet_spare(const std::string& name, const Json& app) const {
  std::vector<std::string> unmet;
  for (const auto& [machine, wish] : wanted_) {
    const auto origin = machines_.find(wish.uid);
    const bool is_ours = machine.starts_with(name + "-") && origin != machines_.end() &&
                         !origin->second.app.get().empty() && this->machine(machine).has_value();
    if (is_ours && is_green(machine) != is_green_active(app) && !is_held_for_ever(machine))
      unmet.push_back(machine + " is left over");
  }
  return unmet;
}

// The text of an object is canonical: nothing is parsed.
void World::see_slot(const Uid& app, std::string_view text, bool is_followed) {
  const bool green = has_text(text, R"("activeSlot":"Green")");
  const auto known = green_apps_.find(app);
  const bool has_switched = known != green_apps_.end() && known->second != green;
  green_apps_[app] = green;
  if (!has_switched || !is_followed) return;
  reached.note("another set serves");
  see_what_users_have();
  for (const auto& [uid, origin] : machines_) {
    if (origin.app != app || is_green(origin.name) != green) continue;
    if (is_bad(page_of(origin.name)))
      violate(origin.name + " serves, with a version that does not come up");
  }
}

}  // namespace gantry::sim
