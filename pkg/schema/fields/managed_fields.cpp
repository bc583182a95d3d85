#include "pkg/schema/fields/managed_fields.h"

#include <algorithm>
#include <tuple>

#include "pkg/schema/problem.h"

namespace gantry::schema {
namespace {

constexpr size_t kEntriesMax = 100;
constexpr std::string_view kPath = "metadata.managedFields";

std::string_view word(ManagerOperation operation) {
  return operation == ManagerOperation::apply ? "Apply" : "Update";
}

Result<ManagedEntry> parse_entry(const Json& json) {
  ManagedEntry entry;
  const auto operation = json.string_or("operation", "");
  if (operation != "Apply" && operation != "Update")
    return invalid("operation: must be `Apply` or `Update`");
  entry.operation = operation == "Apply" ? ManagerOperation::apply : ManagerOperation::update;
  entry.manager = json.string_or("manager", "");
  entry.api_version = json.string_or("apiVersion", "");
  entry.subresource = json.string_or("subresource", "");
  if (json.string_or("fieldsType", "FieldsV1") != "FieldsV1")
    return invalid("fieldsType: must be `FieldsV1`");
  if (const auto time = from_rfc3339(json.string_or("time", ""))) entry.time = *time;
  const auto* fields = json.find("fieldsV1");
  if (fields == nullptr || fields->is_null()) return entry;
  auto parsed = parse_fields_v1(*fields);
  if (!parsed.ok()) return annotate(parsed.status(), "fieldsV1");
  entry.fields = *std::move(parsed);
  return entry;
}

}  // namespace

void sort_entries(ManagedFields& entries) {
  std::ranges::sort(entries, [](const ManagedEntry& a, const ManagedEntry& b) {
    return std::tie(a.operation, a.time, a.manager, a.api_version, a.subresource) <
           std::tie(b.operation, b.time, b.manager, b.api_version, b.subresource);
  });
}

Json to_json(const ManagedFields& entries) {
  Json list = Json::array();
  for (const auto& entry : entries) {
    Json item;
    item.set("manager", entry.manager);
    item.set("operation", word(entry.operation));
    item.set("apiVersion", entry.api_version);
    item.set("time", to_rfc3339(entry.time));
    item.set("fieldsType", "FieldsV1");
    item.set("fieldsV1", to_fields_v1(entry.fields));
    if (!entry.subresource.empty()) item.set("subresource", entry.subresource);
    list.push_back(std::move(item));
  }
  return list;
}

Result<ManagedFields> parse_managed_fields(const Json& json) {
  if (!json.is_array()) return invalid("%s: must be a list", std::string(kPath));
  if (json.size() > kEntriesMax)
    return invalid("%s: must have at most %d entries", std::string(kPath), kEntriesMax);
  ManagedFields entries;
  for (const auto& item : json.as_array()) {
    auto entry = parse_entry(item);
    if (!entry.ok()) return annotate(entry.status(), index_path(kPath, entries.size()));
    entries.push_back(*std::move(entry));
  }
  return entries;
}

}  // namespace gantry::schema
