// /nodes, /nodes/{node}/{status,version}.
#include "pkg/base/text.h"
#include "pkg/lab/router.h"
#include "pkg/lab/row.h"
#include "pkg/lab/task_rows.h"

namespace gantry::lab {
namespace {

struct Usage {
  int64_t memory = int64_t{1} << 30;  // what Proxmox itself takes
  double cores = 0.05;
  Backend::Space disk;
};

Usage usage_of(const Model& model, const NodeName& name) {
  Usage usage;
  for (const auto& vmid : model.guests_on(name)) {
    const auto& guest = *model.find_guest(vmid);
    if (!guest.running) continue;
    usage.memory += guest.state.memory_used.value_or(0);
    usage.cores += guest.state.cpu.value_or(0);
  }
  if (!model.options.storages.empty()) {
    usage.disk = model.volumes.space(name, model.options.storages.front());
  }
  return usage;
}

int64_t uptime_of(const Model& model, const NodeState& node) {
  return (model.clock.now() - node.up_since) / std::chrono::seconds(1);
}

Reply list_nodes(Model& model, const Call& call) {
  Json rows = Json::array();
  for (const auto& [name, node] : model.nodes) {
    Json row = node_row(model, call.caller, name);
    row.erase("cgroup-mode");
    row.set("ssl_fingerprint", "");
    rows.push_back(std::move(row));
  }
  return done(std::move(rows));
}

Json memory_object(int64_t used, int64_t total) {
  Row object;
  object.set("total", total).set("used", used).set("free", total - used);
  object.set("available", total - used);
  return object;
}

// What the status says about the machine and no client needs.
void set_machine(Row& status) {
  constexpr const char* kRelease = "6.14.11-pve";
  constexpr const char* kVersion = "#1 SMP PREEMPT_DYNAMIC @0";
  Row kernel;
  kernel.set("sysname", "Linux").set("release", kRelease);
  kernel.set("version", kVersion).set("machine", "x86_64");
  status.set("current-kernel", std::move(kernel));
  status.set("kversion", std::string("Linux ") + kRelease + " " + kVersion);
  status.set("ksm", Json(Json::Object{{"shared", Json(0)}}));
  status.set("boot-info", Json(Json::Object{{"mode", Json("legacy-bios")}}));
}

Reply get_node_status(Model& model, const Call& call) {
  const auto name = call.node();
  const auto& node = model.nodes.at(name);
  const auto usage = usage_of(model, name);
  Row cpu;
  cpu.set("cpus", node.options.cores).set("cores", node.options.cores).set("sockets", 1);
  cpu.set("model", "Gantry Lab").set("vendor", "GenuineIntel").set("mhz", "2400.000");
  cpu.set("user_hz", 100).set("hvm", "1").set("flags", "fpu");
  Json rootfs = memory_object(usage.disk.used, usage.disk.total);
  rootfs.set("avail", usage.disk.total - usage.disk.used);
  rootfs.erase("available");
  Json loads = Json::array();
  for (const char* load : {"0.10", "0.10", "0.10"}) loads.push_back(load);
  Row status;
  status.set("uptime", uptime_of(model, node)).set("cpu", usage.cores / node.options.cores);
  status.set("cpuinfo", std::move(cpu)).set("rootfs", std::move(rootfs));
  status.set("memory", memory_object(usage.memory, node.options.memory));
  set_machine(status);
  status.set("loadavg", std::move(loads)).set("wait", 0).set("idle", 0);
  status.set("pveversion", model.is_modern() ? "pve-manager/9.2.11/14a22df3deadbeef"
                                             : "pve-manager/8.4.1/14a22df3deadbeef");
  return done(std::move(status));
}

Reply get_node_version(Model& model, const Call&) {
  Row version;
  version.set("version", model.is_modern() ? "9.2.11" : "8.4.1");
  version.set("release", model.is_modern() ? "9.2" : "8.4").set("repoid", "14a22df3deadbeef");
  return done(std::move(version));
}

}  // namespace

Json node_row(const Model& model, const Caller& caller, const NodeName& name) {
  const auto& node = model.nodes.at(name);
  Row row;
  row.set("id", "node/" + name.get()).set("type", "node").set("node", name.get());
  row.set("status", node.online ? "online" : "offline").set("level", "");
  if (!node.online) return row;
  row.set("cgroup-mode", 1);
  if (!model.access.may(caller, "/nodes/" + name.get(), "Sys.Audit")) return row;
  const auto usage = usage_of(model, name);
  row.set("cpu", usage.cores / node.options.cores).set("maxcpu", node.options.cores);
  row.set("mem", usage.memory).set("maxmem", node.options.memory);
  row.set("disk", usage.disk.used).set("maxdisk", usage.disk.total);
  row.set("uptime", uptime_of(model, node));
  return row;
}

void add_node_routes(std::vector<Route>& routes) {
  routes.push_back({"GET", "/nodes", list_nodes});
  routes.push_back({"GET", "/nodes/{node}/status", get_node_status});
  routes.push_back({"GET", "/nodes/{node}/version", get_node_version});
}

}  // namespace gantry::lab
