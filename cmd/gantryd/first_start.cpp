#include "cmd/gantryd/first_start.h"

#include <filesystem>

#include "cmd/gantryd/identity.h"
#include "pkg/apiserver/authn/token_secret.h"
#include "pkg/base/log.h"
#include "pkg/base/text.h"
#include "pkg/http/http.h"

namespace gantry::daemon {
namespace {

Async<Status> ensure_namespace(store::Store& store, std::string name) {
  const store::Key key{"namespaces", "", name};
  if (store.get(key).ok()) co_return Status();
  Json object;
  object.set("apiVersion", "v1");
  object.set("kind", "Namespace");
  object.member("metadata").set("name", name);
  object.member("status").set("phase", "Active");
  auto made = co_await store.create("namespaces", std::move(object));
  const bool there = !made.ok() && error_class(made.status()) == ErrorClass::already_exists;
  if (there) co_return Status();
  co_return made.status();
}

bool is_loopback(const std::string& address) {
  return address == "localhost" || address == "::1" || starts_with(address, "127.");
}

// Who has been moved needs a new one, and may have changed the old one with intent.
void compare_server(const std::string& path, const std::string& url) {
  const auto text = read_file(path);
  if (text.ok() && text->find(url) == std::string::npos)
    log::warn(
        "the admin's kubeconfig names another server; remove it and restart for one that fits",
        {{"path", path}, {"url", url}});
}

}  // namespace

std::string api_url(const std::string& address, const std::vector<std::string>& names,
                    uint16_t port) {
  http::Endpoint endpoint;
  endpoint.host = address;
  endpoint.port = port;
  const bool everywhere = address == "0.0.0.0" || address == "::";
  if (!names.empty() && !is_loopback(address))
    endpoint.host = names.front();
  else if (everywhere)
    endpoint.host = "127.0.0.1";
  return http::to_string(endpoint);
}

Async<Status> ensure_namespaces(store::Store& store) {
  GANTRY_CO_TRY(co_await ensure_namespace(store, "default"));
  co_return co_await ensure_namespace(store, std::string(apiserver::kTokenNamespace));
}

Async<Status> ensure_admin(store::Store& store, Random& random, std::string path, std::string url,
                           std::string ca_pem) {
  if (std::filesystem::exists(path)) {
    compare_server(path, url);
    co_return Status();
  }
  apiserver::User admin;
  admin.name = "admin";
  admin.groups.emplace_back(apiserver::kAdminGroup);
  auto issued = apiserver::issue_token(random, "admin-" + random.suffix(5), admin, std::nullopt);
  auto made = co_await store.create("secrets", std::move(issued.secret));
  if (!made.ok()) co_return made.status();
  GANTRY_CO_TRY(write_private_file(path, make_kubeconfig(url, ca_pem, issued.token)));
  log::info("wrote the admin's kubeconfig", {{"path", path}});
  co_return Status();
}

}  // namespace gantry::daemon
