// stats: what containers use, by Proxmox' own figures.
#include <algorithm>

#include "api/kinds.h"
#include "cmd/gantryctl/commands.h"
#include "cmd/gantryctl/containers.h"
#include "pkg/base/text.h"

namespace gantry::ctl {
namespace {

using Row = std::vector<std::string>;

constexpr const char* kUnknown = "-";

const Json& part(const Json& object, std::string_view name) {
  static const Json kNone = Json::object();
  const auto* found = object.find(name);
  return found != nullptr && found->is_object() ? *found : kNone;
}

// Whether what the status says can be seen now: running, stopped, absent; unknown, when it cannot.
std::string state_of(const Json& status) {
  const auto* conditions = status.find("conditions");
  if (conditions != nullptr && conditions->is_array())
    for (const auto& condition : conditions->as_array())
      if (condition.string_or("type", "") == "Observed" &&
          condition.string_or("status", "") == "Unknown")
        return "unknown";
  const auto power = status.string_or("power", "");
  return power.empty() ? kUnknown : power;
}

std::string cores_text(const Json& usage) {
  if (usage.size() == 0) return kUnknown;
  const auto* cpu = usage.find("cpu");  // left out when it is 0
  return absl::StrFormat("%.2f", cpu != nullptr && cpu->is_number() ? cpu->as_double() : 0.0);
}

// "120 MiB / 512 MiB (23%)"; a total of 0 is not known.
std::string share_text(const Json& usage, const char* used, const char* total) {
  const auto have = usage.integer_or(used, 0), of = usage.integer_or(total, 0);
  if (of <= 0) return kUnknown;
  return absl::StrFormat("%s / %s (%d%%)", human_bytes(have), human_bytes(of), have * 100 / of);
}

std::string bytes_text(const Json& usage, const char* name) {
  const auto* value = usage.find(name);
  return value != nullptr && value->is_integer() ? human_bytes(value->as_integer()) : kUnknown;
}

// A status is about a minute old at most while its container is seen.
std::string seen_text(const Json& status, Time now) {
  const auto seen = from_rfc3339(status.string_or("lastObservedAt", ""));
  if (!seen) return "never";
  return human_duration(
             std::chrono::floor<std::chrono::seconds>(std::max(now - *seen, Duration::zero()))) +
         " ago";
}

Row row_of(const Json& machine, Time now, bool with_namespace) {
  const auto& status = part(machine, "status");
  const auto state = state_of(status);
  // What stands still uses nothing, and what it used before says nothing about now.
  const bool measured = status.string_or("power", "") == "running";
  const auto& usage = measured ? part(status, "usage") : part(Json(), "");
  Row row;
  if (with_namespace) row.push_back(meta_text(machine, "namespace"));
  row.push_back(meta_text(machine, "name"));
  row.push_back(state);
  row.push_back(cores_text(usage));
  row.push_back(share_text(usage, "memoryUsed", "memoryTotal"));
  row.push_back(share_text(usage, "diskUsed", "diskTotal"));
  row.push_back(bytes_text(usage, "networkIn"));
  row.push_back(bytes_text(usage, "networkOut"));
  row.push_back(seen_text(status, now));
  return row;
}

std::string table_of(const std::vector<Row>& rows) {
  std::vector<size_t> widths(rows.front().size());
  for (const auto& row : rows)
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i)
      line += i + 1 == row.size()
                  ? row[i]
                  : absl::StrFormat("%-*s", static_cast<int>(widths[i]) + 3, row[i]);
    text += (text.empty() ? "" : "\n") + line;
  }
  return text;
}

}  // namespace

Async<Status> stats(Session& session, std::vector<Where> places) {
  if (places.empty()) {
    Where all;
    all.kind = api::find_by_resource("machines.gantry.dev");
    all.ns = session.namespace_for(*all.kind);
    places.push_back(std::move(all));
  }
  GANTRY_CO_TRY_ASSIGN(const auto machines, co_await machines_at(session, std::move(places)));
  if (machines.empty()) {
    session.note("there are no containers");
    co_return Status();
  }
  std::vector<Row> rows;
  Row titles;
  if (session.all_namespaces) titles.emplace_back("NAMESPACE");
  for (const char* title : {"NAME", "STATE", "CPU", "MEMORY", "DISK", "NET IN", "NET OUT", "SEEN"})
    titles.emplace_back(title);
  rows.push_back(std::move(titles));
  for (const auto& machine : machines)
    rows.push_back(row_of(machine, session.clock.now(), session.all_namespaces));
  session.print(table_of(rows));
  co_return Status();
}

}  // namespace gantry::ctl
