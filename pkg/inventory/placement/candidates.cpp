#include "pkg/inventory/placement/candidates.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "pkg/base/text.h"
#include "pkg/inventory/placement/near_miss.h"

namespace gantry::inventory::placement {
namespace {

Result<std::optional<cel::Selector>> compile_one(const std::string& text, std::string_view field) {
  if (trim(text).empty()) return std::optional<cel::Selector>();
  auto selector = cel::Selector::compile(text);
  if (selector.ok()) return std::optional<cel::Selector>(*std::move(selector));
  return with_code(annotate(selector.status(), field), "CEL-003");
}

Json to_json(const pve::NodeRow& row) {
  Json node = Json::object();
  node.set("name", row.name.get());
  node.set("online", row.status == "online");
  if (row.cpu) node.set("cpu", *row.cpu);
  if (row.cores) node.set("cores", *row.cores);
  if (row.uptime_seconds) node.set("uptime", *row.uptime_seconds);
  Json memory = Json::object();
  if (row.memory_total) memory.set("total", *row.memory_total);
  if (row.memory_used) memory.set("used", *row.memory_used);
  if (row.memory_total && row.memory_used) {
    memory.set("free", *row.memory_total - *row.memory_used);
  }
  node.set("memory", memory);
  return node;
}

Json to_json(const pve::StorageRow& row) {
  Json storage = Json::object();
  storage.set("name", row.id.get());
  storage.set("node", row.node.get());
  storage.set("type", row.type);
  storage.set("active", row.active);
  storage.set("enabled", row.enabled);
  storage.set("shared", row.shared);
  Json content = Json::array();
  for (const auto& kind : row.content) content.push_back(kind);
  storage.set("content", content);
  if (row.available) storage.set("avail", *row.available);
  if (row.used) storage.set("used", *row.used);
  if (row.total) storage.set("total", *row.total);
  return storage;
}

struct Judgement {
  Verdict verdict = Verdict::allowed;
  std::string why;
};

// Which operand of the selector refused it, or what was missing.
std::string explain(const cel::Selector& selector, const cel::Activation& activation) {
  for (const auto& clause : selector.explain(activation)) {
    if (clause.match.verdict == cel::Match::Verdict::does_not_match) return clause.text;
  }
  return selector.text();
}

template <class Row>
Judgement judge(const std::optional<cel::Selector>& selector, const Row& row, const cel::Type& type,
                std::string_view name) {
  if (!selector.has_value()) return {};
  auto value = cel::from_json(to_json(row), type, name, cel::Observed::partly);
  if (!value.ok()) return {Verdict::unknown, message_of(value.status())};
  cel::Activation activation;
  activation.set(name, *std::move(value));
  const auto match = selector->evaluate(activation);
  if (match.matches()) return {};
  if (match.is_unknown()) return {Verdict::unknown, match.reason};
  return {Verdict::refused, "not " + explain(*selector, activation)};
}

NodeCandidate judge_node(const Selectors& selectors, const pve::NodeRow& row) {
  NodeCandidate candidate{row.name, Verdict::refused, "", ""};
  if (row.status != "online") {
    candidate.why = row.status;
    return candidate;
  }
  const auto judged = judge(selectors.node, row, cel::node_type(), "node");
  candidate.verdict = judged.verdict;
  candidate.why = judged.why;
  return candidate;
}

StorageCandidate judge_storage(const std::optional<cel::Selector>& selector,
                               const pve::StorageRow& row) {
  StorageCandidate candidate{row, Verdict::refused, "", ""};
  if (!row.enabled || !row.active) {
    candidate.why = row.enabled ? "inactive" : "disabled";
    return candidate;
  }
  const auto judged = judge(selector, row, cel::storage_type(), "storage");
  candidate.verdict = judged.verdict;
  candidate.why = judged.why;
  if (judged.verdict != Verdict::refused || !row.total || !row.available) return candidate;
  auto empty = row;
  empty.available = row.total;
  empty.used = 0;
  const auto if_empty = judge(selector, empty, cel::storage_type(), "storage");
  candidate.full = if_empty.verdict == Verdict::allowed;
  if (candidate.full) candidate.why = human_bytes(*row.available) + " free, " + judged.why;
  return candidate;
}

// Where nothing is allowed: whether the selector compares with what is nearly there.
template <class Candidate, class Row>
void give_hint(std::vector<Candidate>& candidates, const std::optional<cel::Selector>& selector,
               const std::string& variable, const std::vector<Row>& rows) {
  const auto is_refused = [](const auto& one) { return one.verdict == Verdict::refused; };
  if (!selector.has_value() || !std::ranges::all_of(candidates, is_refused)) return;
  std::vector<Json> objects;
  for (const auto& row : rows) objects.push_back(to_json(row));
  const auto hint = find_near_miss(*selector, variable, objects);
  for (auto& candidate : candidates) candidate.hint = hint;
}

std::vector<StorageCandidate> judge_storages(const std::optional<cel::Selector>& selector,
                                             const Snapshot& snapshot, const std::string& content) {
  std::vector<StorageCandidate> candidates;
  for (const auto& row : snapshot.storages) {
    if (row.content.contains(content)) candidates.push_back(judge_storage(selector, row));
  }
  give_hint(candidates, selector, "storage", snapshot.storages);
  std::ranges::sort(candidates, {}, [](const auto& candidate) {
    return std::tie(candidate.row.node, candidate.row.id);
  });
  return candidates;
}

std::string name_of(const NodeCandidate& candidate) {
  return candidate.name.get();
}
std::string name_of(const StorageCandidate& candidate) {
  return candidate.row.id.get() + " on " + candidate.row.node.get();
}

constexpr size_t kNamed = 4;    // of those with the same reason
constexpr size_t kReasons = 8;  // told at once

std::string some_of(const std::vector<std::string>& names) {
  if (names.size() <= kNamed) return join(names, ", ");
  const std::vector<std::string> some(names.begin(), names.begin() + kNamed);
  return join(some, ", ") + absl::StrFormat(" and %d more", names.size() - kNamed);
}

template <class Candidate>
std::string explain_all(const std::vector<Candidate>& candidates, std::string_view what) {
  std::map<std::string, std::vector<std::string>> reasons;
  size_t allowed = 0;
  for (const auto& candidate : candidates) {
    if (candidate.verdict == Verdict::allowed) {
      ++allowed;
    } else {
      reasons[candidate.why].push_back(name_of(candidate));
    }
  }
  auto text = absl::StrFormat("%d/%d %s", allowed, candidates.size(), what);
  size_t told = 0;
  for (const auto& [why, names] : reasons) {
    if (++told > kReasons) return text + "; …";
    text += "; " + some_of(names) + ": " + why;
  }
  return text;
}

}  // namespace

Result<Selectors> compile(const api::v1alpha1::MachineClassSpec& spec) {
  Selectors selectors;
  GANTRY_TRY_ASSIGN(selectors.node, compile_one(spec.node_selector, "spec.nodeSelector"));
  GANTRY_TRY_ASSIGN(selectors.root_disk,
                    compile_one(spec.root_disk.storage_selector, "spec.rootDisk.storageSelector"));
  if (spec.os.has_value()) {
    GANTRY_TRY_ASSIGN(selectors.template_source, compile_one(spec.os->source.storage_selector,
                                                             "spec.os.source.storageSelector"));
  }
  return selectors;
}

std::string describe_space(const pve::StorageRow& row) {
  return row.id.get() + " on " + row.node.get() + ": " +
         (row.available ? human_bytes(*row.available) + " free" : "free space not observed");
}

bool Candidates::are_full() const {
  const auto allowed = [](const auto& candidate) { return candidate.verdict == Verdict::allowed; };
  return std::ranges::any_of(root_disks, &StorageCandidate::full) &&
         std::ranges::none_of(root_disks, allowed);
}

bool Candidates::allows(const NodeName& node) const {
  return std::ranges::any_of(nodes, [&node](const auto& candidate) {
    return candidate.name == node && candidate.verdict == Verdict::allowed;
  });
}

std::string Candidates::explain_nodes() const {
  return explain_all(nodes, "nodes");
}

std::string Candidates::explain_root_disks() const {
  return explain_all(root_disks, "storages");
}

Candidates find_candidates(const Selectors& selectors, const Snapshot& snapshot) {
  Candidates candidates;
  std::vector<pve::NodeRow> rows;
  for (const auto& [name, row] : snapshot.nodes) {
    rows.push_back(row);
    candidates.nodes.push_back(judge_node(selectors, row));
  }
  give_hint(candidates.nodes, selectors.node, "node", rows);
  candidates.root_disks = judge_storages(selectors.root_disk, snapshot, "rootdir");
  candidates.template_sources = judge_storages(selectors.template_source, snapshot, "vztmpl");
  return candidates;
}

Result<std::vector<StorageCandidate>> judge_disks(const std::string& selector,
                                                  const Snapshot& snapshot) {
  GANTRY_TRY_ASSIGN(const auto compiled, compile_one(selector, "storageSelector"));
  return judge_storages(compiled, snapshot, "rootdir");
}

std::variant<DiskPlace, NoDiskPlace> find_disk(const std::vector<StorageCandidate>& candidates,
                                               int64_t bytes, const NodeName& node,
                                               const Taken& taken) {
  std::optional<DiskPlace> best;
  int64_t most = 0;
  std::vector<std::string> others;
  bool full = false;
  for (const auto& candidate : candidates) {
    const auto& row = candidate.row;
    if (row.node != node) continue;
    const auto before = taken.find(row.id);
    const auto promised = before == taken.end() ? 0 : before->second;
    const auto left = row.available.value_or(0) - promised;
    if (candidate.verdict != Verdict::allowed) {
      others.push_back(name_of(candidate) + ": " + candidate.why);
      full = full || candidate.full;
    } else if (left < bytes) {
      others.push_back(describe_space(row) + ", " + human_bytes(promised + bytes) + " needed");
      full = true;
    } else if (!best || left > most) {
      best = DiskPlace{row.id};
      most = left;
    }
  }
  if (best) return *best;
  const auto why = others.empty() ? "no storage of " + node.get() + " takes containers' disks"
                                  : join(others, "; ");
  return NoDiskPlace{why, hint_of(candidates), full};
}

}  // namespace gantry::inventory::placement
