#include "controllers/app/pressure.h"

#include "api/meta/condition.h"

namespace gantry::controllers::app {

void judge_pressure(api::v1alpha1::App& app, const std::vector<api::v1alpha1::Machine>& owned,
                    Time now) {
  constexpr const char* kPressure = "ResourcePressure";
  for (const auto& machine : owned) {
    const auto* found = api::meta::find_condition(machine.status.conditions, kPressure);
    if (found == nullptr) continue;
    auto condition = *found;
    condition.observed_generation = app.metadata.generation;
    condition.message = machine.metadata.name + ": " + found->message;
    set_condition(app.status.conditions, std::move(condition), now);
    return;
  }
  api::meta::remove_condition(app.status.conditions, kPressure);
}

}  // namespace gantry::controllers::app
