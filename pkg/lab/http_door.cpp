#include "pkg/lab/http_door.h"

#include "pkg/base/text.h"
#include "pkg/lab/row.h"

namespace gantry::lab {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kPrefix = "/api2/json";
constexpr Duration kTicketLife = 2h;

std::string header(const http::Request& request, const char* name) {
  const auto it = request.headers.find(name);
  return it == request.headers.end() ? "" : it->second;
}

// "user@realm!name=secret" after "PVEAPIToken=" (or a blank instead of that '=').
std::optional<std::pair<std::string, std::string>> split_token(std::string_view value) {
  constexpr std::string_view kScheme = "PVEAPIToken";
  if (!starts_with(value, kScheme) || value.size() <= kScheme.size() + 1) return std::nullopt;
  value.remove_prefix(kScheme.size() + 1);
  const auto equals = value.find('=');
  if (equals == std::string_view::npos) return std::make_pair(std::string(value), std::string());
  return std::make_pair(std::string(value.substr(0, equals)),
                        std::string(value.substr(equals + 1)));
}

std::string cookie_ticket(const std::string& cookies) {
  constexpr std::string_view kName = "PVEAuthCookie=";
  for (const auto& cookie : split(cookies, ';')) {
    const auto text = trim(cookie);
    if (starts_with(text, kName)) {
      return url_decode(text.substr(kName.size())).value_or("");
    }
  }
  return "";
}

std::string path_of(const http::Target& target) {
  std::string path;
  for (size_t i = 2; i < target.segments.size(); ++i) {
    if (!target.segments[i].empty()) path += "/" + target.segments[i];
  }
  return path.empty() ? "/" : path;
}

}  // namespace

const Tickets::Ticket& Tickets::issue(const Caller& caller) {
  const auto now = model_.clock.now();
  Ticket ticket;
  ticket.caller = caller;
  ticket.text = absl::StrFormat("PVE:%s:%08X::%s", caller.user, to_unix_seconds(now),
                                model_.random.uuid().get());
  ticket.csrf = absl::StrFormat("%08X:%s", to_unix_seconds(now), model_.random.uuid().get());
  ticket.expires = now + kTicketLife;
  std::erase_if(tickets_, [&](const auto& entry) { return entry.second.expires <= now; });
  return tickets_[ticket.text] = ticket;
}

const Tickets::Ticket* Tickets::find(const std::string& text) const {
  const auto it = tickets_.find(text);
  if (it == tickets_.end() || it->second.expires <= model_.clock.now()) return nullptr;
  return &it->second;
}

Refusal HttpDoor::authenticate(const http::Request& request, Caller& caller) const {
  const auto authorization = header(request, "Authorization");
  if (!authorization.empty()) {
    const auto token = split_token(authorization);
    const auto known = token.has_value() ? model_.access.find_token(token->first) : std::nullopt;
    if (!known.has_value() || !model_.access.is_secret(*known, token->second)) {
      return bare(401, "Authentication failed!");
    }
    caller = *known;
    return std::nullopt;
  }
  const auto text = cookie_ticket(header(request, "Cookie"));
  if (text.empty()) return bare(401, "No ticket");
  const auto* ticket = tickets_.find(text);
  if (ticket == nullptr) return bare(401, "permission denied - invalid PVE ticket");
  if (request.method != "GET" && header(request, "CSRFPreventionToken") != ticket->csrf) {
    return bare(401, "Permission denied - invalid csrf token");
  }
  caller = ticket->caller;
  return std::nullopt;
}

Reply HttpDoor::log_in(const Params& params) {
  auto user = params.get("username");
  if (params.has("realm")) user += "@" + params.get("realm");
  const auto password = params.get("password");
  auto caller = model_.access.log_in(user, password);
  const auto* old = tickets_.find(password);  // an old ticket renews itself
  if (!caller.has_value() && old != nullptr && old->caller.user == user) caller = old->caller;
  if (!caller.has_value()) {
    auto reply = died("authentication failure", 401);
    return reply;
  }
  const auto& ticket = tickets_.issue(*caller);
  Row data;
  data.set("username", user).set("ticket", ticket.text).set("CSRFPreventionToken", ticket.csrf);
  data.set("cap", Json::object());
  if (!model_.is_stand_alone()) data.set("clustername", model_.options.cluster_name);
  return done(std::move(data));
}

Async<std::optional<Reply>> HttpDoor::serve(http::Request request) {
  const auto target = http::parse_target(request.target);
  if (!target.ok() || !starts_with(request.target, kPrefix)) {
    co_return bare(404, "No such file '" + request.target + "'");
  }
  const auto& method = request.method;
  if (method != "GET" && method != "POST" && method != "PUT" && method != "DELETE") {
    co_return bare(501, "method '" + method + "' not available");
  }
  Call call;
  call.method = method;
  call.path = path_of(*target);
  call.door = node_;
  const bool logs_in = method == "POST" && call.path == "/access/ticket";
  if (!logs_in) {
    if (auto refusal = authenticate(request, call.caller); refusal.has_value()) {
      // A wrong secret is answered late, to slow down guessing.
      const Status slept = co_await model_.clock.sleep_for(3s);
      if (!slept.ok()) co_return std::nullopt;
      co_return std::move(*refusal);
    }
  }
  if (auto no = read_parameters(request, *target, call.params); no.has_value()) {
    co_return std::move(*no);
  }
  if (logs_in) co_return log_in(call.params);
  co_return co_await model_.serve(std::move(call));
}

Async<std::optional<http::Response>> HttpDoor::handle(http::Request request, http::Peer,
                                                      http::ResponseStream&) {
  std::optional<Reply> reply;
  if (model_.nodes.at(node_).online) reply = co_await serve(std::move(request));
  if (reply.has_value()) co_return to_response(*reply, true);
  http::Response nothing;
  nothing.status = http::kNoAnswer;
  co_return nothing;
}

http::Handler& HttpDoors::at(const NodeName& node) {
  auto& door = doors_[node];
  if (door == nullptr) door = std::make_unique<HttpDoor>(model_, tickets_, node);
  return *door;
}

}  // namespace gantry::lab
