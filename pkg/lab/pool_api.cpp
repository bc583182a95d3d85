// /pools/**.
// Source: pve-manager PVE/API2/Pool.pm; answers of a real 9.2 (reading and creating).
#include "pkg/base/text.h"
#include "pkg/lab/guest_rows.h"
#include "pkg/lab/router.h"
#include "pkg/lab/row.h"

namespace gantry::lab {
namespace {

Json pool_object(const Model& model, const Call& call, const Access::Pool& pool) {
  AuditFilter filter(model, call);
  Json members = Json::array();
  for (const auto& vmid : pool.guests) {
    const auto* guest = model.find_guest(vmid);
    if (guest != nullptr && filter.shows(*guest)) {
      members.push_back(member_row(model, *guest));
    }
  }
  Row object;
  object.set("members", std::move(members));
  if (!pool.comment.empty()) object.set("comment", pool.comment);
  return object;
}

Reply get_pool(Model& model, const Call& call) {
  const auto id = call.params.get("poolid");
  const auto pool = model.access.pools().find(id);
  if (pool == model.access.pools().end()) return died("pool '" + id + "' does not exist");
  Json object = pool_object(model, call, pool->second);
  object.set("poolid", id);
  return done(std::move(object));
}

Reply list_pools(Model& model, const Call& call) {
  Json rows = Json::array();
  const auto wanted = call.params.get("poolid");
  for (const auto& [name, pool] : model.access.pools()) {
    if (!wanted.empty() && wanted != name) continue;
    if (!model.access.may(call.caller, "/pool/" + name, "Pool.Audit")) continue;
    Json row = wanted.empty() ? Json::object() : pool_object(model, call, pool);
    row.set("poolid", name);
    if (!pool.comment.empty()) row.set("comment", pool.comment);
    rows.push_back(std::move(row));
  }
  if (!wanted.empty() && rows.size() == 0) return died("pool '" + wanted + "' does not exist");
  return done(std::move(rows));
}

Reply create_pool(Model& model, const Call& call) {
  const auto id = call.params.get("poolid");
  if (!model.access.add_pool(id, call.params.get("comment"))) {
    return died("create pool failed: pool '" + id + "' already exists");
  }
  model.save_access();
  return done();
}

// ---- members ----

// Who may change a guest's pool may allocate it.
Refusal check_members(const Model& model, const Call& call) {
  for (const auto& vmid : split(call.params.get("vms"), ',')) {
    if (vmid.empty()) continue;
    auto no = model.access.check_modify(call.caller, "/vms/" + vmid);
    if (no.has_value()) return no;
  }
  for (const auto& storage : split(call.params.get("storage"), ',')) {
    if (storage.empty()) continue;
    auto no = model.access.check_modify(call.caller, "/storage/" + storage);
    if (no.has_value()) return no;
  }
  return std::nullopt;
}

Reply failed_update(const std::string& text) {
  return died("update pools failed: " + text);
}

Refusal change_guest(Model& model, const Call& call, const std::string& pool, VmId vmid) {
  const auto name = "VM " + std::to_string(vmid.get());
  const auto present = model.access.pool_of(vmid);
  if (call.params.flag("delete")) {
    if (present != pool) return failed_update(name + " is not a pool member");
    model.access.set_pool(vmid, "");
    return std::nullopt;
  }
  if (present == pool) return failed_update(name + " is already a pool member");
  if (!present.empty() && !call.params.flag("allow-move")) {
    return failed_update(name + " belongs already to pool '" + present +
                         "' and 'allow-move' is not set");
  }
  model.access.set_pool(vmid, pool);
  return std::nullopt;
}

Refusal change_storage(Access::Pool& pool, bool removes, const std::string& storage) {
  const bool present = pool.storages.contains(storage);
  const auto name = "Storage '" + storage + "'";
  if (removes && !present) return failed_update(name + " is not a pool member");
  if (!removes && present) return failed_update(name + " is already a pool member");
  if (removes) {
    pool.storages.erase(storage);
  } else {
    pool.storages.insert(storage);
  }
  return std::nullopt;
}

Reply update_pool(Model& model, const Call& call) {
  const auto id = call.params.get("poolid");
  auto* pool = model.access.find_pool(id);
  if (pool == nullptr) return failed_update("pool '" + id + "' does not exist");
  if (auto no = check_members(model, call); no.has_value()) return std::move(*no);
  if (call.params.has("comment")) pool->comment = call.params.get("comment");
  for (const auto& text : split(call.params.get("vms"), ',')) {
    const auto number = parse_integer(text);
    if (!number.has_value()) continue;
    if (auto no = change_guest(model, call, id, VmId(*number)); no.has_value()) {
      return std::move(*no);
    }
  }
  for (const auto& storage : split(call.params.get("storage"), ',')) {
    if (storage.empty()) continue;
    auto no = change_storage(*pool, call.params.flag("delete"), storage);
    if (no.has_value()) return std::move(*no);
  }
  model.save_access();
  return done();
}

Reply delete_pool(Model& model, const Call& call) {
  const auto id = call.params.get("poolid");
  const auto* pool = model.access.find_pool(id);
  if (pool == nullptr) return died("delete pool failed: pool '" + id + "' does not exist");
  if (!pool->guests.empty()) {
    return died(absl::StrFormat("delete pool failed: pool '%s' is not empty (contains VM %d)", id,
                                pool->guests.begin()->get()));
  }
  if (!pool->storages.empty()) {
    return died("delete pool failed: pool '" + id + "' is not empty (contains storage '" +
                *pool->storages.begin() + "')");
  }
  model.access.remove_pool(id);
  model.save_access();
  return done();
}

}  // namespace

void add_pool_routes(std::vector<Route>& routes) {
  routes.push_back({"GET", "/pools", list_pools});
  routes.push_back({"POST", "/pools", create_pool});
  routes.push_back({"PUT", "/pools", update_pool});
  routes.push_back({"DELETE", "/pools", delete_pool});
  routes.push_back({"GET", "/pools/{poolid}", get_pool});
  routes.push_back({"PUT", "/pools/{poolid}", update_pool});
  routes.push_back({"DELETE", "/pools/{poolid}", delete_pool});
}

}  // namespace gantry::lab
