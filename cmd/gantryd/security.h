#pragma once
// What protects the daemon's data and its door, from files of the data folder and flags.
#include <memory>
#include <string>

#include "cmd/gantryd/options.h"
#include "pkg/apiserver/audit/audit.h"
#include "pkg/apiserver/authn/account_tokens.h"
#include "pkg/apiserver/authn/oidc.h"
#include "pkg/async/clock.h"
#include "pkg/store/sealed/keyring.h"
#include "pkg/store/sealed/sealed.h"

namespace gantry::daemon {

// The keys that seal Secrets: secrets.key of the data folder, or where the flag says. Made when
// there is none and nothing in the database was sealed; when something was, Invalid says that the
// file must be restored, and nothing is made.
Async<Result<store::Keyring>> open_keyring(store::Backend& backend, std::string path,
                                           Random& random);

// The keys that sign ServiceAccount tokens: service-account.key, made when there is none.
Result<apiserver::AccountTokens> load_account_tokens(const std::string& folder);

// Null without --oidc-issuer. Invalid for an issuer that is no https URL.
Result<std::unique_ptr<apiserver::Oidc>> make_oidc(const Options& options, Executor executor,
                                                   async::Clock& clock);

// Null when it is switched off.
Result<std::unique_ptr<apiserver::AuditLog>> make_audit(const Options& options,
                                                        metrics::Registry& metrics);

}  // namespace gantry::daemon
