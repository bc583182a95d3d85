#include "cmd/gantryctl/commands.h"
#include "cmd/gantryctl/merge.h"
#include "pkg/base/text.h"
#include "pkg/schema/json.h"

namespace gantry::ctl {
namespace {

// stringData is write-only: compare and remove by data.
Json with_plain_data(Json object) {
  const auto* texts = object.find("stringData");
  if (texts == nullptr || !texts->is_object()) return object;
  const auto copy = texts->as_object();
  object.erase("stringData");
  for (const auto& [key, value] : copy)
    if (value.is_string()) object.member("data").set(key, base64_encode(value.as_string()));
  return object;
}

// What a Secret holds must not stand in an annotation: its keys are remembered, without the values.
Json without_values(Json secret) {
  auto* data = secret.find("data");
  if (data == nullptr || !data->is_object()) return secret;
  for (auto& [key, value] : data->as_object()) value = "";
  return secret;
}

Json wanted_by(const Manifest& manifest) {
  Json object = without_last_applied(manifest.object);
  const bool secret = manifest.kind->kind == "Secret";
  if (secret) object = with_plain_data(std::move(object));
  const auto text = schema::to_json(secret ? without_values(object) : object);
  object.member("metadata").member("annotations").set(kLastApplied, text + "\n");
  return object;
}

// Nothing where the annotation is not there: then nothing is taken away.
Json last_applied(const Json& live) {
  const auto* text = live.find_path({"metadata", "annotations", kLastApplied});
  if (text == nullptr || !text->is_string()) return Json();
  const auto parsed = schema::parse_json(text->as_string());
  return parsed.ok() ? with_plain_data(*parsed) : Json();
}

Async<Result<std::string>> apply_one(Session& session, const Manifest& manifest, bool dry_run) {
  const auto& kind = *manifest.kind;
  Where where;
  where.kind = manifest.kind;
  where.name = meta_text(manifest.object, "name");
  where.ns = meta_text(manifest.object, "namespace");
  if (where.ns.empty() && kind.namespaced) where.ns = session.ns;
  const std::string query =
      dry_run ? "?fieldManager=gantryctl&dryRun=All" : "?fieldManager=gantryctl";
  auto live = co_await session.api.get(path_of(where), kJson);
  const bool missing = !live.ok() && error_class(live.status()) == ErrorClass::not_found;
  if (!live.ok() && !missing) co_return live.status();
  Json wanted = wanted_by(manifest);
  const std::string suffix = dry_run ? " (dry run)" : "";
  if (missing) {
    Where collection = where;
    collection.name.clear();
    auto path = path_of(collection) + query;
    auto created = co_await session.api.send("POST", std::move(path), kJson, std::move(wanted));
    if (!created.ok()) co_return created.status();
    co_return label_of(where) + " created" + suffix;
  }
  Json patch = three_way_patch(last_applied(*live), wanted, *live);
  if (patch.is_null()) co_return label_of(where) + " unchanged" + suffix;
  auto path = path_of(where) + query;
  auto patched = co_await session.api.send("PATCH", std::move(path), "application/merge-patch+json",
                                           std::move(patch));
  if (!patched.ok()) co_return patched.status();
  const bool same = meta_text(*patched, "resourceVersion") == meta_text(*live, "resourceVersion");
  co_return label_of(where) + (same && !dry_run ? " unchanged" : " configured") + suffix;
}

}  // namespace

Async<Status> apply(Session& session, std::vector<Manifest> manifests, bool dry_run) {
  Status first;
  for (const auto& manifest : manifests) {
    const auto done = co_await apply_one(session, manifest, dry_run);
    if (done.ok()) {
      session.print(*done);
      continue;
    }
    auto failed = annotate(done.status(), manifest.source);
    if (could_not_ask(failed)) co_return failed;
    if (first.ok())
      first = failed;
    else
      session.note("error: " + message_of(failed));
  }
  co_return first;
}

}  // namespace gantry::ctl
