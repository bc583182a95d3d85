// The App reconciler: what wakes it.
#include "controllers/app/exposure.h"
#include "controllers/app/reconciler.h"
#include "pkg/base/json_compare.h"
#include "pkg/store/reader.h"
#include "pkg/store/typed.h"

namespace gantry::controllers::app {
namespace {

using api::v1alpha1::Appliance;

// Numbers that are refreshed all the time say nothing about an App.
bool differs_in_more_than_numbers(const store::Change& change) {
  if (change.type != store::ChangeType::modified || change.previous == nullptr) return true;
  const auto &before = change.previous->value, &after = change.object->value;
  return !same_but_for(&before, &after, {"metadata", "status"}) ||
         !same_but_for(before.find("metadata"), after.find("metadata"), {"resourceVersion"}) ||
         !same_but_for(before.find("status"), after.find("status"),
                       {"usage", "uptimeSeconds", "lastObservedAt"});
}

// The Apps whose routes have changed with an Appliance.
std::vector<runtime::Request> exposed_by(const store::Change& change) {
  const auto read = [](const store::ObjectPtr& object) {
    const auto decoded =
        object == nullptr ? Result<Appliance>(Appliance()) : store::as<Appliance>(*object);
    return decoded.value_or(Appliance());
  };
  const bool is_there = change.type != store::ChangeType::deleted;
  const auto after = is_there ? read(change.object) : Appliance();
  std::vector<runtime::Request> requests;
  for (const auto& [ns, app] : apps_with_other_routes(read(change.previous), after))
    requests.push_back({ns, app});
  return requests;
}

}  // namespace

void Reconciler::connect(runtime::Controller& controller) {
  controller.writes({kMachines, "secrets", "events"});
  const auto owner = runtime::to_owner("App");
  controller.watches(kMachines, [owner](const store::Change& change) {
    return differs_in_more_than_numbers(change) ? owner(change) : std::vector<runtime::Request>();
  });
  // A changed Secret or ConfigMap is a new revision of every App that may refer to it.
  const runtime::Mapping neighbours = [this](const store::Change& change) {
    std::vector<runtime::Request> requests;
    for (const auto& app : d_.store.reader().list({kApps, change.object->key.ns, {}}, {}).items)
      requests.push_back({app->key.ns, app->key.name});
    return requests;
  };
  controller.watches("appliances.gantry.dev", &exposed_by);
  controller.watches("secrets", neighbours);
  controller.watches("configmaps", neighbours);
}

}  // namespace gantry::controllers::app
