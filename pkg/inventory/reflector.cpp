#include "pkg/inventory/reflector.h"

#include <algorithm>
#include <utility>

#include "pkg/base/log.h"
#include "pkg/inventory/vanish.h"
#include "pkg/pve/mark.h"
#include "pkg/pve/upid.h"

namespace gantry::inventory {
namespace {

constexpr const char* kClusterStatus = "cluster status";
// One slow cycle is no slow cluster.
constexpr size_t kCyclesTimed = 3;
constexpr auto kSeenFor = std::chrono::minutes(10);
// Configs of guests with marks that we do not know: another installation may have thousands.
constexpr size_t kReadsPerCycle = 50;

Status database_is_older(const std::vector<VmId>& newer) {
  return with_code(
      error(ErrorClass::held,
            "%d containers (%d …) carry our mark and were made after this database was saved: "
            "nothing is written until a newer one is restored, or their mark is taken off (if they "
            "are gone and this is the right database: restart gantryd)",
            newer.size(), newer.front().get()),
      "SAF-014");
}

}  // namespace

struct Reflector::Draft {
  std::shared_ptr<Snapshot> snapshot = std::make_shared<Snapshot>();
  std::vector<FailedCall> failures;
  std::vector<std::string> undecodable;
  std::set<NodeName> asked;
  bool resources_read = false;

  // Notes a failed call and goes on; only being cancelled ends a cycle.
  Status note(std::string what, const Status& status) {
    if (status.ok()) return Status();
    if (error_class(status) == ErrorClass::cancelled) return status;
    failures.push_back({std::move(what), status});
    return Status();
  }

