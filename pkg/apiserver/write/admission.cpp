#include "pkg/apiserver/write/admission.h"

#include <algorithm>

#include "api/core/secret.h"
#include "api/kinds.h"
#include "pkg/apiserver/write/codes.h"
#include "pkg/schema/codec.h"
#include "pkg/schema/validate.h"

namespace gantry::apiserver {
namespace {

std::string_view kubernetes_reason(schema::Reason reason) {
  return reason == schema::Reason::unknown ? "FieldValueInvalid" : schema::to_string(reason);
}

std::string_view kubernetes_word(schema::Reason reason) {
  switch (reason) {
    case schema::Reason::required:
      return "Required value: ";
    case schema::Reason::not_supported:
      return "Unsupported value: ";
    case schema::Reason::duplicate:
      return "Duplicate value: ";
    case schema::Reason::forbidden:
      return "Forbidden: ";
    case schema::Reason::unknown:
      return "Unknown field: ";
    case schema::Reason::invalid:
    case schema::Reason::type_invalid:
      break;
  }
  return "Invalid value: ";
}

std::vector<Cause> to_causes(const schema::Problems& problems) {
  std::vector<Cause> causes;
  for (const auto& problem : problems)
    causes.push_back({std::string(kubernetes_reason(problem.reason)),
                      std::string(kubernetes_word(problem.reason)) + problem.message, problem.path,
                      std::string(code_of(problem))});
  return causes;
}

std::string name_of(const Json& object) {
  const auto* name = object.find_path({"metadata", "name"});
  return name != nullptr && name->is_string() ? name->as_string() : "";
}

// Takes the problems about unknown fields out of `problems`.
std::vector<std::string> take_unknown(schema::Problems& problems) {
  std::vector<std::string> unknown;
  for (const auto& problem : problems)
    if (problem.reason == schema::Reason::unknown)
      unknown.push_back("unknown field \"" + problem.path + "\"");
  std::erase_if(problems, [](const schema::Problem& problem) {
    return problem.reason == schema::Reason::unknown;
  });
  return unknown;
}

}  // namespace

std::optional<ApiError> Admission::check_identity(Json& object) const {
  if (!object.is_object())
    return bad_request("the body must be an object, not " + std::string(to_string(object.kind())));
  // Typed clients leave out what the path says; the kinds that are ours are sent by name only.
  const bool typed = kind.group.empty() || kind.group.ends_with(".k8s.io");
  if (typed && object.find("apiVersion") == nullptr) object.set("apiVersion", kind.api_version());
  if (typed && object.find("kind") == nullptr) object.set("kind", kind.kind);
  const auto version = object.string_or("apiVersion", "");
  const auto kind_name = object.string_or("kind", "");
  if (version != kind.api_version() || kind_name != kind.kind)
    return bad_request("the object provided is \"" + version + ", Kind=" + kind_name +
                       "\", expected \"" + kind.api_version() + ", Kind=" + std::string(kind.kind) +
                       "\"");
  auto& metadata = object.member("metadata");
  if (!metadata.is_object() && !metadata.is_null())
    return bad_request("metadata: must be an object");
  if (!info.name.empty() && metadata.string_or("name", info.name) != info.name)
    return bad_request("the name of the object (" + metadata.string_or("name", "") +
                       ") does not match the name on the URL (" + info.name + ")");
  if (!info.name.empty()) metadata.set("name", info.name);
  if (!kind.namespaced) {
    if (!metadata.string_or("namespace", "").empty())
      return bad_request("metadata.namespace: " + std::string(kind.kind) +
                         " is cluster-scoped and has no namespace");
    return std::nullopt;
  }
  if (metadata.string_or("namespace", info.ns) != info.ns)
    return bad_request(
        "the namespace of the provided object does not match the namespace sent on "
        "the request");
  metadata.set("namespace", info.ns);
  return std::nullopt;
}

std::optional<ApiError> Admission::check_type(Json& object) {
  const auto& type = *kind.type();
  schema::Problems problems;
  const auto holder = type.make();
  schema::read(type, holder.get(), object, schema::Input::strict, "", problems);
  if (validation != FieldValidation::strict) {
    auto unknown = take_unknown(problems);
    if (validation == FieldValidation::warn)
      warnings.insert(warnings.end(), unknown.begin(), unknown.end());
    if (problems.empty() && !unknown.empty()) object = schema::write(type, holder.get());
  }
  // Write-only fields are folded in before the old and the new object are compared.
  if (problems.empty() && kind.kind == "Secret") api::core::fold_string_data(object);
  if (problems.empty()) schema::fill_defaults(type, object);
  if (problems.empty() && old != nullptr) {
    const auto changed = schema::check_immutable(type, *old, object);
    problems.insert(problems.end(), changed.begin(), changed.end());
    if (kind.check_update != nullptr) {
      const auto refused = kind.check_update(*old, object);
      problems.insert(problems.end(), refused.begin(), refused.end());
    }
  }
  for (const auto& validator : validators) {
    if (!problems.empty()) break;
    const auto found = validator(kind, object);
    problems.insert(problems.end(), found.begin(), found.end());
  }
  if (problems.empty() && kind.warn != nullptr) {
    auto found = kind.warn(object);
    std::ranges::move(found, std::back_inserter(warnings));
  }
  if (problems.empty()) return std::nullopt;
  return invalid_object(info, std::string(kind.kind), name_of(object), to_causes(problems));
}

std::optional<ApiError> Admission::admit(Json& object) {
  if (auto wrong = check_identity(object)) return wrong;
  if (auto wrong = check_type(object)) return wrong;
  return guard ? guard(old, object) : std::nullopt;
}

}  // namespace gantry::apiserver
