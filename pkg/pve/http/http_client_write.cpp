#include <algorithm>
#include <utility>

#include "pkg/pve/http/calls.h"
#include "pkg/pve/http/http_client.h"
#include "pkg/pve/http/http_client_ask.h"

namespace gantry::pve {
namespace {

std::vector<std::string> keys_of(const Parameters& parameters) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : parameters) keys.push_back(key);
  return keys;
}

void append(Call& call, const Parameters& parameters) {
  call.fields.insert(call.fields.end(), parameters.begin(), parameters.end());
}

const char* flag(bool value) {
  return value ? "1" : "0";
}

}  // namespace

// Asks for the version only where the answer depends on it.
Async<Status> HttpClient::allow(std::vector<std::string> keys, ParameterSet set) {
  if (needs_version(keys) && !version_) {
    const auto told = co_await version();
    GANTRY_CO_TRY(told.status());
  }
  co_return check_parameters(set, keys, version_.value_or(Version()));
}

Async<Result<Upid>> HttpClient::create_guest(NodeName node, VmId vmid, Parameters parameters) {
  const auto what = describe("create", vmid, node);
  const auto allowed = co_await allow(keys_of(parameters), ParameterSet::create);
  if (!allowed.ok()) co_return annotate(allowed, what);
  auto call = make_call("POST", node_path(node) + "/lxc", what);
  call.fields.emplace_back("vmid", std::to_string(vmid.get()));
  append(call, parameters);
  co_return co_await ask(std::move(call), &decode_upid);
}

Async<Result<Upid>> HttpClient::clone_guest(NodeName node, VmId source, VmId vmid,
                                            Parameters parameters) {
  const auto what =
      absl::StrFormat("clone guest %d into %d on %s", source.get(), vmid.get(), node.get());
  const auto allowed = co_await allow(keys_of(parameters), ParameterSet::clone);
  if (!allowed.ok()) co_return annotate(allowed, what);
  auto call = make_call("POST", guest_path(node, source) + "/clone", what);
  call.fields.emplace_back("newid", std::to_string(vmid.get()));
  append(call, parameters);
  co_return co_await ask(std::move(call), &decode_upid);
}

Async<Status> HttpClient::configure_guest(NodeName node, VmId vmid, Parameters set,
                                          std::vector<std::string> remove, std::string digest) {
  const auto what = describe("configure", vmid, node);
  auto keys = keys_of(set);
  keys.insert(keys.end(), remove.begin(), remove.end());
  const auto allowed = co_await allow(std::move(keys), ParameterSet::configure);
  if (!allowed.ok()) co_return annotate(allowed, what);
  auto call = make_call("PUT", guest_path(node, vmid) + "/config", what);
  append(call, set);
  if (!remove.empty()) call.fields.emplace_back("delete", join(remove, ","));
  if (!digest.empty()) call.fields.emplace_back("digest", digest);
  const auto answer = co_await session_.call(std::move(call));
  co_return answer.status();
}

Async<Result<Upid>> HttpClient::resize_guest(NodeName node, VmId vmid, std::string disk,
                                             std::string size) {
  auto call = make_call("PUT", guest_path(node, vmid) + "/resize",
                        describe("resize " + disk + " of", vmid, node));
  call.fields = {{"disk", disk}, {"size", size}};
  return ask(std::move(call), &decode_upid);
}

Async<Result<Upid>> HttpClient::give_volume(NodeName node, VolumeGift gift) {
  auto call =
      make_call("POST", guest_path(node, gift.from) + "/move_volume",
                describe(absl::StrFormat("give %s to guest %d from", gift.from_key, gift.to.get()),
                         gift.from, node));
  call.fields = {{"volume", gift.from_key},
                 {"target-vmid", std::to_string(gift.to.get())},
                 {"target-volume", gift.to_key},
                 {"digest", gift.from_digest},
                 {"target-digest", gift.to_digest}};
  return ask(std::move(call), &decode_upid);
}