  // Nothing will answer, or nothing will be answered to these credentials.
  bool unreachable() const {
    return std::ranges::any_of(failures, [](const FailedCall& failure) {
      const auto error = error_class(failure.status);
      return failure.what == kClusterStatus &&
             (error == ErrorClass::transport || error == ErrorClass::tls ||
              error == ErrorClass::timeout || error == ErrorClass::auth);
    });
  }
};

namespace {

// The nodes that can be asked; without a cluster status, those that the resources name.
std::vector<NodeName> online_nodes(const Snapshot& snapshot) {
  std::vector<NodeName> nodes;
  for (const auto& member : snapshot.cluster.members)
    if (member.online) nodes.push_back(member.name);
  if (!snapshot.cluster.members.empty()) return nodes;
  for (const auto& [name, node] : snapshot.nodes)
    if (node.status == "online") nodes.push_back(name);
  return nodes;
}

}  // namespace

Reflector::Reflector(pve::Reader& reader, async::Clock& clock, Random& random, OwnedGuests& owned,
                     ReflectorOptions options)
    : reader_(reader),
      clock_(clock),
      random_(random),
      owned_source_(owned),
      options_(std::move(options)),
      current_(std::make_shared<Snapshot>()),
      identity_(options_.identity) {}

Async<Status> Reflector::run() {
  while (true) {
    GANTRY_CO_TRY(co_await cycle());
    GANTRY_CO_TRY(co_await wait_for_turn());
  }
}

Async<Status> Reflector::cycle() {
  poked_.reset();
  Draft draft;
  draft.snapshot->cycle = ++cycles_;
  draft.snapshot->observed_at = clock_.now();
  draft.snapshot->steady_at = clock_.steady();
  GANTRY_CO_TRY(co_await read_owned(draft));
  draft.snapshot->version = current_->version;
  draft.snapshot->bridges = current_->bridges;
  GANTRY_CO_TRY(co_await read_cluster(draft));
  // A cluster that does not answer is not asked everything else, each with its own timeout.
  if (!draft.unreachable()) {
    GANTRY_CO_TRY(co_await read_permissions(draft));
    GANTRY_CO_TRY(co_await read_resources(draft));
    GANTRY_CO_TRY(co_await look_for_newer(draft));
    GANTRY_CO_TRY(co_await read_nodes(draft));
    GANTRY_CO_TRY(co_await read_version(draft));
  }
  publish(draft);
  co_return Status();
}

Async<Status> Reflector::read_owned(Draft& draft) {
  auto owned = co_await owned_source_.list();
  if (owned.ok()) {
    owned_ = std::move(*owned);
    owned_known_ = true;
    mark_established();
    co_return Status();
  }
  if (owned_known_ && error_class(owned.status()) != ErrorClass::cancelled) {
    log::warn("rows of our guests could not be read", {{"error", owned.status()}});
    co_return Status();
  }
  co_return draft.note("rows of our guests", owned.status());
}

Async<Status> Reflector::read_cluster(Draft& draft) {
  auto status = co_await reader_.cluster_status();
  GANTRY_CO_TRY(draft.note(kClusterStatus, status.status()));
  if (!status.ok()) co_return Status();
  draft.snapshot->cluster = std::move(*status);
  draft.snapshot->cluster_read = true;
  co_return Status();
}

Async<Status> Reflector::read_permissions(Draft& draft) {
  const auto permissions = co_await reader_.permissions();
  GANTRY_CO_TRY(draft.note("permissions", permissions.status()));
  if (!permissions.ok()) co_return Status();
  draft.snapshot->permissions_read = true;
  draft.snapshot->missing_privileges = missing_privileges(options_.needs, *permissions);
  draft.snapshot->grant = grant_lines(draft.snapshot->missing_privileges, options_.grantee);
  co_return Status();
}

Async<Status> Reflector::read_resources(Draft& draft) {
  auto resources = co_await reader_.resources();
  GANTRY_CO_TRY(draft.note("cluster resources", resources.status()));
  if (!resources.ok()) co_return Status();
  draft.resources_read = true;
  draft.undecodable = std::move(resources->undecodable);
  auto& snapshot = *draft.snapshot;
  for (auto& guest : resources->guests) {
    const auto vmid = guest.vmid;
    const bool added = snapshot.guests.emplace(vmid, std::move(guest)).second;
    if (!added)
      draft.undecodable.push_back(absl::StrFormat("guest %d is listed twice", vmid.get()));
  }
  for (auto& node : resources->nodes) {
    const auto name = node.name;
    snapshot.nodes.emplace(name, std::move(node));
  }
  snapshot.storages = std::move(resources->storages);
  co_return Status();
}

Async<Status> Reflector::look_for_newer(Draft& draft) {
  if (options_.installation.empty() || !owned_known_) co_return Status();
  std::set<std::string> known;
  for (const auto& guest : owned_) known.insert(pve::to_tag(guest.uid));
  auto& snapshot = *draft.snapshot;
  size_t reads = 0;
  for (const auto& [vmid, row] : snapshot.guests) {
    const auto uid = pve::find_tag(row.tags);
    if (!uid || row.type != pve::GuestType::lxc || known.contains(pve::to_tag(*uid))) continue;
    const std::pair<VmId, Uid> face(vmid, *uid);
    if (harmless_.contains(face) || ++reads > kReadsPerCycle) continue;
    const auto newer = co_await find_newer_mark(row.node, vmid);
    if (!newer.ok()) {
      if (error_class(newer.status()) == ErrorClass::cancelled) co_return newer.status();
      continue;  // asked again in the next cycle
    }
    if (newer->has_value()) {
      newer_[vmid] = **newer;
    } else {
      harmless_.insert(face);
      newer_.erase(vmid);
    }
  }
  const auto proofs = newer_;
  for (const auto& [vmid, uid] : proofs) {
    // Who is gone has not taken back what it proved; the right database, when it comes, knows it.
    const auto row = snapshot.guests.find(vmid);
    const auto tag = row == snapshot.guests.end() ? std::nullopt : pve::find_tag(row->second.tags);
    const bool is_off = row != snapshot.guests.end() && !tag;
    const bool is_ours = known.contains(pve::to_tag(uid));
    const auto was_ours = co_await owned_source_.knows(uid);
    if (!was_ours.ok() && error_class(was_ours.status()) == ErrorClass::cancelled)
      co_return was_ours.status();
    if (is_off || is_ours || (was_ours.ok() && *was_ours)) newer_.erase(vmid);
  }
  for (const auto& [vmid, uid] : newer_) snapshot.newer_than_database.push_back(vmid);
  co_return Status();
}

// The uid of its mark, when our database has never had that.
Async<Result<std::optional<Uid>>> Reflector::find_newer_mark(NodeName node, VmId vmid) {
  const auto config = co_await reader_.guest_config(std::move(node), vmid);
  if (!config.ok()) co_return config.status();
  const auto mark = pve::find_mark(config->find("description").value_or(""));
  if (!mark || mark->installation != options_.installation) co_return std::optional<Uid>();
  const auto known = co_await owned_source_.knows(mark->uid);
  if (!known.ok()) co_return known.status();
  if (*known) co_return std::optional<Uid>();
  co_return std::optional<Uid>(mark->uid);
}

Async<Status> Reflector::read_nodes(Draft& draft) {
  auto& snapshot = *draft.snapshot;
  const Time now = clock_.steady();
  const bool bridges_due = !bridges_read_at_ || now - *bridges_read_at_ >= options_.bridges_every;
  const auto nodes = online_nodes(snapshot);
  for (const auto& node : nodes) {
    auto tasks = co_await reader_.running_tasks(node);
    GANTRY_CO_TRY(draft.note("running tasks of node " + node.get(), tasks.status()));
    if (tasks.ok()) {
      draft.asked.insert(node);
      std::ranges::move(*tasks, std::back_inserter(snapshot.running_tasks));
    }
    if (!bridges_due) continue;
    auto bridges = co_await reader_.bridges(node);
    // What they were is good enough for a while: bridges prove nothing about guests.
    if (bridges.ok())
      snapshot.bridges[node] = std::move(*bridges);
    else if (error_class(bridges.status()) == ErrorClass::cancelled)
      co_return bridges.status();
    else
      log::warn("bridges could not be read", {{"node", node}, {"error", bridges.status()}});
  }
  if (bridges_due) bridges_read_at_ = now;
  co_return Status();
}

Async<Status> Reflector::read_version(Draft& draft) {
  const Time now = clock_.steady();
  const auto& known = current_->version;
  if (known && version_read_at_ && now - *version_read_at_ < options_.version_every)
    co_return Status();
  auto version = co_await reader_.version();
  GANTRY_CO_TRY(draft.note("version", version.status()));
  if (!version.ok()) co_return Status();
  if (known && known->version != version->version)
    log::warn("the version of Proxmox VE has changed",
              {{"from", known->version}, {"to", version->version}, {"code", "CON-017"}});
  version_read_at_ = now;
  draft.snapshot->version = std::move(*version);
  co_return Status();
}

void Reflector::mark_established() {
  std::set<Uid> live;
  for (auto& guest : owned_) {
    live.insert(guest.uid);
    guest.established = guest.established || established_.contains(guest.uid);
  }
  std::erase_if(established_, [&](const Uid& uid) { return !live.contains(uid); });
}

void Reflector::publish(Draft& draft) {
  auto& snapshot = *draft.snapshot;
  took_.push_back(clock_.steady() - snapshot.steady_at);
  if (took_.size() > kCyclesTimed) took_.pop_front();
  if (took_.size() == kCyclesTimed) snapshot.took = *std::ranges::min_element(took_);
  const auto verdict = judge(snapshot, draft.failures, draft.undecodable, owned_, identity_);
  snapshot.complete = verdict.complete;
  snapshot.quorate = verdict.quorate;
  snapshot.canary_passed = verdict.canary_passed;
  snapshot.problem = verdict.problem;
  if (snapshot.problem.ok() && !snapshot.newer_than_database.empty()) {
    snapshot.problem = database_is_older(snapshot.newer_than_database);
  }
  if (snapshot.problem.ok() != current_->problem.ok() || cycles_ == 1)
    log::info("inventory",
              {{"trustworthy", snapshot.trustworthy()}, {"problem", snapshot.problem}});
  failures_ = draft.resources_read ? 0 : failures_ + 1;
  snapshot.guests_read = draft.resources_read;
  snapshot.unanswered_cycles = draft.unreachable() ? current_->unanswered_cycles + 1 : 0;
  remember(draft);
  current_ = draft.snapshot;
  if (snapshot.trustworthy()) last_good_ = current_;
  if (snapshot.complete) vanish_guard_ = vanished(snapshot, owned_);
  waiting_.wake_all();
}

void Reflector::remember(const Draft& draft) {
  const auto& snapshot = *draft.snapshot;
  Witness witness;
  witness.at = snapshot.steady_at;
  witness.trustworthy = snapshot.trustworthy();
  witness.problem = message_of(snapshot.problem);
  witness.asked = draft.asked;
  for (const auto& [vmid, row] : snapshot.guests) {
    witness.listed.insert(vmid);
    seen_.insert_or_assign(vmid, Seen{row, snapshot.observed_at, snapshot.steady_at});
  }
  for (const auto& task : snapshot.running_tasks)
    if (const auto vmid = pve::guest_of(task)) witness.busy.insert(*vmid);
  witnesses_.push_back(std::move(witness));
  forget_old(witnesses_);
  if (!snapshot.trustworthy()) return;
  // Where nothing is in doubt, last rows are kept of owned guests, and of others for a while.
  std::set<VmId> kept;
  for (const auto& guest : owned_) {
    kept.insert(guest.vmid);
    if (snapshot.guests.contains(guest.vmid)) established_.insert(guest.uid);
  }
  std::erase_if(seen_, [&](const auto& entry) {
    const auto age = snapshot.steady_at - entry.second.steady_at;
    return age > kSeenFor && !kept.contains(entry.first);
  });
  if (identity_) return;
  identity_.emplace();
  identity_->name = snapshot.cluster.name;
  for (const auto& member : snapshot.cluster.members) identity_->nodes.insert(member.name);
}

Sighting Reflector::sight(VmId vmid) const {
  std::optional<NodeName> create_node;
  std::optional<Uid> owner;
  for (const auto& guest : owned_) {
    if (guest.vmid != vmid) continue;
    owner = guest.uid;
    if (!guest.create_task) continue;
    if (const auto parts = pve::parse_upid(*guest.create_task); parts.ok())
      create_node = parts->node;
  }
  auto answer = presence_of(witnesses_, vmid, create_node);
  Sighting sighting;
  sighting.presence = answer.presence;
  sighting.reason = std::move(answer.reason);
  sighting.owner = std::move(owner);
  if (const auto it = seen_.find(vmid); it != seen_.end()) {
    sighting.guest = it->second.row;
    sighting.seen_at = it->second.at;
  }
  return sighting;
}

Duration Reflector::pause() {
  Duration pause = options_.period;
  for (int i = 0; i < failures_ && pause < options_.back_off_max; ++i) pause *= 2;
  pause = std::min(pause, std::max(options_.back_off_max, options_.period));
  const double factor = 1 + options_.jitter * (2 * random_.unit() - 1);
  return Duration(static_cast<int64_t>(static_cast<double>(pause.count()) * factor));
}

Async<Status> Reflector::wait_for_turn() {
  const Time due = clock_.steady() + pause();
  // Being poked shortens a pause, but does not make up for a cluster that is away.
  const auto gap = failures_ > 0 ? options_.period : options_.gap_min;
  const Duration first = std::min<Duration>(due - clock_.steady(), gap);
  GANTRY_CO_TRY(co_await clock_.sleep_for(first));
  const Duration rest = due - clock_.steady();
  if (rest <= Duration(0)) co_return Status();
  const auto woken = co_await poked_.wait_for(clock_, rest);
  const bool due_now = !woken.ok() && error_class(woken) == ErrorClass::timeout;
  if (due_now) co_return Status();
  co_return woken;
}

Async<Status> Reflector::wait_for_next() {
  co_return co_await waiting_.park();
}

}  // namespace gantry::inventory
