#include "pkg/apiserver/write/writer.h"

#include "api/core/secret.h"
#include "api/meta/seed.h"
#include "pkg/apiserver/patch/json_patch.h"
#include "pkg/apiserver/patch/size.h"
#include "pkg/apiserver/write/apply.h"
#include "pkg/apiserver/write/claims.h"
#include "pkg/apiserver/write/new_owners.h"
#include "pkg/apiserver/write/patching.h"
#include "pkg/base/text.h"
#include "pkg/schema/effects.h"
#include "pkg/store/object.h"
#include "pkg/store/semantics.h"

namespace gantry::apiserver {
namespace {

// Each time somebody else wrote the same object.
constexpr int kWriteAttempts = 16;
// A dry run makes up no names and no identities.
constexpr const char* kDryRunUid = "00000000-0000-0000-0000-000000000000";
constexpr const char* kDryRunSuffix = "xxxxx";

// "metadata.labels: Invalid value: …" → the field and the rest.
Cause cause_of(const std::string& message) {
  const auto colon = message.find(": ");
  if (colon == std::string::npos || message.substr(0, colon).find(' ') != std::string::npos)
    return {"FieldValueInvalid", message, ""};
  return {"FieldValueInvalid", message.substr(colon + 2), message.substr(0, colon)};
}

bool is_conflict(const Status& status) {
  return error_class(status) == ErrorClass::conflict;
}

// The version that a body names; 0: none that anybody could have been told.
int64_t version_in(const Json& body) {
  return parse_integer(store::metadata_text(body, "resourceVersion")).value_or(0);
}

}  // namespace

Async<Result<store::ObjectPtr>> current_object(store::Store& store, store::Key key,
                                               int64_t version) {
  auto found = store.get(key);
  if (found.ok() && version <= store.revision()) co_return found;
  GANTRY_CO_TRY(co_await store.sync());
  co_return store.get(key);
}

Writer::Writer(store::Store& store, const api::meta::Kind& kind, const RequestInfo& info,
               const std::vector<Validator>& validators, Guard guard, WriteOptions options,
               Time now)
    : store_(store),
      kind_(kind),
      info_(info),
      validators_(validators),
      guard_(std::move(guard)),
      options_(std::move(options)),
      now_(now) {}

store::Key Writer::key() const {
  return {kind_.resource(), info_.ns, info_.name};
}

store::Part Writer::part() const {
  if (info_.subresource == "status") return store::Part::status;
  return kind_.has_status ? store::Part::main : store::Part::whole;
}

schema::ManagedEntry Writer::manager(schema::ManagerOperation operation) const {
  schema::ManagedEntry entry;
  entry.manager = options_.manager;
  entry.operation = operation;
  entry.api_version = kind_.api_version();
  entry.time = std::chrono::floor<std::chrono::seconds>(now_);
  entry.subresource = info_.subresource;
  return entry;
}

ApiError Writer::explain(const Status& status) const {
  if (error_class(status) != ErrorClass::invalid) return to_api_error(status, info_);
  return invalid_object(info_, std::string(kind_.kind), info_.name, {cause_of(message_of(status))});
}

std::optional<ApiError> Writer::admit(Admission& admission, Json& object) const {
  if (const auto bytes = approximate_size(object); bytes > kObjectBytesMax)
    return too_large("the object would have about " + std::to_string(bytes) +
                     " bytes; the limit is " + std::to_string(kObjectBytesMax));
  if (auto wrong = admission.admit(object)) return wrong;
  auto causes =
      check_new_owners(store_, admission.old == nullptr ? Json::object() : *admission.old, object);
  if (causes.empty()) return std::nullopt;
  return invalid_object(info_, std::string(kind_.kind), store::metadata_text(object, "name"),
                        std::move(causes));
}

// A JSON patch may be well-formed and yet not fit the object; all others always fit.
ApiError Writer::explain_patch(const Status& status, const std::string& content_type) const {
  if (error_class(status) != ErrorClass::invalid || content_type != kJsonPatch)
    return to_api_error(status, info_);
  return invalid_object(info_, std::string(kind_.kind), info_.name,
                        {{"FieldValueInvalid", "Invalid value: " + message_of(status), "patch"}});
}

Async<std::optional<ApiError>> Writer::check_namespace() {
  if (!kind_.namespaced || info_.ns.empty()) co_return std::nullopt;
  store::Key key{"namespaces", "", info_.ns};
  const auto ns = co_await current_object(store_, std::move(key));
  if (!ns.ok() && error_class(ns.status()) != ErrorClass::not_found) co_return explain(ns.status());
  if (!ns.ok()) {
    ApiError missing = bad_request("namespaces \"" + info_.ns + "\" not found");
    missing.code = 404;
    missing.reason = "NotFound";
    missing.kind = "namespaces";
    missing.name = info_.ns;
    co_return missing;
  }
  if ((*ns)->value.find_path({"metadata", "deletionTimestamp"}) == nullptr) co_return std::nullopt;
  ApiError ending = forbidden(info_, "");
  ending.message = info_.resource() + " is forbidden: unable to create new content in namespace " +
                   info_.ns + " because it is being terminated";
  co_return ending;
}

Json Writer::only_this_part(const Json& current, Json body) const {
  const auto take = [](Json& target, const Json& source, std::string_view name) {
    if (const auto* member = source.find(name))
      target.set(name, *member);
    else
      target.erase(name);
  };
  if (part() == store::Part::main) take(body, current, "status");
  if (part() != store::Part::status || !body.is_object()) return body;
  Json object = current;
  for (const auto name : {"apiVersion", "kind", "status"}) take(object, body, name);
  if (const auto* metadata = body.find("metadata"); metadata != nullptr && metadata->is_object())
    for (const auto name : {"name", "namespace", "uid", "resourceVersion"})
      if (metadata->find(name) != nullptr) take(object.member("metadata"), *metadata, name);
  return object;
}

// A configuration says nothing about what this path does not change, and owns nothing of it.
void Writer::keep_this_part(Json& config) const {
  if (kind_.kind == "Secret") api::core::fold_string_data(config);
  if (part() == store::Part::main) config.erase("status");
  if (part() != store::Part::status) return;
  const auto is_about = [](const std::string& name) {
    return name == "apiVersion" || name == "kind" || name == "metadata" || name == "status";
  };
  std::erase_if(config.as_object(), [&](const auto& member) { return !is_about(member.first); });
  for (const auto name : {"labels", "annotations", "finalizers", "ownerReferences"})
    config.member("metadata").erase(name);
}

Async<std::optional<ApiError>> Writer::claim(Json object) {
  if (part() == store::Part::status) co_return std::nullopt;
  // The path says where it goes, whatever the body leaves out.
  if (!info_.ns.empty()) object.member("metadata").set("namespace", info_.ns);
  const auto name = store::metadata_text(object, "name");
  const auto causes = co_await take_claims(store_, std::move(object), now_, options_.dry_run);
  if (!causes.ok()) co_return explain(causes.status());
  if (causes->empty()) co_return std::nullopt;
  co_return invalid_object(info_, std::string(kind_.kind), name, *causes);
}

Async<Written> Writer::create(Json body) {
  if (kind_.has_status && body.is_object()) body.erase("status");
  if (auto* metadata = body.find("metadata")) metadata->erase("managedFields");
  Admission admission{kind_, info_, validators_, options_.validation, nullptr, {}, guard_};
  if (auto wrong = admit(admission, body)) co_return Written(*std::move(wrong));
  if (auto wrong = co_await check_namespace()) co_return Written(*std::move(wrong));
  auto entries = track_update(*kind_.type(), {}, Json::object(), body,
                              manager(schema::ManagerOperation::update));
  set_managed_fields(body, entries);
  co_return co_await store_new(std::move(body), std::move(admission.warnings));
}

Async<Written> Writer::store_new(Json object, std::vector<std::string> warnings) {
  store::Key wanted{kind_.resource(), info_.ns,
                    object.member("metadata").string_or("name", info_.name)};
  if (!wanted.name.empty() && store_.get(wanted).ok()) {
    // Perhaps another process has removed it since.
    const Status seen = co_await store_.sync();
    if (!seen.ok()) co_return Written(explain(seen));
    if (store_.get(wanted).ok()) co_return Written(already_exists_error(info_, wanted.name));
  }
  if (auto wrong = co_await claim(object)) co_return Written(*std::move(wrong));
  api::meta::seed_status(kind_, object, now_);
  Written written;
  written.code = 201;
  written.warnings = std::move(warnings);
  if (options_.dry_run) {
    const auto prefix = object.member("metadata").string_or("generateName", "");
    if (wanted.name.empty() && !prefix.empty()) wanted.name = prefix + kDryRunSuffix;
    const Uid uid(kDryRunUid);
    auto prepared = store::prepare_create(wanted, std::move(object), uid, now_);
    if (!prepared.ok()) co_return Written(explain(prepared.status()));
    written.object = store::make_object(wanted, uid, 0, *std::move(prepared));
    co_return written;
  }
  auto created = co_await store_.create(kind_.resource(), std::move(object));
  if (!created.ok() && error_class(created.status()) == ErrorClass::already_exists)
    co_return Written(already_exists_error(info_, wanted.name));
  if (!created.ok()) co_return Written(explain(created.status()));
  written.object = *std::move(created);
  co_return written;
}

// `body` may name the version that it is about.
Async<Written> Writer::change(const Json& body, const Change& change) {
  for (int attempt = 1;; ++attempt) {
    auto current = co_await current_object(store_, key(), version_in(body));
    if (!current.ok()) co_return Written(explain(current.status()));
    Json object = (*current)->value;
    if (auto wrong = change(object)) co_return Written(*std::move(wrong));
    bool conflicted = false;
    auto written = co_await replace(std::move(object), *std::move(current), conflicted);
    if (!conflicted || attempt == kWriteAttempts) co_return written;
  }
}

// Admits `object` and puts it in the place of `current`. `conflicted`: somebody else was faster,
// and `object` is about no other version than `current`.
Async<Written> Writer::replace(Json object, store::ObjectPtr current, bool& conflicted) {
  auto entries = chosen_entries(current->value, object);
  object = only_this_part(current->value, std::move(object));
  if (auto* metadata = object.find("metadata")) metadata->erase("managedFields");
  Admission admission{kind_, info_, validators_, options_.validation, &current->value, {}, guard_};
  if (auto wrong = admit(admission, object)) co_return Written(*std::move(wrong));
  Json before = current->value;
  before.member("metadata").erase("managedFields");
  entries = track_update(*kind_.type(), std::move(entries), before, object,
                         manager(schema::ManagerOperation::update));
  set_managed_fields(object, entries);
  co_return co_await store_next(std::move(object), std::move(current), conflicted,
                                std::move(admission.warnings));
}

Async<Written> Writer::store_next(Json object, store::ObjectPtr current, bool& conflicted,
                                  std::vector<std::string> warnings) {
  if (auto wrong = co_await claim(object)) co_return Written(*std::move(wrong));
  Written written;
  written.warnings = std::move(warnings);
  if (options_.dry_run) {
    // Who tries it wants to know what it would do.
    for (const auto& each : schema::effects_of(*kind_.type(), current->value, object))
      written.warnings.push_back(each.path + ": " + std::string(each.effect));
    auto next = store::prepare_update(*current, part(), std::move(object));
    if (!next.ok()) co_return Written(explain(next.status()));
    written.object =
        store::make_object(current->key, current->uid, current->revision, std::move(next->value));
    co_return written;
  }
  const auto version = std::to_string(current->revision);
  if (store::metadata_text(object, "resourceVersion").empty())
    object.member("metadata").set("resourceVersion", version);
  const bool locked = store::metadata_text(object, "resourceVersion") != version;
  auto stored = co_await store_.update(kind_.resource(), part(), std::move(object));
  if (!stored.ok()) {
    conflicted = is_conflict(stored.status()) && !locked;
    co_return Written(explain(stored.status()));
  }
  written.object = *std::move(stored);
  co_return written;
}

Async<Written> Writer::update(Json body) {
  const Change replaced = [&body](Json& object) {
    object = body;
    return std::optional<ApiError>();
  };
  co_return co_await change(body, replaced);
}

Async<Written> Writer::patch(std::string content_type, Json patch) {
  if (content_type == kApplyPatch) co_return co_await apply(std::move(patch));
  if (content_type == kJsonPatch && patch.is_array() && patch.size() > kOperationsMax)
    co_return Written(too_large("The allowed maximum operations in a JSON patch is " +
                                std::to_string(kOperationsMax) + ", got " +
                                std::to_string(patch.size())));
  const Change patched = [&](Json& object) -> std::optional<ApiError> {
    const auto applied = apply_patch(kind_.type(), object, content_type, patch);
    if (applied.ok()) return std::nullopt;
    return explain_patch(applied, content_type);
  };
  co_return co_await change(patch, patched);
}

Async<Written> Writer::apply(Json config) {
  if (!config.is_object()) co_return Written(bad_request("an apply patch must be an object"));
  if (config.find_path({"metadata", "managedFields"}) != nullptr)
    co_return Written(bad_request("metadata.managedFields must be nil"));
  Admission admission{kind_, info_, validators_, options_.validation, nullptr, {}, guard_};
  if (auto wrong = admission.check_identity(config)) co_return Written(*std::move(wrong));
  for (int attempt = 1;; ++attempt) {
    bool conflicted = false;
    auto written = co_await apply_once(config, conflicted);
    if (!conflicted || attempt == kWriteAttempts) co_return written;
  }
}

Async<Written> Writer::apply_once(Json config, bool& conflicted) {
  const auto current = store_.get(key());
  const bool exists = current.ok();
  if (!exists &&
      (error_class(current.status()) != ErrorClass::not_found || part() == store::Part::status))
    co_return Written(explain(current.status()));
  const Json live = exists ? (*current)->value : Json::object();
  keep_this_part(config);
  auto applied = server_side_apply(*kind_.type(), live, std::move(config),
                                   manager(schema::ManagerOperation::apply), options_.force);
  if (!applied.ok()) co_return Written(explain(applied.status()));
  if (!applied->conflicts.empty()) co_return Written(apply_conflict(applied->conflicts));
  Json object = std::move(applied->object);
  const auto entries = managed_fields_of(object);
  object.member("metadata").erase("managedFields");
  Admission admission{kind_, info_, validators_, options_.validation, exists ? &live : nullptr,
                      {},    guard_};
  if (auto wrong = admit(admission, object)) co_return Written(*std::move(wrong));
  set_managed_fields(object, entries);
  if (exists)
    co_return co_await store_next(std::move(object), *current, conflicted,
                                  std::move(admission.warnings));
  if (auto wrong = co_await check_namespace()) co_return Written(*std::move(wrong));
  auto created = co_await store_new(std::move(object), std::move(admission.warnings));
  conflicted = created.error && created.error->reason == "AlreadyExists";
  co_return created;
}

}  // namespace gantry::apiserver
