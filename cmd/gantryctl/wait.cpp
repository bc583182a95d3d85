#include "cmd/gantryctl/commands.h"
#include "pkg/base/text.h"

namespace gantry::ctl {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kPoll{500};

struct Wanted {
  bool gone = false;
  std::string condition;
  std::string status = "True";
};

Result<Wanted> parse_wanted(const std::string& what) {
  Wanted wanted;
  if (what == "delete") {
    wanted.gone = true;
    return wanted;
  }
  const auto parts = split(what, '=');
  if (parts.size() < 2 || parts.size() > 3 || parts[0] != "condition" || parts[1].empty())
    return invalid("--for=%s: use condition=NAME, condition=NAME=STATUS or delete", what);
  wanted.condition = parts[1];
  if (parts.size() == 3) wanted.status = parts[2];
  return wanted;
}

const Json* find_condition(const Json& object, const std::string& type) {
  const auto* conditions = object.find_path({"status", "conditions"});
  if (conditions == nullptr || !conditions->is_array()) return nullptr;
  for (const auto& condition : conditions->as_array())
    if (condition.string_or("type", "") == type) return &condition;
  return nullptr;
}

// A condition about an older spec says nothing about this one.
bool holds(const Json& object, const Wanted& wanted) {
  const auto* condition = find_condition(object, wanted.condition);
  if (condition == nullptr) return false;
  const auto* metadata = object.find("metadata");
  const auto generation = metadata == nullptr ? 0 : metadata->integer_or("generation", 0);
  const auto* status = object.find("status");
  const auto seen = condition->integer_or(
      "observedGeneration", status == nullptr ? 0 : status->integer_or("observedGeneration", 0));
  return seen >= generation &&
         to_lower(condition->string_or("status", "")) == to_lower(wanted.status);
}

std::string last_word(const Json& object, const Wanted& wanted) {
  const auto* condition = find_condition(object, wanted.condition);
  if (condition == nullptr) return "it has no condition " + wanted.condition + " yet";
  return wanted.condition + " is " + condition->string_or("status", "") + ", " +
         condition->string_or("reason", "") + ": " + condition->string_or("message", "");
}

Async<Status> wait_for_one(Session& session, Where where, Wanted wanted, Time deadline) {
  std::string seen = "not found";
  while (true) {
    auto object = co_await session.api.get(path_of(where), kJson);
    if (object.ok()) {
      if (holds(*object, wanted)) {
        session.print(label_of(where) + " condition met");
        co_return Status();
      }
      seen = last_word(*object, wanted);
    } else if (error_class(object.status()) != ErrorClass::not_found) {
      co_return object.status();
    }
    if (session.clock.now() >= deadline)
      co_return error(ErrorClass::remote, "timed out waiting for %s: %s", label_of(where), seen);
    GANTRY_CO_TRY(co_await session.clock.sleep_for(kPoll));
  }
}

}  // namespace

Async<Status> wait_until_gone(Session& session, Where where, std::string uid, Duration timeout) {
  const Time deadline = session.clock.now() + timeout;
  while (true) {
    auto object = co_await session.api.get(path_of(where), kJson);
    if (!object.ok() && error_class(object.status()) == ErrorClass::not_found) co_return Status();
    if (!object.ok()) co_return object.status();
    // Another of the same name is not the one that was to go.
    if (uid.empty()) uid = meta_text(*object, "uid");
    if (meta_text(*object, "uid") != uid) co_return Status();
    if (session.clock.now() >= deadline) {
      Wanted ready;
      ready.condition = "Deleting";
      co_return error(ErrorClass::remote, "timed out waiting for %s to go: %s", label_of(where),
                      last_word(*object, ready));
    }
    GANTRY_CO_TRY(co_await session.clock.sleep_for(kPoll));
  }
}

Async<Status> wait_for(Session& session, std::vector<Where> places, std::string what,
                       Duration timeout) {
  GANTRY_CO_TRY_ASSIGN(const auto wanted, parse_wanted(what));
  const Time deadline = session.clock.now() + timeout;
  for (const auto& where : places) {
    if (where.name.empty())
      co_return invalid("wait needs an object, such as %s/NAME", std::string(where.kind->singular));
    if (!wanted.gone) {
      GANTRY_CO_TRY(co_await wait_for_one(session, where, wanted, deadline));
      continue;
    }
    GANTRY_CO_TRY(co_await wait_until_gone(session, where, "", deadline - session.clock.now()));
    session.print(label_of(where) + " deleted");
  }
  co_return Status();
}

}  // namespace gantry::ctl
