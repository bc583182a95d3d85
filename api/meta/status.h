#pragma once
// metav1.Status: how the API says that something did not work.
#include <string>
#include <vector>

#include "api/meta/types.h"

namespace gantry::api::meta {

struct StatusCause {
  std::string reason;   // "FieldValueInvalid"
  std::string message;  // what would be right
  std::string field;    // "spec.ports[1].port"
  std::string code{};   // of the failure catalogue; ours, not Kubernetes'
};
struct StatusDetails {
  std::string name;
  std::string group;
  std::string kind;  // the resource ("apps") for errors about a resource
  std::string uid;
  std::vector<StatusCause> causes;
  int64_t retry_after_seconds = 0;
};
struct Status {
  std::string api_version = "v1";
  std::string kind = "Status";
  ListMeta metadata;
  std::string status;  // "Success", "Failure"
  std::string message;
  std::string reason;  // "NotFound", "Invalid", …
  std::optional<StatusDetails> details;
  int code = 0;  // the HTTP status
};

schema::TypeInfo describe(schema::Type<StatusCause>);
schema::TypeInfo describe(schema::Type<StatusDetails>);
schema::TypeInfo describe(schema::Type<Status>);

// One cause per problem, in Kubernetes' words.
std::vector<StatusCause> to_causes(const schema::Problems& problems);

}  // namespace gantry::api::meta
