#pragma once
// What a lab with a state folder keeps of its set-up besides guests: networks and storages.
#include "pkg/lab/model.h"

namespace gantry::lab {

// nodes/<n>/interfaces and interfaces.new.
void save_network(Model& model, const NodeName& node);
// storage.cfg: the storages that were added while it ran.
void save_storages(Model& model);
// Reads both; what cannot be read is left as the options say.
void load_settings(Model& model);

}  // namespace gantry::lab
