#include "controllers/appliance/reconciler.h"

#include <algorithm>
#include <set>
#include <utility>

#include "pkg/base/log.h"
#include "pkg/base/search.h"
#include "pkg/base/text.h"
#include "pkg/inventory/placement/candidates.h"
#include "pkg/pve/mark.h"
#include "pkg/schema/codec.h"
#include "pkg/schema/json.h"
#include "pkg/store/claims/claims.h"
#include "pkg/store/typed.h"

namespace gantry::controllers::appliance {
namespace {

using api::v1alpha1::App;
using api::v1alpha1::Appliance;
using api::v1alpha1::Machine;
using api::v1alpha1::MachineClass;
using runtime::Request;
using std::chrono::seconds;

constexpr seconds kSoon{1};
constexpr seconds kCalm{15};  // between two looks at what is well
constexpr seconds kHeld{60};  // a person is asked for something

runtime::Subject subject_of(const Appliance& appliance) {
  return {appliance.api_version, appliance.kind, appliance.metadata.ns, appliance.metadata.name,
          appliance.metadata.uid};
}

bool names_appliance(const api::v1alpha1::Network& network) {
  return network.appliance_ref.has_value();
}

// The Appliances that networks name.
std::vector<Request> named_by(const std::vector<api::v1alpha1::Network>& networks,
                              const std::string& ns) {
  std::vector<Request> requests;
  for (const auto& network : networks) {
    if (!names_appliance(network)) continue;
    const auto& reference = *network.appliance_ref;
    requests.push_back({reference.ns.empty() ? ns : reference.ns, reference.name});
  }
  return requests;
}

template <class T>
std::vector<Request> named_by_object(const store::Change& change) {
  const auto object = store::as<T>(*change.object);
  if (!object.ok()) return {};
  return named_by(object->spec.networks, object->metadata.ns);
}

// The node is no member of the cluster any more, and its bridges went with it.
bool has_left(const inventory::Cluster& cluster, const NodeName& node) {
  const auto snapshot = cluster.inventory.current();
  return snapshot->trustworthy() &&
         std::ranges::find(snapshot->cluster.members, node, &pve::ClusterMember::name) ==
             snapshot->cluster.members.end();
}

// One of ours whose Machine is gone and that was left, stopped, with its volumes.
bool is_left(const inventory::Sighting& sighting) {
  return sighting.presence == inventory::Presence::present && sighting.guest && !sighting.owner &&
         sighting.guest->status == "stopped" && pve::find_tag(sighting.guest->tags).has_value();
}

std::string text_of(const Wanted& wanted) {
  Json text;
  text.set("network", schema::encode(wanted.network));
  for (const auto& lease : wanted.leases)
    if (!lease.released_at) text.member("leases").push_back(lease.mac + lease.address);
  for (const auto& route : wanted.routes) text.member("routes").push_back(schema::encode(route));
  return schema::to_json(text);
}

}  // namespace

Reconciler::Reconciler(Dependencies dependencies, Executor executor)
    : d_(dependencies), jobs_(dependencies.clock, std::move(executor)) {}

void Reconciler::connect(runtime::Controller& controller) {
  controller.reads({kClasses}).writes({kMachines, "events"});
  const auto owner = runtime::to_owner("Appliance");
  controller.watches(kMachines, [this, owner](const store::Change& change) {
    auto requests = owner(change);
    if (!runtime::spec_or_metadata_changed(change)) return requests;
    for (auto& request : named_by_object<Machine>(change)) requests.push_back(std::move(request));
    // By its class, which may be in any Appliance's network.
    if (change.type != store::ChangeType::modified)
      for (const auto& appliance : d_.store.list(kAppliances, "").items)
        requests.push_back({appliance->key.ns, appliance->key.name});
    return requests;
  });
  controller.watches(kApps, &named_by_object<App>);
  controller.listens("turns inside that have ended", [this](runtime::Enqueue enqueue) {
    enqueue_ = std::move(enqueue);
    return jobs_.run();
  });
}

Async<Result<runtime::Outcome>> Reconciler::reconcile(Request request) {
  const store::Key key{kAppliances, request.ns, request.name};
  auto found = store::get<Appliance>(d_.store, key);
  if (!found.ok()) co_return found.status();
  Run run;
  run.request = request;
  run.before = *found;
  run.appliance = *std::move(found);
  // Missing information is never an empty answer: without all of it nobody is taken for gone.
  GANTRY_CO_TRY_ASSIGN(run.everything, read_everything());
  GANTRY_CO_TRY(find_machine(run));
  find_cluster(run);
  co_await look(run);
  give_leases(run);
  run.plan = plan(run.appliance, run.facts);
  GANTRY_CO_TRY(co_await take(run));
  if (!d_.store.get(key).ok()) {
    jobs_.forget(run.appliance.metadata.uid);
    co_return runtime::settled();
  }
  if (run.plan.situation == Situation::held) run.recheck = kHeld;
  look_inside(run);
  judge(run.appliance, run.plan, run.facts, run.table, run.inside, d_.clock.now());
  tell(run);
  GANTRY_CO_TRY(co_await write_status(run));
  co_return runtime::recheck(run.recheck);
}

Result<Everything> Reconciler::read_everything() const {
  Everything everything;
  GANTRY_TRY_ASSIGN(everything.classes, store::list<MachineClass>(d_.store, kClasses, ""));
  std::set<std::string_view> attaching;  // whose Machines need not say it themselves
  for (const auto& shape : everything.classes)
    if (std::ranges::any_of(shape.spec.networks, &names_appliance))
      attaching.insert(shape.metadata.name);
  // Only what may name an Appliance is decoded, be there ten thousand others.
  const auto may_be_attached = [&attaching](const store::Record& record) {
    return has_text(record.text, "\"applianceRef\"") ||
           attaching.contains(record.field("spec.machineClassName"));
  };
  GANTRY_TRY_ASSIGN(everything.machines,
                    store::list_where<Machine>(d_.store, kMachines, "", may_be_attached));
  GANTRY_TRY_ASSIGN(everything.apps, store::list_where<App>(d_.store, kApps, "", may_be_attached));
  return everything;
}

Status Reconciler::find_machine(Run& run) const {
  auto found =
      store::get<Machine>(d_.store, {kMachines, run.request.ns, machine_name(run.appliance)});
  if (!found.ok() && error_class(found.status()) != ErrorClass::not_found) return found.status();
  if (found.ok()) run.facts.machine = *std::move(found);
  return Status();
}

void Reconciler::find_cluster(Run& run) const {
  const auto& machine = run.facts.machine;
  if (machine && machine->status.vmid) {
    const VmId vmid(*machine->status.vmid);
    run.cluster = inventory::find_holder(d_.clusters, machine->metadata.uid, vmid);
    if (run.cluster) return;
  }
  const auto& name = run.appliance.spec.machine_class_name;
  const auto& classes = run.everything.classes;
  const auto shape = std::ranges::find_if(
      classes, [&name](const MachineClass& each) { return each.metadata.name == name; });
  if (shape != classes.end()) run.cluster = d_.clusters.find(ClusterName(shape->spec.cluster_name));
}

// Where its container is, else where its bridge was begun, else the first node that its class
// allows.
std::optional<NodeName> Reconciler::node_of(const Run& run) const {
  if (run.facts.machine && run.facts.machine->status.vmid) {
    const auto sighting = run.cluster->inventory.sight(VmId(*run.facts.machine->status.vmid));
    if (sighting.guest) return sighting.guest->node;
  }
  if (!run.appliance.status.bridges.empty())
    return NodeName(run.appliance.status.bridges.front().node);
  if (run.appliance.metadata.deleting()) return std::nullopt;  // nothing was ever begun
  const auto& classes = run.everything.classes;
  const auto shape = std::ranges::find_if(classes, [&run](const MachineClass& each) {
    return each.metadata.name == run.appliance.spec.machine_class_name;
  });
  const auto selectors = inventory::placement::compile(shape->spec);
  if (!selectors.ok()) return std::nullopt;
  const auto snapshot = run.cluster->inventory.current();
  if (snapshot->cycle == 0) return std::nullopt;
  const auto candidates = inventory::placement::find_candidates(*selectors, *snapshot);
  for (const auto& node : candidates.nodes) {
    const auto& bridges = snapshot->bridges.find(node.name);
    const auto& uplink = run.appliance.spec.network.uplink.bridge;
    const bool has_uplink = bridges != snapshot->bridges.end() &&
                            std::ranges::find(bridges->second, uplink) != bridges->second.end();
    if (candidates.allows(node.name) && has_uplink) return node.name;
  }
  return std::nullopt;
}

Async<void> Reconciler::look(Run& run) {
  auto& facts = run.facts;
  facts.users = users_of(run.appliance, run.everything);
  if (run.cluster == nullptr) {
    facts.bridge_error = make_error(
        ErrorClass::transport, "the ProxmoxCluster of MachineClass " +
                                   run.appliance.spec.machine_class_name + " is not connected");
    if (!run.appliance.status.bridges.empty())
      facts.node = NodeName(run.appliance.status.bridges.front().node);
    co_return;
  }
  facts.node = node_of(run);
  if (!facts.node) co_return;
  std::vector<NodeName> nodes = {*facts.node};
  const bool deleting = run.appliance.metadata.deleting();
  if (deleting)
    for (const auto& bridge : run.appliance.status.bridges) nodes.emplace_back(bridge.node);
  for (const auto& node : nodes) {
    if (deleting && has_left(*run.cluster, node)) continue;
    co_await look_at_bridge(run, node);
    const bool is_done = facts.bridge && facts.bridge->ready;
    if (deleting && facts.bridge && !is_done && !facts.machine && facts.users.empty())
      facts.plugged = co_await plugged_into(run, node);
    if (!is_done) co_return;
  }
}

Async<Result<std::vector<VmId>>> Reconciler::plugged_into(const Run& run, NodeName node) {
  auto* channel = run.cluster->channel;
  if (channel == nullptr)
    co_return error(ErrorClass::unsupported, "ProxmoxCluster %s has no commandChannel",
                    run.cluster->name.get());
  auto bridge = run.appliance.spec.network.bridge;
  auto guests = co_await channel->guests_on(std::move(node), std::move(bridge));
  if (guests.ok())
    std::erase_if(*guests,
                  [&run](VmId vmid) { return is_left(run.cluster->inventory.sight(vmid)); });
  co_return guests;
}

Async<void> Reconciler::look_at_bridge(Run& run, NodeName node) {
  auto& facts = run.facts;
  facts.node = node;
  facts.bridge.reset();
  const auto network = co_await run.cluster->reader.network(node);
  if (!network.ok()) {
    facts.bridge_error = network.status();
    co_return;
  }
  const auto& bridge = run.appliance.spec.network.bridge;
  const auto& uid = run.appliance.metadata.uid;
  facts.bridge = run.appliance.metadata.deleting()
                     ? judge_removal(bridge, node, *network, run.cluster->installation, uid)
                     : judge_bridge(bridge, node, *network, run.cluster->installation, uid);
}

void Reconciler::give_leases(Run& run) {
  auto& status = run.appliance.status;
  const auto attached = attached_to(run.appliance, run.everything);
  const Time now = std::chrono::floor<seconds>(d_.clock.now());
  api::v1alpha1::PlacedAddress placed;
  if (run.cluster != nullptr) placed.cluster = run.cluster->name.get();
  placed.bridge = run.appliance.spec.network.bridge;
  run.table = next_leases(run.appliance.spec, run.appliance.metadata.uid, status.leases, attached,
                          true, now, [this, &placed, now](const std::string& address) {
                            placed.address = address;
                            const auto claim = api::v1alpha1::address_claim(placed);
                            return store::is_held(d_.store, claim, now);
                          });
  status.leases = run.table.leases;
  if (!run.appliance.spec.network.proxy) {
    status.routes.clear();
  } else {
    status.routes = routes_of(run.appliance, status.leases, run.everything);
  }
  if (!run.facts.bridge || run.appliance.metadata.deleting()) return;
  api::v1alpha1::ApplianceBridge bridge;
  bridge.node = run.facts.node->get();
  bridge.ready = run.facts.bridge->ready;
  bridge.local = run.facts.bridge->ours;
  bridge.message = run.facts.bridge->message;
  status.bridges = remembered(status.bridges, std::move(bridge));
}

void Reconciler::look_inside(Run& run) {
  const auto& uid = run.appliance.metadata.uid;
  auto& inside = jobs_.inside(uid);
  const auto& machine = run.facts.machine;
  // Whoever is attached still needs one that is to go.
  const bool is_needed = run.plan.situation == Situation::ready || run.plan.reason == "InUse";
  const bool runs = machine && is_needed && run.cluster != nullptr &&
                    api::meta::is_true(machine->status.conditions, "Ready");
  if (!runs) {
    run.inside.findings = nullptr;
    return;
  }
  run.recheck = kCalm;
  const auto* ready = api::meta::find_condition(machine->status.conditions, "Ready");
  const auto container = absl::StrFormat("%d since %s", machine->status.vmid.value_or(0),
                                         to_rfc3339(ready->last_transition_time));
  Wanted wanted{run.appliance.spec.network, run.appliance.status.leases,
                run.appliance.status.routes};
  auto text = text_of(wanted);
  const bool fresh = inside.findings && inside.container == container;
  const bool failed = !inside.refused.ok() || (inside.findings && !inside.findings->ok());
  const Duration pause = fresh && inside.ended_at && inside.refused.ok()
                             ? pause_after(inside.memory, *inside.ended_at)
                             : Duration(3 * kSoon);
  const bool rested = !inside.ended_at || d_.clock.steady() - *inside.ended_at >= pause;
  const bool news = inside.tried != text || (!fresh && !failed);
  if ((news || rested) && !inside.running) start_turn(run, inside, container, std::move(text));
  if (inside.running || failed) run.recheck = 3 * kSoon;
  if (fresh) run.inside.findings = &*inside.findings;
  run.inside.refused = inside.refused;
  const auto& progress = inside.progress;
  if (inside.running && !progress.message.empty() && !fresh)
    run.inside.progress = progress.step + ": " + progress.message;
  for (auto& lease : run.appliance.status.leases)
    if (inside.served.contains(lease.uid) && !lease.released_at) lease.served = true;
  if (!fresh) return;
  if (!inside.findings->certificate_authority.empty())
    run.appliance.status.certificate_authority = inside.findings->certificate_authority;
  for (auto& route : run.appliance.status.routes) {
    route.served_since = jobs_.served_since(uid, route);
    const auto& rejected = inside.findings->rejected;
    if (std::ranges::find(rejected, route.host) != rejected.end())
      route.message = "the proxy does not take it (PRX-007); the others are served";
    for (const auto& upstream : route.upstreams) {
      const auto refusing = inside.findings->refusing.find(upstream);
      if (refusing != inside.findings->refusing.end())
        route.refusing.push_back(upstream + " " + refusing->second);
    }
  }
}

void Reconciler::start_turn(Run& run, Inside& inside, std::string container, std::string text) {
  const VmId vmid(run.facts.machine->status.vmid.value_or(0));
  const auto cluster = run.cluster;
  const auto sighting = cluster->inventory.sight(vmid);
  if (cluster->channel == nullptr) {
    inside.refused =
        with_code(make_error(ErrorClass::unsupported,
                             "ProxmoxCluster " + cluster->name.get() + " has no commandChannel"),
                  "APL-004");
    return;
  }
  if (sighting.presence != inventory::Presence::present || !sighting.guest) return;
  const guest::Target target{sighting.guest->node, vmid};
  const guest::Guest guest(*cluster->channel, target, d_.clock,
                           [cluster] { return cluster->gate(false); });
  auto wanted =
      Wanted{run.appliance.spec.network, run.appliance.status.leases, run.appliance.status.routes};
  // The same proof stands before commands as before writes to Proxmox; what changes something asks
  // the gate besides, each time.
  const auto node = sighting.guest->node;
  const auto uid = run.facts.machine->metadata.uid;
  auto prove = [cluster, node, vmid, uid]() -> Async<Status> {
    return cluster->writer.prove(node, vmid, uid);
  };
  const auto request = run.request;
  auto done = [this, request] {
    if (enqueue_) enqueue_(request);
  };
  jobs_.start(run.appliance.metadata.uid, std::move(container), std::move(text), guest,
              std::move(wanted), std::move(prove), std::move(done));
}

Async<Status> Reconciler::write_status(Run& run) {
  if (schema::encode(run.appliance.status) == schema::encode(run.before.status)) co_return Status();
  run.appliance.metadata.resource_version.clear();
  auto written = co_await store::update_status(d_.store, kAppliances, run.appliance);
  const bool gone = !written.ok() && error_class(written.status()) == ErrorClass::not_found;
  co_return gone ? Status() : written.status();
}

void Reconciler::tell(const Run& run) {
  const auto subject = subject_of(run.appliance);
  auto& deeds = jobs_.inside(run.appliance.metadata.uid).deeds;
  for (const auto& deed : deeds)
    d_.events.record(subject, {runtime::EventType::normal, "Repaired", deed, ""});
  deeds.clear();
  for (const auto& happening : happenings(run.before, run.appliance))
    d_.events.record(subject, happening);
}

}  // namespace gantry::controllers::appliance
