#include "controllers/machineclass/report.h"

#include <algorithm>
#include <limits>

#include "api/meta/condition.h"
#include "pkg/base/text.h"
#include "pkg/diagnose/diagnose.h"
#include "pkg/schema/equal.h"

namespace gantry::controllers::machineclass {
namespace {

using api::meta::Condition;
using api::meta::ConditionStatus;
using api::v1alpha1::MachineClassStatus;
using diagnose::Diagnosis;
using inventory::placement::Verdict;

class Speaker {
 public:
  Speaker(MachineClass& shape, Time now) : shape_(shape), now_(now) {}
  void say(std::string type, ConditionStatus status, Diagnosis words) {
    Condition condition;
    condition.type = std::move(type);
    condition.status = status;
    condition.observed_generation = shape_.metadata.generation;
    condition.reason = words.reason.empty() ? "Unknown" : words.reason;
    condition.message = words.message;
    condition.code = words.code;
    api::meta::set_condition(shape_.status.conditions, std::move(condition), now_);
    if (status == ConditionStatus::no && !first_problem_) first_problem_ = std::move(words);
    if (status == ConditionStatus::unknown) unsure_ = true;
  }
  void yes(std::string type, std::string reason, std::string message) {
    say(std::move(type), ConditionStatus::yes, {"", std::move(reason), std::move(message)});
  }
  void remove(const std::string& type) {
    api::meta::remove_condition(shape_.status.conditions, type);
  }
  const std::optional<Diagnosis>& first_problem() const { return first_problem_; }
  bool unsure() const { return unsure_; }

