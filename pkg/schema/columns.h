#pragma once
// Columns of the tables that `get` prints.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/base/time.h"

namespace gantry::schema {

// One column. The cell comes from `path` ("spec.replicas", "status.conditions[type=Ready].status",
// "status.addresses[0]") or, when that cannot say it, from `value`.
struct Column {
  std::string_view title;  // "Ready"
  std::string_view type;   // OpenAPI: string, integer, number, boolean, date
  std::string_view doc;
  std::string_view path;
  int priority = 0;  // 0: always shown; 1: with -o wide
  Json (*value)(const Json& object) = nullptr;
};

// The value at a path; nullptr when there is none.
const Json* find_path(const Json& object, std::string_view path);
// What stands in one column, dates as they are; null when it is missing.
Json cell(const Column& column, const Json& object);
// One row for `object`, in the order of `columns`. `date` columns become ages ("3m20s"); what is
// missing becomes null.
std::vector<Json> cells(const std::vector<Column>& columns, const Json& object, Time now);

}  // namespace gantry::schema
