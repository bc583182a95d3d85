#include "pkg/http/beast/wire.h"

#include <algorithm>
#include <array>

#include <absl/strings/str_format.h>

#include "pkg/base/text.h"

namespace gantry::http::beast {
namespace {

constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kTokenMarks.find(c) != std::string_view::npos;
  });
}

bool is_field_value(std::string_view text) {
  return std::ranges::none_of(text,
                              [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == 0x7f; });
}

// These say how the message is framed, and that is ours to say.
bool is_ours(std::string_view name) {
  static constexpr std::array<std::string_view, 4> kOurs{"connection", "content-length",
                                                         "keep-alive", "transfer-encoding"};
  return std::ranges::find(kOurs, to_lower(name)) != kOurs.end();
}

Status append_headers(const Headers& headers, std::string& text) {
  for (const auto& [name, value] : headers) {
    if (is_ours(name)) continue;
    if (!is_token(name)) return invalid("header \"%s\": not a valid name", name);
    if (!is_field_value(value)) return invalid("header \"%s\": its value has control bytes", name);
    text += name + ": " + value + "\r\n";
  }
  return {};
}

std::string host_header(const Endpoint& endpoint) {
  const bool standard = endpoint.port == (endpoint.tls ? 443 : 80);
  const auto url = to_string(endpoint);
  const auto host = url.substr(url.find("//") + 2);
  return standard ? host.substr(0, host.rfind(':')) : host;
}

}  // namespace

Result<std::string> render_request(const Request& request, const Endpoint& endpoint) {
  if (!is_token(request.method)) return invalid("request: \"%s\" is no method", request.method);
  if (!request.target.starts_with('/') || !is_field_value(request.target) ||
      request.target.find_first_of(" \t") != std::string::npos)
    return invalid("request: the target must be a percent-encoded absolute path");
  std::string text = request.method + " " + request.target + " HTTP/1.1\r\n";
  if (!request.headers.contains("Host")) text += "Host: " + host_header(endpoint) + "\r\n";
  GANTRY_TRY(append_headers(request.headers, text));
  if (request.headers.contains("Upgrade")) text += "Connection: Upgrade\r\n";
  const bool may_lack_body = is_read_only(request.method) || request.method == "DELETE";
  if (!request.body.empty() || !may_lack_body)
    text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  return text + "\r\n" + request.body;
}

Result<std::string> render_head(const Response& response, Framing framing, bool keep_alive) {
  if (response.status < 100 || response.status > 999)
    return invalid("response: %d is no HTTP status", response.status);
  const std::string reason =
      response.reason.empty() ? std::string(reason_phrase(response.status)) : response.reason;
  if (!is_field_value(reason)) return invalid("response: the reason has control bytes");
  std::string text = absl::StrFormat("HTTP/1.1 %d %s\r\n", response.status, reason);
  GANTRY_TRY(append_headers(response.headers, text));
  if (framing == Framing::length)
    text += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  if (framing == Framing::chunked) text += "Transfer-Encoding: chunked\r\n";
  if (framing == Framing::upgraded)
    text += "Connection: Upgrade\r\n";
  else
    text += keep_alive ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
  return text + "\r\n";
}

std::string render_chunk(std::string bytes) {
  if (bytes.empty()) return {};
  const auto head = absl::StrFormat("%x\r\n", bytes.size());
  bytes.reserve(head.size() + bytes.size() + 2);
  return std::move(bytes.insert(0, head).append("\r\n"));
}

}  // namespace gantry::http::beast
