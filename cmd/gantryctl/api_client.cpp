#include "cmd/gantryctl/api_client.h"

#include "pkg/base/text.h"
#include "pkg/http/websocket/socket.h"
#include "pkg/schema/json.h"

namespace gantry::ctl {
namespace {

constexpr std::chrono::seconds kTimeout{40};

ErrorClass class_of(int status) {
  switch (status) {
    case 401:
      return ErrorClass::auth;
    case 403:
      return ErrorClass::permission;
    case 404:
      return ErrorClass::not_found;
    case 409:
      return ErrorClass::conflict;
    case 429:
      return ErrorClass::overload;
    // The daemon is there and cannot serve: no leader, no database. Nothing was refused.
    case 503:
      return ErrorClass::transport;
    case 504:
      return ErrorClass::timeout;
    default:
      return status >= 500 ? ErrorClass::remote : ErrorClass::invalid;
  }
}

// " (CEL-003)"; nothing for what is no failure of the catalogue.
std::string code_text(const Json& cause) {
  const auto code = cause.string_or("code", "");
  return code.empty() ? "" : " (" + code + ")";
}

// "App.gantry.dev "hello" is invalid:" and each field on a line of its own.
std::string message_of_status(const Json& status) {
  auto message = status.string_or("message", "");
  const auto* causes = status.find_path({"details", "causes"});
  const auto colon = message.find(": ");
  if (causes != nullptr && causes->size() == 1) return message + code_text(causes->as_array()[0]);
  if (causes == nullptr || causes->size() < 2 || colon == std::string::npos) return message;
  auto text = message.substr(0, colon + 1);
  for (const auto& cause : causes->as_array()) {
    const auto field = cause.string_or("field", "");
    text += "\n  " + (field.empty() ? "" : field + ": ") + cause.string_or("message", "") +
            code_text(cause);
  }
  return text;
}

Status error_of(const http::Response& response, const Json* body) {
  std::string message = body == nullptr ? "" : message_of_status(*body);
  if (message.empty())
    message = absl::StrFormat("the server answered %d %s", response.status,
                              std::string(http::reason_phrase(response.status)));
  auto kind = class_of(response.status);
  if (body != nullptr && body->string_or("reason", "") == "AlreadyExists")
    kind = ErrorClass::already_exists;
  return make_error(kind, message);
}

}  // namespace

Status never_arrived(Status status) {
  const bool gone = error_class(status) == ErrorClass::transport;
  return gone ? with_code(std::move(status), kCannotReach) : status;
}

std::string error_text(const Status& status, const std::string& url) {
  const auto message = message_of(status);
  if (catalogue_code(status) != kCannotReach) return message;
  return absl::StrFormat("%s: cannot reach %s: %s; is gantryd running?", kCannotReach, url,
                         message);
}

std::string path_of(const Where& where) {
  const auto& kind = *where.kind;
  std::string path = kind.group.empty() ? "/api/" : "/apis/" + std::string(kind.group) + "/";
  path += kind.version;
  if (kind.namespaced && !where.ns.empty()) path += "/namespaces/" + url_encode(where.ns);
  path += "/" + std::string(kind.plural);
  if (!where.name.empty()) path += "/" + url_encode(where.name);
  return path;
}

ApiClient::ApiClient(http::StreamingClient& client, std::string token)
    : client_(client), token_(std::move(token)) {}

// 299 - "text", 299 - "another with \" in it"
void ApiClient::tell_warnings(const http::Response& response) {
  const auto header = response.headers.find("Warning");
  if (header == response.headers.end() || !hear_) return;
  std::string text;
  bool quoted = false;
  for (size_t i = 0; i < header->second.size(); ++i) {
    const char c = header->second[i];
    if (c == '\\' && quoted && i + 1 < header->second.size()) {
      text += header->second[++i];
    } else if (c != '"') {
      if (quoted) text += c;
    } else if (quoted = !quoted; !quoted) {
      if (told_.insert(text).second) hear_(text);
      text.clear();
    }
  }
}

http::Request ApiClient::request_for(std::string path) const {
  http::Request request;
  request.target = std::move(path);
  if (!token_.empty()) request.headers["Authorization"] = "Bearer " + token_;
  request.headers["User-Agent"] = "gantryctl";
  return request;
}

Async<Result<Json>> ApiClient::exchange(http::Request request) {
  auto response = co_await client_.send(std::move(request), kTimeout);
  if (!response.ok()) co_return never_arrived(response.status());
  tell_warnings(*response);
  auto body = schema::parse_json(response->body);
  if (response->status >= 300) co_return error_of(*response, body.ok() ? &*body : nullptr);
  co_return body;
}

Async<Status> ApiClient::stream(std::string path, http::StreamingClient::OnChunk on_chunk) {
  auto request = request_for(std::move(path));
  http::Response refusal;
  bool answered = false;
  const http::StreamingClient::OnHead on_head = [&](const http::Response& head) {
    answered = true;
    refusal = head;
    return Status();
  };
  const http::StreamingClient::OnChunk on_piece = [&](std::string_view piece) {
    if (refusal.status < 300) return on_chunk(piece);
    refusal.body += piece;
    return Status();
  };
  const auto ended = co_await client_.stream(std::move(request), on_head, on_piece);
  if (!ended.ok() && !answered) co_return never_arrived(ended.status());
  if (!ended.ok()) co_return ended.status();
  if (refusal.status < 300) co_return Status();
  const auto body = schema::parse_json(refusal.body);
  co_return error_of(refusal, body.ok() ? &*body : nullptr);
}

Async<Result<std::unique_ptr<http::ByteStream>>> ApiClient::connect(
    std::string path, std::vector<std::string> protocols, Random& random) {
  auto request = request_for(std::move(path));
  http::Response refusal;
  auto stream = co_await http::websocket::connect(client_, std::move(request), std::move(protocols),
                                                  random, refusal);
  if (!stream.ok()) co_return never_arrived(stream.status());
  if (*stream) co_return stream;
  const auto body = schema::parse_json(refusal.body);
  co_return error_of(refusal, body.ok() ? &*body : nullptr);
}

Async<Result<Json>> ApiClient::get(std::string path, std::string accept) {
  auto request = request_for(std::move(path));
  request.headers["Accept"] = std::move(accept);
  co_return co_await exchange(std::move(request));
}

Async<Result<Json>> ApiClient::send(std::string method, std::string path, std::string content_type,
                                    Json body) {
  auto request = request_for(std::move(path));
  request.method = std::move(method);
  request.headers["Accept"] = kJson;
  request.headers["Content-Type"] = std::move(content_type);
  if (!body.is_null()) request.body = schema::to_json(body);
  co_return co_await exchange(std::move(request));
}

bool could_not_ask(const Status& status) {
  switch (error_class(status)) {
    case ErrorClass::transport:
    case ErrorClass::tls:
    case ErrorClass::timeout:
    case ErrorClass::auth:
    case ErrorClass::cancelled:
      return true;
    default:
      return false;
  }
}

}  // namespace gantry::ctl
