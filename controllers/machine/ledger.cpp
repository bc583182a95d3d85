#include "controllers/machine/ledger.h"

#include <algorithm>

namespace gantry::controllers::machine {
namespace {

using namespace std::chrono_literals;

constexpr auto kLongAgo = 10min;
constexpr Duration kFirstPause = 5s;
constexpr Duration kLongestPause = 5min;

MachineStep& step_of(MachineStatus& status, const std::string& name) {
  const auto it = std::ranges::find(status.steps, name, &MachineStep::name);
  if (it != status.steps.end()) return *it;
  auto& step = status.steps.emplace_back();
  step.name = name;
  return step;
}

// API times have whole seconds: what is compared must not change by being stored.
Time whole_seconds(Time time) {
  return std::chrono::floor<std::chrono::seconds>(time);
}

}  // namespace

const MachineStep* find_step(const MachineStatus& status, const std::string& name) {
  const auto it = std::ranges::find(status.steps, name, &MachineStep::name);
  return it == status.steps.end() ? nullptr : &*it;
}

bool is_step(const MachineStatus& status, const std::string& name, StepState state) {
  const auto* step = find_step(status, name);
  return step != nullptr && step->state == state;
}

MachineStep& begin_step(MachineStatus& status, const std::string& name, Time now) {
  auto& step = step_of(status, name);
  const bool was_well = step.state == StepState::done && step.finished_at.has_value() &&
                        now - *step.finished_at > kLongAgo;
  if (was_well) step.attempts = 0;
  ++step.attempts;
  step.state = StepState::running;
  step.started_at = whole_seconds(now);
  step.finished_at.reset();
  step.message.clear();
  return step;
}

void finish_step(MachineStatus& status, const std::string& name, Time now, std::string message) {
  auto& step = step_of(status, name);
  if (step.state == StepState::done) return;
  step.state = StepState::done;
  if (!step.started_at.has_value()) step.started_at = whole_seconds(now);
  step.finished_at = whole_seconds(now);
  step.message = std::move(message);
}

void fail_step(MachineStatus& status, const std::string& name, Time now, std::string message) {
  auto& step = step_of(status, name);
  if (step.state == StepState::failed && step.message == message) return;
  step.state = StepState::failed;
  step.finished_at = whole_seconds(now);
  step.message = std::move(message);
}

void reset_step(MachineStatus& status, const std::string& name, bool forget) {
  const auto it = std::ranges::find(status.steps, name, &MachineStep::name);
  if (it == status.steps.end()) return;
  if (forget) {
    status.steps.erase(it);
    return;
  }
  it->state = StepState::pending;
}

std::optional<Time> next_attempt(const MachineStatus& status, const std::string& name) {
  const auto* step = find_step(status, name);
  if (step == nullptr || !step->started_at.has_value() || step->attempts == 0) return std::nullopt;
  const bool succeeded = step->state == StepState::done;
  // A container that died is started at once; one that dies again and again is not.
  const int failures = succeeded ? step->attempts - 1 : step->attempts;
  if (failures <= 0) return std::nullopt;
  const auto pause =
      std::min(kFirstPause * (int64_t{1} << std::min(failures - 1, 10)), kLongestPause);
  return step->finished_at.value_or(*step->started_at) + pause;
}

}  // namespace gantry::controllers::machine
