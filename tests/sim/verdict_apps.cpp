// What must hold of Apps in the end.
#include <algorithm>

#include "tests/sim/objects.h"
#include "tests/sim/users.h"
#include "tests/sim/words.h"

namespace gantry::sim {
namespace {

bool is_mounted(const lab::GuestRecord& guest, const std::string& path) {
  return std::ranges::any_of(guest.config, [&path](const auto& setting) {
    return setting.first.starts_with("mp") &&
           setting.second.find(",mp=" + path + ",") != std::string::npos;
  });
}

}  // namespace

// A Machine of which a person has taken both marks.
bool World::has_held_machine(const std::string& app) const {
  return std::ranges::any_of(wanted_, [&](const auto& wanted) {
    return wanted.first.starts_with(app + "-") && is_held_for_ever(wanted.first);
  });
}

std::vector<std::string> World::unmet_inside(const std::string& app, const std::string& machine,
                                             const WantedApp& wish) const {
  const auto vmid = vmid_of(machine);
  if (!vmid.has_value() || is_stranger(*vmid)) return {};
  const auto* system = lab->find_guest(*vmid).has_value() ? backend.inside(*vmid) : nullptr;
  if (system == nullptr) return {machine + " has no inside"};
  std::vector<std::string> unmet;
  for (const auto& mount : wish.mounts) {
    if (!is_mounted(*lab->find_guest(*vmid), mount)) unmet.push_back(machine + " has no " + mount);
  }
  if (holds_data(*vmid) && !system->files.contains(kKeptPath))
    unmet.push_back(machine + " has lost its data");
  // An update takes no replica down while another one is down already.
  if (page_of(machine) != wish.page && !has_held_machine(app))
    unmet.push_back(machine + " does not have its version");
  if (!wish.native) {
    if (system->docker.services.empty()) unmet.push_back(machine + " has no services");
    for (const auto& [name, service] : system->docker.services)
      if (service.state != "running") unmet.push_back(machine + ": " + name + " does not run");
    return unmet;
  }
  const auto unit = system->units.find(kUnit);
  if (unit == system->units.end() || !unit->second.active) {
    unmet.push_back(machine + " does not serve");
  }
  return unmet;
}

std::string World::page_of(const std::string& machine) const {
  const auto vmid = vmid_of(machine);
  if (!vmid.has_value() || !lab->find_guest(*vmid).has_value()) return "";
  const auto* system = backend.inside(*vmid);
  if (system == nullptr) return "";
  const auto page = system->files.find(kPagePath);
  if (page != system->files.end()) return page->second.content;
  for (const auto& [name, service] : system->docker.services)
    if (service.image.starts_with(kImage)) return service.image.substr(std::string(kImage).size());
  return "";
}

std::vector<std::string> World::unmet_app(const std::string& name, const WantedApp& wish) const {
  const auto object = users_->store.get({kApps, kNamespace, name});
  if (!wish.exists) {
    if (!object.ok()) return {};
    // It waits for Machines of which a person has taken both marks.
    if (has_held_machine(name)) return {};
    return {name + " is not gone"};
  }
  if (!object.ok()) return {name + " is missing"};
  const auto* ready = find_condition((*object)->value, "Ready");
  if (wish.bad && !wish.suspended && wish.replicas > 0 && needs_are_met(wish, 0))
    return unmet_rollback(name, wish, (*object)->value);
  std::vector<std::string> unmet;
  const bool waits = wish.bad || (wish.attached && !may_be_attached()) || !needs_are_met(wish, 0);
  if (may_answer(name, wish, 0)) add(unmet, unmet_spare(name, (*object)->value));
  for (int ordinal = 0; ordinal < wish.replicas; ++ordinal) {
    const auto machine = serving_machine(name, ordinal);
    if (!this->machine(machine).has_value())
      unmet.push_back(machine + " is missing");
    else if (!wish.suspended && !waits && !is_held_for_ever(machine))
      add(unmet, unmet_inside(name, machine, wish));
  }
  if (may_answer(name, wish, 0) && !is_true(ready)) {
    unmet.push_back(name + " " + (ready == nullptr ? "has no condition" : words_of(*ready)));
  }
  return unmet;
}

// A version that does not come up is taken back by itself, where there is one to go back to; and
// never is it said to be well.
std::vector<std::string> World::unmet_rollback(const std::string& name, const WantedApp& wish,
                                               const Json& app) const {
  const auto* ready = find_condition(app, "Ready");
  if (ready == nullptr) return {name + " has no condition"};
  if (is_true(ready)) return {name + " is said to be well with a version that is not"};
  const auto* current = app.find_path({"status", "currentRevision"});
  if (!wish.rolls_back || current == nullptr || current->as_string().empty()) return {};
  std::vector<std::string> unmet;
  if (has_held_machine(name)) return {};
  if (ready->string_or("reason", "") != "RolledBack")
    unmet.push_back(name + " was not rolled back: " + words_of(*ready));
  add(unmet, unmet_spare(name, app));
  for (int ordinal = 0; ordinal < wish.replicas; ++ordinal) {
    const auto machine = serving_machine(name, ordinal);
    const auto page = page_of(machine);
    if (is_bad(page)) unmet.push_back(machine + " is still on what was rolled back");
    if (!asked_.at(wish.uid).pages.contains(page))
      unmet.push_back(machine + " serves what nobody asked for: '" + page + "'");
  }
  if (!is_true(find_condition(app, "Available")))
    unmet.push_back(name + " is not available after its rollback");
  return unmet;
}

// All that it depends on answers, as far as users have it so.
bool World::needs_are_met(const WantedApp& wish, int depth) const {
  return std::ranges::all_of(wish.needs, [this, depth](const std::string& need) {
    const auto app = wanted_apps_.find(need);
    return app != wanted_apps_.end() && may_answer(need, app->second, depth + 1);
  });
}

// Nothing that users want, and nothing that only a person can decide, keeps it from being ready.
bool World::may_answer(const std::string& name, const WantedApp& wish, int depth) const {
  constexpr int kDeepest = 20;
  if (wish.attached && !may_be_attached()) return false;
  if (!wish.exists || wish.suspended || wish.replicas == 0 || wish.bad || depth > kDeepest)
    return false;
  // Also one that is to go and cannot.
  for (const auto& [machine, wanted] : wanted_) {
    if (machine.starts_with(name + "-") && this->machine(machine) && is_held_for_ever(machine))
      return false;
  }
  return needs_are_met(wish, depth);
}

}  // namespace gantry::sim
