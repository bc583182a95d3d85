#include "pkg/lab/ha.h"

#include "pkg/base/text.h"
#include "pkg/lab/guest_migrate.h"
#include "pkg/lab/guest_power.h"
#include "pkg/lab/model.h"

namespace gantry::lab {
namespace {

using namespace std::chrono_literals;

constexpr Duration kRound = 10s;
constexpr Duration kFence = 60s;     // a node that was silent for so long is fenced
constexpr Duration kRecover = 120s;  // and its lock has run out, so that its guests may move
constexpr const char* kFile = "ha.cfg";

const Caller& root() {
  static const Caller caller{"root@pam", ""};
  return caller;
}

VmId vmid_of(const std::string& sid) {
  return VmId(parse_integer(sid.substr(sid.find(':') + 1)).value_or(0));
}

std::string setting(const Ha::Settings& settings, const std::string& name,
                    const std::string& fallback) {
  const auto it = settings.find(name);
  return it == settings.end() ? fallback : it->second;
}

bool names(const Ha::Settings& rule, const std::string& sid) {
  const auto sids = split(setting(rule, "resources", ""), ',');
  return setting(rule, "disable", "0") != "1" &&
         std::find(sids.begin(), sids.end(), sid) != sids.end();
}

}  // namespace

std::map<NodeName, int64_t> parse_ha_nodes(const std::string& text) {
  std::map<NodeName, int64_t> nodes;
  for (const auto& part : split(text, ',')) {
    const auto colon = part.find(':');
    const auto priority = colon == std::string::npos ? "0" : part.substr(colon + 1);
    if (!part.empty()) nodes[NodeName(part.substr(0, colon))] = parse_integer(priority).value_or(0);
  }
  return nodes;
}

bool Ha::is_managed(VmId vmid) const {
  return is_configured(vmid) && wanted_state(sid_of(vmid)) != "ignored";
}

const Ha::Service* Ha::find_service(const std::string& sid) const {
  const auto it = services_.find(sid);
  return it == services_.end() ? nullptr : &it->second;
}

std::string Ha::wanted_state(const std::string& sid) const {
  const auto it = resources.find(sid);
  if (it == resources.end()) return "ignored";
  const auto state = setting(it->second, "state", "started");
  return state == "enabled" ? "started" : state;
}

std::string Ha::verbose_state(const std::string& sid) const {
  const auto wanted = wanted_state(sid);
  if (wanted == "ignored") return wanted;
  const auto* guest = model_.find_guest(vmid_of(sid));
  if (guest == nullptr) return "not found";
  const auto* service = find_service(sid);
  if (service == nullptr) return "queued";
  if (service->state == "stopped" && wanted == "started") return "starting";
  if (service->state == "stopped" && wanted == "disabled") return "disabled";
  if (service->state == "error" && wanted == "disabled") return "clearing error flag";
  if (service->state != "started") return service->state;
  if (!guest->running) return "starting";
  return wanted == "started" ? "started" : "stopping";
}

void Ha::changed() {
  std::string text;
  const auto add = [&](const char* kind, const std::map<std::string, Settings>& sections) {
    for (const auto& [id, settings] : sections) {
      text += std::string(kind) + " " + id + "\n";
      for (const auto& [name, value] : settings) text += "\t" + name + " " + value + "\n";
    }
  };
  add("resource", resources);
  add("group", groups);
  add("rule", rules);
  model_.files.write(kFile, text);
  std::erase_if(services_, [&](const auto& entry) { return !resources.contains(entry.first); });
  if (is_running_ || resources.empty()) return;
  is_running_ = true;
  model_.group.spawn("ha manager", [this] { return run(); });
}

void Ha::load() {
  Settings* section = nullptr;
  for (const auto& line : split(model_.files.read(kFile), '\n')) {
    const auto blank = line.find(' ');
    if (blank == std::string::npos) continue;
    const auto name = line.substr(0, blank), rest = line.substr(blank + 1);
    if (name == "resource") section = &resources[rest];
    if (name == "group") section = &groups[rest];
    if (name == "rule") section = &rules[rest];
    if (name.front() == '\t' && section != nullptr) (*section)[name.substr(1)] = rest;
  }
  if (!resources.empty()) changed();
}

void Ha::move(const std::string& sid, const NodeName& target) {
  auto& service = services_[sid];
  service.target = target;
  if (const auto* guest = model_.find_guest(vmid_of(sid)); guest != nullptr) {
    service.node = guest->node;
  }
}

Async<Status> Ha::run() {
  while (!resources.empty()) {
    const Status slept = co_await model_.clock.sleep_for(kRound);
    if (!slept.ok()) co_return slept;
    if (!model_.quorate) continue;
    std::vector<std::string> sids;
    for (const auto& [sid, settings] : resources) sids.push_back(sid);
    for (const auto& sid : sids) look_at(sid);
  }
  is_running_ = false;
  co_return Status();
}

void Ha::look_at(const std::string& sid) {
  auto* guest = model_.find_guest(vmid_of(sid));
  if (guest == nullptr || guest->type != pve::GuestType::lxc || wanted_state(sid) == "ignored") {
    services_.erase(sid);
    return;
  }
  const auto [it, fresh] = services_.try_emplace(sid);
  auto& service = it->second;
  service.node = guest->node;
  const bool wanted = wanted_state(sid) == "started";
  if (fresh || service.state.empty()) {
    service.state = wanted ? "request_start" : "request_stop";
    return;
  }
  if (!model_.nodes.at(guest->node).online) return recover(sid, service, *guest);
  service.lost_since.reset();
  if (service.state == "fence" || service.state == "recovery") service.state = "started";
  if (service.state == "error") {
    if (wanted_state(sid) == "disabled") service.state = "stopped";
    return;
  }
  if (is_idle(sid, service) && service.state != "error") act(sid, service, *guest);
}

bool Ha::is_idle(const std::string& sid, Service& service) {
  if (!service.task.has_value()) return true;
  const auto task = model_.tasks.find(*service.task);
  if (task != nullptr && task->running()) return false;
  service.task.reset();
  const bool ok = task != nullptr && (task->exit == "OK" || starts_with(task->exit, "WARNINGS"));
  if (task == nullptr) return true;
  if (task->type == "vzstart") {
    if (!ok) {
      start_failed(sid, service);
    } else {
      service.failed_starts = 0;
      service.relocations = 0;
    }
  }
  if (task->type == "vzmigrate") service.target.reset();
  return true;
}

void Ha::start_failed(const std::string& sid, Service& service) {
  const auto& settings = resources.at(sid);
  if (++service.failed_starts <= parse_integer(setting(settings, "max_restart", "1")).value_or(1)) {
    return;
  }
  const auto relocations = parse_integer(setting(settings, "max_relocate", "1")).value_or(1);
  const auto elsewhere = choose_node(sid, service.node);
  if (service.relocations >= relocations || !elsewhere.has_value()) {
    service.state = "error";
    return;
  }
  service.failed_starts = 0;
  ++service.relocations;
  service.target = elsewhere;
}

// The guest's config moves; a local disk stays on the dead node, so that the start then fails.
void Ha::recover(const std::string& sid, Service& service, Guest& guest) {
  const auto now = model_.clock.now();
  if (!service.lost_since.has_value()) service.lost_since = now;
  const auto lost = now - *service.lost_since;
  if (lost >= kFence) service.state = "fence";
  if (lost < kRecover) return;
  service.state = "recovery";
  const auto target = choose_node(sid, guest.node);
  if (!target.has_value()) return;
  service.task.reset();
  service.lost_since.reset();
  model_.before_change(guest);
  for (const char* lock : {"backup", "mounted"}) {  // the dead node's
    if (guest.config.get("lock") == lock) guest.config.values.erase("lock");
  }
  model_.move_guest(guest, *target);
  service.node = *target;
  service.state = wanted_state(sid) == "started" ? "started" : "request_stop";
}

void Ha::act(const std::string& sid, Service& service, const Guest& guest) {
  const bool wanted = wanted_state(sid) == "started";
  const auto begin = [&](Job job) {
    service.task = model_.tasks.start(guest.node, root(), std::move(job));
  };
  if (service.target.has_value() && *service.target != guest.node) {
    service.state = "relocate";
    if (guest.running) return begin(make_shutdown_job(model_, guest.node, guest.vmid, {}));
    Migration migration;
    migration.node = guest.node;
    migration.target = *service.target;
    migration.vmid = guest.vmid;
    return begin(make_migrate_job(model_, std::move(migration)));
  }
  service.target.reset();
  service.state = wanted ? "started" : guest.running ? "request_stop" : "stopped";
  if (wanted == guest.running) return;
  if (wanted) return begin(make_start_job(model_, guest.node, guest.vmid));
  const auto& settings = resources.at(sid);
  if (setting(settings, "stop_timeout", "") == "0") {
    return begin(make_stop_job(model_, guest.node, guest.vmid));
  }
  begin(make_shutdown_job(model_, guest.node, guest.vmid, {}));
}

// Where resources are that this one must not meet.
std::set<NodeName> Ha::apart_from(const std::string& sid) const {
  std::set<NodeName> nodes;
  for (const auto& [id, rule] : rules) {
    if (setting(rule, "affinity", "") != "negative" || !names(rule, sid)) continue;
    for (const auto& other : split(setting(rule, "resources", ""), ',')) {
      const auto* guest = model_.find_guest(vmid_of(other));
      if (guest != nullptr && other != sid) nodes.insert(guest->node);
    }
  }
  return nodes;
}

std::optional<NodeName> Ha::choose_node(const std::string& sid, const NodeName& not_there) const {
  std::map<NodeName, int64_t> preferred;
  bool strict = false;
  const auto group = groups.find(setting(resources.at(sid), "group", ""));
  if (group != groups.end()) {
    preferred = parse_ha_nodes(setting(group->second, "nodes", ""));
    strict = setting(group->second, "restricted", "0") == "1";
  }
  for (const auto& [id, rule] : rules) {
    if (setting(rule, "type", "") != "node-affinity" || !names(rule, sid)) continue;
    preferred = parse_ha_nodes(setting(rule, "nodes", ""));
    strict = setting(rule, "strict", "0") == "1";
  }
  const auto forbidden = apart_from(sid);
  std::optional<NodeName> best;
  std::pair<int64_t, int64_t> best_rank;
  for (const auto& [name, node] : model_.nodes) {
    if (!node.online || name == not_there || forbidden.contains(name)) continue;
    const auto it = preferred.find(name);
    if (strict && it == preferred.end()) continue;
    int64_t services = 0;
    for (const auto& [other, service] : services_) services += service.node == name ? 1 : 0;
    const std::pair<int64_t, int64_t> rank{it == preferred.end() ? -1 : it->second, -services};
    if (best.has_value() && rank <= best_rank) continue;
    best = name;
    best_rank = rank;
  }
  return best;
}

}  // namespace gantry::lab
