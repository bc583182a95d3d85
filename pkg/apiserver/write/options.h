#pragma once
// WriteOptions: how a write is to be done, from its query parameters and its caller's name.
#include <optional>
#include <string>

#include "pkg/apiserver/request/status.h"

namespace gantry::apiserver {

// What is done about unknown and duplicate fields: ?fieldValidation=. Strict when absent.
enum class FieldValidation { ignore, warn, strict };

struct WriteOptions {
  FieldValidation validation = FieldValidation::strict;
  bool dry_run = false;
  bool force = false;   // of an apply: take fields over from others
  std::string manager;  // whose fields these are; the user agent's first word when not given
};

enum class WriteVerb { create, update, patch, apply };

// Fills in `options`. Invalid (422), naming every parameter that is wrong, as
// `PatchOptions.meta.k8s.io "" is invalid: …`.
// k8s.io/apimachinery/pkg/apis/meta/v1/validation.
std::optional<ApiError> read_write_options(const RequestInfo& info, const std::string& user_agent,
                                           WriteVerb verb, WriteOptions& options);

// `kind` is "PatchOptions", "DeleteOptions" …
ApiError invalid_options(const std::string& kind, std::vector<Cause> causes);
// The cause for a value that is none of those that are supported.
Cause not_supported(const std::string& field, const std::string& value,
                    const std::string& supported);

}  // namespace gantry::apiserver
