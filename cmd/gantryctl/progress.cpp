#include "cmd/gantryctl/progress.h"

#include "cmd/gantryctl/commands.h"
#include "cmd/gantryctl/waiting.h"
#include "pkg/base/text.h"

namespace gantry::ctl {
namespace {

constexpr std::chrono::milliseconds kProgressPoll{300};

std::string took(const Json& step) {
  const auto began = from_rfc3339(step.string_or("startedAt", ""));
  const auto ended = from_rfc3339(step.string_or("finishedAt", ""));
  return began && ended ? " in " + human_duration(*ended - *began) : "";
}

std::string step_text(const Json& step) {
  const auto state = to_lower(step.string_or("state", "Pending"));
  auto text = state + (state == "done" ? took(step) : "");
  if (const auto why = step.string_or("message", ""); !why.empty()) text += ": " + why;
  if (const auto attempts = step.integer_or("attempts", 0); attempts > 1)
    text += absl::StrFormat(" (attempt %d)", attempts);
  return text;
}

bool is_told(const std::string& type, const std::string& status) {
  if (type == "Ready") return status != "Unknown";
  return status == "True" && (type == "Held" || type == "Stalled" || type == "Drifted");
}

const Json& status_of(const Json& object) {
  static const Json none = Json::object();
  const auto* status = object.find("status");
  return status == nullptr ? none : *status;
}

bool is_ready(const Json& object) {
  const auto* conditions = status_of(object).find("conditions");
  if (conditions == nullptr || !conditions->is_array()) return false;
  const auto* metadata = object.find("metadata");
  for (const auto& condition : conditions->as_array())
    if (condition.string_or("type", "") == "Ready")
      return condition.string_or("status", "") == "True" &&
             condition.integer_or("observedGeneration", 0) >= metadata->integer_or("generation", 0);
  return false;
}

}  // namespace

void Progress::tell(const std::string& label, const std::string& what, const std::string& text,
                    Time now, std::vector<std::string>& lines) {
  auto& last = told_[label + " " + what];
  if (last == text) return;
  last = text;
  lines.push_back(
      absl::StrFormat("%6s  %-24s %-11s %s", human_duration(now - began_), label, what, text));
}

void Progress::steps(const std::string& label, const Json& status, Time now,
                     std::vector<std::string>& lines) {
  const auto* steps = status.find("steps");
  if (steps == nullptr || !steps->is_array()) return;
  for (const auto& step : steps->as_array())
    if (step.string_or("state", "Pending") != "Pending")
      tell(label, step.string_or("name", ""), step_text(step), now, lines);
}

void Progress::app_machines(const std::string& label, const Json& status, Time now,
                            std::vector<std::string>& lines) {
  const auto* machines = status.find("machines");
  if (machines == nullptr || !machines->is_array()) return;
  for (const auto& machine : machines->as_array()) {
    const auto step = machine.string_or("step", "");
    if (step.empty()) continue;
    auto text = machine.string_or("name", "") + ": " + step;
    if (const auto message = machine.string_or("message", ""); !message.empty())
      text += ": " + message;
    tell(label, "bootstrap", text, now, lines);
  }
}

void Progress::conditions(const std::string& label, const Json& status, Time now,
                          std::vector<std::string>& lines) {
  const auto* conditions = status.find("conditions");
  if (conditions == nullptr || !conditions->is_array()) return;
  for (const auto& condition : conditions->as_array()) {
    const auto type = condition.string_or("type", "");
    const auto value = condition.string_or("status", "");
    const bool known = told_.contains(label + " " + type);
    if (!is_told(type, value) && !known) continue;
    std::string text = value == "True" ? "yes" : value == "False" ? "no" : "unknown";
    text += ", " + condition.string_or("reason", "");
    if (const auto code = condition.string_or("code", ""); !code.empty()) text += " [" + code + "]";
    if (const auto why = condition.string_or("message", ""); !why.empty()) text += ": " + why;
    tell(label, type, text, now, lines);
  }
}

std::vector<std::string> Progress::look(const Json& object, Time now) {
  std::vector<std::string> lines;
  const auto label = to_lower(object.string_or("kind", "")) + "/" + meta_text(object, "name");
  const auto& status = status_of(object);
  steps(label, status, now, lines);
  app_machines(label, status, now, lines);
  conditions(label, status, now, lines);
  return lines;
}

// Looks twice a second, because a line a change is wanted, not a line an event.
Async<Status> follow_progress(Session& session, std::vector<Where> places, Duration timeout) {
  Progress progress(session.clock.now());
  const Time deadline = session.clock.now() + timeout;
  Patience patience(session);
  while (true) {
    bool ready = true;
    for (const auto& where : places) {
      auto answer = co_await session.api.get(path_of(where), kJson);
      const bool again = patience.bears(answer.status()) && session.clock.now() < deadline;
      if (!answer.ok() && !again) co_return answer.status();
      ready = ready && answer.ok();
      if (!answer.ok()) continue;
      const auto objects = objects_in(*answer, where);
      for (const auto& object : objects) {
        for (const auto& line : progress.look(object, session.clock.now())) session.print(line);
        ready = ready && is_ready(object);
      }
      ready = ready && !objects.empty();
    }
    if (ready) co_return Status();
    if (session.clock.now() >= deadline)
      co_return error(ErrorClass::remote, "not ready within %s; see gantryctl describe",
                      human_duration(timeout));
    GANTRY_CO_TRY(co_await session.clock.sleep_for(kProgressPoll));
  }
}

}  // namespace gantry::ctl
