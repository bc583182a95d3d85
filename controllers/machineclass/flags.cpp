#include "controllers/machineclass/flags.h"

#include <algorithm>

#include "pkg/base/text.h"
#include "pkg/pve/property_string.h"

namespace gantry::controllers::machineclass {
namespace {

using api::meta::ConditionStatus;
using api::v1alpha1::MachineClass;

constexpr const char* kRootOnly = "CON-005";

bool is_set(const std::string& features, const std::string& flag) {
  const auto parsed = pve::PropertyString::parse(features);
  return parsed.ok() && pve::same_value(parsed->get(flag).value_or("0"), "1");
}

// What its drift says that it lacks of them: "features" from what it has to what is wanted.
bool lacks(const Json& drift, const std::vector<std::string>& flags) {
  if (drift.string_or("field", "") != "features") return false;
  const auto have = drift.string_or("have", "");
  return std::ranges::any_of(flags,
                             [&have](const std::string& flag) { return !is_set(have, flag); });
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

void count_flags(const Json& machine, const std::vector<std::string>& flags,
                 FlagEvidence& evidence) {
  const auto* status = machine.find("status");
  const auto power = status == nullptr ? "" : status->string_or("power", "");
  if (power != "running" && power != "stopped") return;
  const auto* drift = status->find("drift");
  const bool lost = drift != nullptr && drift->is_array() &&
                    std::ranges::any_of(drift->as_array(),
                                        [&flags](const Json& each) { return lacks(each, flags); });
  if (!lost) {
    ++evidence.kept;
    return;
  }
  const auto* metadata = machine.find("metadata");
  evidence.lost.push_back(metadata->string_or("namespace", "") + "/" +
                          metadata->string_or("name", ""));
}

FlagVerdict judge_flags(const MachineClass& shape, const FlagEvidence& evidence) {
  const auto flags = root_flags(shape);
  const auto wanted = join(flags, " and ");
  FlagVerdict verdict;
  for (const auto& [vmid, features] : evidence.templates) {
    const auto missing = std::ranges::find_if(
        flags, [&features](const std::string& flag) { return !is_set(features, flag); });
    if (missing == flags.end()) continue;
    verdict.status = ConditionStatus::no;
    verdict.words = {
        kRootOnly, "RootOnlySetting",
        absl::StrFormat("golden container %s (%s) has no %s, which only root@pam can "
                        "give it: pct set %s --features %s",
                        shape.spec.golden->name, vmid, *missing, vmid, features_of(shape))};
    return verdict;
  }
  if (evidence.kept > 0) {
    verdict.words = {"", "ClonesKeepThem",
                     absl::StrFormat("%s: %d of its Machines have what the template has", wanted,
                                     evidence.kept)};
    return verdict;
  }
  if (!evidence.lost.empty()) {
    verdict.status = ConditionStatus::no;
    verdict.words = {kRootOnly, "ClonesLoseThem",
                     absl::StrFormat("%s have no %s although the template has: they are older than "
                                     "that, or this server lets no clone keep what only root@pam "
                                     "may set; as root@pam: pct set ID --features %s",
                                     join(evidence.lost, ", "), wanted, features_of(shape))};
    return verdict;
  }
  verdict.words = {
      "", "NotTriedYet",
      absl::StrFormat("the template has %s; whether this server's clones keep it shows "
                      "with the first Machine",
                      wanted)};
  return verdict;
}

}  // namespace gantry::controllers::machineclass
