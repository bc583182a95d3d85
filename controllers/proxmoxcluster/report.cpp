#include "controllers/proxmoxcluster/report.h"

#include <algorithm>
#include <set>

#include "api/meta/condition.h"
#include "pkg/diagnose/diagnose.h"

namespace gantry::controllers::proxmoxcluster {
namespace {

using namespace std::chrono_literals;
using api::meta::Condition;
using api::meta::ConditionStatus;
using api::v1alpha1::ProxmoxCluster;
using api::v1alpha1::ProxmoxClusterStatus;

// A cycle that has not ended so long after it was due waits for an answer.
constexpr auto kSilence = 15s;
// Answers that take longer are slow.
constexpr Duration kSlowAnswer = 2s;
constexpr int kOldestMajor = 8;
// Nobody has used the command channel for so long after a failure: it may be well again.
constexpr auto kTroubleLasts = 15min;

class Speaker {
 public:
  Speaker(ProxmoxCluster& cluster, Time now) : cluster_(cluster), now_(now) {}
  void say(std::string type, ConditionStatus status, const diagnose::Diagnosis& words) {
    Condition condition;
    condition.type = std::move(type);
    condition.status = status;
    condition.observed_generation = cluster_.metadata.generation;
    condition.reason = words.reason.empty() ? "Unknown" : words.reason;
    condition.message = words.message;
    condition.code = words.code;
    api::meta::set_condition(cluster_.status.conditions, std::move(condition), now_);
  }
  void yes(std::string type, std::string reason, std::string message = "") {
    say(std::move(type), ConditionStatus::yes, {"", std::move(reason), std::move(message)});
  }
  void no(std::string type, const diagnose::Diagnosis& words) {
    say(std::move(type), ConditionStatus::no, words);
  }
  void unknown(std::string type, std::string message) {
    unsure(std::move(type), {"", "Unknown", std::move(message)});
  }
  void unsure(std::string type, const diagnose::Diagnosis& words) {
    say(std::move(type), ConditionStatus::unknown, words);
  }
  void remove(const std::string& type) {
    api::meta::remove_condition(cluster_.status.conditions, type);
  }

