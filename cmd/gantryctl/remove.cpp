#include "cmd/gantryctl/commands.h"
#include "pkg/base/text.h"

namespace gantry::ctl {
namespace {

Async<Result<std::string>> remove_one(Session& session, Where where, DeleteOptions options) {
  if (where.name.empty())
    co_return invalid("delete needs an object, such as %s/NAME", std::string(where.kind->singular));
  auto live = co_await session.api.get(path_of(where), kJson);
  const bool missing = !live.ok() && error_class(live.status()) == ErrorClass::not_found;
  if (missing && options.ignore_not_found) co_return label_of(where) + " was not there";
  if (!live.ok()) co_return live.status();
  const auto uid = meta_text(*live, "uid");
  Json body;
  body.set("propagationPolicy", "Background");
  body.member("preconditions").set("uid", uid);
  auto deleted = co_await session.api.send("DELETE", path_of(where), kJson, std::move(body));
  if (!deleted.ok()) co_return deleted.status();
  if (!options.wait) co_return label_of(where) + " deletion requested";
  GANTRY_CO_TRY(co_await wait_until_gone(session, where, uid, *options.wait));
  co_return label_of(where) + " deleted";
}

}  // namespace

Async<Status> remove(Session& session, std::vector<Where> places, DeleteOptions options) {
  Status first;
  for (const auto& where : places) {
    const auto done = co_await remove_one(session, where, options);
    if (done.ok()) {
      session.print(*done);
    } else if (first.ok()) {
      first = done.status();
    } else {
      session.note("error: " + message_of(done.status()));
    }
  }
  co_return first;
}

std::vector<Json> objects_in(const Json& answer, const Where& where) {
  const auto* items = answer.find("items");
  if (items == nullptr || !items->is_array()) return {answer};
  std::vector<Json> objects;
  for (const auto& item : items->as_array()) {
    Json object = Json::object();
    object.set("apiVersion", where.kind->api_version());
    object.set("kind", std::string(where.kind->kind));
    for (const auto& [key, value] : item.as_object()) object.set(key, value);
    objects.push_back(std::move(object));
  }
  return objects;
}

std::string meta_text(const Json& object, std::string_view key) {
  const auto* value = object.find_path({"metadata", key});
  return value != nullptr && value->is_string() ? value->as_string() : "";
}

std::string label_of(const Where& where) {
  const auto& kind = *where.kind;
  const std::string group = kind.group.empty() ? "" : "." + std::string(kind.group);
  return std::string(kind.singular) + group + "/" + where.name;
}

}  // namespace gantry::ctl
