#include "pkg/apiserver/rest.h"

#include <algorithm>

#include "api/kinds.h"
#include "pkg/apiserver/patch/json_patch.h"
#include "pkg/apiserver/present/presentation.h"
#include "pkg/base/text.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

constexpr int kPatchAttempts = 5;

// A strategic merge patch without directives and without lists is a merge patch.
bool is_plain_merge(const Json& patch) {
  if (patch.is_array()) return false;
  if (!patch.is_object()) return true;
  return std::ranges::all_of(patch.as_object(), [](const auto& member) {
    return !member.first.starts_with("$") && is_plain_merge(member.second);
  });
}

Status unsupported_patch(const std::string& type) {
  return error(ErrorClass::unsupported,
               "the body of the request was in an unknown format (%s); accepted media types "
               "include: application/merge-patch+json, application/json-patch+json",
               type);
}

Status apply_patch(Json& object, const std::string& type, const Json& patch) {
  if (type == "application/json-patch+json") return apply_json_patch(object, patch);
  const bool strategic = type == "application/strategic-merge-patch+json";
  const bool merge = type == "application/merge-patch+json" || (strategic && is_plain_merge(patch));
  if (!merge) return unsupported_patch(type);
  if (!patch.is_object()) return invalid("a merge patch must be an object");
  merge_patch(object, patch);
  return {};
}

std::string version_of(const Json& object) {
  const auto* version = object.find_path({"metadata", "resourceVersion"});
  return version != nullptr && version->is_string() ? version->as_string() : "";
}

Result<store::Precondition> precondition_of(const Json& options) {
  store::Precondition precondition;
  const auto* wanted = options.find("preconditions");
  if (wanted == nullptr) return precondition;
  if (const auto uid = wanted->string_or("uid", ""); !uid.empty()) precondition.uid = Uid(uid);
  if (const auto text = wanted->string_or("resourceVersion", ""); !text.empty()) {
    precondition.revision = parse_integer(text);
    if (!precondition.revision) return invalid("invalid resource version \"%s\"", text);
  }
  return precondition;
}

// The first object found in a namespace, for the message that refuses to delete it. Events do not
// count: they expire by themselves.
std::optional<std::string> first_object_in(const store::Store& store, const std::string& ns) {
  for (const auto& kind : api::all_kinds()) {
    if (!kind.namespaced || kind.kind == "Event") continue;
    const auto all = store.list(kind.resource(), ns);
    if (!all.items.empty()) return store::to_string(all.items.front()->key);
  }
  return std::nullopt;
}

// "metadata.labels: Invalid value: …" → the field and the rest.
Cause cause_of(const std::string& message) {
  const auto colon = message.find(": ");
  if (colon == std::string::npos || message.substr(0, colon).find(' ') != std::string::npos)
    return {"FieldValueInvalid", message, ""};
  return {"FieldValueInvalid", message.substr(colon + 2), message.substr(0, colon)};
}

}  // namespace

Rest::Rest(store::Store& store, const api::meta::Kind& kind, const RequestInfo& info,
           const std::vector<Validator>& validators, Accepted accepted, Time now)
    : store_(store),
      kind_(kind),
      info_(info),
      validators_(validators),
      accepted_(accepted),
      now_(now) {}

store::Key Rest::key() const {
  return {kind_.resource(), info_.ns, info_.name};
}

store::Part Rest::part() const {
  if (info_.subresource == "status") return store::Part::status;
  return kind_.has_status ? store::Part::main : store::Part::whole;
}

bool Rest::dry_run() const {
  return info_.query("dryRun") == "All";
}

http::Response Rest::fail(const Status& status) const {
  if (error_class(status) != ErrorClass::invalid) return to_api_error(status, info_).to_response();
  return invalid_object(info_, std::string(kind_.kind), info_.name, {cause_of(message_of(status))})
      .to_response();
}

http::Response Rest::answer(int code, const store::ObjectPtr& object,
                            const std::vector<std::string>& warnings) const {
  http::Response response;
  response.status = code;
  response.headers["Content-Type"] = accepted_.yaml ? "application/yaml" : "application/json";
  response.body = present(kind_, object->value, object->text, accepted_,
                          info_.query("includeObject", "Metadata"), now_);
  std::string header;
  for (const auto& warning : warnings) {
    std::string escaped;
    for (const char c : warning)
      escaped += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
    header += (header.empty() ? "299 - \"" : ", 299 - \"") + escaped + "\"";
  }
  if (!header.empty()) response.headers["Warning"] = header;
  return response;
}

http::Response Rest::answer(int code, const Json& object,
                            const std::vector<std::string>& warnings) const {
  auto shown = std::make_shared<store::Object>();
  shown->value = object;
  return answer(code, shown, warnings);
}

std::optional<ApiError> Rest::check_namespace() const {
  if (!kind_.namespaced || info_.ns.empty()) return std::nullopt;
  const auto ns = store_.get({"namespaces", "", info_.ns});
  if (!ns.ok()) {
    ApiError missing = bad_request("namespaces \"" + info_.ns + "\" not found");
    missing.code = 404;
    missing.reason = "NotFound";
    missing.kind = "namespaces";
    missing.name = info_.ns;
    return missing;
  }
  if ((*ns)->value.find_path({"metadata", "deletionTimestamp"}) == nullptr) return std::nullopt;
  ApiError ending = forbidden(info_, "");
  ending.message = info_.resource() + " is forbidden: unable to create new content in namespace " +
                   info_.ns + " because it is being terminated";
  return ending;
}