 private:
  ProxmoxCluster& cluster_;
  Time now_;
};

// Something has answered in this cycle, be it with a refusal.
bool has_answered(const inventory::Snapshot& snapshot) {
  if (snapshot.problem.ok() || snapshot.cluster_read || snapshot.permissions_read ||
      snapshot.guests_read)
    return true;
  const auto error = error_class(snapshot.problem);
  return error != ErrorClass::transport && error != ErrorClass::timeout && error != ErrorClass::tls;
}

bool is_refused(const inventory::Snapshot& snapshot, ErrorClass error) {
  return !snapshot.problem.ok() && error_class(snapshot.problem) == error;
}

constexpr const char* kSlow = "SlowAPI";

// "answers take 3 s, a cycle 7 s of 5 s"; empty while they come in time. What was slow is so until
// it is clearly quicker.
std::string slowness(const ProxmoxCluster& cluster, const Sight& sight) {
  const auto* before = api::meta::find_condition(cluster.status.conditions, "Reachable");
  const bool was_slow = before != nullptr && before->reason == kSlow;
  const Duration answer = sight.read_p95.value_or(Duration(0));
  const Duration cycle = sight.current->took;
  const auto is_long = [was_slow](Duration took, Duration limit) {
    return was_slow ? took > limit * 3 / 4 : took > limit;
  };
  if (!is_long(answer, kSlowAnswer) && !is_long(cycle, cluster.spec.poll)) return "";
  const auto seconds = [](Duration took) { return std::chrono::round<std::chrono::seconds>(took); };
  return absl::StrFormat("1 of 20 answers takes %d s or more, a cycle %d s of %d s",
                         seconds(answer).count(), seconds(cycle).count(),
                         cluster.spec.poll.count());
}

// What is wrong, and of when the picture is that is shown meanwhile.
diagnose::Diagnosis words_of(const Status& why, const Sight& sight) {
  auto words = diagnose::diagnose(why);
  if (sight.last_good != nullptr) {
    const auto seen = std::chrono::floor<std::chrono::seconds>(sight.last_good->observed_at);
    words.message += "; what is shown is of " + to_rfc3339(seen);
  }
  return words;
}

constexpr const char* kLevels[] = {"Reachable", "Authenticated", "Authorized", "Quorate",
                                   "InventoryComplete"};
constexpr const char* kNotRead = "it could not be read in the last cycle: see InventoryComplete";
constexpr const char* kNotAsked = "not asked: see the condition before it";

void report_authorized(Speaker& speaker, const Sight& sight) {
  const auto& current = *sight.current;
  const auto lacking = inventory::why_not_authorized(current);
  if (!lacking.ok()) return speaker.no("Authorized", words_of(lacking, sight));
  if (is_refused(current, ErrorClass::permission))
    return speaker.no("Authorized", words_of(current.problem, sight));
  if (!current.permissions_read) return speaker.unknown("Authorized", kNotRead);
  speaker.yes("Authorized", "PrivilegesComplete");
}

void report_quorate(Speaker& speaker, const Sight& sight) {
  const auto& current = *sight.current;
  const auto lost = inventory::why_not_quorate(current);
  if (!lost.ok()) return speaker.no("Quorate", words_of(lost, sight));
  if (!current.cluster_read) return speaker.unknown("Quorate", kNotRead);
  speaker.yes("Quorate", "Quorate");
}

// What privileges or quorum put in doubt is told there.
void report_complete(Speaker& speaker, const Sight& sight) {
  const auto& current = *sight.current;
  if (current.problem.ok()) return speaker.yes("InventoryComplete", "Complete");
  const bool is_told = is_refused(current, ErrorClass::permission) ||
                       (current.complete && !inventory::why_not_quorate(current).ok());
  if (is_told) return speaker.unknown("InventoryComplete", kNotAsked);
  speaker.no("InventoryComplete", words_of(current.problem, sight));
}

// The first that is broken, and those behind it.
void report_broken_at(Speaker& speaker, size_t first, const Sight& sight) {
  speaker.no(kLevels[first], words_of(sight.current->problem, sight));
  for (size_t i = first + 1; i < std::size(kLevels); ++i) speaker.unknown(kLevels[i], kNotAsked);
}

// Each by what this cycle has found out about it: a call that failed proves nothing but itself.
void report_levels(Speaker& speaker, const Sight& sight, const std::string& slow) {
  const auto& current = *sight.current;
  if (!has_answered(current)) return report_broken_at(speaker, 0, sight);
  if (slow.empty()) {
    speaker.yes(kLevels[0], "Answers");
  } else {
    speaker.say(kLevels[0], ConditionStatus::yes, {"CON-016", kSlow, slow});
  }
  if (is_refused(current, ErrorClass::auth)) return report_broken_at(speaker, 1, sight);
  speaker.yes(kLevels[1], "Accepted");
  report_authorized(speaker, sight);
  report_quorate(speaker, sight);
  report_complete(speaker, sight);
}

// The last cycle was well and the next does not end: nothing answers, and nothing refuses.
bool is_silent(const ProxmoxCluster& cluster, const Sight& sight) {
  // Its calls may have to wait for their turn: two for each node.
  const auto calls = static_cast<int64_t>(sight.current->nodes.size()) * 2 + 4;
  const std::chrono::seconds turn(2 * calls / cluster.spec.limits.requests_per_second);
  const auto due = std::max<Duration>(kSilence, 2 * cluster.spec.poll + 5s) + turn;
  return sight.current->trustworthy() && sight.now - sight.current->observed_at > due;
}

void report_silence(Speaker& speaker, const Sight& sight) {
  const auto since = std::chrono::floor<std::chrono::seconds>(sight.current->observed_at);
  const diagnose::Diagnosis words{
      "CON-001", std::string(to_string(ErrorClass::timeout)),
      "Proxmox has answered nothing since " + to_rfc3339(since) + ": what is shown is of then"};
  for (const char* level : kLevels) speaker.unsure(level, words);
  speaker.unsure("Ready", words);
  speaker.say("Reconciling", ConditionStatus::yes, words);
}

void report_version(Speaker& speaker, ProxmoxClusterStatus& status,
                    const inventory::Snapshot& snapshot) {
  if (!snapshot.version.has_value()) return;
  status.version = snapshot.version->version;
  if (snapshot.version->major >= kOldestMajor) {
    speaker.yes("Supported", "Supported", "Proxmox VE " + snapshot.version->version);
  } else {
    speaker.no("Supported", {"CON-017", "UnsupportedVersion",
                             "Proxmox VE " + snapshot.version->version + " is older than 8"});
  }
}

void report_nodes(ProxmoxClusterStatus& status, const inventory::Snapshot& snapshot) {
  status.cluster_name = snapshot.cluster.name;
  status.nodes.clear();
  for (const auto& [name, row] : snapshot.nodes) {
    api::v1alpha1::ClusterNode node;
    node.name = name.get();
    node.online = row.status == "online";
    node.cores = row.cores.value_or(0);
    node.memory.total = row.memory_total.value_or(0);
    node.memory.used = row.memory_used.value_or(0);
    const auto is_here = [&here = name](const auto& guest) { return guest.second.node == here; };
    node.guests = static_cast<int>(std::ranges::count_if(snapshot.guests, is_here));
    status.nodes.push_back(std::move(node));
  }
  status.storages.clear();
  for (const auto& row : snapshot.storages) {
    api::v1alpha1::ClusterStorage storage;
    storage.name = row.id.get();
    storage.node = row.node.get();
    storage.type = row.type;
    storage.active = row.active;
    storage.shared = row.shared;
    storage.content.assign(row.content.begin(), row.content.end());
    storage.total = row.total;
    storage.used = row.used;
    storage.available = row.available;
    status.storages.push_back(std::move(storage));
  }
}

void report_guests(ProxmoxClusterStatus& status, const Sight& sight,
                   const inventory::Snapshot& snapshot) {
  std::set<VmId> ours;
  for (const auto& row : sight.rows) ours.insert(row.vmid);
  status.guests.owned = static_cast<int>(ours.size());
  status.guests.held = sight.held;
  status.guests.foreign = static_cast<int>(std::ranges::count_if(
      snapshot.guests, [&ours](const auto& guest) { return !ours.contains(guest.first); }));
}

diagnose::Diagnosis words_of(const NodeName& node, const ChannelSight::Trouble& trouble) {
  auto words = diagnose::diagnose(trouble.why);
  // One code for both; who reads it must tell a refused key from a stranger's.
  if (error_class(trouble.why) == ErrorClass::tls) words.reason = "HostKeyMismatch";
  const auto since = std::chrono::floor<std::chrono::seconds>(trouble.since);
  if (words.message.find(node.get()) == std::string::npos) {
    words.message = "node " + node.get() + ": " + words.message;
  }
  words.message += "; since " + to_rfc3339(since) + ", what runs in containers waits";
  return words;
}

// Each by its own answers: that one is away must be seen while another still answers.
api::v1alpha1::EndpointStatus endpoint_status(const std::string& url, const Sight& sight) {
  api::v1alpha1::EndpointStatus endpoint;
  endpoint.url = url;
  const auto seen = std::ranges::find(sight.endpoints, url, &EndpointSight::url);
  if (seen == sight.endpoints.end()) {
    endpoint.reachable = has_answered(*sight.current);
    if (!endpoint.reachable) endpoint.message = message_of(sight.current->problem);
    return endpoint;
  }
  endpoint.reachable = seen->asked && seen->problem.ok();
  if (!seen->asked) endpoint.message = "not asked yet: another one answers";
  if (!seen->problem.ok()) {
    const auto at = std::chrono::floor<std::chrono::seconds>(seen->asked_at);
    endpoint.message = message_of(seen->problem) + "; asked at " + to_rfc3339(at);
  }
  return endpoint;
}

// From the calls that were made; Ready does not depend on it: what needs the API alone goes on.
void report_channel(Speaker& speaker, const Sight& sight) {
  if (!sight.channel.has_value()) return speaker.remove("CommandChannel");
  const auto& channel = *sight.channel;
  if (!channel.problem.ok())
    return speaker.no("CommandChannel", diagnose::diagnose(channel.problem));
  for (const auto& [node, trouble] : channel.troubles) {
    const auto words = words_of(node, trouble);
    if (sight.now - trouble.last <= kTroubleLasts) return speaker.no("CommandChannel", words);
    return speaker.unsure("CommandChannel", words);
  }
  if (channel.answered) return speaker.yes("CommandChannel", "Answers");
  speaker.unknown("CommandChannel", "nothing has been run in a container yet");
}

void report_ready(Speaker& speaker, const Sight& sight) {
  const auto& current = *sight.current;
  if (sight.vanish_guard.tripped) {
    speaker.say("Hold", ConditionStatus::yes,
                {"SAF-001", "VanishGuard",
                 absl::StrFormat("%d of our %d containers are gone or foreign at once: nothing is "
                                 "written until they are back or the objects deleted",
                                 sight.vanish_guard.vanished, sight.vanish_guard.owned)});
  } else {
    speaker.remove("Hold");
  }
  if (current.trustworthy()) {
    speaker.yes("Ready", "Observed");
    speaker.remove("Stalled");
    speaker.remove("Reconciling");
    return;
  }
  const auto words = words_of(current.problem, sight);
  speaker.no("Ready", words);
  const bool needs_person = is_terminal(current.problem);
  if (needs_person) {
    speaker.say("Stalled", ConditionStatus::yes, words);
    speaker.remove("Reconciling");
  } else {
    speaker.say("Reconciling", ConditionStatus::yes, words);
    speaker.remove("Stalled");
  }
}

void report_disconnected(ProxmoxCluster& cluster, const Sight& sight) {
  Speaker speaker(cluster, sight.now);
  const auto words = diagnose::diagnose(sight.connection);
  for (const char* type : {"Reachable", "Authorized", "Quorate", "InventoryComplete"}) {
    speaker.unknown(type, "there is no connection");
  }
  speaker.no("Authenticated", words);
  speaker.no("Ready", words);
  speaker.say("Stalled", ConditionStatus::yes, words);
  speaker.remove("Reconciling");
}

}  // namespace

void report(ProxmoxCluster& cluster, const Sight& sight) {
  auto& status = cluster.status;
  status.observed_generation = cluster.metadata.generation;
  if (cluster.metadata.deleting()) {
    Speaker(cluster, sight.now)
        .yes("Deleting", "InUse",
             absl::StrFormat("waits until the Machines on it have gone; VMIDs of ours there: %d",
                             sight.rows.size()));
  }
  if (!sight.connection.ok()) {
    report_disconnected(cluster, sight);
    return;
  }
  Speaker speaker(cluster, sight.now);
  const auto& current = *sight.current;
  if (current.cycle == 0) {
    // After a start what was known before stays until the first cycle has ended.
    const auto* ready = api::meta::find_condition(status.conditions, "Ready");
    const bool is_known =
        ready != nullptr && ready->observed_generation == cluster.metadata.generation;
    if (is_known) return;
    for (const char* type : {"Ready", "Reachable"}) speaker.unknown(type, "not observed yet");
    speaker.yes("Reconciling", "Connecting");
    return;
  }
  if (is_silent(cluster, sight)) {
    report_silence(speaker, sight);
    return;
  }
  report_levels(speaker, sight, slowness(cluster, sight));
  report_version(speaker, status, current);
  report_channel(speaker, sight);
  report_ready(speaker, sight);
  status.missing_privileges.assign(current.missing_privileges.begin(),
                                   current.missing_privileges.end());
  status.endpoints.clear();
  for (const auto& url : cluster.spec.endpoints) {
    status.endpoints.push_back(endpoint_status(url, sight));
  }
  status.inventory.cycle = static_cast<int64_t>(current.cycle);
  status.inventory.complete = current.complete;
  // Unknown keeps its verbs: what was seen last is shown, with its age.
  if (sight.last_good == nullptr) return;
  report_nodes(status, *sight.last_good);
  report_guests(status, sight, *sight.last_good);
  status.last_observed_time =
      std::chrono::floor<std::chrono::seconds>(sight.last_good->observed_at);
  status.inventory.age_seconds =
      std::chrono::duration_cast<std::chrono::seconds>(sight.now - sight.last_good->observed_at)
          .count();
}

std::optional<inventory::ClusterIdentity> known_identity(const ProxmoxCluster& cluster) {
  const auto& status = cluster.status;
  if (status.nodes.empty() || cluster.metadata.annotations.contains(kRebind)) return std::nullopt;
  inventory::ClusterIdentity identity;
  identity.name = status.cluster_name;
  for (const auto& node : status.nodes) identity.nodes.insert(NodeName(node.name));
  return identity;
}

}  // namespace gantry::controllers::proxmoxcluster
