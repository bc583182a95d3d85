#include "cmd/gantryd/renewal.h"

#include "pkg/base/log.h"

namespace gantry::daemon {
namespace {

constexpr std::chrono::hours kLookAtCertificate{1};

void log_new(const std::string& certificate_pem) {
  const auto facts = crypto::read_certificate(certificate_pem);
  const auto until = facts.ok() ? to_rfc3339(facts->validity.to) : std::string("unknown");
  log::info("the server certificate was replaced", {{"validUntil", until}});
}

}  // namespace

Async<Status> renew_identity(IdentityOptions options, ServerIdentity current, async::Clock& clock,
                             std::function<Status(const http::beast::TlsIdentity&)> use) {
  while (true) {
    GANTRY_CO_TRY(co_await clock.sleep_for(kLookAtCertificate));
    const auto found = load_identity(options, clock.now());
    if (!found.ok()) {
      log::error("the server certificate cannot be renewed", {{"error", found.status()}});
      continue;
    }
    const bool same = found->tls.certificate_chain_pem == current.tls.certificate_chain_pem &&
                      found->tls.key_pem == current.tls.key_pem;
    if (same) continue;
    const auto used = use(found->tls);
    if (used.ok()) {
      current = *found;
      log_new(current.tls.certificate_chain_pem);
    } else {
      log::error("the new server certificate cannot be used", {{"error", used}});
    }
  }
}

}  // namespace gantry::daemon
