#pragma once
// Renewal: a server's certificate is replaced while it runs.
#include <functional>

#include "cmd/gantryd/identity.h"
#include "pkg/async/clock.h"

namespace gantry::daemon {

// Gives `use` the identity whenever load_identity() answers another one than `current`: a self-made
// certificate that was renewed, or given files that have changed. Looks once an hour, until
// cancelled. What goes wrong is logged; the old certificate stays in use.
Async<Status> renew_identity(IdentityOptions options, ServerIdentity current, async::Clock& clock,
                             std::function<Status(const http::beast::TlsIdentity&)> use);

}  // namespace gantry::daemon
