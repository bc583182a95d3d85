#include "pkg/inventory/completeness.h"

#include <algorithm>

#include "pkg/base/text.h"

namespace gantry::inventory {
namespace {

constexpr size_t kNamed = 5;  // how many of a list an error names

std::string some_of(const std::vector<std::string>& all) {
  std::vector<std::string> some(all.begin(),
                                all.begin() + static_cast<int64_t>(std::min(all.size(), kNamed)));
  if (all.size() > kNamed) some.push_back(absl::StrFormat("%d more", all.size() - kNamed));
  return join(some, "; ");
}

// The code that a failed call has when its text had none of its own.
std::string_view code_for(ErrorClass error) {
  switch (error) {
    case ErrorClass::transport:
    case ErrorClass::timeout:
      return "CON-001";
    case ErrorClass::tls:
      return "CON-003";
    case ErrorClass::auth:
      return "CON-002";
    case ErrorClass::permission:
      return "CON-004";
    case ErrorClass::schema:
      return "CON-007";
    default:
      return "CON-006";
  }
}

Status first_failure(const std::vector<FailedCall>& failures) {
  if (failures.empty()) return Status();
  const auto& [what, why] = failures.front();
  // A client that names the call itself need not be repeated.
  auto status = starts_with(message_of(why), what + ":") ? why : annotate(why, what);
  if (failures.size() > 1)
    status = annotate(std::move(status),
                      absl::StrFormat("inventory incomplete, %d calls failed", failures.size()));
  if (catalogue_code(status)) return status;
  const auto code = code_for(error_class(status));
  return with_code(std::move(status), code);
}

Status check_rows(const std::vector<std::string>& undecodable) {
  if (undecodable.empty()) return Status();
  return with_code(error(ErrorClass::schema, "inventory incomplete: %s", some_of(undecodable)),
                   "CON-007");
}

// "'home' with pve1; pve2"; a node that stands alone has no cluster name.
std::string describe(const std::string& name, const std::set<NodeName>& nodes) {
  std::vector<std::string> names;
  for (const auto& node : nodes) names.push_back(node.get());
  return (name.empty() ? "" : "'" + name + "' with ") + some_of(names);
}

Status check_identity(const Snapshot& snapshot, const std::optional<ClusterIdentity>& identity) {
  if (!identity) return Status();
  const bool same_name = snapshot.cluster.name == identity->name;
  const bool shares_a_node = std::ranges::any_of(snapshot.cluster.members, [&](const auto& member) {
    return identity->nodes.contains(member.name);
  });
  // A stand-alone node that joins a cluster keeps its node name.
  if (shares_a_node && (same_name || identity->name.empty())) return Status();
  std::set<NodeName> nodes;
  for (const auto& member : snapshot.cluster.members) nodes.insert(member.name);
  return with_code(
      error(ErrorClass::held,
            "another cluster answers: %s, it was %s; if that is meant, set the "
            "annotation gantry.dev/rebind on the ProxmoxCluster",
            describe(snapshot.cluster.name, nodes), describe(identity->name, identity->nodes)),
      "CON-009");
}

// Two answers of one cycle that contradict each other: one of them is old.
Status check_agreement(const Snapshot& snapshot) {
  std::vector<std::string> odd;
  for (const auto& member : snapshot.cluster.members) {
    const auto node = snapshot.nodes.find(member.name);
    if (member.online && node == snapshot.nodes.end())
      odd.push_back("node " + member.name.get() + " is online but not listed");
    else if (member.online && node->second.status == "offline")
      odd.push_back("node " + member.name.get() + " is online and offline");
  }
  for (const auto& [vmid, guest] : snapshot.guests)
    if (!snapshot.nodes.contains(guest.node))
      odd.push_back(
          absl::StrFormat("guest %d is on the unknown node %s", vmid.get(), guest.node.get()));
  if (odd.empty()) return Status();
  return with_code(error(ErrorClass::remote, "inventory incomplete: %s", some_of(odd)), "CON-006");
}

Status check_canary(const Snapshot& snapshot, const std::vector<OwnedGuest>& owned) {
  GANTRY_TRY(why_not_authorized(snapshot));
  size_t expected = 0;
  bool listed = false;
  for (const auto& guest : owned) {
    if (!guest.should_be_there()) continue;
    ++expected;
    listed = listed || snapshot.guests.contains(guest.vmid);
  }
  if (expected < 2 || listed) return Status();
  return with_code(
      error(ErrorClass::held,
            "none of our %d guests is listed: a lost privilege looks the same; if they were "
            "destroyed on purpose, delete their Machines",
            expected),
      "CON-004");
}

Status not_quorate() {
  return with_code(error(ErrorClass::held, "the cluster is not quorate"), "CON-010");
}

}  // namespace

Status why_not_authorized(const Snapshot& snapshot) {
  if (snapshot.missing_privileges.empty()) return Status();
  const std::vector<std::string> missing(snapshot.missing_privileges.begin(),
                                         snapshot.missing_privileges.end());
  const auto line = snapshot.grant.empty() ? "" : ", or grant it there: " + snapshot.grant;
  return with_code(
      error(ErrorClass::permission, "the token lacks %s: run deploy/pve/role.sh again on a node%s",
            some_of(missing), line),
      "CON-004");
}

Status why_not_quorate(const Snapshot& snapshot) {
  return snapshot.cluster_read && !snapshot.cluster.quorate ? not_quorate() : Status();
}

Verdict judge(const Snapshot& snapshot, const std::vector<FailedCall>& failures,
              const std::vector<std::string>& undecodable, const std::vector<OwnedGuest>& owned,
              const std::optional<ClusterIdentity>& identity) {
  Verdict verdict;
  Status incomplete = first_failure(failures);
  // Contradictions mean something only between answers that came.
  if (incomplete.ok()) incomplete = check_rows(undecodable);
  if (incomplete.ok()) incomplete = check_identity(snapshot, identity);
  if (incomplete.ok()) incomplete = check_agreement(snapshot);
  const auto quorum = snapshot.cluster.quorate ? Status() : not_quorate();
  const auto canary = check_canary(snapshot, owned);
  verdict.complete = incomplete.ok();
  verdict.quorate = quorum.ok();
  verdict.canary_passed = canary.ok();
  verdict.problem = incomplete;
  if (verdict.problem.ok()) verdict.problem = quorum;
  if (verdict.problem.ok()) verdict.problem = canary;
  return verdict;
}

}  // namespace gantry::inventory
