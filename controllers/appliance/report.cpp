#include "controllers/appliance/report.h"

#include <algorithm>

#include "controllers/appliance/config/nftables.h"
#include "pkg/base/text.h"
#include "pkg/diagnose/diagnose.h"

namespace gantry::controllers::appliance {
namespace {

using api::meta::Condition;
using api::meta::ConditionStatus;
using api::v1alpha1::Appliance;

// Which condition tells of which part; the first part of a condition that fails is told.
struct Row {
  const char* part;
  const char* condition;
};
constexpr Row kRows[] = {
    {parts::kSystem, "ConfigApplied"},
    {parts::kAddress, "BridgeReady"},
    {parts::kForwarding, "NATReady"},
    {parts::kFilter, "NATReady"},
    {parts::kNames, "DHCPReady"},
    {parts::kNames, "DNSReady"},
    {parts::kUpstream, "UpstreamDNSReady"},
    {parts::kProxy, "ProxyReady"},
    {parts::kCertificates, "CertificatesReady"},
};

class Conditions {
 public:
  Conditions(Appliance& appliance, Time now) : appliance_(appliance), now_(now) {}

  void set(const std::string& type, ConditionStatus status, const std::string& reason,
           const std::string& message, const std::string& code = "") {
    Condition condition;
    condition.type = type;
    condition.status = status;
    condition.observed_generation = appliance_.metadata.generation;
    condition.reason = reason;
    condition.message = message;
    condition.code = code;
    api::meta::set_condition(appliance_.status.conditions, std::move(condition), now_);
  }
  void set_or_remove(const std::string& type, bool is_so, const Plan& plan) {
    if (is_so) {
      set(type, ConditionStatus::yes, plan.reason, plan.message, plan.code);
    } else {
      api::meta::remove_condition(appliance_.status.conditions, type);
    }
  }
  // OK, or the first that is wrong.
  void set_part(const std::string& type, const Findings& findings) {
    const Finding* worst = nullptr;
    for (const auto& row : kRows) {
      const auto* finding = row.condition == type ? findings.find(row.part) : nullptr;
      if (finding == nullptr) continue;
      if (worst == nullptr || worst->status.ok()) worst = finding;
    }
    if (worst == nullptr) {
      set(type, ConditionStatus::unknown, "NotAsked", "the container's system is not ready");
    } else if (worst->status.ok()) {
      set(type, ConditionStatus::yes, "Probed", "");
    } else {
      const auto code = catalogue_code(worst->status).value_or("");
      const auto* failure = diagnose::find(code);
      set(type, ConditionStatus::no,
          failure == nullptr || failure->reason.empty() ? "Failed" : failure->reason,
          message_of(worst->status), code);
    }
  }

