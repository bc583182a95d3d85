#include "pkg/apiserver/request/status.h"

#include "pkg/base/log.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

struct ClassRow {
  ErrorClass error;
  int code;
  std::string_view reason;
};

// style: every class has one answer. What a client can repair is 4xx, what will pass is 503/429.
constexpr ClassRow kAnswers[] = {
    {ErrorClass::transport, 503, "ServiceUnavailable"},
    {ErrorClass::tls, 503, "ServiceUnavailable"},
    {ErrorClass::auth, 401, "Unauthorized"},
    {ErrorClass::permission, 403, "Forbidden"},
    {ErrorClass::not_found, 404, "NotFound"},
    {ErrorClass::already_exists, 409, "AlreadyExists"},
    {ErrorClass::conflict, 409, "Conflict"},
    {ErrorClass::locked, 503, "ServiceUnavailable"},
    {ErrorClass::invalid, 400, "BadRequest"},
    {ErrorClass::task_failed, 500, "InternalError"},
    {ErrorClass::schema, 500, "InternalError"},
    {ErrorClass::remote, 500, "InternalError"},
    {ErrorClass::overload, 429, "TooManyRequests"},
    {ErrorClass::held, 503, "ServiceUnavailable"},
    {ErrorClass::unsupported, 415, "UnsupportedMediaType"},
    {ErrorClass::timeout, 504, "Timeout"},
    {ErrorClass::cancelled, 503, "ServiceUnavailable"},
    {ErrorClass::internal, 500, "InternalError"},
};

const ClassRow& answer_to(ErrorClass error) {
  for (const auto& row : kAnswers)
    if (row.error == error) return row;
  return kAnswers[std::size(kAnswers) - 1];
}

ApiError about(const RequestInfo& info, int code, std::string_view reason) {
  ApiError api_error;
  api_error.code = code;
  api_error.reason = reason;
  api_error.group = info.group;
  api_error.kind = info.plural;
  api_error.name = info.name;
  return api_error;
}

Json details_of(const ApiError& api_error) {
  Json details;
  const auto set = [&details](std::string_view key, const std::string& value) {
    if (!value.empty()) details.set(key, value);
  };
  set("name", api_error.name);
  set("group", api_error.group);
  set("kind", api_error.kind);
  set("uid", api_error.uid);
  for (const auto& cause : api_error.causes) {
    Json item;
    item.set("reason", cause.reason);
    item.set("message", cause.message);
    if (!cause.field.empty()) item.set("field", cause.field);
    if (!cause.code.empty()) item.set("code", cause.code);
    details.member("causes").push_back(std::move(item));
  }
  if (api_error.retry_after_seconds)
    details.set("retryAfterSeconds", *api_error.retry_after_seconds);
  return details;
}

Json status_object(std::string_view outcome) {
  Json status;
  status.set("kind", "Status");
  status.set("apiVersion", "v1");
  status.set("metadata", Json::object());
  status.set("status", outcome);
  return status;
}

}  // namespace

Json ApiError::to_json() const {
  Json status = status_object("Failure");
  if (!continue_token.empty()) status.member("metadata").set("continue", continue_token);
  status.set("message", message);
  status.set("reason", reason);
  auto details = details_of(*this);
  if (!details.is_null()) status.set("details", std::move(details));
  status.set("code", code);
  return status;
}

http::Response ApiError::to_response() const {
  auto response = json_response(code, to_json());
  if (retry_after_seconds) response.headers["Retry-After"] = std::to_string(*retry_after_seconds);
  if (code == 401) response.headers["WWW-Authenticate"] = "Bearer realm=\"gantry\"";
  return response;
}

