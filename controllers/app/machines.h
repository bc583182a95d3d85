#pragma once
// Which Machines concern an App.
#include <vector>

#include "api/v1alpha1/app.h"
#include "api/v1alpha1/machine.h"
#include "pkg/base/status.h"
#include "pkg/store/store.h"

namespace gantry::controllers::app {

// Those that name it as their owner, and whoever has a name that it wants; by name. Only these are
// decoded: O(bytes of the namespace's Machines) to look through, not O(Machines) decoded. Schema
// when one of them is no Machine.
Result<std::vector<api::v1alpha1::Machine>> machines_of(const api::v1alpha1::App& app,
                                                        store::Store& store);

}  // namespace gantry::controllers::app
