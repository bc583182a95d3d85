#include "controllers/appliance/config/caddy.h"

#include "pkg/base/text.h"

namespace gantry::controllers::appliance::config {
namespace {

using api::v1alpha1::ApplianceProxy;
using api::v1alpha1::ApplianceRoute;
using api::v1alpha1::ProxyTls;

constexpr const char* kHeldFor = "30s";
constexpr const char* kTriedEvery = "250ms";

Json list_of(Json only) {
  Json list = Json::array();
  list.push_back(std::move(only));
  return list;
}

Json route_of(const std::string& host, Json handler) {
  Json match;
  match.set("host", list_of(Json(host)));
  Json route;
  route.set("match", list_of(std::move(match)));
  route.set("handle", list_of(std::move(handler)));
  route.set("terminal", true);
  return route;
}

Json reverse_proxy(const std::vector<std::string>& upstreams) {
  Json dials = Json::array();
  for (const auto& upstream : upstreams) {
    Json dial;
    dial.set("dial", upstream);
    dials.push_back(std::move(dial));
  }
  Json balancing;
  balancing.set("try_duration", kHeldFor);
  balancing.set("try_interval", kTriedEvery);
  Json handler;
  handler.set("handler", "reverse_proxy");
  handler.set("upstreams", std::move(dials));
  handler.set("load_balancing", std::move(balancing));
  return handler;
}

Json answer(int status, const std::string& body) {
  Json handler;
  handler.set("handler", "static_response");
  handler.set("status_code", status);
  if (!body.empty()) handler.set("body", body);
  return handler;
}

Json to_https(int port) {
  const std::string suffix = port == 443 ? "" : ":" + std::to_string(port);
  auto handler = answer(308, "");
  handler.member("headers").set(
      "Location", list_of(Json("https://{http.request.host}" + suffix + "{http.request.uri}")));
  return handler;
}

Json serve(const ApplianceRoute& route) {
  if (route.upstreams.empty())
    return answer(503, route.ns + "/" + route.app + " has no container that runs\n");
  return reverse_proxy(route.upstreams);
}

Json server(int port, Json routes) {
  Json fallback;
  fallback.set("handle", list_of(answer(404, "no App is exposed under this name\n")));
  routes.push_back(std::move(fallback));
  Json server;
  server.set("listen", list_of(Json(":" + std::to_string(port))));
  server.set("routes", std::move(routes));
  return server;
}

Json internal_authority(const std::vector<std::string>& hosts) {
  Json subjects = Json::array();
  for (const auto& host : hosts) subjects.push_back(host);
  Json issuer;
  issuer.set("module", "internal");
  Json policy;
  policy.set("subjects", std::move(subjects));
  policy.set("issuers", list_of(std::move(issuer)));
  Json tls;
  tls.member("automation").set("policies", list_of(std::move(policy)));
  return tls;
}

Json admin() {
  Json admin;
  admin.set("listen", kCaddyAdmin);
  admin.set("origins", list_of(Json(kCaddyAdminHost)));
  admin.member("config").set("persist", false);
  return admin;
}

}  // namespace

Json caddy(const ApplianceProxy& proxy, const std::vector<ApplianceRoute>& routes) {
  Json plain = Json::array(), secure = Json::array();
  std::vector<std::string> hosts;
  for (const auto& route : routes) {
    const bool tls = route.tls && proxy.tls == ProxyTls::internal;
    plain.push_back(route_of(route.host, tls ? to_https(proxy.https) : serve(route)));
    if (!tls) continue;
    secure.push_back(route_of(route.host, serve(route)));
    hosts.push_back(route.host);
  }
  Json config;
  config.set("admin", admin());
  auto& apps = config.member("apps");
  auto& http = apps.member("http");
  http.set("http_port", proxy.http);
  http.set("https_port", proxy.https);
  auto& servers = http.member("servers");
  servers.set("http", server(proxy.http, std::move(plain)));
  servers.member("http").member("automatic_https").set("disable", true);
  if (!hosts.empty()) {
    servers.set("https", server(proxy.https, std::move(secure)));
    servers.member("https").member("automatic_https").set("disable_redirects", true);
    apps.set("tls", internal_authority(hosts));
  }
  if (proxy.tls == ProxyTls::internal) {
    // Nobody inside needs to trust it.
    apps.member("pki")
        .member("certificate_authorities")
        .member("local")
        .set("install_trust", false);
  }
  return config;
}

}  // namespace gantry::controllers::appliance::config
