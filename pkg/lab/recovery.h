#pragma once
// What a lab does at its start and beside its requests.
#include "pkg/lab/model.h"

namespace gantry::lab {

// Reads the state folder into the model and keeps it up to date from now on.
void recover(Model& model);
// Plays pvestatd: asks the backend every 10 s what runs.
void start_polling(Model& model);

}  // namespace gantry::lab
