#pragma once
// What it means that Proxmox has refused a call, and what a person can do about it. Pure.
#include "controllers/machine/observation.h"
#include "pkg/diagnose/diagnose.h"

namespace gantry::controllers::machine {

// True when the call was refused before it had any effect. Everything else may have been, or may
// yet be, executed.
bool is_clean_refusal(const Status& status);

// Code, reason and message; for a missing privilege (CON-004) with the command that grants it.
diagnose::Diagnosis explain_refusal(const Status& why, const Observation& world);

}  // namespace gantry::controllers::machine
