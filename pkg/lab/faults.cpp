#include "pkg/lab/faults.h"

namespace gantry::lab {
namespace {

template <class Fault>
std::optional<Fault> draw(Random& random, const std::map<Fault, double>& chances) {
  for (const auto& [fault, chance] : chances) {
    if (chance > 0 && random.unit() < chance) return fault;
  }
  return std::nullopt;
}

// Uses up one of the entry's times; true when the entry has none left.
template <class Scripted>
bool use_up(Scripted& scripted) {
  return --scripted.times <= 0;
}

}  // namespace

std::string_view to_string(RequestFault fault) {
  switch (fault) {
    case RequestFault::lose_request:
      return "lose-request";
    case RequestFault::lose_answer:
      return "lose-answer";
    case RequestFault::delay:
      return "delay";
    case RequestFault::duplicate:
      return "duplicate";
    case RequestFault::error_500:
      return "error-500";
    case RequestFault::error_595:
      return "error-595";
    case RequestFault::error_596:
      return "error-596";
    case RequestFault::partial_inventory:
      return "partial-inventory";
  }
  return "?";
}

std::string_view to_string(TaskFault fault) {
  switch (fault) {
    case TaskFault::slow:
      return "slow";
    case TaskFault::fail:
      return "fail";
    case TaskFault::warn:
      return "warn";
    case TaskFault::kill:
      return "kill";
  }
  return "?";
}

void Faults::next_request(RequestFault fault, std::string method, std::string path, int times) {
  scripted_requests_.push_back({fault, std::move(method), std::move(path), times});
}

void Faults::next_task(TaskFault fault, std::string type, int times) {
  scripted_tasks_.push_back({fault, std::move(type), times});
}

void Faults::clear() {
  request_chances.clear();
  task_chances.clear();
  latency_min = latency_max = Duration::zero();
  scripted_requests_.clear();
  scripted_tasks_.clear();
}

std::optional<RequestFault> Faults::draw_request(Random& random, const std::string& method,
                                                 const std::string& path) {
  for (auto it = scripted_requests_.begin(); it != scripted_requests_.end(); ++it) {
    if (!it->method.empty() && it->method != method) continue;
    if (path.find(it->path) == std::string::npos) continue;
    const auto fault = it->fault;
    if (use_up(*it)) scripted_requests_.erase(it);
    return fault;
  }
  return draw(random, request_chances);
}

Duration Faults::draw_latency(Random& random) const {
  if (latency_max <= latency_min) return latency_min;
  const auto span = std::chrono::duration<double, std::nano>(latency_max - latency_min);
  return latency_min + std::chrono::duration_cast<Duration>(span * random.unit());
}

std::optional<TaskFault> Faults::draw_task(Random& random, const std::string& type) {
  for (auto it = scripted_tasks_.begin(); it != scripted_tasks_.end(); ++it) {
    if (!it->type.empty() && it->type != type) continue;
    const auto fault = it->fault;
    if (use_up(*it)) scripted_tasks_.erase(it);
    return fault;
  }
  return draw(random, task_chances);
}

}  // namespace gantry::lab
