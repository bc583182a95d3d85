#include "pkg/pve/http/session.h"

#include <utility>

#include "pkg/base/check.h"
#include "pkg/base/log.h"
#include "pkg/base/text.h"

namespace gantry::pve {
namespace {

constexpr std::string_view kPrefix = "/api2/json";
// So old the word about an endpoint that is not in use may be.
constexpr auto kAskEvery = std::chrono::minutes(5);
constexpr size_t kRequestMax = size_t{512} << 10;  // pve-http-server refuses more (501)

// A read is worth another endpoint: this one, or its way to the node, is broken.
bool is_broken(const Result<http::Response>& response) {
  if (response.ok()) return response->status == 595 || response->status == 596;
  const auto error = error_class(response.status());
  return error == ErrorClass::transport || error == ErrorClass::tls || error == ErrorClass::timeout;
}

// A write that never left: refused connections and failed handshakes.
bool never_sent(const Result<http::Response>& response) {
  if (response.ok() || http::may_have_been_sent(response.status())) return false;
  const auto error = error_class(response.status());
  return error == ErrorClass::transport || error == ErrorClass::tls;
}

Status with_endpoint(Status status, const std::string& name) {
  if (!catalogue_code(status)) {
    const auto error = error_class(status);
    if (error == ErrorClass::transport || error == ErrorClass::timeout)
      status = with_code(std::move(status), "CON-001");
    if (error == ErrorClass::tls) status = with_code(std::move(status), "CON-003");
  }
  // A client that names its endpoint need not be repeated.
  const bool named = message_of(status).find(name) != std::string::npos;
  return named ? status : annotate(std::move(status), "endpoint " + name);
}

std::string outcome_text(const Result<http::Response>& response) {
  return response.ok() ? absl::StrFormat("%d %s", response->status, response->reason)
                       : message_of(response.status());
}

// Asked for twice a request could have had its effect twice.
Status mark_unknown(Status status) {
  const auto error = error_class(status);
  const bool unknown =
      error == ErrorClass::timeout || error == ErrorClass::schema || error == ErrorClass::cancelled;
  return unknown ? http::mark_sent(std::move(status)) : status;
}

http::Request make_request(const Call& call) {
  http::Request request;
  request.method = call.method;
  request.target = std::string(kPrefix) + call.path;
  request.headers["Accept"] = "application/json";
  const auto form = http::encode_form(call.fields);
  // A DELETE with a body is answered with 501; its parameters go into the query.
  if (call.method == "GET" || call.method == "DELETE") {
    if (!form.empty()) request.target += "?" + form;
  } else {
    request.headers["Content-Type"] = "application/x-www-form-urlencoded";
    request.body = form;
  }
  return request;
}

void hide(std::string& text, const std::string& secret) {
  if (secret.size() < 4) return;
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at))
    text.replace(at, secret.size(), "***");
}

}  // namespace

Session::Session(ClientOptions options)
    : endpoints_(std::move(options.endpoints)),
      credentials_(std::move(options.credentials)),
      clock_(*options.clock),
      timeout_(options.request_timeout),
      quick_timeout_(options.quick_timeout),
      body_max_(options.body_max) {
  GANTRY_CHECK(!endpoints_.empty());
  for (const auto& endpoint : endpoints_) {
    sights_.push_back({endpoint.name, clock_.now(), false, Status()});
  }
}

Async<Result<Json>> Session::call(Call call) {
  auto answer = co_await attempt(call);
  const bool refused = !answer.ok() && error_class(answer.status()) == ErrorClass::auth;
  // 401 proves that nothing ran: a ticket that the cluster has forgotten is worth one new login.
  if (refused && ticket_.has_value()) {
    ticket_.reset();
    answer = co_await attempt(call);
  }
  if (!answer.ok()) co_return redacted(annotate(answer.status(), call.what), call);
  co_return answer;
}