 private:
  MachineClass& shape_;
  Time now_;
  std::optional<Diagnosis> first_problem_;
  bool unsure_ = false;
};

// Digits compare as numbers: "12.10" is newer than "12.7".
bool is_older(std::string_view a, std::string_view b) {
  size_t i = 0, j = 0;
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  while (i < a.size() && j < b.size()) {
    if (!digit(a[i]) || !digit(b[j])) {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i, ++j;
      continue;
    }
    int64_t x = 0, y = 0;
    while (i < a.size() && digit(a[i])) x = x * 10 + (a[i++] - '0');
    while (j < b.size() && digit(b[j])) y = y * 10 + (b[j++] - '0');
    if (x != y) return x < y;
  }
  return a.size() - i < b.size() - j;
}

// "of several storages that match the one with the most space is taken: local-zfs before local on
// pve1, pve2"; empty when there is one a node.
std::string ranking(const inventory::placement::Candidates& candidates) {
  std::map<NodeName, std::vector<const pve::StorageRow*>> storages;
  for (const auto& storage : candidates.root_disks) {
    const bool counts = storage.verdict == Verdict::allowed && candidates.allows(storage.row.node);
    if (counts) storages[storage.row.node].push_back(&storage.row);
  }
  std::map<std::string, std::vector<std::string>> orders;
  for (auto& [node, rows] : storages) {
    if (rows.size() < 2) continue;
    std::ranges::stable_sort(rows, std::greater<>(),
                             [](const auto* row) { return row->available.value_or(0); });
    std::vector<std::string> names;
    for (const auto* row : rows) names.push_back(row->id.get());
    orders[join(names, " before ")].push_back(node.get());
  }
  std::vector<std::string> parts;
  for (const auto& [order, nodes] : orders) parts.push_back(order + " on " + join(nodes, ", "));
  if (parts.empty()) return "";
  return "of several storages that match the one with the most space is taken: " +
         join(parts, "; ");
}

// Why no node, or no storage, is left.
Diagnosis why_unresolved(const inventory::placement::Candidates& candidates, bool nodes,
                         const std::string& text) {
  using inventory::placement::hint_of;
  if (nodes && candidates.are_full()) return {"STO-001", "StorageFull", text};
  const auto hint = nodes ? hint_of(candidates.root_disks) : hint_of(candidates.nodes);
  if (!hint.empty()) return {"CEL-002", "UnknownName", hint + " " + text};
  if (!nodes) return {"MC-003", "NoNodeMatches", text};
  return {"CEL-001", "NoStorageMatches", text};
}

void report_selectors(Speaker& speaker, const Findings& findings) {
  const auto& candidates = findings.candidates;
  const auto is = [](Verdict verdict) {
    return [verdict](const auto& candidate) { return candidate.verdict == verdict; };
  };
  const bool nodes = std::ranges::any_of(candidates.nodes, is(Verdict::allowed));
  const bool disks = std::ranges::any_of(candidates.root_disks, is(Verdict::allowed));
  const bool unknown = std::ranges::any_of(candidates.nodes, is(Verdict::unknown)) ||
                       std::ranges::any_of(candidates.root_disks, is(Verdict::unknown));
  const auto text = candidates.explain_nodes() + "; " + candidates.explain_root_disks();
  const char* type = "SelectorResolved";
  if (nodes && disks) {
    const auto several = ranking(candidates);
    if (unknown) {
      speaker.say(type, ConditionStatus::yes, {"CEL-005", "PartiallyKnown", text});
    } else if (!several.empty()) {
      speaker.say(type, ConditionStatus::yes, {"CEL-004", "Ambiguous", several + "; " + text});
    } else {
      speaker.yes(type, "Resolved", text);
    }
  } else if (unknown) {
    speaker.say(type, ConditionStatus::unknown, {"CEL-005", "PartiallyKnown", text});
  } else {
    speaker.say(type, ConditionStatus::no, why_unresolved(candidates, nodes, text));
  }
}

constexpr size_t kOffered = 5;

// Those of the same system: "debian-12-standard" for "debian-11-standard".
std::vector<std::string> similar_templates(const std::string& name,
                                           const std::set<std::string>& offered) {
  const auto system = to_lower(split(name, '-').front());
  std::vector<std::string> similar;
  for (const auto& file : offered) {
    if (to_lower(split(file, '-').front()) == system) similar.push_back(file);
  }
  std::ranges::sort(similar, [](const auto& a, const auto& b) { return is_older(b, a); });
  if (similar.size() > kOffered) similar.resize(kOffered);
  return similar;
}

// What is pinned by its full name is never replaced by something else unasked.
Diagnosis why_no_template(const MachineClass& shape, const Findings& findings,
                          const std::string& wanted) {
  const auto text = wanted + " is on no node that matches";
  const auto hint = inventory::placement::hint_of(findings.candidates.template_sources);
  if (!hint.empty()) return {"CEL-002", "UnknownName", hint + " " + text};
  const auto name = shape.spec.os ? shape.spec.os->name : shape.spec.golden->name;
  const auto similar = similar_templates(name, findings.templates.offered);
  if (similar.empty()) return {"TPL-001", "TemplateMissing", text};
  return {"TPL-005", "TemplateNotOffered", text + "; candidates: " + join(similar, ", ")};
}

void report_templates(Speaker& speaker, const MachineClass& shape, const Findings& findings) {
  std::set<NodeName> with;
  // What could not be read this time was there last time.
  for (const auto& found : shape.status.templates) with.insert(NodeName(found.node));
  std::vector<std::string> without;
  for (const auto& node : findings.candidates.nodes) {
    if (node.verdict == Verdict::allowed && !with.contains(node.name)) {
      without.push_back(node.name.get());
    }
  }
  const auto wanted = shape.spec.golden ? "golden container " + shape.spec.golden->name
                      : shape.spec.os   ? "template " + shape.spec.os->name
                                        : std::string("template");
  if (!with.empty()) {
    speaker.yes("TemplatesReady", "Found",
                without.empty() ? wanted + " is on every node"
                                : wanted + " is missing on " + join(without, ", "));
  } else if (!findings.templates.unread.empty()) {
    speaker.say("TemplatesReady", ConditionStatus::unknown,
                {"CON-006", "PartialInventory", wanted + ": not every storage could be read"});
  } else {
    speaker.say("TemplatesReady", ConditionStatus::no, why_no_template(shape, findings, wanted));
  }
}

void report_flags(Speaker& speaker, MachineClass& shape, const Findings& findings) {
  if (!shape.spec.golden || root_flags(shape).empty()) {
    shape.status.flag_probe.reset();
    return speaker.remove("FlagsReady");
  }
  auto verdict = judge_flags(shape, findings.flags);
  speaker.say("FlagsReady", verdict.status, std::move(verdict.words));
}

// How much is free where, when no storage that is meant has the space for another root disk.
std::string missing_space(const MachineClass& shape,
                          const inventory::placement::Candidates& candidates) {
  const auto need = shape.spec.root_disk.size.bytes();
  std::vector<std::string> places;
  for (const auto& storage : candidates.root_disks) {
    const bool allowed = storage.verdict == Verdict::allowed;
    if (allowed && storage.row.available.value_or(need) >= need) return "";
    if (allowed) places.push_back(inventory::placement::describe_space(storage.row));
    if (storage.full)
      places.push_back(storage.row.id.get() + " on " + storage.row.node.get() + ": " + storage.why);
  }
  if (places.empty()) return "";
  return "no storage has the space for " + human_bytes(need) + " more: " + join(places, "; ");
}

// All storages together; one that is shared is one, from however many nodes it is seen.
int64_t room_on_disks(const MachineClass& shape, const Findings& findings) {
  const auto disk = std::max<int64_t>(shape.spec.root_disk.size.bytes(), 1);
  std::set<StorageId> shared;
  int64_t disks = 0;
  for (const auto& storage : findings.candidates.root_disks) {
    if (storage.verdict != Verdict::allowed) continue;
    if (storage.row.shared && !shared.insert(storage.row.id).second) continue;
    disks += storage.row.available.value_or(0) / disk;
  }
  return disks;
}

// How many of the class are on the nodes that match.
int used_on_matching(const MachineClass& shape, const Findings& findings) {
  int used = 0;
  for (const auto& node : shape.status.matching_nodes) {
    const auto here = findings.machines_on.find(NodeName(node));
    if (here != findings.machines_on.end()) used += here->second;
  }
  return used;
}

Diagnosis why_no_room(const MachineClass& shape, const Findings& findings) {
  const auto space = missing_space(shape, findings.candidates);
  if (!space.empty()) return {"STO-001", "StorageFull", space};
  const int most = shape.spec.placement.max_per_node;
  const int nodes = static_cast<int>(shape.status.matching_nodes.size());
  const int used = used_on_matching(shape, findings);
  if (nodes == 0) return {"MC-003", "Unschedulable", "no node matches"};
  if (most == 0 || used < most * nodes) {
    return {"MC-003", "Unschedulable", "no matching node has room for another"};
  }
  return {"MC-004", "ClassQuotaExceeded",
          absl::StrFormat("%d of %d used: maxPerNode is %d, nodes that match: %d", used,
                          most * nodes, most, nodes)};
}

void report_capacity(Speaker& speaker, MachineClass& shape, const Findings& findings) {
  auto& status = shape.status;
  status.matching_nodes.clear();
  status.matching_storages.clear();
  int64_t room = 0;
  bool elsewhere = false;  // only the template is missing there
  for (const auto& node : findings.candidates.nodes) {
    if (node.verdict != Verdict::allowed) continue;
    status.matching_nodes.push_back(node.name.get());
    const auto here = room_on(shape, findings, node.name);
    const bool has_template = std::ranges::any_of(
        status.templates, [&node](const auto& found) { return found.node == node.name.get(); });
    if (has_template) room += here;
    elsewhere = elsewhere || (!has_template && here > 0);
  }
  room = std::min(room, room_on_disks(shape, findings));
  for (const auto& storage : findings.candidates.root_disks) {
    if (storage.verdict != Verdict::allowed) continue;
    status.matching_storages.push_back({storage.row.id.get(), storage.row.node.get(),
                                        storage.row.type, storage.row.available.value_or(0)});
  }
  status.capacity = room;
  if (room > 0) {
    speaker.yes("CapacityAvailable", "RoomLeft", "");
    return;
  }
  if (elsewhere) {
    // With what could not be read there may be room.
    const bool unread = status.templates.empty() && !findings.templates.unread.empty();
    speaker.say("CapacityAvailable", unread ? ConditionStatus::unknown : ConditionStatus::no,
                {"TPL-001", "TemplateMissing", "the nodes with room lack the template"});
    return;
  }
  speaker.say("CapacityAvailable", ConditionStatus::no, why_no_room(shape, findings));
}

void report_ready(Speaker& speaker, const Findings& findings) {
  speaker.remove("Reconciling");
  if (speaker.first_problem().has_value()) {
    const auto words = *speaker.first_problem();
    speaker.say("Ready", ConditionStatus::no, words);
    speaker.say("Stalled", ConditionStatus::yes, words);
    return;
  }
  speaker.remove("Stalled");
  if (speaker.unsure()) {
    speaker.say("Ready", ConditionStatus::unknown, {"", "Unknown", "not everything is known"});
  } else {
    const auto seen = std::chrono::floor<std::chrono::seconds>(findings.snapshot->observed_at);
    speaker.yes("Ready", "Resolved",
                findings.is_old
                    ? "as of " + to_rfc3339(seen) + ": the cluster cannot be observed now"
                    : "");
  }
}

void report_problem(Speaker& speaker, const Diagnosis& words, bool needs_person) {
  speaker.say("Ready", needs_person ? ConditionStatus::no : ConditionStatus::unknown, words);
  speaker.say(needs_person ? "Stalled" : "Reconciling", ConditionStatus::yes, words);
  speaker.remove(needs_person ? "Reconciling" : "Stalled");
}

}  // namespace

std::string file_of(const std::string& volid) {
  return volid.substr(volid.find_last_of('/') + 1);
}

std::optional<std::string> newest_template(const std::vector<std::string>& volids,
                                           const std::string& name) {
  std::optional<std::string> newest;
  for (const auto& volid : volids) {
    const auto file = file_of(volid);
    if (!starts_with(file, name)) continue;
    const char next = file.size() == name.size() ? '\0' : file[name.size()];
    const bool goes_on = (next >= 'a' && next <= 'z') || (next >= '0' && next <= '9');
    if (goes_on) continue;
    if (!newest.has_value() || is_older(file_of(*newest), file)) newest = volid;
  }
  return newest;
}

int64_t room_on(const MachineClass& shape, const Findings& findings, const NodeName& node) {
  const auto row = findings.snapshot->nodes.find(node);
  if (row == findings.snapshot->nodes.end()) return 0;
  int64_t room = std::numeric_limits<int32_t>::max();
  const auto memory = shape.spec.resources.memory.bytes();
  if (row->second.memory_total.has_value() && memory > 0) {
    const auto free = *row->second.memory_total - row->second.memory_used.value_or(0);
    room = std::min(room, free / memory);
  }
  int64_t disks = 0;
  const auto disk = std::max<int64_t>(shape.spec.root_disk.size.bytes(), 1);
  for (const auto& storage : findings.candidates.root_disks) {
    if (storage.row.node != node || storage.verdict != Verdict::allowed) continue;
    disks += storage.row.available.value_or(0) / disk;
  }
  room = std::min(room, disks);
  if (shape.spec.placement.max_per_node > 0) {
    const auto here = findings.machines_on.find(node);
    const int64_t used = here == findings.machines_on.end() ? 0 : here->second;
    room = std::min<int64_t>(room, shape.spec.placement.max_per_node - used);
  }
  return std::max<int64_t>(room, 0);
}

void report(MachineClass& shape, const Findings& findings) {
  auto& status = shape.status;
  Speaker speaker(shape, findings.now);
  status.observed_generation = shape.metadata.generation;
  status.machines = findings.machines;
  if (shape.metadata.deleting()) {
    speaker.yes("Deleting", "InUse",
                absl::StrFormat("waits until no Machine names it; as yet %d", findings.machines));
  }
  if (!findings.selectors.ok()) {
    report_problem(speaker, diagnose::diagnose(findings.selectors), true);
    return;
  }
  if (findings.unobserved.has_value()) {
    report_problem(speaker, *findings.unobserved, false);
    return;
  }
  // What could not be read this time was there last time.
  auto found = findings.templates.found;
  for (const auto& old : status.templates) {
    const auto& unread = findings.templates.unread;
    if (std::ranges::find(unread, NodeName(old.node)) != unread.end()) found.push_back(old);
  }
  status.templates = std::move(found);
  report_selectors(speaker, findings);
  report_templates(speaker, shape, findings);
  report_flags(speaker, shape, findings);
  report_capacity(speaker, shape, findings);
  report_ready(speaker, findings);
}

bool is_news(const MachineClassStatus& before, const MachineClassStatus& after) {
  const auto rounded = [](MachineClassStatus status) {
    // Free space moves all the time; a gigabyte is worth a line.
    for (auto& storage : status.matching_storages) storage.available >>= 30;
    if (status.capacity.has_value() && *status.capacity > 10) {
      status.capacity = *status.capacity / 10 * 10;
    }
    return status;
  };
  return !schema::is_equal(rounded(before), rounded(after));
}

}  // namespace gantry::controllers::machineclass
