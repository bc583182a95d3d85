#include "cmd/gantryctl/waiting.h"

#include "cmd/gantryctl/commands.h"
#include "pkg/base/text.h"

namespace gantry::ctl {
namespace {

constexpr std::chrono::milliseconds kPoll{500};

const Json* find_condition(const Json& object, const std::string& type) {
  const auto* conditions = object.find_path({"status", "conditions"});
  if (conditions == nullptr || !conditions->is_array()) return nullptr;
  for (const auto& condition : conditions->as_array())
    if (condition.string_or("type", "") == type) return &condition;
  return nullptr;
}

bool is_rolled_back(const Json& object) {
  const auto* failed = object.find_path({"status", "failedRevision"});
  return has_condition(object, "Stalled", "True") && failed != nullptr && failed->is_string() &&
         !failed->as_string().empty();
}

}  // namespace

int64_t generation_of(const Json& object) {
  const auto* metadata = object.find("metadata");
  return metadata == nullptr ? 0 : metadata->integer_or("generation", 0);
}

// A condition about an older spec says nothing about this one.
bool has_condition(const Json& object, const std::string& type, const std::string& status) {
  const auto* condition = find_condition(object, type);
  if (condition == nullptr) return false;
  const auto* seen_by = object.find("status");
  const auto seen =
      condition->integer_or("observedGeneration", seen_by->integer_or("observedGeneration", 0));
  return seen >= generation_of(object) &&
         to_lower(condition->string_or("status", "")) == to_lower(status);
}

std::string condition_text(const Json& object, const std::string& type) {
  const auto* condition = find_condition(object, type);
  if (condition == nullptr) return "it has no condition " + type + " yet";
  return type + " is " + condition->string_or("status", "") + ", " +
         condition->string_or("reason", "") + ": " + condition->string_or("message", "");
}

Async<Result<std::string>> look_for_ready(Session& session, Where where) {
  auto object = co_await session.api.get(path_of(where), kJson);
  if (!object.ok()) co_return object.status();
  if (has_condition(*object, "Ready", "True")) co_return std::string();
  const auto text = condition_text(*object, "Ready");
  // Time does not mend that.
  if (is_rolled_back(*object)) co_return error(ErrorClass::remote, "%s: %s", label_of(where), text);
  co_return text;
}

bool Patience::bears(const Status& look) {
  const bool away = error_class(look) == ErrorClass::transport;
  if (away && answered_ && !away_) session_.note("gantryd does not answer; waiting for it");
  away_ = away;
  answered_ = answered_ || look.ok();
  return away && answered_;
}

Async<Status> wait_until(Session& session, std::string label, Look look, Duration timeout) {
  const Time deadline = session.clock.now() + timeout;
  Patience patience(session);
  while (true) {
    const auto missing = co_await look();
    const bool late = session.clock.now() >= deadline;
    const bool again = patience.bears(missing.status()) && !late;
    if (!missing.ok() && !again) co_return missing.status();
    if (missing.ok() && missing->empty()) co_return Status();
    if (late) co_return error(ErrorClass::remote, "timed out waiting for %s: %s", label, *missing);
    GANTRY_CO_TRY(co_await session.clock.sleep_for(kPoll));
  }
}

}  // namespace gantry::ctl
