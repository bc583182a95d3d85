#include "controllers/app/machines.h"

#include "controllers/app/reconciler.h"
#include "pkg/store/reader.h"
#include "pkg/store/record.h"
#include "pkg/store/typed.h"

namespace gantry::controllers::app {

using api::v1alpha1::App;
using api::v1alpha1::Machine;

Result<std::vector<Machine>> machines_of(const App& app, store::Store& store) {
  const auto page = store.reader().list({kMachines, app.metadata.ns, {}}, {});
  const auto prefix = app.metadata.name + "-";
  std::vector<Machine> machines;
  for (const auto& record : page.items) {
    // A text that names the uid may still belong to others: the plan looks closer.
    const bool concerns = record->key.name.starts_with(prefix) ||
                          record->text.find(app.metadata.uid.get()) != std::string::npos;
    if (!concerns) continue;
    GANTRY_TRY_ASSIGN(auto machine, store::get<Machine>(store, record->key));
    machines.push_back(std::move(machine));
  }
  return machines;
}

}  // namespace gantry::controllers::app