Async<Result<Json>> Session::attempt(Call call) {
  auto request = make_request(call);
  if (request.body.size() > kRequestMax)
    co_return invalid("the request has %d bytes, Proxmox takes %d", request.body.size(),
                      kRequestMax);
  const bool write = call.is_write();
  GANTRY_CO_TRY(co_await authorize(request, write));
  const auto timeout = call.quick ? quick_timeout_ : timeout_;
  const auto response = co_await exchange(std::move(request), write, timeout);
  if (!response.ok()) co_return write ? mark_unknown(response.status()) : response.status();
  auto answer = read_answer(*response, write, body_max_);
  if (answer.ok() || !write) co_return answer;
  const bool proxied = response->status == 595 || response->status == 596;
  // Observed: a start that was answered with 596 was executed later.
  if (proxied) co_return http::mark_sent(answer.status());
  co_return mark_unknown(answer.status());
}

Async<Result<http::Response>> Session::send_to(size_t index, http::Request request,
                                               Duration timeout) {
  sights_[index].asked_at = clock_.now();  // before: calls may overlap
  const auto client = endpoints_[index].client;
  auto response = co_await client->send(std::move(request), timeout);
  auto& sight = sights_[index];
  if (!response.ok() && error_class(response.status()) == ErrorClass::cancelled) co_return response;
  sight.asked = true;
  sight.problem = response.ok() ? Status() : response.status();
  co_return response;
}

std::optional<size_t> Session::overdue() const {
  for (size_t i = 0; i < sights_.size(); ++i) {
    if (i != current_ && clock_.now() - sights_[i].asked_at >= kAskEvery) return i;
  }
  return std::nullopt;
}

// Its answer is nobody's: a node that is cut off from the cluster answers too, with yesterday's
// state.
Async<void> Session::look_at_idle(http::Request like) {
  const auto idle = overdue();
  if (!idle) co_return;
  like.target = absl::StrFormat("%s/version", kPrefix);
  const auto response = co_await send_to(*idle, std::move(like), quick_timeout_);
  if (is_broken(response))
    log::warn("Proxmox endpoint failed, which is not in use",
              {{"endpoint", endpoints_[*idle].name}, {"error", outcome_text(response)}});
}

Async<Result<http::Response>> Session::exchange(http::Request request, bool write,
                                                Duration timeout) {
  if (!write) co_await look_at_idle(request);
  std::vector<std::string> failures;
  for (size_t tried = 0;; ++tried) {
    const size_t index = current_;
    const auto endpoint = endpoints_[index];
    http::Request copy = request;
    auto response = co_await send_to(index, std::move(copy), timeout);
    const bool again = write ? never_sent(response) : is_broken(response);
    if (!again) {
      if (response.ok()) co_return response;
      co_return with_endpoint(response.status(), endpoint.name);
    }
    log::warn("Proxmox endpoint failed",
              {{"endpoint", endpoint.name}, {"error", outcome_text(response)}});
    // Another call may have moved on already.
    if (current_ == index) current_ = (index + 1) % endpoints_.size();
    if (tried + 1 < endpoints_.size()) {
      failures.push_back(endpoint.name + ": " + outcome_text(response));
      continue;
    }
    if (response.ok()) co_return response;
    auto status = with_endpoint(response.status(), endpoint.name);
    if (failures.empty()) co_return status;
    co_return annotate(std::move(status), "every endpoint failed: " + join(failures, "; "));
  }
}

Status Session::redacted(const Status& status, const Call& call) const {
  auto text = message_of(status);
  if (const auto* token = std::get_if<TokenCredentials>(&credentials_)) hide(text, token->secret);
  if (const auto* login = std::get_if<PasswordCredentials>(&credentials_))
    hide(text, login->password);
  if (ticket_) hide(text, ticket_->value);
  for (const auto& [name, value] : call.fields)
    if (name == "password") hide(text, value);
  if (text == message_of(status)) return status;
  Status result(status.code(), text);
  status.ForEachPayload(
      [&result](absl::string_view url, const absl::Cord& value) { result.SetPayload(url, value); });
  return result;
}

}  // namespace gantry::pve
