#include "controllers/machine/resume.h"

#include <algorithm>
#include <array>

#include "controllers/machine/ledger.h"

namespace gantry::controllers::machine {
namespace {

constexpr std::array kOrder{steps::kReserve, steps::kCreate,    steps::kConfigure, steps::kStart,
                            steps::kNetwork, steps::kBootstrap, steps::kReady};

}  // namespace

std::optional<runtime::Happening> resumed(const api::v1alpha1::MachineStatus& before,
                                          const Plan& plan) {
  const bool is_begun = find_step(before, steps::kCreate) != nullptr;
  const bool was_ready = is_step(before, steps::kReady, StepState::done);
  const bool goes_on =
      plan.situation == Situation::progressing || plan.situation == Situation::waiting;
  const auto* at = std::ranges::find(kOrder, plan.step);
  if (!is_begun || was_ready || !goes_on || at == kOrder.end()) return std::nullopt;
  return runtime::Happening{
      runtime::EventType::normal, "Resuming",
      absl::StrFormat("gantryd was restarted: continuing at step %s, %d of %d", plan.step,
                      at - kOrder.begin() + 1, kOrder.size()),
      "CT-006"};
}

}  // namespace gantry::controllers::machine