http::Response Rest::get() {
  const auto object = store_.get(key());
  if (!object.ok()) return fail(object.status());
  return answer(200, *object, {});
}

http::Response Rest::list() {
  const auto filter = Filter::parse(kind_, info_);
  if (!filter.ok()) return to_api_error(filter.status(), info_).to_response();
  auto all = store_.list(kind_.resource(), info_.ns);
  std::erase_if(all.items, [&](const auto& item) { return !filter->matches(item->value); });
  http::Response response;
  response.headers["Content-Type"] = accepted_.yaml ? "application/yaml" : "application/json";
  response.body = present_list(kind_, all.items, all.revision, accepted_,
                               info_.query("includeObject", "Metadata"), now_);
  return response;
}

Async<http::Response> Rest::create(Json body) {
  Admission admission{kind_, info_, validators_, nullptr, {}};
  if (auto wrong = admission.admit(body)) co_return wrong->to_response();
  if (auto wrong = check_namespace()) co_return wrong->to_response();
  const auto name = body.member("metadata").string_or("name", "");
  const store::Key wanted{kind_.resource(), info_.ns, name};
  if (!name.empty() && store_.get(wanted).ok())
    co_return already_exists_error(info_, name).to_response();
  if (kind_.has_status) body.erase("status");
  if (dry_run()) co_return answer(201, body, admission.warnings);
  auto created = co_await store_.create(kind_.resource(), std::move(body));
  if (created.ok()) co_return answer(201, *created, admission.warnings);
  if (error_class(created.status()) == ErrorClass::already_exists)
    co_return already_exists_error(info_, name).to_response();
  co_return fail(created.status());
}

// Admits and writes `object` over `current`. `conflicted` tells that somebody else was faster.
Async<http::Response> Rest::replace(Json object, store::ObjectPtr current, bool& conflicted) {
  Admission admission{kind_, info_, validators_, &current->value, {}};
  if (auto wrong = admission.admit(object)) co_return wrong->to_response();
  if (dry_run()) co_return answer(200, object, admission.warnings);
  auto written = co_await store_.update(kind_.resource(), part(), std::move(object));
  if (written.ok()) co_return answer(200, *written, admission.warnings);
  conflicted = error_class(written.status()) == ErrorClass::conflict;
  co_return fail(written.status());
}

Async<http::Response> Rest::update(Json body) {
  const auto current = store_.get(key());
  if (!current.ok()) co_return fail(current.status());
  bool conflicted = false;
  co_return co_await replace(std::move(body), *current, conflicted);
}

Async<http::Response> Rest::patch(std::string content_type, Json patch) {
  const bool locked = patch.is_object() && !version_of(patch).empty();
  for (int attempt = 1;; ++attempt) {
    const auto current = store_.get(key());
    if (!current.ok()) co_return fail(current.status());
    Json object = (*current)->value;
    const auto applied = apply_patch(object, content_type, patch);
    if (!applied.ok()) co_return to_api_error(applied, info_).to_response();
    bool conflicted = false;
    auto response = co_await replace(std::move(object), *current, conflicted);
    if (!conflicted || locked || attempt == kPatchAttempts) co_return response;
  }
}

Async<http::Response> Rest::remove(Json options) {
  const auto current = store_.get(key());
  if (!current.ok()) co_return fail(current.status());
  auto precondition = precondition_of(options);
  if (!precondition.ok()) co_return to_api_error(precondition.status(), info_).to_response();
  if (kind_.kind == "Namespace") {
    if (const auto inside = first_object_in(store_, info_.name)) {
      ApiError blocked =
          to_api_error(conflict("namespaces \"%s\" is not empty: it holds %s; delete that first",
                                info_.name, *inside),
                       info_);
      co_return blocked.to_response();
    }
  }
  const bool dry = dry_run() || options.find("dryRun") != nullptr;
  if (dry) co_return json_response(200, success_status(info_, (*current)->uid.get()));
  auto removed = co_await store_.remove(key(), *precondition);
  if (!removed.ok()) co_return fail(removed.status());
  const auto* finalizers = (*removed)->value.find_path({"metadata", "finalizers"});
  if (finalizers != nullptr && finalizers->size() > 0) co_return answer(200, *removed, {});
  co_return json_response(200, success_status(info_, (*removed)->uid.get()));
}

Async<http::Response> Rest::remove_collection(Json options) {
  const auto filter = Filter::parse(kind_, info_);
  if (!filter.ok()) co_return to_api_error(filter.status(), info_).to_response();
  if (kind_.kind == "Namespace") co_return method_not_allowed(info_).to_response();
  const bool dry = dry_run() || options.find("dryRun") != nullptr;
  auto all = store_.list(kind_.resource(), info_.ns);
  std::erase_if(all.items, [&](const auto& item) { return !filter->matches(item->value); });
  for (const auto& item : all.items) {
    if (dry) break;
    const store::Precondition same(item->uid, std::nullopt);
    auto removed = co_await store_.remove(item->key, same);
    const bool gone = !removed.ok() && (error_class(removed.status()) == ErrorClass::not_found ||
                                        error_class(removed.status()) == ErrorClass::conflict);
    if (!removed.ok() && !gone) co_return fail(removed.status());
  }
  http::Response response;
  response.headers["Content-Type"] = "application/json";
  response.body = present_list(kind_, all.items, all.revision, Accepted(), "", now_);
  co_return response;
}

}  // namespace gantry::apiserver
