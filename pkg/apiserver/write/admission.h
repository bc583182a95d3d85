#pragma once
// Admission: a body becomes an object that may be stored, or an error that says all that is wrong.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/meta/kind.h"
#include "pkg/apiserver/write/options.h"
#include "pkg/schema/problem.h"

namespace gantry::apiserver {

// Rules beyond the schema that a composition root adds, such as "selectors must compile".
using Validator = std::function<schema::Problems(const api::meta::Kind&, const Json& object)>;

// What the caller may not do although it may write objects of the kind: RBAC's rules about handing
// out rights. `old` is null for a new object.
using Guard = std::function<std::optional<ApiError>(const Json* old, const Json& object)>;

struct Admission {
  const api::meta::Kind& kind;
  const RequestInfo& info;
  const std::vector<Validator>& validators;
  FieldValidation validation;
  const Json* old = nullptr;          // the stored object, for updates
  std::vector<std::string> warnings;  // for Warning headers
  Guard guard;                        // may be empty

  // Checks apiVersion, kind, name and namespace against the request, fills in defaults, moves
  // write-only fields, validates. On success `object` is what shall be stored.
  std::optional<ApiError> admit(Json& object);
  // The first of these steps: whether this is an object of the kind that the path names.
  std::optional<ApiError> check_identity(Json& object) const;

 private:
  std::optional<ApiError> check_type(Json& object);
};

}  // namespace gantry::apiserver
