#include "cmd/gantryctl/containers.h"

#include <algorithm>

#include "api/kinds.h"
#include "cmd/gantryctl/commands.h"
#include "pkg/base/text.h"

namespace gantry::ctl {

bool is_app(const Where& where) {
  return where.kind->kind == "App";
}

namespace {

Async<Result<std::vector<Json>>> list(Session& session, Where machines, std::string query) {
  auto listed = co_await session.api.get(path_of(machines) + query, kJson);
  if (!listed.ok()) co_return listed.status();
  auto objects = objects_in(*listed, machines);
  std::ranges::sort(objects, {}, [](const Json& machine) {
    return std::pair(meta_text(machine, "namespace"), meta_text(machine, "name"));
  });
  co_return objects;
}

Async<Result<std::vector<Json>>> machines_at_one(Session& session, Where where) {
  if (!is_app(where) && where.kind->kind != "Machine")
    co_return invalid("%s: name an App or a Machine, such as app/wiki or machine/wiki-0",
                      label_of(where));
  if (is_app(where) && !where.name.empty()) co_return co_await machines_of(session, where);
  where.kind = api::find_by_resource("machines.gantry.dev");
  co_return co_await list(session, where, "");
}

}  // namespace

Async<Result<std::vector<Json>>> machines_of(Session& session, Where app) {
  auto found = co_await session.api.get(path_of(app), kJson);
  if (!found.ok()) co_return found.status();
  Where machines = app;
  machines.kind = api::find_by_resource("machines.gantry.dev");
  machines.name.clear();
  auto query = "?labelSelector=" + url_encode("gantry.dev/app=" + app.name);
  co_return co_await list(session, machines, std::move(query));
}

Async<Result<std::vector<Json>>> machines_at(Session& session, std::vector<Where> places) {
  std::vector<Json> machines;
  for (const auto& where : places) {
    auto found = co_await machines_at_one(session, where);
    if (!found.ok()) co_return found.status();
    machines.insert(machines.end(), found->begin(), found->end());
  }
  co_return machines;
}

std::string pod_path(const Json& machine) {
  return "/api/v1/namespaces/" + url_encode(meta_text(machine, "namespace")) + "/pods/" +
         url_encode(meta_text(machine, "name"));
}

}  // namespace gantry::ctl
