#include "pkg/apiserver/write/removal.h"

#include <algorithm>

#include "api/kinds.h"
#include "pkg/base/text.h"
#include "pkg/store/object.h"
#include "pkg/store/reader.h"
#include "pkg/store/semantics.h"

namespace gantry::apiserver {
namespace {

// The first object found in a namespace, for the message that refuses to delete it. Events do not
// count: they expire by themselves.
std::optional<std::string> first_object_in(store::Store& store, const std::string& ns) {
  for (const auto& kind : api::all_kinds()) {
    if (!kind.namespaced || kind.kind == "Event") continue;
    store::Query inside;
    inside.resource = kind.resource();
    inside.ns = ns;
    const auto found = store.reader().list(inside, store::PageOf{{}, 1});
    if (!found.items.empty()) return store::to_string(found.items.front()->key);
  }
  return std::nullopt;
}

std::string option(const RequestInfo& info, const Json& body, std::string_view name) {
  const auto* member = body.find(name);
  if (member == nullptr || member->is_null()) return info.query(name);
  if (member->is_bool()) return member->as_bool() ? "true" : "false";
  return member->is_string() ? member->as_string() : "?";
}

std::optional<Cause> read_propagation(const RequestInfo& info, const Json& body,
                                      store::Removal& removal) {
  const auto policy = option(info, body, "propagationPolicy");
  const auto orphan = option(info, body, "orphanDependents");
  if (!policy.empty() && !orphan.empty())
    return Cause{"FieldValueInvalid",
                 "Invalid value: orphanDependents and deletionPropagation cannot be both set",
                 "propagationPolicy"};
  if (policy == "Orphan" || orphan == "true")
    removal.dependents = store::Dependents::orphan;
  else if (policy == "Foreground")
    removal.dependents = store::Dependents::foreground;
  else if (policy == "Background" || orphan == "false")
    removal.dependents = store::Dependents::background;
  else if (!policy.empty())
    return not_supported("propagationPolicy", policy,
                         "\"Foreground\", \"Background\", \"Orphan\", \"nil\"");
  return std::nullopt;
}

// Names what nobody knows: a guard that is not understood would guard nothing.
std::optional<ApiError> check_members(const Json& object, std::string_view what,
                                      std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : object.as_object())
    if (std::ranges::find(known, name) == known.end())
      return bad_request(std::string(what) + " has no field \"" + name + "\"");
  return std::nullopt;
}

std::optional<ApiError> read_preconditions(const Json& body, store::Precondition& precondition) {
  const auto* wanted = body.find("preconditions");
  if (wanted == nullptr || wanted->is_null()) return std::nullopt;
  if (!wanted->is_object()) return bad_request("preconditions: must be an object");
  if (auto wrong = check_members(*wanted, "preconditions", {"uid", "resourceVersion"}))
    return wrong;
  for (const auto& [name, value] : wanted->as_object())
    if (!value.is_string() && !value.is_null())
      return bad_request("preconditions." + name + ": must be a string");
  if (const auto uid = wanted->string_or("uid", ""); !uid.empty()) precondition.uid = Uid(uid);
  const auto text = wanted->string_or("resourceVersion", "");
  if (text.empty()) return std::nullopt;
  precondition.revision = parse_integer(text);
  if (precondition.revision) return std::nullopt;
  return bad_request("preconditions.resourceVersion: invalid resource version \"" + text + "\"");
}

}  // namespace

std::optional<ApiError> read_delete_options(const RequestInfo& info, const Json& body,
                                            DeleteOptions& options) {
  if (!body.is_object()) return bad_request("DeleteOptions must be an object");
  const auto kind = body.string_or("kind", "DeleteOptions");
  if (kind != "DeleteOptions")
    return bad_request("the body of a delete is DeleteOptions, not " + kind);
  if (auto wrong = check_members(body, kind,
                                 {"apiVersion", "kind", "dryRun", "gracePeriodSeconds",
                                  "orphanDependents", "preconditions", "propagationPolicy",
                                  "ignoreStoreReadErrorWithClusterBreakingPotential"}))
    return wrong;
  std::vector<Cause> causes;
  auto dry_run = info.query("dryRun");
  if (const auto* list = body.find("dryRun"); list != nullptr && list->is_array())
    for (const auto& item : list->as_array()) dry_run = item.is_string() ? item.as_string() : "?";
  options.dry_run = dry_run == "All";
  if (!dry_run.empty() && !options.dry_run)
    causes.push_back(not_supported("dryRun", dry_run, "\"All\""));
  if (auto wrong = read_propagation(info, body, options.removal)) causes.push_back(*wrong);
  if (!causes.empty()) return invalid_options("DeleteOptions", std::move(causes));
  return read_preconditions(body, options.removal.precondition);
}

std::optional<ApiError> Remover::check_is_empty_namespace() const {
  if (kind_.kind != "Namespace") return std::nullopt;
  const auto inside = first_object_in(store_, info_.name);
  if (!inside) return std::nullopt;
  return to_api_error(conflict("namespaces \"%s\" is not empty: it holds %s; delete that first",
                               info_.name, *inside),
                      info_);
}

Async<Written> Remover::remove(DeleteOptions options) {
  const store::Key key{kind_.resource(), info_.ns, info_.name};
  const auto version = options.removal.precondition.revision.value_or(0);
  const auto current = co_await current_object(store_, key, version);
  if (!current.ok()) co_return Written(to_api_error(current.status(), info_));
  if (auto blocked = check_is_empty_namespace()) co_return Written(*std::move(blocked));
  Written written;
  if (options.dry_run) {
    auto next = store::prepare_remove(**current, options.removal, now_);
    if (!next.ok()) co_return Written(to_api_error(next.status(), info_));
    written.object =
        store::make_object(key, (*current)->uid, (*current)->revision, std::move(next->value));
    co_return written;
  }
  auto removed = co_await store_.remove(key, options.removal);
  if (!removed.ok()) co_return Written(to_api_error(removed.status(), info_));
  written.object = *std::move(removed);
  co_return written;
}

Async<std::optional<ApiError>> Remover::remove_all(std::vector<store::ObjectPtr> objects,
                                                   DeleteOptions options) {
  if (kind_.kind == "Namespace") co_return method_not_allowed(info_);
  for (const auto& object : objects) {
    if (options.dry_run) break;
    store::Removal same = options.removal;
    same.precondition.uid = object->uid;
    auto removed = co_await store_.remove(object->key, same);
    if (removed.ok()) continue;
    const auto why = error_class(removed.status());
    const bool gone = why == ErrorClass::not_found || why == ErrorClass::conflict;
    if (!gone) co_return to_api_error(removed.status(), info_);
  }
  co_return std::nullopt;
}

}  // namespace gantry::apiserver
