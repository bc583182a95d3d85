#include "controllers/proxmoxcluster/gate.h"

#include <algorithm>

#include "pkg/diagnose/diagnose.h"

namespace gantry::controllers::proxmoxcluster {
namespace {

using namespace std::chrono_literals;

// A picture older than so many polls, or a minute, is no ground to act on.
constexpr int kPollsMax = 6;

Status held(const std::string& text, std::string_view code) {
  auto status = make_error(ErrorClass::held, text);
  return code.empty() ? status : with_code(std::move(status), code);
}

// Made once: a daemon that waits for its turn is told so again and again.
const Status& not_leading() {
  static const auto* status = new Status(held("NotLeading: another gantryd holds the lease", ""));
  return *status;
}

}  // namespace

Status judge_gate(const GateInputs& inputs, const inventory::Snapshot& snapshot,
                  const inventory::VanishGuard& guard) {
  if (inputs.mode == api::v1alpha1::ClusterMode::observe) {
    return held("ObserveMode: the cluster's mode is Observe: nothing is written", "");
  }
  if (!inputs.leading) return not_leading();
  if (snapshot.cycle == 0) return held("NotObserved: nothing has been observed yet", "");
  if (!snapshot.trustworthy()) {
    const auto diagnosis = snapshot.problem.ok()
                               ? diagnose::Diagnosis{"CON-006", "PartialInventory", "incomplete"}
                               : diagnose::diagnose(snapshot.problem);
    return held(diagnosis.reason + ": " + diagnosis.message, diagnosis.code);
  }
  const auto age = inputs.now - snapshot.steady_at;
  if (age > std::max<Duration>(inputs.poll * kPollsMax, 1min)) {
    return held("StaleInventory: the last cycle is " + human_duration(age) + " old", "CON-001");
  }
  if (guard.tripped) {
    return held(absl::StrFormat("VanishGuard: %d of our %d containers are gone or foreign at once",
                                guard.vanished, guard.owned),
                "SAF-001");
  }
  return Status();
}

}  // namespace gantry::controllers::proxmoxcluster
