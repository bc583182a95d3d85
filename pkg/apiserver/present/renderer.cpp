#include "pkg/apiserver/present/renderer.h"

#include "pkg/apiserver/present/cells.h"
#include "pkg/base/check.h"
#include "pkg/base/text.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

constexpr std::string_view kMetaVersion = "meta.k8s.io/v1";

// Indents all lines but the first. JSON has no line ends within strings, and YAML's block scalars
// may be indented as a whole.
std::string indented(const std::string& text, std::string_view by) {
  std::string out;
  out.reserve(text.size() + text.size() / 4);
  for (const char c : text) {
    out += c;
    if (c == '\n') out += by;
  }
  return out;
}

Json parsed(const std::string& text) {
  auto value = schema::parse_json(text);
  GANTRY_CHECK(value.ok());  // we have just put it together
  return *std::move(value);
}

std::string json_string(std::string_view text) {
  return schema::to_json(Json(text));
}

}  // namespace

Renderer::Renderer(const api::meta::Kind& kind, const Accepted& accepted, std::string include,
                   Time now)
    : kind_(kind), accepted_(accepted), include_(std::move(include)), now_(now) {
  if (accepted_.shape == Shape::table) columns_ = schema::to_json(column_definitions(kind));
}

std::string Renderer::content_type() const {
  return accepted_.yaml ? "application/yaml" : "application/json";
}

void Renderer::append_metadata(const store::Record& record, std::string& out) const {
  const auto metadata = record.metadata.in(record.text);
  const auto& managed = record.managed_fields;
  if (!accepted_.drop_managed_fields || managed.size == 0) {
    out += metadata;
    return;
  }
  const auto before = managed.begin - record.metadata.begin;
  out += metadata.substr(0, before);
  out += metadata.substr(before + managed.size);
}

void Renderer::append_object(const store::Record& record, std::string& out) const {
  const auto& metadata = record.metadata;
  if (metadata.size == 0) {
    out += record.text;
    return;
  }
  out.append(record.text, 0, metadata.begin);
  append_metadata(record, out);
  out.append(record.text, metadata.begin + metadata.size);
}

void Renderer::append_partial(const store::Record& record, std::string& out) const {
  out += R"({"apiVersion":"meta.k8s.io/v1","kind":"PartialObjectMetadata","metadata":)";
  append_metadata(record, out);
  out += '}';
}

void Renderer::append_row(const store::Record& record, std::string& out) const {
  out += R"({"cells":[)";
  append_cells(kind_, record, now_, out);
  out += ']';
  if (include_ != "None") {
    out += R"(,"object":)";
    if (include_ == "Object")
      append_object(record, out);
    else
      append_partial(record, out);
  }
  out += '}';
}

void Renderer::append_table(const store::Record& record, bool columns, std::string& out) const {
  out += R"({"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":")";
  out += std::to_string(record.revision);
  out += R"("},"columnDefinitions":)";
  out += columns ? columns_ : "null";
  out += R"(,"rows":[)";
  append_row(record, out);
  out += "]}";
}

void Renderer::append_compact(const store::Record& record, std::string& out) const {
  switch (accepted_.shape) {
    case Shape::object:
      return append_object(record, out);
    case Shape::partial:
      return append_partial(record, out);
    case Shape::table:
      return append_row(record, out);
  }
}

std::string Renderer::object(const store::Record& record) const {
  std::string text;
  if (accepted_.shape == Shape::table)
    append_table(record, true, text);
  else
    append_compact(record, text);
  if (accepted_.yaml) return schema::to_yaml(parsed(text));
  if (accepted_.pretty) text = schema::to_pretty_json(parsed(text));
  text += '\n';
  return text;
}

