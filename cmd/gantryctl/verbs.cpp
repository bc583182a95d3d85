// suspend, resume, start, stop, scale, restart: what people change of what is to run.
#include <algorithm>

#include "api/kinds.h"
#include "cmd/gantryctl/commands.h"
#include "cmd/gantryctl/containers.h"
#include "cmd/gantryctl/waiting.h"
#include "pkg/base/text.h"

namespace gantry::ctl {
namespace {

Status check_place(const Where& where, bool running) {
  const bool known = is_app(where) || where.kind->kind == "Machine";
  if (known && !where.name.empty()) return {};
  return invalid("%s needs an App or a Machine, such as app/wiki or machine/wiki-0",
                 running ? "starting" : "stopping");
}

// Now, and later than that time, whatever this machine's clock says.
std::string later_than(const std::string& last, Time now) {
  const auto before = from_rfc3339(last);
  const Time wish = std::chrono::floor<std::chrono::seconds>(now);
  return to_rfc3339(before ? std::max<Time>(wish, *before + std::chrono::seconds(1)) : wish);
}

// What the spec says of it.
bool is_to_run(const Json& object, const Where& where) {
  const auto* spec = object.find("spec");
  if (spec == nullptr) return true;
  return is_app(where) ? !spec->bool_or("suspend", false)
                       : spec->string_or("powerState", "Running") == "Running";
}

Json run_patch(const Where& where, bool running) {
  Json patch;
  auto& spec = patch.member("spec");
  if (is_app(where))
    spec.set("suspend", !running);
  else
    spec.set("powerState", running ? "Running" : "Stopped");
  return patch;
}

// Whoever made a Machine decides whether it runs, and would undo what somebody else writes there.
Status check_owner(const Json& machine, bool running) {
  const auto* owners = machine.find_path({"metadata", "ownerReferences"});
  if (owners == nullptr || !owners->is_array()) return {};
  for (const auto& owner : owners->as_array()) {
    if (!owner.bool_or("controller", false)) continue;
    const auto kind = owner.string_or("kind", ""), name = owner.string_or("name", "");
    const auto instead = kind != "App" ? std::string()
                                       : absl::StrFormat(": use gantryctl %s app/%s",
                                                         running ? "resume" : "suspend", name);
    return invalid("Machine %s belongs to %s %s, which decides whether it runs%s",
                   meta_text(machine, "name"), kind, name, instead);
  }
  return {};
}

Async<Result<Json>> patch(Session& session, Where where, Json change) {
  auto path = path_of(where) + "?fieldManager=gantryctl";
  co_return co_await session.api.send("PATCH", std::move(path), "application/merge-patch+json",
                                      std::move(change));
}

// The first of an App's Machines that still runs, or is not known to stand; empty: none.
Async<Result<std::string>> look_for_running(Session& session, Where app) {
  GANTRY_CO_TRY_ASSIGN(const auto machines, co_await machines_of(session, app));
  for (const auto& machine : machines) {
    const auto* status = machine.find("status");
    const auto power = status == nullptr ? "" : status->string_or("power", "");
    const auto* wanted = machine.find_path({"spec", "powerState"});
    const bool told = wanted != nullptr && wanted->is_string() && wanted->as_string() == "Stopped";
    if (told && power != "running" && has_condition(machine, "Ready", "True")) continue;
    const auto name = meta_text(machine, "name");
    if (told) co_return name + ": " + condition_text(machine, "Ready");
    co_return name + " has not been told yet";
  }
  co_return std::string();
}

Look look_at(Session& session, const Where& where, bool running) {
  if (is_app(where) && !running)
    return [&session, where] { return look_for_running(session, where); };
  return [&session, where] { return look_for_ready(session, where); };
}

struct Words {
  const char* done;
  const char* asked;
};
Words words_for(const Where& where, bool running) {
  if (is_app(where) && running) return {"resumed", "asked to resume"};
  if (is_app(where)) return {"suspended", "asked to stop"};
  return running ? Words{"started", "asked to start"} : Words{"stopped", "asked to stop"};
}

// A person has stopped it through Proxmox, and Gantry leaves it so for a while: the later wish
// counts.
Async<Status> ask_for_start(Session& session, Json machine) {
  const auto* stopped = machine.find_path({"status", "stoppedByPersonAt"});
  if (stopped == nullptr || !stopped->is_string()) co_return Status();
  const auto wish = later_than(stopped->as_string(), session.clock.now());
  Json change;
  change.member("metadata").member("annotations").set("gantry.dev/start-requested", wish);
  Where where;
  where.kind = api::find_by_resource("machines.gantry.dev");
  where.ns = meta_text(machine, "namespace");
  where.name = meta_text(machine, "name");
  const auto asked = co_await patch(session, where, std::move(change));
  co_return asked.status();
}

Async<Status> ask_for_starts(Session& session, Where where) {
  std::vector<Where> places(1, where);
  GANTRY_CO_TRY_ASSIGN(const auto machines, co_await machines_at(session, std::move(places)));
  for (const auto& machine : machines) GANTRY_CO_TRY(co_await ask_for_start(session, machine));
  co_return Status();
}

Async<Result<std::string>> run_one(Session& session, Where where, bool running,
                                   std::optional<Duration> wait) {
  GANTRY_CO_TRY(check_place(where, running));
  auto live = co_await session.api.get(path_of(where), kJson);
  if (!live.ok()) co_return live.status();
  const bool differs = is_to_run(*live, where) != running;
  if (differs) {
    if (!is_app(where)) GANTRY_CO_TRY(check_owner(*live, running));
    auto written = co_await patch(session, where, run_patch(where, running));
    if (!written.ok()) co_return written.status();
  }
  if (running) GANTRY_CO_TRY(co_await ask_for_starts(session, where));
  const auto words = words_for(where, running);
  const auto label = label_of(where) + " ";
  if (!wait) co_return label + (differs ? words.asked : "had been told so already");
  GANTRY_CO_TRY(
      co_await wait_until(session, label_of(where), look_at(session, where, running), *wait));
  co_return label + words.done;
}

using Deed = std::function<Async<Result<std::string>>(Session&, Where)>;

// Goes on after a refusal and answers the first one at the end.
Async<Status> each(Session& session, std::vector<Where> places, Deed deed) {
  Status first;
  for (const auto& where : places) {
    const auto done = co_await deed(session, where);
    if (done.ok()) {
      session.print(*done);
    } else if (first.ok()) {
      first = done.status();
    } else {
      session.note("error: " + message_of(done.status()));
    }
  }
  co_return first;
}

}  // namespace

Async<Status> set_running(Session& session, std::vector<Where> places, bool running,
                          std::optional<Duration> wait) {
  return each(session, std::move(places), [running, wait](Session& of, Where where) {
    return run_one(of, std::move(where), running, wait);
  });
}

Async<Status> scale(Session& session, Where app, int64_t replicas, std::optional<Duration> wait) {
  if (!is_app(app) || app.name.empty()) co_return invalid("scale needs an App, such as app/wiki");
  Json change;
  change.member("spec").set("replicas", replicas);
  auto path = path_of(app) + "/scale?fieldManager=gantryctl";
  const auto scaled = co_await session.api.send("PATCH", std::move(path),
                                                "application/merge-patch+json", std::move(change));
  if (!scaled.ok()) co_return scaled.status();
  const auto label = label_of(app);
  auto live = co_await session.api.get(path_of(app), kJson);
  if (!live.ok()) co_return live.status();
  if (!is_to_run(*live, app)) {
    session.print(
        absl::StrFormat("%s scaled to %d; it is suspended: nothing runs until "
                        "gantryctl resume app/%s",
                        label, replicas, app.name));
    co_return Status();
  }
  if (!wait) {
    session.print(absl::StrFormat("%s asked for %d replicas", label, replicas));
    co_return Status();
  }
  GANTRY_CO_TRY(co_await wait_until(session, label, look_at(session, app, true), *wait));
  session.print(absl::StrFormat("%s scaled to %d", label, replicas));
  co_return Status();
}

namespace {

// What a restart can restart.
Status check_restart(const Json& app, const Where& where) {
  if (!is_to_run(app, where))
    return invalid("%s is suspended: gantryctl resume app/%s", label_of(where), where.name);
  const auto* service = app.find_path({"spec", "workload", "service"});
  if (service == nullptr || !service->string_or("unit", "").empty()) return {};
  return invalid("%s has no unit: there is nothing to restart", label_of(where));
}

Async<Result<std::string>> restart_one(Session& session, Where app, std::optional<Duration> wait) {
  if (!is_app(app) || app.name.empty()) co_return invalid("restart needs an App, such as app/wiki");
  auto live = co_await session.api.get(path_of(app), kJson);
  if (!live.ok()) co_return live.status();
  GANTRY_CO_TRY(check_restart(*live, app));
  const auto last = live->find("spec")->string_or("restartedAt", "");
  Json change;
  change.member("spec").set("restartedAt", later_than(last, session.clock.now()));
  const auto asked = co_await patch(session, app, std::move(change));
  if (!asked.ok()) co_return asked.status();
  if (!wait) co_return label_of(app) + " asked to restart";
  GANTRY_CO_TRY(co_await wait_until(session, label_of(app), look_at(session, app, true), *wait));
  co_return label_of(app) + " restarted";
}

}  // namespace

Async<Status> restart(Session& session, std::vector<Where> apps, std::optional<Duration> wait) {
  return each(session, std::move(apps),
              [wait](Session& of, Where app) { return restart_one(of, std::move(app), wait); });
}

}  // namespace gantry::ctl