Async<Result<Upid>> HttpClient::migrate_guest(NodeName node, VmId vmid, NodeName target,
                                              bool restart) {
  auto call = make_call("POST", guest_path(node, vmid) + "/migrate",
                        describe("migrate to " + target.get(), vmid, node));
  call.fields = {{"target", target.get()}, {"restart", flag(restart)}};
  return ask(std::move(call), &decode_upid);
}

Async<Result<Upid>> HttpClient::start_guest(NodeName node, VmId vmid) {
  return ask(
      make_call("POST", guest_path(node, vmid) + "/status/start", describe("start", vmid, node)),
      &decode_upid);
}

Async<Result<Upid>> HttpClient::stop_guest(NodeName node, VmId vmid) {
  return ask(
      make_call("POST", guest_path(node, vmid) + "/status/stop", describe("stop", vmid, node)),
      &decode_upid);
}

Async<Result<Upid>> HttpClient::shutdown_guest(NodeName node, VmId vmid, Duration timeout) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(timeout).count();
  auto call = make_call("POST", guest_path(node, vmid) + "/status/shutdown",
                        describe("shut down", vmid, node));
  call.fields = {{"timeout", std::to_string(std::max<int64_t>(seconds, 0))}};
  return ask(std::move(call), &decode_upid);
}

Async<Result<Upid>> HttpClient::destroy_guest(NodeName node, VmId vmid, DestroyOptions options) {
  auto call = make_call("DELETE", guest_path(node, vmid), describe("destroy", vmid, node));
  call.fields = {{"force", flag(options.force)}, {"purge", flag(options.purge)}};
  return ask(std::move(call), &decode_upid);
}

Async<Result<Upid>> HttpClient::take_snapshot(NodeName node, VmId vmid, std::string name,
                                              std::string description) {
  auto call = make_call("POST", guest_path(node, vmid) + "/snapshot",
                        describe("snapshot " + name + " of", vmid, node));
  call.fields = {{"snapname", name}, {"description", description}};
  return ask(std::move(call), &decode_upid);
}

Async<Result<Upid>> HttpClient::delete_snapshot(NodeName node, VmId vmid, std::string name) {
  return ask(make_call("DELETE", guest_path(node, vmid) + "/snapshot/" + url_encode(name),
                       describe("delete snapshot " + name + " of", vmid, node)),
             &decode_upid);
}

Async<Result<Upid>> HttpClient::roll_back_guest(NodeName node, VmId vmid, std::string snapshot) {
  return ask(
      make_call("POST", guest_path(node, vmid) + "/snapshot/" + url_encode(snapshot) + "/rollback",
                describe("roll back to " + snapshot, vmid, node)),
      &decode_upid);
}

Async<Result<Upid>> HttpClient::back_up_guest(NodeName node, VmId vmid, StorageId storage,
                                              std::string notes) {
  auto call = make_call("POST", node_path(node) + "/vzdump", describe("back up", vmid, node));
  call.fields = {{"vmid", std::to_string(vmid.get())},
                 {"storage", storage.get()},
                 {"mode", "stop"},
                 {"compress", "zstd"},
                 {"remove", "0"},
                 {"notes-template", notes}};
  return ask(std::move(call), &decode_upid);
}

Async<Status> HttpClient::create_interface(NodeName node, std::string name, Parameters parameters) {
  auto call = make_call("POST", node_path(node) + "/network",
                        "create interface " + name + " on node " + node.get());
  call.fields.emplace_back("iface", name);
  append(call, parameters);
  const auto answer = co_await session_.call(std::move(call));
  co_return answer.status();
}

Async<Status> HttpClient::delete_interface(NodeName node, std::string name) {
  auto call = make_call("DELETE", node_path(node) + "/network/" + url_encode(name),
                        "delete interface " + name + " of node " + node.get());
  const auto answer = co_await session_.call(std::move(call));
  co_return answer.status();
}

Async<Result<Upid>> HttpClient::apply_network(NodeName node) {
  return ask(
      make_call("PUT", node_path(node) + "/network", "apply the network of node " + node.get()),
      &decode_upid);
}

}  // namespace gantry::pve
