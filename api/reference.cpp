#include "api/reference.h"

#include <absl/strings/str_format.h>

#include "api/kinds.h"
#include "pkg/base/text.h"
#include "pkg/schema/reference.h"

namespace gantry::api {
namespace {

std::string words_for(const meta::Kind& kind) {
  std::string words = absl::StrFormat("`%s`, `%s`", kind.plural, kind.singular);
  for (const auto name : kind.short_names) words += absl::StrFormat(", `%s`", name);
  return words;
}

std::string columns_of(const meta::Kind& kind) {
  if (kind.columns.empty()) return "";
  std::string out = "\n## Columns\n\n| column | shown | meaning |\n|---|---|---|\n";
  for (const auto& column : kind.columns) {
    out += absl::StrFormat("| %s | %s | %s |\n", column.title,
                           column.priority == 0 ? "always" : "`-o wide`", column.doc);
  }
  return out;
}

// metadata is the same for all kinds and has a page of its own.
bool has_page_of_its_own(const schema::Field& field) {
  return field.name == "metadata";
}

std::string plain_fields(const meta::Kind& kind) {
  std::string out = "\n## Fields\n\n| field | type | meaning |\n|---|---|---|\n";
  for (const auto& field : kind.type()->fields) {
    std::string doc(field.doc);
    if (has_page_of_its_own(field)) doc += " See [metadata](metadata.md).";
    out += absl::StrFormat("| `%s` | %s | %s |\n", field.name, schema::describe_type(field), doc);
  }
  return out;
}

}  // namespace

std::string reference_page(const meta::Kind& kind) {
  const auto& type = *kind.type();
  std::string out = absl::StrFormat("# %s\n\n%s\n\n", kind.kind, type.doc);
  out += absl::StrFormat(
      "`apiVersion: %s`, %s; `gantryctl get` knows it as %s.\n", kind.api_version(),
      kind.namespaced ? "in a namespace" : "for the whole installation", words_for(kind));
  out += plain_fields(kind);
  for (const auto& field : type.fields) {
    const auto& inner = *field.type();
    if (inner.kind != schema::Kind::object || has_page_of_its_own(field)) continue;
    out += schema::reference(inner, field.name, 3);
  }
  return out + columns_of(kind);
}

std::string reference_index() {
  std::string out = "# Reference\n\n| kind | apiVersion | what it is |\n|---|---|---|\n";
  for (const auto& kind : all_kinds()) {
    out += absl::StrFormat("| [%s](%s.md) | `%s` | %s |\n", kind.kind, kind.singular,
                           kind.api_version(), kind.type()->doc);
  }
  return out +
         "\nWhat every object has: [metadata](metadata.md). What can go wrong: "
         "[failures](failures.md). What is measured: [metrics](metrics.md).\n";
}

}  // namespace gantry::api
