#include "pkg/base/text.h"
#include "pkg/pve/http/decode.h"
#include "pkg/pve/http/session.h"

namespace gantry::pve {
namespace {

// Tickets live two hours; the old one is the password of its renewal.
constexpr auto kRenewAfter = std::chrono::minutes(90);
constexpr auto kTicketLife = std::chrono::minutes(119);
// Failed logins lock accounts: after two in a row one probe in five minutes.
constexpr int kRefusalsMax = 2;
constexpr auto kProbeEvery = std::chrono::minutes(5);

http::Request login_request(const std::string& user, const std::string& password) {
  http::Request request;
  request.method = "POST";
  request.target = "/api2/json/access/ticket";
  request.headers["Content-Type"] = "application/x-www-form-urlencoded";
  request.headers["Accept"] = "application/json";
  request.body = http::encode_form({{"username", user}, {"password", password}});
  return request;
}

}  // namespace

Async<Status> Session::authorize(http::Request& request, bool write) {
  if (const auto* token = std::get_if<TokenCredentials>(&credentials_)) {
    request.headers["Authorization"] = "PVEAPIToken=" + token->id + "=" + token->secret;
    co_return Status();
  }
  GANTRY_CO_TRY(co_await ensure_ticket());
  request.headers["Cookie"] = "PVEAuthCookie=" + url_encode(ticket_->value);
  if (write) request.headers["CSRFPreventionToken"] = ticket_->csrf;
  co_return Status();
}

Async<Status> Session::ensure_ticket() {
  GANTRY_CO_TRY(co_await login_turn_.acquire());
  Status status;
  const auto age = ticket_ ? clock_.now() - ticket_->issued : Duration(kTicketLife);
  if (age >= kRenewAfter) {
    const auto password = std::get<PasswordCredentials>(credentials_).password;
    const bool renewable = age < kTicketLife;
    std::string secret = password;
    if (renewable) secret = ticket_->value;
    status = co_await login(std::move(secret));
    const bool refused = !status.ok() && error_class(status) == ErrorClass::auth;
    if (refused && renewable) status = co_await login(password);
  }
  // What is there still holds for a while when Proxmox cannot be reached for its renewal.
  if (!status.ok() && age < kTicketLife) status = Status();
  login_turn_.release();
  co_return status;
}

Async<Status> Session::login(std::string password) {
  if (logins_refused_ >= kRefusalsMax && clock_.now() < next_login_)
    co_return with_code(error(ErrorClass::auth, "login was refused %d times; the next try is in %s",
                              logins_refused_, human_duration(next_login_ - clock_.now())),
                        "CON-014");
  const auto user = std::get<PasswordCredentials>(credentials_).user;
  auto request = login_request(user, password);
  // A login changes nothing: it may go to any endpoint.
  const auto response = co_await exchange(std::move(request), false, timeout_);
  if (!response.ok()) co_return annotate(response.status(), "login of " + user);
  const auto answer = read_answer(*response, false, body_max_);
  if (!answer.ok()) {
    const bool refused = error_class(answer.status()) == ErrorClass::auth;
    if (refused) ++logins_refused_;
    if (refused) next_login_ = clock_.now() + kProbeEvery;
    co_return annotate(answer.status(), "login of " + user);
  }
  Oddities odd;
  const auto* data = answer->find("data");
  const Json nothing;
  const Row row(data == nullptr ? nothing : *data, odd);
  if (row.flag("NeedTFA").value_or(false))
    co_return with_code(
        error(ErrorClass::auth, "login of %s needs a second factor: use an API token", user),
        "CON-002");
  Ticket ticket;
  ticket.value = row.text("ticket").value_or("");
  ticket.csrf = row.text("CSRFPreventionToken").value_or("");
  ticket.issued = clock_.now();
  if (ticket.value.empty())
    co_return schema_error("login of " + user + ": no ticket in the answer");
  ticket_ = std::move(ticket);
  logins_refused_ = 0;
  co_return Status();
}

}  // namespace gantry::pve