ApiError to_api_error(const Status& status, const RequestInfo& info) {
  const auto error = error_class(status);
  const auto& row = answer_to(error);
  auto api_error = about(info, row.code, row.reason);
  api_error.message = message_of(status);
  if (row.code == 500) {
    // Nothing that a client can repair: the details are for the log.
    log::error("a request failed", {{"resource", info.resource()}, {"error", status}});
    api_error.message = "Internal error occurred: the daemon's log says more";
  }
  if (error == ErrorClass::not_found && info.is_resource) return not_found_error(info);
  if (const auto delay = retry_after(status)) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*delay).count();
    api_error.retry_after_seconds = static_cast<int>(std::max<int64_t>(1, seconds));
  } else if (row.code == 503 || row.code == 429) {
    api_error.retry_after_seconds = 1;
  }
  return api_error;
}

ApiError not_found_error(const RequestInfo& info) {
  auto api_error = about(info, 404, "NotFound");
  api_error.message = info.resource() + " \"" + info.name + "\" not found";
  return api_error;
}

ApiError already_exists_error(const RequestInfo& info, const std::string& name) {
  auto api_error = about(info, 409, "AlreadyExists");
  api_error.name = name;
  api_error.message = info.resource() + " \"" + name + "\" already exists";
  return api_error;
}

ApiError bad_request(std::string message) {
  ApiError api_error;
  api_error.code = 400;
  api_error.reason = "BadRequest";
  api_error.message = std::move(message);
  return api_error;
}

ApiError too_large(std::string message) {
  ApiError api_error;
  api_error.code = 413;
  api_error.reason = "RequestEntityTooLarge";
  api_error.message = std::move(message);
  return api_error;
}

ApiError unauthorized() {
  ApiError api_error;
  api_error.code = 401;
  api_error.reason = "Unauthorized";
  api_error.message = "Unauthorized";
  return api_error;
}

ApiError forbidden(const RequestInfo& info, const std::string& user) {
  auto api_error = about(info, 403, "Forbidden");
  if (!info.is_resource) {
    api_error.message = "forbidden: User \"" + user + "\" cannot " + info.verb + " this path";
    return api_error;
  }
  api_error.message = info.resource();
  if (!info.name.empty()) api_error.message += " \"" + info.name + "\"";
  api_error.message += " is forbidden: User \"" + user + "\" cannot " + info.verb + " resource \"" +
                       info.plural + "\" in API group \"" + info.group + "\"";
  api_error.message +=
      info.ns.empty() ? " at the cluster scope" : " in the namespace \"" + info.ns + "\"";
  return api_error;
}

ApiError invalid_object(const RequestInfo& info, const std::string& kind, const std::string& name,
                        std::vector<Cause> causes) {
  auto api_error = about(info, 422, "Invalid");
  api_error.kind = kind;
  api_error.name = name;
  api_error.message =
      kind + (info.group.empty() ? "" : "." + info.group) + " \"" + name + "\" is invalid: ";
  const bool many = causes.size() > 1;
  if (many) api_error.message += "[";
  bool first = true;
  for (const auto& cause : causes) {
    if (!first) api_error.message += ", ";
    first = false;
    api_error.message += cause.field.empty() ? cause.message : cause.field + ": " + cause.message;
  }
  if (many) api_error.message += "]";
  api_error.causes = std::move(causes);
  return api_error;
}

ApiError method_not_allowed(const RequestInfo& info) {
  auto api_error = about(info, 405, "MethodNotAllowed");
  api_error.message = "the server does not allow this method on the requested resource";
  return api_error;
}

Json success_status(const RequestInfo& info, const std::string& uid) {
  Json status = status_object("Success");
  ApiError details;
  details.name = info.name;
  details.group = info.group;
  details.kind = info.plural;
  details.uid = uid;
  status.set("details", details_of(details));
  return status;
}

http::Response json_response(int code, const Json& body, bool pretty) {
  http::Response response;
  response.status = code;
  response.headers["Content-Type"] = "application/json";
  response.body = pretty ? schema::to_pretty_json(body) : schema::to_json(body);
  response.body += "\n";
  return response;
}

}  // namespace gantry::apiserver