void Renderer::append_item(const store::Record& record, bool first, std::string& out) const {
  if (!accepted_.yaml && !accepted_.pretty) {
    if (!first) out += ',';
    append_compact(record, out);
    return;
  }
  std::string text;
  append_compact(record, text);
  const auto value = parsed(text);
  if (accepted_.yaml) {
    auto lines = schema::to_yaml(value);
    if (lines.ends_with('\n')) lines.pop_back();
    out += "- " + indented(lines, "  ") + "\n";
    return;
  }
  out += first ? "\n    " : ",\n    ";
  out += indented(schema::to_pretty_json(value), "    ");
}

std::string Renderer::compact_end(const ListMeta& meta) const {
  std::string end = "],";
  if (accepted_.shape == Shape::object) end += "\"kind\":\"" + std::string(kind_.kind) + "List\",";
  if (accepted_.shape == Shape::partial) end += R"("kind":"PartialObjectMetadataList",)";
  end += "\"metadata\":{";
  if (!meta.continue_token.empty()) end += "\"continue\":" + json_string(meta.continue_token) + ",";
  if (meta.remaining) end += "\"remainingItemCount\":" + std::to_string(*meta.remaining) + ",";
  return end + "\"resourceVersion\":\"" + std::to_string(meta.revision) + "\"}}\n";
}

Renderer::Frame Renderer::frame(const ListMeta& meta) const {
  Frame frame;
  const bool table = accepted_.shape == Shape::table;
  const auto version =
      accepted_.shape == Shape::object ? kind_.api_version() : std::string(kMetaVersion);
  frame.begin = "{\"apiVersion\":" + json_string(version);
  if (table) frame.begin += ",\"kind\":\"Table\",\"columnDefinitions\":" + columns_;
  const std::string items = table ? "rows" : "items";
  frame.end = compact_end(meta);
  if (!accepted_.yaml && !accepted_.pretty) {
    frame.begin += ",\"" + items + "\":[";
    return frame;
  }
  // The frame without items as a whole, and the items behind it.
  const auto whole = parsed(frame.begin + frame.end.substr(1));
  if (accepted_.yaml) {
    frame.begin = schema::to_yaml(whole) + items + ":\n";
    frame.end = "";
    return frame;
  }
  auto text = schema::to_pretty_json(whole);
  text.resize(text.size() - 2);  // "\n}"
  frame.begin = text + ",\n  \"" + items + "\": [";
  frame.end = "\n  ]\n}\n";
  return frame;
}

void Renderer::append_event(const store::Record& record, bool columns, std::string& out) const {
  if (accepted_.shape == Shape::table)
    append_table(record, columns, out);
  else
    append_compact(record, out);
}

std::string Renderer::bookmark(int64_t revision, bool initial_events_end) const {
  Json object;
  auto& metadata = object.member("metadata");
  metadata.set("resourceVersion", std::to_string(revision));
  if (initial_events_end) metadata.member("annotations").set("k8s.io/initial-events-end", "true");
  if (accepted_.shape == Shape::partial) {
    object.set("apiVersion", kMetaVersion);
    object.set("kind", "PartialObjectMetadata");
    return schema::to_json(object);
  }
  object.set("apiVersion", kind_.api_version());
  object.set("kind", kind_.kind);
  if (accepted_.shape == Shape::object) return schema::to_json(object);
  // Nothing but the version and the end of the initial events is looked at.
  Json table;
  table.set("apiVersion", kMetaVersion);
  table.set("kind", "Table");
  table.set("columnDefinitions", nullptr);
  auto& table_metadata = table.member("metadata");
  table_metadata.set("resourceVersion", std::to_string(revision));
  Json row;
  row.set("cells", Json::array());
  auto& partial = row.member("object");
  partial.set("apiVersion", kMetaVersion);
  partial.set("kind", "PartialObjectMetadata");
  partial.set("metadata", *object.find("metadata"));
  table.member("rows").push_back(std::move(row));
  return schema::to_json(table);
}

std::string serialise(const Json& value, const Accepted& accepted) {
  if (accepted.yaml) return schema::to_yaml(value);
  return (accepted.pretty ? schema::to_pretty_json(value) : schema::to_json(value)) + "\n";
}

}  // namespace gantry::apiserver
