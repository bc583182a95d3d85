#include <algorithm>

#include "api/kinds.h"
#include "cmd/gantryctl/commands.h"
#include "cmd/gantryctl/watching.h"
#include "pkg/base/text.h"
#include "pkg/schema/json.h"

namespace gantry::ctl {
namespace {

std::string last_seen(const Json& event) {
  auto time = event.string_or("lastTimestamp", "");
  return time.empty() ? event.string_or("eventTime", "") : time;
}

std::string line_of_event(const Json& event) {
  const auto* about = event.find("involvedObject");
  const Json none;
  const auto& object = about == nullptr ? none : *about;
  const auto count = event.integer_or("count", 1);
  auto time = last_seen(event);
  const auto clock = time.find('T');
  if (clock != std::string::npos && time.size() >= clock + 9) time = time.substr(clock + 1, 8);
  std::string line = time + "  " + event.string_or("type", "Normal") + "  " +
                     to_lower(object.string_or("kind", "")) + "/" + object.string_or("name", "") +
                     "  " + event.string_or("reason", "");
  const auto* code = event.find_path({"metadata", "annotations", "gantry.dev/code"});
  if (code != nullptr && code->is_string()) line += " [" + code->as_string() + "]";
  line += ": " + event.string_or("message", "");
  if (count > 1) line += absl::StrFormat(" (%d times)", count);
  return line;
}

std::string selector_for(const std::optional<Where>& about) {
  if (!about) return "";
  return "involvedObject.kind=" + std::string(about->kind->kind) +
         ",involvedObject.name=" + about->name;
}

// Events of cluster-scoped objects live in "default", as in Kubernetes.
std::string namespace_of(const Session& session, const std::optional<Where>& about) {
  if (!about) return session.all_namespaces ? "" : session.ns;
  return about->kind->namespaced ? about->ns : "default";
}

}  // namespace

Async<Status> events(Session& session, std::optional<Where> about, bool watch) {
  Where where;
  where.kind = api::find_by_resource("events");
  where.ns = namespace_of(session, about);
  const auto selector = selector_for(about);
  const auto query = selector.empty() ? std::string() : "fieldSelector=" + url_encode(selector);
  std::string list_path = path_of(where);
  if (!query.empty()) list_path += "?" + query;
  auto answer = co_await session.api.get(std::move(list_path), kJson);
  if (!answer.ok()) co_return answer.status();
  std::vector<Json> items;
  if (const auto* list = answer->find("items"); list != nullptr && list->is_array())
    items = list->as_array();
  std::ranges::stable_sort(items, {}, last_seen);
  for (const auto& event : items) session.print("  " + line_of_event(event));
  if (items.empty() && !watch) session.print("  <none>");
  if (!watch) co_return Status();
  const auto* version = answer->find_path({"metadata", "resourceVersion"});
  auto path = path_of(where) + (query.empty() ? "" : "?" + query);
  auto revision = version == nullptr ? std::string("0") : version->as_string();
  const std::function<bool(const std::string&, const Json&)> on_change =
      [&session](const std::string& type, const Json& event) {
        if (type != "DELETED") session.print("  " + line_of_event(event));
        return true;
      };
  co_return co_await follow(session, std::move(path), kJson, std::move(revision), on_change);
}

}  // namespace gantry::ctl
