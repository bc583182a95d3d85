#include "cmd/gantryctl/commands.h"
#include "cmd/gantryctl/waiting.h"
#include "pkg/base/text.h"

namespace gantry::ctl {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kWaitPoll{500};

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

Async<Result<std::string>> look_for(Session& session, Where where, Wanted wanted) {
  auto object = co_await session.api.get(path_of(where), kJson);
  if (!object.ok()) co_return object.status();
  if (has_condition(*object, wanted.condition, wanted.status)) co_return std::string();
  co_return condition_text(*object, wanted.condition);
}

Async<Status> wait_for_one(Session& session, Where where, Wanted wanted, Duration timeout) {
  const Look look = [&session, &where, &wanted] { return look_for(session, where, wanted); };
  GANTRY_CO_TRY(co_await wait_until(session, label_of(where), look, timeout));
  session.print(label_of(where) + " condition met");
  co_return Status();
}

}  // namespace

Async<Status> wait_until_gone(Session& session, Where where, std::string uid, Duration timeout) {
  const Time deadline = session.clock.now() + timeout;
  // With a uid somebody has answered: to the delete.
  Patience patience(session, !uid.empty());
  while (true) {
    auto object = co_await session.api.get(path_of(where), kJson);
    const bool late = session.clock.now() >= deadline;
    if (!object.ok() && error_class(object.status()) == ErrorClass::not_found) co_return Status();
    const bool again = patience.bears(object.status()) && !late;
    if (!object.ok() && !again) co_return object.status();
    if (object.ok()) {
      // Another of the same name is not the one that was to go.
      if (uid.empty()) uid = meta_text(*object, "uid");
      if (meta_text(*object, "uid") != uid) co_return Status();
      if (late)
        co_return error(ErrorClass::remote, "timed out waiting for %s to go: %s", label_of(where),
                        condition_text(*object, "Deleting"));
    }
    GANTRY_CO_TRY(co_await session.clock.sleep_for(kWaitPoll));
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
      GANTRY_CO_TRY(co_await wait_for_one(session, where, wanted, deadline - session.clock.now()));
      continue;
    }
    GANTRY_CO_TRY(co_await wait_until_gone(session, where, "", deadline - session.clock.now()));
    session.print(label_of(where) + " deleted");
  }
  co_return Status();
}

}  // namespace gantry::ctl
