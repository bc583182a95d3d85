#pragma once
// ApiError: an error as the Kubernetes API tells it (metav1.Status).
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/apiserver/request/request_info.h"
#include "pkg/base/json.h"
#include "pkg/base/status.h"
#include "pkg/http/http.h"

namespace gantry::apiserver {

// One thing that is wrong with a field.
struct Cause {
  std::string reason;   // FieldValueInvalid, FieldValueRequired …
  std::string message;  // "Invalid value: \"12Q\": must be a quantity such as 512Mi"
  std::string field;    // "spec.resources.memory"
  std::string code{};   // of the failure catalogue: "MC-001"; ours, not Kubernetes'
};

struct ApiError {
  int code = 500;
  std::string reason;             // NotFound, AlreadyExists, Conflict, Invalid …
  std::string message;            // for people
  std::string group, kind, name;  // details; kind is the plural, or the Kind for Invalid
  std::string uid;
  std::vector<Cause> causes;
  std::optional<int> retry_after_seconds;
  std::string continue_token;  // metadata.continue: how to go on all the same

  Json to_json() const;
  http::Response to_response() const;
};

// What a Status from the store, the decoder or the negotiation means to a client of `info`.
ApiError to_api_error(const Status& status, const RequestInfo& info);

ApiError not_found_error(const RequestInfo& info);
ApiError already_exists_error(const RequestInfo& info, const std::string& name);
ApiError bad_request(std::string message);
// 413: what was sent, or would have to be stored.
ApiError too_large(std::string message);
ApiError unauthorized();
// `user` may not do what `info` asks.
ApiError forbidden(const RequestInfo& info, const std::string& user);
// 422 with one cause a problem. `kind` is the CamelCase kind.
ApiError invalid_object(const RequestInfo& info, const std::string& kind, const std::string& name,
                        std::vector<Cause> causes);
ApiError method_not_allowed(const RequestInfo& info);

// A successful metav1.Status, as DELETE answers it.
Json success_status(const RequestInfo& info, const std::string& uid);

http::Response json_response(int code, const Json& body, bool pretty = false);

}  // namespace gantry::apiserver
