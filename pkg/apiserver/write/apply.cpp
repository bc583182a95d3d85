#include "pkg/apiserver/write/apply.h"

#include <algorithm>
#include <map>

#include "pkg/schema/fields/typed.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {

using schema::FieldSet;
using schema::ManagedEntry;
using schema::ManagedFields;
using schema::ManagerOperation;

namespace {

constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";
constexpr std::string_view kKubectl = "kubectl";
constexpr size_t kAnnotationMax = 262144;

// Null in a configuration says as much as nothing.
void drop_nulls(Json& value) {
  if (value.is_array())
    for (auto& item : value.as_array()) drop_nulls(item);
  if (!value.is_object()) return;
  std::erase_if(value.as_object(), [](const auto& member) { return member.second.is_null(); });
  for (auto& [name, member] : value.as_object()) drop_nulls(member);
}

Json without_managed_fields(Json object) {
  if (auto* metadata = object.find("metadata")) metadata->erase("managedFields");
  return object;
}

const std::string* last_applied(const Json& object) {
  const auto* text = object.find_path({"metadata", "annotations", kLastApplied});
  return text != nullptr && text->is_string() ? &text->as_string() : nullptr;
}

// What kubectl's client-side apply has set and nobody has changed since: it may pass from there to
// server-side apply without a conflict.
FieldSet applied_by_client(schema::Slot root, const Json& live) {
  const auto* text = last_applied(live);
  if (text == nullptr) return {};
  auto config = schema::parse_json(*text);
  if (!config.ok() || !config->is_object()) return {};
  drop_nulls(*config);
  const auto found = schema::compare(root, *config, live);
  return subtract(subtract(fields_of(root, *config), found.modified), found.removed);
}

void keep_last_applied(Json& object, const Json& config) {
  if (last_applied(object) == nullptr) return;
  Json shown = config;
  if (auto* annotations = shown.find_path({"metadata", "annotations"}) == nullptr
                              ? nullptr
                              : shown.find("metadata")->find("annotations"))
    annotations->erase(kLastApplied);
  auto text = schema::to_json(shown) + "\n";
  auto& annotations = object.member("metadata").member("annotations");
  if (text.size() > kAnnotationMax)
    annotations.erase(kLastApplied);
  else
    annotations.set(kLastApplied, std::move(text));
}

std::string shown(const ManagedEntry& entry) {
  std::string text = "\"" + entry.manager + "\"";
  if (!entry.subresource.empty()) text += " with subresource \"" + entry.subresource + "\"";
  if (entry.operation == ManagerOperation::update) text += " using " + entry.api_version;
  return text;
}

// One apply, step by step.
class Apply {
 public:
  Apply(const schema::TypeInfo& type, const Json& live, Json config, const ManagedEntry& manager)
      : root_{&type, nullptr},
        live_(live),
        before_(without_managed_fields(live)),
        config_(std::move(config)),
        manager_(manager),
        entries_(managed_fields_of(live)) {}

  Result<Applied> run(bool force) {
    drop_nulls(config_);
    GANTRY_TRY(schema::check_elements(root_, config_, ""));
    merge();
    const auto found = schema::compare(root_, before_, after_);
    const auto touched = unite(found.added, found.modified);
    Applied applied;
    if (!force) applied.conflicts = conflicts_with(touched);
    if (!applied.conflicts.empty()) return applied;
    const bool same = touched.empty() && found.removed.empty();
    applied.object = same && !fields_changed_ && !annotation_changes() ? live_ : finish(found);
    return applied;
  }

 private:
  ManagedEntry* own() {
    const auto found = std::ranges::find_if(
        entries_, [&](const ManagedEntry& entry) { return entry.same_manager(manager_); });
    return found == entries_.end() ? nullptr : &*found;
  }

  // The configuration merged in, and what was given up taken out.
  void merge() {
    FieldSet given_up;
    if (auto* entry = own()) {
      given_up = entry->fields;
    } else {
      entries_.push_back(manager_);
      entries_.back().fields = {};
    }
    auto* entry = own();
    entry->fields = ownable(fields_of(root_, config_));
    fields_changed_ = entry->fields != given_up;
    if (fields_changed_) entry->time = manager_.time;
    after_ = merge_config(root_, before_, config_);
    FieldSet owned;
    for (const auto& other : entries_) owned = unite(std::move(owned), other.fields);
    schema::prune(root_, after_, given_up, owned);
  }

  std::vector<FieldConflict> conflicts_with(const FieldSet& touched) {
    const bool kubectl = manager_.manager == kKubectl && manager_.subresource.empty();
    const auto allowed = kubectl ? applied_by_client(root_, before_) : FieldSet();
    std::vector<FieldConflict> conflicts;
    for (const auto& entry : entries_) {
      if (entry.same_manager(manager_)) continue;
      const auto contested = subtract(intersect(entry.fields, touched), allowed);
      for (const auto& path : paths_of(contested)) conflicts.push_back({shown(entry), path});
    }
    return conflicts;
  }

  bool annotation_changes() {
    Json next = after_;
    if (manager_.manager == kKubectl) keep_last_applied(next, config_);
    return next != after_;
  }

  Json finish(const schema::Comparison& found) {
    const auto gone = unite(unite(found.added, found.modified), found.removed);
    for (auto& entry : entries_)
      if (!entry.same_manager(manager_)) entry.fields = subtract(std::move(entry.fields), gone);
    std::erase_if(entries_, [](const ManagedEntry& entry) { return entry.fields.empty(); });
    sort_entries(entries_);
    if (manager_.manager == kKubectl) keep_last_applied(after_, config_);
    set_managed_fields(after_, entries_);
    return std::move(after_);
  }

  schema::Slot root_;
  const Json& live_;
  Json before_, config_, after_;
  const ManagedEntry& manager_;
  ManagedFields entries_;
  bool fields_changed_ = false;
};

}  // namespace

ApiError apply_conflict(const std::vector<FieldConflict>& conflicts) {
  ApiError error;
  error.code = 409;
  error.reason = "Conflict";
  std::map<std::string, std::vector<std::string>> by_manager;
  for (const auto& conflict : conflicts) {
    error.causes.push_back(
        {"FieldManagerConflict", "conflict with " + conflict.manager, conflict.path});
    by_manager[conflict.manager].push_back(conflict.path);
  }
  if (conflicts.size() == 1) {
    error.message = "Apply failed with 1 conflict: conflict with " + conflicts[0].manager + ": " +
                    conflicts[0].path;
    return error;
  }
  error.message = "Apply failed with " + std::to_string(conflicts.size()) + " conflicts: ";
  bool first = true;
  for (const auto& [manager, paths] : by_manager) {
    error.message += (first ? "" : "\n") + ("conflicts with " + manager + ":");
    first = false;
    for (const auto& path : paths) error.message += "\n- " + path;
  }
  return error;
}

Result<Applied> server_side_apply(const schema::TypeInfo& type, const Json& live, Json config,
                                  const ManagedEntry& manager, bool force) {
  return Apply(type, live, std::move(config), manager).run(force);
}

}  // namespace gantry::apiserver
