#include "controllers/app/machines.h"

#include "controllers/app/reconciler.h"
#include "pkg/base/search.h"
#include "pkg/store/typed.h"

namespace gantry::controllers::app {

using api::v1alpha1::App;
using api::v1alpha1::Machine;

Result<std::vector<Machine>> machines_of(const App& app, store::Store& store) {
  const auto prefix = app.metadata.name + "-";
  // A text that names the uid may still belong to others: the plan looks closer.
  return store::list_where<Machine>(
      store, kMachines, app.metadata.ns, [&](const store::Record& record) {
        return record.key.name.starts_with(prefix) || has_text(record.text, app.metadata.uid.get());
      });
}

}  // namespace gantry::controllers::app
