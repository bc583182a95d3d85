#pragma once
// Admission: a body becomes an object that may be stored, or an error that says all that is wrong.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/meta/kind.h"
#include "pkg/apiserver/request/status.h"
#include "pkg/schema/problem.h"

namespace gantry::apiserver {

// What is done about unknown and duplicate fields: ?fieldValidation=. Ours is Strict when absent.
enum class FieldValidation { ignore, warn, strict };
FieldValidation field_validation(const RequestInfo& info);

// Rules beyond the schema that a composition root adds, such as "selectors must compile".
using Validator = std::function<schema::Problems(const api::meta::Kind&, const Json& object)>;

struct Admission {
  const api::meta::Kind& kind;
  const RequestInfo& info;
  const std::vector<Validator>& validators;
  const Json* old = nullptr;          // the stored object, for updates
  std::vector<std::string> warnings;  // for Warning headers

  // Checks apiVersion, kind, name and namespace against the request, fills in defaults, moves
  // write-only fields, validates. On success `object` is what shall be stored.
  std::optional<ApiError> admit(Json& object);

 private:
  std::optional<ApiError> check_identity(Json& object) const;
  std::optional<ApiError> check_type(Json& object);
};

}  // namespace gantry::apiserver
