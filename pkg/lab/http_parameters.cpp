#include "pkg/base/text.h"
#include "pkg/lab/http_door.h"
#include "pkg/schema/json.h"

namespace gantry::lab {
namespace {

constexpr size_t kBodyMax = 512 * 1024;

// What a JSON value is as a parameter; nullopt for null.
std::optional<std::string> parameter_text(const Json& value) {
  switch (value.kind()) {
    case Json::Kind::null:
      return std::nullopt;
    case Json::Kind::boolean:
      return value.as_bool() ? "1" : "0";
    case Json::Kind::integer:
      return std::to_string(value.as_integer());
    case Json::Kind::real:
      return absl::StrFormat("%g", value.as_double());
    case Json::Kind::string:
      return value.as_string();
    default:
      return schema::to_json(value);
  }
}

Refusal read_json(const std::string& body, Params& params) {
  const auto object = schema::parse_json(body);
  if (!object.ok() || !object->is_object()) {
    // Perl's JSON module dies where nobody turns that into JSON (observed).
    const std::string text = ", or } expected while parsing object/hash, at character offset " +
                             std::to_string(body.size()) +
                             " (before \"(end of string)\") at "
                             "/usr/share/perl5/PVE/APIServer/AnyEvent.pm line 934.";
    return bare(500, text, text);
  }
  for (const auto& [name, value] : object->as_object()) {
    if (value.is_array()) params.mark_array(name);
    const auto text = parameter_text(value);
    if (!text.has_value()) params.mark_null(name);
    params.set(name, text.value_or(""));
  }
  return std::nullopt;
}

// What follows a second '=' that is not encoded is lost: split(/=/) in AnyEvent.pm (observed).
void add_field(std::string_view field, Params& params) {
  if (field.empty()) return;
  const auto equals = field.find('=');
  const auto name = url_decode(field.substr(0, equals), true).value_or("");
  auto raw = equals == std::string_view::npos ? "" : field.substr(equals + 1);
  raw = raw.substr(0, raw.find('='));
  if (params.has(name)) params.mark_array(name);
  params.set(name, url_decode(raw, true).value_or(""));
}

// Fields end at '&' and also at ';' (observed), so a tag list that is not encoded falls apart.
void read_form(std::string_view body, Params& params) {
  while (!body.empty()) {
    const auto end = std::min(body.find_first_of("&;"), body.size());
    add_field(body.substr(0, end), params);
    body.remove_prefix(std::min(end + 1, body.size()));
  }
}

std::string content_type(const http::Request& request) {
  const auto it = request.headers.find("Content-Type");
  if (it == request.headers.end()) return "";
  return std::string(trim(it->second.substr(0, it->second.find(';'))));
}

}  // namespace

Refusal read_parameters(const http::Request& request, const http::Target& target, Params& params) {
  const auto& body = request.body;
  const bool takes_body = request.method == "POST" || request.method == "PUT";
  if (!takes_body && !body.empty()) {
    const auto text = "Unexpected content for method '" + request.method + "'";
    return bare(501, text, text);
  }
  if (body.size() > kBodyMax) return bare(501, "for data too large", "for data too large");
  if (!body.empty()) {
    const auto type = content_type(request);
    if (type == "application/json") {
      if (auto refusal = read_json(body, params); refusal.has_value()) return refusal;
    } else if (type == "application/x-www-form-urlencoded" || type.empty()) {
      read_form(body, params);
    } else {
      const auto text = "upload 'Content-Type '" + type + "' not implemented";
      return bare(506, text, text);
    }
  }
  Params query;
  for (const auto& [name, value] : target.query) {
    if (name == "_dc") continue;
    if (query.has(name)) params.mark_array(name);
    query.set(name, value);
    params.set(name, value);
  }
  return std::nullopt;
}

http::Response to_response(const Reply& reply, bool with_message) {
  http::Response response;
  response.status = reply.status;
  response.reason = reply.reason;
  if (!reply.has_json) {
    response.body = reply.text;
    return response;
  }
  Json body = Json::object();
  body.set("data", reply.data);
  if (!reply.message.empty() && with_message) body.set("message", reply.message);
  if (reply.total.has_value()) body.set("total", *reply.total);
  if (!reply.changes.empty()) body.set("changes", reply.changes);
  if (!reply.errors.empty()) {
    Json errors = Json::object();
    for (const auto& [name, text] : reply.errors) errors.set(name, text);
    body.set("errors", std::move(errors));
  }
  response.headers["Content-Type"] = "application/json;charset=UTF-8";
  response.body = schema::to_json(body);
  return response;
}

}  // namespace gantry::lab
