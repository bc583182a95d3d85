#include "pkg/apiserver/present/presentation.h"

#include "pkg/schema/columns.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

std::string serialise(const Json& value, const Accepted& accepted) {
  if (accepted.yaml) return schema::to_yaml(value);
  return (accepted.pretty ? schema::to_pretty_json(value) : schema::to_json(value)) + "\n";
}

Json column_definition(std::string_view name, std::string_view type, std::string_view format,
                       std::string_view doc, int priority) {
  Json column;
  column.set("name", name);
  column.set("type", type);
  column.set("format", format);
  column.set("description", doc);
  column.set("priority", priority);
  return column;
}

Json column_definitions(const api::meta::Kind& kind) {
  Json columns = Json::array();
  columns.push_back(column_definition("Name", "string", "name", "Name of the object.", 0));
  for (const auto& column : kind.columns)
    columns.push_back(
        column_definition(column.title, column.type, "", column.doc, column.priority));
  columns.push_back(column_definition("Age", "string", "", "Time since its creation.", 0));
  return columns;
}

Json age_of(const Json& object, Time now) {
  const auto* created = object.find_path({"metadata", "creationTimestamp"});
  if (created == nullptr || !created->is_string()) return "<unknown>";
  const auto time = from_rfc3339(created->as_string());
  return time ? Json(human_duration(std::max(now - *time, Duration::zero()))) : Json("<unknown>");
}

Json make_row(const api::meta::Kind& kind, const Json& object, const std::string& include,
              Time now) {
  Json cells = Json::array();
  const auto* name = object.find_path({"metadata", "name"});
  cells.push_back(name == nullptr ? Json("") : *name);
  for (auto& cell : schema::cells(kind.columns, object, now)) cells.push_back(std::move(cell));
  cells.push_back(age_of(object, now));
  Json row;
  row.set("cells", std::move(cells));
  if (include == "Object")
    row.set("object", object);
  else if (include != "None")
    row.set("object", partial_metadata(object));
  return row;
}

Json list_frame(std::string_view api_version, const std::string& kind, int64_t revision) {
  Json list;
  list.set("apiVersion", api_version);
  list.set("kind", kind);
  list.member("metadata").set("resourceVersion", std::to_string(revision));
  return list;
}

}  // namespace

Json partial_metadata(const Json& object) {
  Json partial;
  partial.set("apiVersion", "meta.k8s.io/v1");
  partial.set("kind", "PartialObjectMetadata");
  if (const auto* metadata = object.find("metadata")) partial.set("metadata", *metadata);
  return partial;
}

Json make_table(const api::meta::Kind& kind, const std::vector<const Json*>& objects,
                const std::string& include, Time now, bool headers) {
  Json table;
  table.set("apiVersion", "meta.k8s.io/v1");
  table.set("kind", "Table");
  table.set("metadata", Json::object());
  table.set("columnDefinitions", headers ? column_definitions(kind) : Json::array());
  Json rows = Json::array();
  for (const auto* object : objects) rows.push_back(make_row(kind, *object, include, now));
  table.set("rows", std::move(rows));
  return table;
}

std::string present(const api::meta::Kind& kind, const Json& object, const std::string& text,
                    const Accepted& accepted, const std::string& include, Time now) {
  if (accepted.shape == Shape::partial) return serialise(partial_metadata(object), accepted);
  if (accepted.shape == Shape::table) {
    auto table = make_table(kind, {&object}, include, now, true);
    if (const auto* version = object.find_path({"metadata", "resourceVersion"}))
      table.member("metadata").set("resourceVersion", *version);
    return serialise(table, accepted);
  }
  if (accepted.yaml || accepted.pretty || text.empty()) return serialise(object, accepted);
  return text + "\n";
}

std::string present_list(const api::meta::Kind& kind, const std::vector<store::ObjectPtr>& items,
                         int64_t revision, const Accepted& accepted, const std::string& include,
                         Time now) {
  if (accepted.shape == Shape::table) {
    std::vector<const Json*> objects;
    for (const auto& item : items) objects.push_back(&item->value);
    auto table = make_table(kind, objects, include, now, true);
    table.member("metadata").set("resourceVersion", std::to_string(revision));
    return serialise(table, accepted);
  }
  const bool partial = accepted.shape == Shape::partial;
  auto list = partial ? list_frame("meta.k8s.io/v1", "PartialObjectMetadataList", revision)
                      : list_frame(kind.api_version(), std::string(kind.kind) + "List", revision);
  if (!partial && !accepted.yaml && !accepted.pretty) {
    // {"apiVersion":…,"items":[…],"kind":…}: the items' own texts, between the sorted keys.
    std::string text = schema::to_json(list);
    std::string body = "\"items\":[";
    for (const auto& item : items) {
      if (&item != items.data()) body += ',';
      body += item->text;
    }
    const auto at = text.find("\"kind\"");
    return text.substr(0, at) + body + "]," + text.substr(at) + "\n";
  }
  Json objects = Json::array();
  for (const auto& item : items)
    objects.push_back(partial ? partial_metadata(item->value) : item->value);
  list.set("items", std::move(objects));
  return serialise(list, accepted);
}

}  // namespace gantry::apiserver
