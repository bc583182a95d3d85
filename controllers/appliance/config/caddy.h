#pragma once
// The configuration of an Appliance's reverse proxy, in Caddy's own JSON
// (https://caddyserver.com/docs/json/, Caddy 2.6).
#include <string>
#include <vector>

#include "api/v1alpha1/appliance.h"
#include "pkg/base/json.h"

namespace gantry::controllers::appliance::config {

// Where its admin API listens, as Caddy writes it: a UNIX socket, which no guest can reach.
inline constexpr const char* kCaddyAdmin = "unix//run/caddy/gantry.sock";
// The only Host that it answers to: curl cannot send none.
inline constexpr const char* kCaddyAdminHost = "gantry";

// One server for HTTP, one for HTTPS with certificates of Caddy's internal authority; each App is
// one fragment, its routes. A request whose upstreams are all away is held for up to 30 s, so that
// an App may hand over its data. A host that nobody has is answered with 404.
Json caddy(const api::v1alpha1::ApplianceProxy& proxy,
           const std::vector<api::v1alpha1::ApplianceRoute>& routes);

}  // namespace gantry::controllers::appliance::config
