#include "controllers/machineclass/flags.h"

#include <algorithm>

#include "pkg/base/text.h"
#include "pkg/base/time.h"
#include "pkg/pve/property_string.h"

namespace gantry::controllers::machineclass {
namespace {

using api::meta::ConditionStatus;
using api::v1alpha1::MachineClass;
using api::v1alpha1::ProbeOutcome;

bool is_set(const std::string& features, const std::string& flag) {
  const auto parsed = pve::PropertyString::parse(features);
  return parsed.ok() && pve::same_value(parsed->get(flag).value_or("0"), "1");
}

// The first of them that these features lack.
std::optional<std::string> missing_of(const std::string& features,
                                      const std::vector<std::string>& flags) {
  for (const auto& flag : flags) {
    if (!is_set(features, flag)) return flag;
  }
  return std::nullopt;
}

// A drift of "features" goes from what it has to what is wanted.
bool lacks(const std::string& field, const std::string& have,
           const std::vector<std::string>& flags) {
  return field == "features" && missing_of(have, flags).has_value();
}

// "nesting=1,keyctl=1": as the class wants it.
std::string features_of(const MachineClass& shape) {
  std::vector<std::string> words;
  if (shape.spec.features.nesting) words.emplace_back("nesting=1");
  for (const auto& flag : root_flags(shape)) words.push_back(flag + "=1");
  return join(words, ",");
}

}  // namespace

std::vector<std::string> root_flags(const MachineClass& shape) {
  std::vector<std::string> flags;
  if (shape.spec.features.keyctl) flags.emplace_back("keyctl");
  if (shape.spec.features.fuse) flags.emplace_back("fuse");
  return flags;
}

bool lacks_flags(const std::vector<api::v1alpha1::DriftField>& drift,
                 const std::vector<std::string>& flags) {
  return std::ranges::any_of(
      drift, [&flags](const auto& each) { return lacks(each.field, each.have, flags); });
}

std::string probe_subject(const MachineClass& shape, const FlagEvidence& evidence,
                          const std::optional<std::string>& version) {
  const auto flags = root_flags(shape);
  std::vector<std::string> vmids;
  for (const auto& [vmid, features] : evidence.templates) {
    if (missing_of(features, flags).has_value()) return "";
    vmids.push_back(vmid);
  }
  if (vmids.empty() || !version.has_value() || !shape.spec.golden.has_value()) return "";
  return absl::StrFormat("%s (%s) with %s on Proxmox VE %s", shape.spec.golden->name,
                         join(vmids, ", "), join(flags, " and "), *version);
}

void count_flags(const Json& machine, const std::vector<std::string>& flags,
                 FlagEvidence& evidence) {
  const auto* status = machine.find("status");
  const auto power = status == nullptr ? "" : status->string_or("power", "");
  if (power != "running" && power != "stopped") return;
  const auto* drift = status->find("drift");
  const bool lost = drift != nullptr && drift->is_array() &&
                    std::ranges::any_of(drift->as_array(), [&flags](const Json& each) {
                      return lacks(each.string_or("field", ""), each.string_or("have", ""), flags);
                    });
  if (!lost) {
    ++evidence.kept;
    return;
  }
  const auto* metadata = machine.find("metadata");
  evidence.lost.push_back(metadata->string_or("namespace", "") + "/" +
                          metadata->string_or("name", ""));
}

namespace {

FlagVerdict no(std::string reason, std::string message) {
  return {ConditionStatus::no, {kRootOnly, std::move(reason), std::move(message)}};
}
FlagVerdict yes(std::string reason, std::string message) {
  return {ConditionStatus::yes, {"", std::move(reason), std::move(message)}};
}

std::optional<FlagVerdict> judge_templates(const MachineClass& shape,
                                           const FlagEvidence& evidence) {
  for (const auto& [vmid, features] : evidence.templates) {
    const auto missing = missing_of(features, root_flags(shape));
    if (!missing.has_value()) continue;
    return no("RootOnlySetting",
              absl::StrFormat("golden container %s (%s) has no %s, which only root@pam can "
                              "give it: pct set %s --features %s",
                              shape.spec.golden->name, vmid, *missing, vmid, features_of(shape)));
  }
  return std::nullopt;
}

// Of an answer about what there is now; what was unclear says nothing.
std::optional<FlagVerdict> judge_probe(const MachineClass& shape, const FlagEvidence& evidence) {
  const auto& probe = shape.status.flag_probe;
  const bool is_about_this =
      probe.has_value() && !evidence.probe_of.empty() && probe->of == evidence.probe_of;
  if (!is_about_this) return std::nullopt;
  const auto when = probe->at.has_value() ? " at " + to_rfc3339(*probe->at) : std::string();
  const auto tried = "a clone of " + probe->of + " was tried" + when;
  switch (probe->outcome) {
    case ProbeOutcome::kept:
      return yes("ClonesKeepThem", tried + ": it has what the template has");
    case ProbeOutcome::lost:
      return no("ClonesLoseThem",
                tried +
                    ": it was made without them; containers that are there keep what they "
                    "have, each new one needs, as root@pam: pct set ID --features " +
                    features_of(shape));
    case ProbeOutcome::refused:
      return no("ClonesRefused",
                tried + " and refused: " + probe->message +
                    "; use a class without them, or have root@pam clone the template and adopt "
                    "the container");
    case ProbeOutcome::unclear:
      break;
  }
  return std::nullopt;
}

// Why nothing is known yet.
std::string why_not_tried(const MachineClass& shape, const FlagEvidence& evidence) {
  if (!evidence.probe_waits_for.empty()) return evidence.probe_waits_for;
  const auto& probe = shape.status.flag_probe;
  if (probe.has_value() && probe->of == evidence.probe_of && !probe->message.empty()) {
    return "the last trial ended unclearly: " + probe->message;
  }
  return "it shows with the first Machine";
}

}  // namespace

FlagVerdict judge_flags(const MachineClass& shape, const FlagEvidence& evidence) {
  if (auto verdict = judge_templates(shape, evidence)) return *std::move(verdict);
  if (auto verdict = judge_probe(shape, evidence)) return *std::move(verdict);
  const auto wanted = join(root_flags(shape), " and ");
  if (evidence.kept > 0) {
    return yes("ClonesKeepThem",
               absl::StrFormat("%s: %d of its Machines have what the template has", wanted,
                               evidence.kept));
  }
  if (!evidence.lost.empty()) {
    return no("ClonesLoseThem",
              absl::StrFormat("%s have no %s although the template has: they are older than "
                              "that, or this server lets no clone keep what only root@pam "
                              "may set; as root@pam: pct set ID --features %s",
                              join(evidence.lost, ", "), wanted, features_of(shape)));
  }
  return yes("NotTriedYet",
             absl::StrFormat("the template has %s; whether this server's clones keep it is not "
                             "known yet: %s",
                             wanted, why_not_tried(shape, evidence)));
}

}  // namespace gantry::controllers::machineclass