 private:
  Appliance& appliance_;
  Time now_;
};

void show_bridge(Conditions& conditions, const Facts& facts) {
  if (facts.bridge && facts.bridge->ready) {
    conditions.set("BridgeReady", ConditionStatus::yes, "BridgeReady", facts.bridge->message);
  } else if (facts.bridge) {
    conditions.set("BridgeReady", ConditionStatus::no, facts.bridge->reason, facts.bridge->message,
                   facts.bridge->code);
  } else {
    conditions.set("BridgeReady", ConditionStatus::unknown, "NodeUnknown",
                   message_of(facts.bridge_error));
  }
}

// The id that the Appliance asks for, which its Machine cannot have.
bool is_fixed_id_taken(const Appliance& appliance, const Condition& ready) {
  return appliance.spec.vmid.has_value() && ready.reason == "VMIDForeign";
}

void show_container(Conditions& conditions, Appliance& appliance, const Facts& facts) {
  auto& status = appliance.status;
  status.machine = machine_name(appliance);
  if (!facts.machine) {
    status.vmid.reset();
    status.node.clear();
    status.uplink_address.clear();
    conditions.set("ContainerReady", ConditionStatus::no, "NotThere",
                   "Machine " + status.machine + " is not there");
    return;
  }
  const auto& machine = facts.machine->status;
  status.vmid = machine.vmid;
  status.node = machine.node;
  status.uplink_address.clear();
  for (const auto& address : machine.addresses)
    if (status.uplink_address.empty() && address != appliance.spec.network.gateway)
      status.uplink_address = address;
  const auto* ready = api::meta::find_condition(machine.conditions, "Ready");
  if (ready == nullptr) {
    conditions.set("ContainerReady", ConditionStatus::no, "New", "its Machine is new");
  } else if (is_fixed_id_taken(appliance, *ready)) {
    conditions.set("ContainerReady", ready->status, "VMIDTaken",
                   "Machine " + status.machine + ": " + ready->message +
                       "; free the id, or make the Appliance anew: without spec.vmid it gets an id "
                       "of the range",
                   "APL-001");
  } else {
    conditions.set("ContainerReady", ready->status, ready->reason,
                   "Machine " + status.machine + ": " + ready->message, ready->code);
  }
}

// The first thing that is wrong with it, for people.
std::string first_worry(const Appliance& appliance, std::string& reason, std::string& code) {
  for (const char* type : {"BridgeReady", "ContainerReady", "ConfigApplied", "NATReady",
                           "DHCPReady", "DNSReady", "ProxyReady", "CertificatesReady"}) {
    const auto* found = api::meta::find_condition(appliance.status.conditions, type);
    if (found == nullptr || found->status == ConditionStatus::yes) continue;
    reason = found->reason;
    code = found->code;
    return found->message.empty() ? type : found->message;
  }
  return "";
}

void show_ready(Conditions& conditions, Appliance& appliance, const Plan& plan,
                const LeaseTable& table, const InsideView& inside) {
  const bool planned = plan.situation == Situation::ready;
  const bool well = planned && inside.findings != nullptr && inside.findings->ok() &&
                    api::meta::is_true(appliance.status.conditions, "ContainerReady");
  std::string reason = plan.reason, message = plan.message, code = plan.code;
  if (planned) {
    reason = "Configuring";
    message = inside.progress;
    const bool unseen = inside.findings == nullptr && inside.refused.ok() &&
                        api::meta::is_true(appliance.status.conditions, "ContainerReady");
    if (unseen && message.empty()) message = "looking inside";
    const auto worry = unseen ? std::string() : first_worry(appliance, reason, code);
    if (!worry.empty()) message = inside.progress.empty() ? worry : inside.progress + "; " + worry;
  }
  if (well) {
    reason = "Serving";
    code.clear();
    message = absl::StrFormat("%s through %s: %d leases, %d routes", appliance.spec.network.cidr,
                              appliance.spec.network.gateway, table.leases.size(),
                              appliance.status.routes.size());
  }
  if (!table.without.empty()) {
    message += absl::StrFormat("; no address is left for %d Machines, among them %s/%s",
                               table.without.size(), table.without.front().ns,
                               table.without.front().machine);
  }
  if (reason.empty()) reason = "Progressing";
  conditions.set("Ready", well ? ConditionStatus::yes : ConditionStatus::no, reason, message, code);
  Plan words = plan;
  words.reason = reason;
  words.message = message;
  words.code = code;
  conditions.set_or_remove("Held", plan.situation == Situation::held, words);
  conditions.set_or_remove("Stalled", plan.situation == Situation::stalled, words);
  conditions.set_or_remove("Deleting", appliance.metadata.deleting(), words);
  conditions.set_or_remove(
      "Reconciling",
      !well && plan.situation != Situation::held && plan.situation != Situation::stalled, words);
}

}  // namespace

void judge(Appliance& appliance, const Plan& plan, const Facts& facts, const LeaseTable& table,
           const InsideView& inside, Time now) {
  Conditions conditions(appliance, now);
  appliance.status.observed_generation = appliance.metadata.generation;
  show_bridge(conditions, facts);
  show_container(conditions, appliance, facts);
  for (const char* type : {"NATReady", "DHCPReady", "DNSReady", "UpstreamDNSReady", "ProxyReady",
                           "CertificatesReady"}) {
    if (inside.findings != nullptr) {
      conditions.set_part(type, *inside.findings);
    } else {
      conditions.set(type, ConditionStatus::unknown, "NotAsked", "not looked at yet");
    }
  }
  if (!inside.refused.ok()) {
    conditions.set("ConfigApplied", ConditionStatus::no, "ChannelUnreachable",
                   message_of(inside.refused) + "; what runs stays in force",
                   catalogue_code(inside.refused).value_or("APL-004"));
  } else if (inside.findings != nullptr) {
    conditions.set_part("ConfigApplied", *inside.findings);
  }
  show_ready(conditions, appliance, plan, table, inside);
}

std::vector<runtime::Happening> happenings(const Appliance& before, const Appliance& after) {
  std::vector<runtime::Happening> all;
  for (const auto& now : after.status.conditions) {
    if (now.type == "Reconciling" || now.type == "Deleting") continue;
    const auto* then = api::meta::find_condition(before.status.conditions, now.type);
    const bool is_trouble = now.type == "Held" || now.type == "Stalled";
    const auto was = then == nullptr ? ConditionStatus::unknown : then->status;
    if (was == now.status && (then == nullptr || then->reason == now.reason)) continue;
    const bool good = now.status == (is_trouble ? ConditionStatus::no : ConditionStatus::yes);
    if (now.status == ConditionStatus::unknown) continue;
    if (!good && now.code.empty() && !is_trouble) continue;  // it is on its way
    if (good && was != ConditionStatus::no && now.type != "Ready") continue;
    all.push_back({good ? runtime::EventType::normal : runtime::EventType::warning,
                   good ? now.type : now.reason,
                   now.message.empty() ? now.type + " again" : now.message, now.code});
  }
  return all;
}

}  // namespace gantry::controllers::appliance
