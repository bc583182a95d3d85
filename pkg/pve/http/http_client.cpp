#include "pkg/pve/http/http_client.h"

#include <algorithm>
#include <utility>

#include "pkg/base/log.h"
#include "pkg/pve/http/calls.h"
#include "pkg/pve/http/http_client_ask.h"
#include "pkg/pve/upid.h"

namespace gantry::pve {
namespace {

constexpr const char* kTasksMax = "500";

bool is_already_exists(const Status& status) {
  return !status.ok() && error_class(status) == ErrorClass::already_exists;
}

// "/nodes/pve1/tasks/UPID…"; kInvalid when it is no UPID.
Result<std::string> task_path(const Upid& upid) {
  GANTRY_TRY_ASSIGN(const auto parts, parse_upid(upid));
  return node_path(parts.node) + "/tasks/" + url_encode(upid.get());
}

}  // namespace

HttpClient::HttpClient(ClientOptions options) : session_(std::move(options)) {}

Async<Result<Version>> HttpClient::version() {
  auto version = co_await ask(make_quick_call("/version", "version"), &decode_version);
  if (version.ok()) version_ = *version;
  co_return version;
}

Async<Result<Permissions>> HttpClient::permissions() {
  return ask(make_quick_call("/access/permissions", "permissions"), &decode_permissions);
}

Async<Result<ClusterStatus>> HttpClient::cluster_status() {
  return ask(make_quick_call("/cluster/status", "cluster status"), &decode_cluster_status);
}

Async<Result<Resources>> HttpClient::resources() {
  return ask(make_quick_call("/cluster/resources", "cluster resources"), &decode_resources);
}

Async<Result<std::vector<StorageRow>>> HttpClient::storages(NodeName node) {
  auto call = make_call("GET", node_path(node) + "/storage", "storages of node " + node.get());
  auto rows = co_await ask(std::move(call), &decode_storages);
  if (rows.ok())
    for (auto& row : *rows) row.node = node;
  co_return rows;
}

Async<Result<std::vector<Volume>>> HttpClient::volumes(NodeName node, StorageId storage,
                                                       std::string content) {
  auto call =
      make_call("GET", node_path(node) + "/storage/" + url_encode(storage.get()) + "/content",
                "volumes of storage " + storage.get() + " on " + node.get());
  if (!content.empty()) call.fields = {{"content", content}};
  return ask(std::move(call), &decode_volumes);
}

Async<Result<std::vector<std::string>>> HttpClient::bridges(NodeName node) {
  auto call = make_call("GET", node_path(node) + "/network", "bridges of node " + node.get());
  call.fields = {{"type", "any_bridge"}};
  return ask(std::move(call), &decode_bridges);
}

Async<Result<NodeNetwork>> HttpClient::network(NodeName node) {
  const auto what = "network of node " + node.get();
  const auto answer = co_await session_.call(make_call("GET", node_path(node) + "/network", what));
  if (!answer.ok()) co_return answer.status();
  Oddities odd;
  const auto* data = answer->find("data");
  auto interfaces = decode_interfaces(data == nullptr ? Json() : *data, odd);
  if (!interfaces.ok()) co_return annotate(interfaces.status(), what);
  NodeNetwork network;
  network.interfaces = *std::move(interfaces);
  network.changes = answer->string_or("changes", "");
  co_return network;
}

Async<Result<bool>> HttpClient::is_vmid_free(VmId vmid) {
  auto call = make_quick_call("/cluster/nextid", absl::StrFormat("is id %d free", vmid.get()));
  call.fields = {{"vmid", std::to_string(vmid.get())}};
  const auto answer = co_await session_.call(std::move(call));
  if (is_already_exists(answer.status())) co_return false;
  if (!answer.ok()) co_return answer.status();
  const auto* data = answer->find("data");
  const auto number = data == nullptr ? std::nullopt : as_integer(*data);  // a string: "100"
  if (number != vmid.get()) co_return schema_error("nextid: the answer names another id");
  co_return true;
}

Async<Result<GuestConfig>> HttpClient::guest_config(NodeName node, VmId vmid) {
  return ask(make_quick_call(guest_path(node, vmid) + "/config", describe("config of", vmid, node)),
             &decode_guest_config);
}

Async<Result<std::vector<PendingChange>>> HttpClient::guest_pending(NodeName node, VmId vmid) {
  return ask(make_quick_call(guest_path(node, vmid) + "/pending",
                             describe("pending changes of", vmid, node)),
             &decode_guest_pending);
}

Async<Result<GuestStatus>> HttpClient::guest_status(NodeName node, VmId vmid) {
  return ask(make_quick_call(guest_path(node, vmid) + "/status/current",
                             describe("status of", vmid, node)),
             &decode_guest_status);
}

Async<Result<std::vector<GuestInterface>>> HttpClient::guest_interfaces(NodeName node, VmId vmid) {
  return ask(make_quick_call(guest_path(node, vmid) + "/interfaces",
                             describe("interfaces of", vmid, node)),
             &decode_guest_interfaces);
}

Async<Result<std::vector<Snapshot>>> HttpClient::snapshots(NodeName node, VmId vmid) {
  return ask(
      make_call("GET", guest_path(node, vmid) + "/snapshot", describe("snapshots of", vmid, node)),
      &decode_snapshots);
}

Async<Result<bool>> HttpClient::has_feature(NodeName node, VmId vmid, std::string feature) {
  auto call = make_call("GET", guest_path(node, vmid) + "/feature",
                        describe("feature " + feature + " of", vmid, node));
  call.fields = {{"feature", feature}};
  return ask(std::move(call), &decode_feature);
}

Async<Result<Task>> HttpClient::task(Upid upid) {
  const auto path = task_path(upid);
  if (!path.ok()) co_return path.status();
  co_return co_await ask(make_quick_call(*path + "/status", "task " + upid.get()), &decode_task);
}

Async<Result<Json>> HttpClient::log_page(Upid upid, int64_t start, int64_t limit) {
  const auto path = task_path(upid);
  if (!path.ok()) co_return path.status();
  auto call = make_call("GET", *path + "/log", "log of task " + upid.get());
  call.fields.emplace_back("start", std::to_string(start));
  call.fields.emplace_back("limit", std::to_string(limit));
  co_return co_await session_.call(std::move(call));
}

Async<Result<std::vector<std::string>>> HttpClient::task_log(Upid upid, int lines) {
  // Only the number of lines is told beside a page: the tail takes two calls when the log is long.
  auto page = co_await log_page(upid, 0, lines);
  if (!page.ok()) co_return page.status();
  const auto* total_field = page->find("total");
  const int64_t total = total_field == nullptr ? 0 : as_integer(*total_field).value_or(0);
  if (total > lines) {
    page = co_await log_page(upid, total - lines, lines);
    if (!page.ok()) co_return page.status();
  }
  Oddities odd;
  const auto* data = page->find("data");
  if (data == nullptr) co_return schema_error("task log: the answer has no data");
  co_return decode_task_log(*data, odd);
}

Async<Result<std::vector<Task>>> HttpClient::tasks(NodeName node, VmId vmid) {
  auto call = make_quick_call(node_path(node) + "/tasks", describe("tasks of", vmid, node));
  call.fields = {{"vmid", std::to_string(vmid.get())}, {"source", "all"}, {"limit", kTasksMax}};
  auto tasks = co_await ask(std::move(call), &decode_tasks);
  if (tasks.ok()) std::ranges::stable_sort(*tasks, std::ranges::greater{}, &Task::started);
  co_return tasks;
}

Async<Result<std::vector<Task>>> HttpClient::running_tasks(NodeName node) {
  auto call = make_quick_call(node_path(node) + "/tasks", "running tasks of node " + node.get());
  call.fields = {{"source", "active"}, {"limit", kTasksMax}};
  auto tasks = co_await ask(std::move(call), &decode_tasks);
  // The active list also holds what has just ended.
  if (tasks.ok()) std::erase_if(*tasks, [](const Task& task) { return !task.running; });
  co_return tasks;
}

}  // namespace gantry::pve
