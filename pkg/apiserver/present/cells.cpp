#include "pkg/apiserver/present/cells.h"

#include "pkg/base/check.h"
#include "pkg/schema/columns.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

// Around a time in Record::row that becomes an age. No JSON text has this byte.
constexpr char kTime = '\x01';

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

void append_age(std::string_view time, Time now, std::string& out) {
  const auto at = from_rfc3339(time);
  out += '"';
  out += at ? human_duration(std::max(now - *at, Duration::zero())) : "<unknown>";
  out += '"';
}

std::string row_of(const api::meta::Kind& kind, const store::Record& record) {
  const auto value = schema::parse_json(record.text);
  GANTRY_CHECK(value.ok());
  std::string row;
  for (const auto& column : kind.columns) {
    const auto cell = schema::cell(column, *value);
    const bool is_time =
        column.type == "date" && cell.is_string() && from_rfc3339(cell.as_string()).has_value();
    row += ',';
    if (is_time)
      row += kTime + cell.as_string() + kTime;
    else
      row += column.type == "date" ? "null" : schema::to_json(cell);
  }
  return row;
}

}  // namespace

Json column_definitions(const api::meta::Kind& kind) {
  Json columns = Json::array();
  columns.push_back(column_definition("Name", "string", "name",
                                      "Name of the object, unique within its namespace.", 0));
  for (const auto& column : kind.columns)
    columns.push_back(
        column_definition(column.title, column.type, "", column.doc, column.priority));
  columns.push_back(column_definition("Age", "date", "", "Time since its creation.", 0));
  return columns;
}

void append_cells(const api::meta::Kind& kind, const store::Record& record, Time now,
                  std::string& out) {
  if (!record.row) record.row = std::make_unique<const std::string>(row_of(kind, record));
  out += '"';
  out += record.key.name;  // needs no escapes: RFC 1123, or a path segment
  out += '"';
  std::string_view rest = *record.row;
  while (true) {
    const auto at = rest.find(kTime);
    out += rest.substr(0, at);
    if (at == std::string_view::npos) break;
    rest.remove_prefix(at + 1);
    const auto end = rest.find(kTime);
    append_age(rest.substr(0, end), now, out);
    rest.remove_prefix(end + 1);
  }
  out += ',';
  append_age(record.creation_time, now, out);
}

}  // namespace gantry::apiserver
