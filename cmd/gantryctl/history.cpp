// history and rollback: the revisions of an App.
#include <algorithm>

#include <absl/strings/str_format.h>

#include "api/kinds.h"
#include "cmd/gantryctl/commands.h"
#include "cmd/gantryctl/merge.h"
#include "cmd/gantryctl/waiting.h"
#include "pkg/base/text.h"
#include "pkg/schema/json.h"

namespace gantry::ctl {
namespace {

constexpr int kAttempts = 5;

Status check_place(const Where& where) {
  if (where.kind->kind == "App" && !where.name.empty()) return {};
  return invalid("this is about an App, such as app/wiki");
}

const Json::Array& revisions_of(const Json& app) {
  static const Json::Array kNone;
  const auto* revisions = app.find_path({"status", "revisions"});
  return revisions != nullptr && revisions->is_array() ? revisions->as_array() : kNone;
}

std::string text_at(const Json& object, std::string_view key) {
  const auto* status = object.find("status");
  return status == nullptr ? "" : status->string_or(key, "");
}

std::string line_of_revision(const Json& app, const Json& revision) {
  const auto hash = revision.string_or("revision", "");
  std::string notes;
  if (hash == text_at(app, "currentRevision")) notes += "  <- runs";
  if (hash == text_at(app, "revision")) notes += "  <- asked for";
  const auto message = revision.string_or("message", "");
  return absl::StrFormat("%-9d %-12s %-21s %s%s%s", revision.integer_or("number", 0),
                         revision.string_or("state", ""), revision.string_or("createdAt", ""), hash,
                         notes, message.empty() ? "" : "  " + message);
}

// "wiki-0: snapshot gantry-r3-1800000000 of 2027-01-15T08:00:00Z", below its revision.
std::string line_of_snapshot(const Json& snapshot) {
  const auto name = snapshot.string_or("name", "");
  const auto message = snapshot.string_or("message", "");
  auto text = "          " + snapshot.string_or("machine", "") +
              (name.empty() ? ": no snapshot"
                            : ": snapshot " + name + " of " + snapshot.string_or("createdAt", ""));
  return message.empty() ? text : text + ": " + message;
}

void print_revision(Session& session, const Json& app, const Json& revision) {
  session.print(line_of_revision(app, revision));
  const auto* images = revision.find("images");
  if (images != nullptr && images->is_array()) {
    for (const auto& image : images->as_array())
      session.print("          " + image.string_or("service", "") + ": " +
                    image.string_or("image", "") + " " + image.string_or("digest", ""));
  }
  const auto* snapshots = revision.find("snapshots");
  if (snapshots == nullptr || !snapshots->is_array()) return;
  for (const auto& snapshot : snapshots->as_array()) session.print(line_of_snapshot(snapshot));
}

// The parts of the spec that a revision came from.
Async<Result<Json>> parts_of(Session& session, Where app, int64_t number) {
  Where place = app;
  place.kind = api::find_by_kind("v1", "Secret");
  place.name = absl::StrFormat("%s.r%d", app.name, number);
  const auto secret = co_await session.api.get(path_of(place), kJson);
  if (!secret.ok()) co_return annotate(secret.status(), absl::StrFormat("revision %d", number));
  const auto* encoded = secret->find_path({"data", "spec"});
  const auto text = encoded != nullptr && encoded->is_string() ? base64_decode(encoded->as_string())
                                                               : std::nullopt;
  auto parts = schema::parse_json(text.value_or(""));
  if (!text || !parts.ok()) co_return invalid("revision %d is damaged", static_cast<int>(number));
  co_return parts;
}

// Only what the revision knows of.
Json same_parts(const Json& spec) {
  Json parts = Json::object();
  for (const char* key : {"workload", "env", "files", "health", "restartedAt"})
    if (const auto* part = spec.find(key)) parts.set(key, *part);
  return parts;
}

const Json* revision_in(const Json& app, int64_t number) {
  for (const auto& revision : revisions_of(app))
    if (revision.integer_or("number", 0) == number) return &revision;
  return nullptr;
}

// What happens to whose data, for whoever has to agree. Invalid when there is none to go back to.
Result<std::string> describe_restore(const Json& app, int64_t number) {
  const auto* revision = revision_in(app, number);
  const auto* snapshots = revision == nullptr ? nullptr : revision->find("snapshots");
  std::string plan, none;
  if (snapshots != nullptr && snapshots->is_array()) {
    for (const auto& snapshot : snapshots->as_array()) {
      const auto message = snapshot.string_or("message", "");
      const bool is_there = !snapshot.string_or("name", "").empty() && message.empty();
      (is_there ? plan : none) += line_of_snapshot(snapshot) + "\n";
    }
  }
  if (plan.empty()) {
    return invalid("no data of revision %d was kept%s%s", number, none.empty() ? "" : ":\n", none);
  }
  return "Each of these is stopped, what is there now is kept aside, and all its disks go back "
         "to\n" +
         plan + "What was written since is then in the copy that is kept aside, and nowhere else." +
         (none.empty() ? "" : "\nThese keep their data as it is:\n" + none);
}

Async<Status> agree_to_restore(Session& session, const Json& live, RollbackOptions options) {
  const auto plan = describe_restore(live, options.number);
  if (!plan.ok()) co_return plan.status();
  session.print(*plan);
  if (options.yes) co_return Status();
  if (session.agree && session.agree("Put the data back?")) co_return Status();
  co_return make_error(ErrorClass::held, "nothing was changed; --yes agrees beforehand");
}

Json restore_of(Session& session, int64_t number) {
  Json restore = Json::object();
  restore.set("id", absl::StrFormat("r%d-%d", number, to_unix_seconds(session.clock.now())));
  restore.set("revision", number);
  return restore;
}

// Asks once, of the App as it is in `live`. Conflict when it has changed since.
Async<Status> ask_for(Session& session, Where app, RollbackOptions options, const Json& live) {
  const auto number = options.number;
  GANTRY_CO_TRY_ASSIGN(auto parts, co_await parts_of(session, app, number));
  const Json none = Json::object();
  const auto* spec = live.find("spec");
  Json before, wanted;
  before.set("spec", same_parts(spec == nullptr ? none : *spec));
  wanted.set("spec", std::move(parts));
  Json patch = three_way_patch(before, wanted, live);
  if (options.data) {
    if (patch.is_null()) patch = Json::object();
    patch.member("spec").set("restore", restore_of(session, number));
  }
  const auto label = label_of(app);
  if (patch.is_null()) {
    session.print(absl::StrFormat("%s asks for revision %d already", label, number));
    co_return Status();
  }
  // Nobody else's change in between is undone unseen.
  patch.member("metadata").set("resourceVersion", meta_text(live, "resourceVersion"));
  auto path = path_of(app) + "?fieldManager=gantryctl";
  const auto patched = co_await session.api.send("PATCH", std::move(path),
                                                 "application/merge-patch+json", std::move(patch));
  if (!patched.ok()) co_return patched.status();
  session.print(absl::StrFormat(
      "%s asks for what revision %d had; Secrets and ConfigMaps are as they are now", label,
      number));
  if (options.data)
    session.print("its data is put back; `gantryctl describe machine` tells how far that is");
  co_return Status();
}

}  // namespace

Async<Status> history(Session& session, Where app) {
  GANTRY_CO_TRY(check_place(app));
  const auto object = co_await session.api.get(path_of(app), kJson);
  if (!object.ok()) co_return object.status();
  session.print("REVISION  STATE        CREATED               HASH");
  for (const auto& revision : revisions_of(*object)) print_revision(session, *object, revision);
  co_return Status();
}

Async<Status> rollback(Session& session, Where app, RollbackOptions options) {
  GANTRY_CO_TRY(check_place(app));
  auto live = co_await session.api.get(path_of(app), kJson);
  if (!live.ok()) co_return live.status();
  if (options.data) GANTRY_CO_TRY(co_await agree_to_restore(session, *live, options));
  const auto generation = generation_of(*live);
  Status asked;
  // Its status is written all the time, which is no conflict with us; a changed spec is.
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    asked = co_await ask_for(session, app, options, *live);
    if (error_class(asked) != ErrorClass::conflict) break;
    live = co_await session.api.get(path_of(app), kJson);
    if (!live.ok()) co_return live.status();
    if (generation_of(*live) != generation) break;
  }
  co_return asked;
}

}  // namespace gantry::ctl
