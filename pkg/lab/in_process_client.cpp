#include "pkg/lab/in_process_client.h"

#include <algorithm>

#include "pkg/base/text.h"
#include "pkg/http/http.h"
#include "pkg/lab/decode.h"
#include "pkg/pve/errors.h"
#include "pkg/pve/upid.h"

namespace gantry::lab {
namespace {

std::string node_path(const NodeName& node) {
  return "/nodes/" + node.get();
}

std::string guest_path(const NodeName& node, VmId vmid) {
  return node_path(node) + "/lxc/" + std::to_string(vmid.get());
}

// The node stands in the UPID.
Result<std::string> task_path(const Upid& upid) {
  const auto parts = pve::parse_upid(upid);
  if (!parts.ok()) return parts.status();
  return "/nodes/" + parts->node.get() + "/tasks/" + upid.get();
}

Params to_params(const pve::Parameters& parameters) {
  Params params;
  for (const auto& [name, value] : parameters) params.set(name, value);
  return params;
}

template <class T, class Decode>
Result<std::vector<T>> decode_all(const Result<Json>& data, Decode decode) {
  if (!data.ok()) return data.status();
  std::vector<T> all;
  if (data->is_null()) return all;
  for (const auto& row : data->as_array()) all.push_back(decode(row));
  return all;
}

Status to_status(const Reply& reply, bool write) {
  pve::FailedAnswer answer;
  answer.status = reply.status;
  answer.text = reply.message.empty() ? reply.reason : reply.message;
  answer.parameters = reply.errors;
  answer.write = write;
  return pve::to_status(answer);
}

}  // namespace

Async<Result<Reply>> InProcessClient::call(std::string method, std::string path, Params params) {
  // Who has been told to stop sends nothing any more.
  const bool stopping = co_await async::is_cancelled();
  if (stopping) co_return async::cancelled();
  const auto where = path;
  const auto& door = model_.nodes.at(door_);
  if (!door.online) {
    co_return make_error(ErrorClass::transport, door_.get() + ": no route to host");
  }
  const auto caller = model_.access.find_token(token_);
  if (!caller.has_value()) {
    co_return make_error(ErrorClass::auth, door_.get() + ": 401 Authentication failed!");
  }
  Call made;
  made.method = std::move(method);
  made.path = std::move(path);
  made.params = std::move(params);
  made.caller = *caller;
  made.door = door_;
  const bool write = made.method != "GET";
  auto reply = co_await model_.serve(std::move(made));
  if (!reply.has_value()) {
    const auto text = where + ": connection reset by " + door_.get();
    co_return http::mark_sent(make_error(ErrorClass::transport, text));
  }
  if (!reply->ok()) co_return annotate(to_status(*reply, write), where);
  co_return std::move(*reply);
}

Async<Result<Json>> InProcessClient::ask(std::string method, std::string path, Params params) {
  auto reply = co_await call(std::move(method), std::move(path), std::move(params));
  if (!reply.ok()) co_return reply.status();
  co_return std::move(reply->data);
}

Async<Result<Json>> InProcessClient::get(std::string path) {
  co_return co_await ask(std::string("GET"), std::move(path), Params());
}

Async<Result<Upid>> InProcessClient::queue(std::string method, std::string path, Params params) {
  const auto data = co_await ask(std::move(method), std::move(path), std::move(params));
  if (!data.ok()) co_return data.status();
  co_return Upid(data->as_string());
}

Async<Result<pve::Version>> InProcessClient::version() {
  const auto data = co_await get("/version");
  if (!data.ok()) co_return data.status();
  co_return decode_version(*data);
}

Async<Result<pve::Permissions>> InProcessClient::permissions() {
  const auto data = co_await get("/access/permissions");
  if (!data.ok()) co_return data.status();
  co_return decode_permissions(*data);
}

Async<Result<pve::ClusterStatus>> InProcessClient::cluster_status() {
  const auto data = co_await get("/cluster/status");
  if (!data.ok()) co_return data.status();
  co_return decode_cluster_status(*data);
}

Async<Result<pve::Resources>> InProcessClient::resources() {
  const auto data = co_await get("/cluster/resources");
  if (!data.ok()) co_return data.status();
  co_return decode_resources(*data);
}

Async<Result<std::vector<pve::StorageRow>>> InProcessClient::storages(NodeName node) {
  const auto data = co_await get(node_path(node) + "/storage");
  co_return decode_all<pve::StorageRow>(
      data, [&node](const Json& row) { return decode_storage(row, node); });
}

Async<Result<std::vector<pve::Volume>>> InProcessClient::volumes(NodeName node, StorageId storage,
                                                                 std::string content) {
  Params params;
  if (!content.empty()) params.set("content", content);
  const auto data = co_await ask("GET", node_path(node) + "/storage/" + storage.get() + "/content",
                                 std::move(params));
  co_return decode_all<pve::Volume>(data, decode_volume);
}

Async<Result<std::vector<std::string>>> InProcessClient::bridges(NodeName node) {
  Params params;
  params.set("type", "any_bridge");
  const auto data = co_await ask("GET", node_path(node) + "/network", std::move(params));
  co_return decode_all<std::string>(data,
                                    [](const Json& row) { return row.string_or("iface", ""); });
}

Async<Result<pve::NodeNetwork>> InProcessClient::network(NodeName node) {
  auto reply = co_await call("GET", node_path(node) + "/network", Params());
  if (!reply.ok()) co_return reply.status();
  pve::NodeNetwork network;
  for (const auto& row : reply->data.as_array())
    network.interfaces.push_back(decode_network_interface(row));
  network.changes = reply->changes;
  co_return network;
}

Async<Result<bool>> InProcessClient::is_vmid_free(VmId vmid) {
  Params params;
  params.set("vmid", std::to_string(vmid.get()));
  const auto data = co_await ask("GET", "/cluster/nextid", std::move(params));
  if (data.ok()) co_return true;
  if (error_class(data.status()) == ErrorClass::already_exists) co_return false;
  co_return data.status();
}

Async<Result<pve::GuestConfig>> InProcessClient::guest_config(NodeName node, VmId vmid) {
  const auto data = co_await get(guest_path(node, vmid) + "/config");
  if (!data.ok()) co_return data.status();
  co_return decode_config(*data);
}

Async<Result<std::vector<pve::PendingChange>>> InProcessClient::guest_pending(NodeName node,
                                                                              VmId vmid) {
  const auto data = co_await get(guest_path(node, vmid) + "/pending");
  auto all = decode_all<pve::PendingChange>(data, decode_pending);
  if (all.ok()) {
    std::erase_if(*all, [](const auto& change) {
      return change.key == "digest" || (!change.pending.has_value() && !change.deletes);
    });
  }
  co_return all;
}

Async<Result<pve::GuestStatus>> InProcessClient::guest_status(NodeName node, VmId vmid) {
  const auto data = co_await get(guest_path(node, vmid) + "/status/current");
  if (!data.ok()) co_return data.status();
  co_return decode_status(*data);
}

Async<Result<std::vector<pve::GuestInterface>>> InProcessClient::guest_interfaces(NodeName node,
                                                                                  VmId vmid) {
  const auto data = co_await get(guest_path(node, vmid) + "/interfaces");
  co_return decode_all<pve::GuestInterface>(data, decode_interface);
}

Async<Result<std::vector<pve::Snapshot>>> InProcessClient::snapshots(NodeName node, VmId vmid) {
  const auto data = co_await get(guest_path(node, vmid) + "/snapshot");
  auto all = decode_all<pve::Snapshot>(data, decode_snapshot);
  if (!all.ok()) co_return all;
  std::erase_if(*all, [](const pve::Snapshot& each) { return each.name == "current"; });
  std::ranges::stable_sort(*all, {}, &pve::Snapshot::created);
  co_return all;
}

Async<Result<bool>> InProcessClient::has_feature(NodeName node, VmId vmid, std::string feature) {
  Params params;
  params.set("feature", feature);
  const auto data = co_await ask("GET", guest_path(node, vmid) + "/feature", std::move(params));
  if (!data.ok()) co_return data.status();
  co_return data->integer_or("hasFeature", 0) == 1;
}

Async<Result<pve::Task>> InProcessClient::task(Upid upid) {
  const auto path = task_path(upid);
  if (!path.ok()) co_return path.status();
  const auto data = co_await get(*path + "/status");
  if (!data.ok()) co_return data.status();
  co_return decode_task(*data);
}

Async<Result<std::vector<std::string>>> InProcessClient::task_log(Upid upid, int lines) {
  const auto path = task_path(upid);
  if (!path.ok()) co_return path.status();
  Params params;
  params.set("limit", "0");
  const auto data = co_await ask("GET", *path + "/log", std::move(params));
  auto all = decode_all<std::string>(data, [](const Json& row) { return row.string_or("t", ""); });
  if (all.ok() && all->size() > static_cast<size_t>(lines)) {
    all->erase(all->begin(), all->end() - lines);
  }
  co_return all;
}

Async<Result<std::vector<pve::Task>>> InProcessClient::tasks(NodeName node, VmId vmid) {
  Params params;
  params.set("vmid", std::to_string(vmid.get()));
  params.set("source", "all");
  const auto data = co_await ask("GET", node_path(node) + "/tasks", std::move(params));
  co_return decode_all<pve::Task>(data, decode_task);
}

Async<Result<std::vector<pve::Task>>> InProcessClient::running_tasks(NodeName node) {
  Params params;
  params.set("source", "active");
  const auto data = co_await ask("GET", node_path(node) + "/tasks", std::move(params));
  co_return decode_all<pve::Task>(data, decode_task);
}

Async<Result<Upid>> InProcessClient::create_guest(NodeName node, VmId vmid,
                                                  pve::Parameters parameters) {
  auto params = to_params(parameters);
  params.set("vmid", std::to_string(vmid.get()));
  co_return co_await queue("POST", node_path(node) + "/lxc", std::move(params));
}

Async<Result<Upid>> InProcessClient::clone_guest(NodeName node, VmId source, VmId vmid,
                                                 pve::Parameters parameters) {
  auto params = to_params(parameters);
  params.set("newid", std::to_string(vmid.get()));
  co_return co_await queue("POST", guest_path(node, source) + "/clone", std::move(params));
}

Async<Status> InProcessClient::configure_guest(NodeName node, VmId vmid, pve::Parameters set,
                                               std::vector<std::string> remove,
                                               std::string digest) {
  auto params = to_params(set);
  if (!remove.empty()) params.set("delete", join(remove, ","));
  if (!digest.empty()) params.set("digest", digest);
  const auto data = co_await ask("PUT", guest_path(node, vmid) + "/config", std::move(params));
  co_return data.status();
}

Async<Result<Upid>> InProcessClient::resize_guest(NodeName node, VmId vmid, std::string disk,
                                                  std::string size) {
  Params params;
  params.set("disk", disk);
  params.set("size", size);
  co_return co_await queue("PUT", guest_path(node, vmid) + "/resize", std::move(params));
}

Async<Result<Upid>> InProcessClient::give_volume(NodeName node, pve::VolumeGift gift) {
  Params params;
  params.set("volume", gift.from_key);
  params.set("target-vmid", std::to_string(gift.to.get()));
  params.set("target-volume", gift.to_key);
  params.set("digest", gift.from_digest);
  params.set("target-digest", gift.to_digest);
  co_return co_await queue("POST", guest_path(node, gift.from) + "/move_volume", std::move(params));
}

Async<Result<Upid>> InProcessClient::migrate_guest(NodeName node, VmId vmid, NodeName target,
                                                   bool restart) {
  Params params;
  params.set("target", target.get());
  if (restart) params.set("restart", "1");
  co_return co_await queue("POST", guest_path(node, vmid) + "/migrate", std::move(params));
}

Async<Result<Upid>> InProcessClient::start_guest(NodeName node, VmId vmid) {
  co_return co_await queue("POST", guest_path(node, vmid) + "/status/start", Params());
}

Async<Result<Upid>> InProcessClient::stop_guest(NodeName node, VmId vmid) {
  co_return co_await queue("POST", guest_path(node, vmid) + "/status/stop", Params());
}

Async<Result<Upid>> InProcessClient::shutdown_guest(NodeName node, VmId vmid, Duration timeout) {
  Params params;
  params.set("timeout", std::to_string(timeout / std::chrono::seconds(1)));
  co_return co_await queue("POST", guest_path(node, vmid) + "/status/shutdown", std::move(params));
}

Async<Result<Upid>> InProcessClient::destroy_guest(NodeName node, VmId vmid,
                                                   pve::DestroyOptions options) {
  Params params;
  if (options.force) params.set("force", "1");
  if (options.purge) params.set("purge", "1");
  co_return co_await queue("DELETE", guest_path(node, vmid), std::move(params));
}

Async<Result<Upid>> InProcessClient::take_snapshot(NodeName node, VmId vmid, std::string name,
                                                   std::string description) {
  Params params;
  params.set("snapname", name);
  params.set("description", description);
  co_return co_await queue("POST", guest_path(node, vmid) + "/snapshot", std::move(params));
}

Async<Result<Upid>> InProcessClient::delete_snapshot(NodeName node, VmId vmid, std::string name) {
  co_return co_await queue("DELETE", guest_path(node, vmid) + "/snapshot/" + name, Params());
}

Async<Result<Upid>> InProcessClient::roll_back_guest(NodeName node, VmId vmid,
                                                     std::string snapshot) {
  co_return co_await queue("POST", guest_path(node, vmid) + "/snapshot/" + snapshot + "/rollback",
                           Params());
}

Async<Result<Upid>> InProcessClient::back_up_guest(NodeName node, VmId vmid, StorageId storage,
                                                   std::string notes) {
  Params params;
  params.set("vmid", std::to_string(vmid.get()));
  params.set("storage", storage.get());
  params.set("mode", "stop");
  params.set("compress", "zstd");
  params.set("remove", "0");
  params.set("notes-template", notes);
  co_return co_await queue("POST", node_path(node) + "/vzdump", std::move(params));
}

Async<Status> InProcessClient::create_interface(NodeName node, std::string name,
                                                pve::Parameters parameters) {
  auto params = to_params(parameters);
  params.set("iface", name);
  const auto data = co_await ask("POST", node_path(node) + "/network", std::move(params));
  co_return data.status();
}

Async<Status> InProcessClient::delete_interface(NodeName node, std::string name) {
  const auto data = co_await ask("DELETE", node_path(node) + "/network/" + name, Params());
  co_return data.status();
}

Async<Result<Upid>> InProcessClient::apply_network(NodeName node) {
  co_return co_await queue("PUT", node_path(node) + "/network", Params());
}

}  // namespace gantry::lab
