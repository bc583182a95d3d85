#include "pkg/lab/guest_rows.h"

#include "pkg/base/text.h"
#include "pkg/lab/row.h"

namespace gantry::lab {
namespace {

std::string vms_path(VmId vmid) {
  return "/vms/" + std::to_string(vmid.get());
}

const char* type_of(const Guest& guest) {
  return guest.type == pve::GuestType::lxc ? "lxc" : "qemu";
}

int64_t seconds_since(const Model& model, Time since) {
  return (model.clock.now() - since) / std::chrono::seconds(1);
}

// A number from `cores`, a text from `cpulimit` (observed).
Json cpus_of(const Model& model, const Guest& guest) {
  if (guest.config.has("cpulimit") && guest.config.get("cpulimit") != "0") {
    return guest.config.get("cpulimit");
  }
  if (const auto cores = parse_integer(guest.config.get("cores")); cores.has_value()) {
    return *cores;
  }
  return model.nodes.at(guest.node).options.cores;
}

// 0 … 1 of what it may use.
double cpu_of(const ContainerState& state, double cores) {
  return cores > 0 ? state.cpu.value_or(0.0) / cores : 0.0;
}

double number(const Json& value) {
  if (value.is_string()) return parse_double(value.as_string()).value_or(0);
  return value.is_number() ? value.as_double() : 0;
}

int64_t mebibytes(const Guest& guest, const std::string& key, const std::string& fallback) {
  return parse_integer(guest.config.get(key, fallback)).value_or(0) << 20;
}

void set_if(Row& row, const char* name, const std::string& value) {
  if (!value.empty()) row.set(name, value);
}

void set_counters(Row& row, const ContainerState& state) {
  row.set("netin", state.running ? state.network_in.value_or(0) : 0);
  row.set("netout", state.running ? state.network_out.value_or(0) : 0);
  for (const char* name : {"diskread", "diskwrite"}) row.set(name, 0);
}

}  // namespace

AuditFilter::AuditFilter(const Model& model, const Call& call) : model_(model), call_(call) {}

bool AuditFilter::shows(const Guest& guest) {
  if (call_.partial && model_.random.unit() < model_.faults.hidden_share) return false;
  const auto path = vms_path(guest.vmid);
  if (model_.access.acl().contains(path)) return model_.access.may(call_.caller, path, "VM.Audit");
  const auto pool = model_.access.pool_of(guest.vmid);
  const auto known = by_pool_.find(pool);
  if (known != by_pool_.end()) return known->second;
  const bool may = model_.access.may(call_.caller, path, "VM.Audit");
  by_pool_[pool] = may;
  return may;
}

Json member_row(const Model& model, const Guest& guest) {
  Row row;
  row.set("id", std::string(type_of(guest)) + "/" + std::to_string(guest.vmid.get()));
  row.set("type", type_of(guest));
  row.set("node", guest.node.get());
  row.set("vmid", guest.vmid.get());
  if (const auto* service = model.ha.find_service(Ha::sid_of(guest.vmid)); service != nullptr) {
    set_if(row, "hastate", service->state);
  }
  const auto seen = model.broadcast_of(guest);
  if (!seen.known || !model.nodes.at(guest.node).online) {
    row.set("status", "unknown");
    return row;
  }
  row.set("status", seen.running ? "running" : "stopped");
  row.set("name", seen.name);
  const double cores = parse_double(seen.cores).value_or(0);
  row.set("maxcpu", cores);
  row.set("maxmem", seen.memory_total);
  row.set("maxdisk", seen.disk_total);
  row.set("template", guest.config.flag("template") ? 1 : 0);
  row.set("uptime", seen.running ? seconds_since(model, seen.running_since) : 0);
  row.set("cpu", cpu_of(guest.state, cores));
  row.set("mem", seen.running ? guest.state.memory_used.value_or(0) : 0);
  row.set("disk", seen.running ? guest.state.disk_used.value_or(0) : 0);
  if (model.is_modern()) row.set("memhost", 0);
  set_counters(row, guest.state);
  return row;
}

Json resource_row(const Model& model, const Guest& guest, bool with_pool) {
  Row row(member_row(model, guest));
  if (with_pool) set_if(row, "pool", model.access.pool_of(guest.vmid));
  set_if(row, "lock", guest.config.get("lock"));
  set_if(row, "tags", guest.config.get("tags"));
  return row;
}

Json status_row(const Model& model, const Guest& guest, const ContainerState& state) {
  Row row;
  row.set("type", type_of(guest));
  row.set("vmid", guest.vmid.get());
  row.set("name", name_of(guest));
  row.set("status", state.running ? "running" : "stopped");
  const auto cpus = cpus_of(model, guest);
  row.set("cpus", cpus);
  row.set("maxmem", mebibytes(guest, "memory", "512"));
  row.set("maxswap", mebibytes(guest, "swap", "0"));
  row.set("maxdisk", disk_size_of(guest.config.values));
  row.set("swap", 0);
  row.set("cpu", cpu_of(state, number(cpus)));
  row.set("mem", state.running ? state.memory_used.value_or(0) : 0);
  row.set("disk", state.running ? state.disk_used.value_or(0) : 0);
  const auto uptime = state.uptime_seconds.value_or(seconds_since(model, guest.running_since));
  row.set("uptime", state.running ? uptime : 0);
  set_counters(row, state);
  if (state.running) row.set("pid", state.pid.value_or(1));
  set_if(row, "lock", guest.config.get("lock"));
  set_if(row, "tags", guest.config.get("tags"));
  if (guest.config.flag("template")) row.set("template", 1);
  return row;
}

Json config_object(const Guest& guest, bool current) {
  Row object;
  const auto values = current ? guest.config.values : guest.config.next();
  for (const auto& [key, value] : values) object.set(key, shown(key, value));
  object.set("digest", digest_of(guest.config));
  return object;
}

}  // namespace gantry::lab
