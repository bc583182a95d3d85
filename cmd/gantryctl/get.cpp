#include <algorithm>

#include "cmd/gantryctl/commands.h"
#include "pkg/base/text.h"
#include "pkg/schema/json.h"

namespace gantry::ctl {
namespace {

std::string cell_text(const Json& cell) {
  if (cell.is_null()) return "";
  if (cell.is_string()) return cell.as_string();
  return schema::to_json(cell);
}

// Code points, not bytes: names of people are not ASCII only.
size_t width_of(const std::string& text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// Prints metav1.Tables as kubectl does: upper-case titles, columns three blanks apart.
class TablePrinter {
 public:
  TablePrinter(bool wide, bool with_namespace) : wide_(wide), with_namespace_(with_namespace) {}

  std::string print(const Json& table) {
    std::vector<std::vector<std::string>> lines;
    learn_columns(table);
    if (!header_done_ && !columns_.empty()) lines.push_back(header());
    header_done_ = true;
    if (const auto* rows = table.find("rows"))
      for (const auto& row : rows->as_array()) lines.push_back(line_of(row));
    return layout(lines);
  }

 private:
  struct Column {
    std::string title;
    size_t index;
  };

  void learn_columns(const Json& table) {
    const auto* definitions = table.find("columnDefinitions");
    if (definitions == nullptr || !definitions->is_array() || definitions->size() == 0) return;
    columns_.clear();
    size_t index = 0;
    for (const auto& definition : definitions->as_array()) {
      if (wide_ || definition.integer_or("priority", 0) == 0)
        columns_.push_back({definition.string_or("name", ""), index});
      ++index;
    }
  }

  std::vector<std::string> header() const {
    std::vector<std::string> cells;
    if (with_namespace_) cells.emplace_back("NAMESPACE");
    for (const auto& column : columns_) {
      std::string title = column.title;
      std::ranges::transform(title, title.begin(), [](unsigned char c) { return std::toupper(c); });
      cells.push_back(std::move(title));
    }
    return cells;
  }

  std::vector<std::string> line_of(const Json& row) const {
    std::vector<std::string> cells;
    if (with_namespace_) {
      const auto* ns = row.find_path({"object", "metadata", "namespace"});
      cells.push_back(ns == nullptr ? "" : cell_text(*ns));
    }
    const auto* values = row.find("cells");
    for (const auto& column : columns_) {
      const bool there = values != nullptr && column.index < values->size();
      cells.push_back(there ? cell_text(values->as_array()[column.index]) : "");
    }
    return cells;
  }

  std::string layout(const std::vector<std::vector<std::string>>& lines) {
    for (const auto& line : lines) {
      widths_.resize(std::max(widths_.size(), line.size()));
      for (size_t i = 0; i < line.size(); ++i) widths_[i] = std::max(widths_[i], width_of(line[i]));
    }
    std::string text;
    for (const auto& line : lines) {
      if (!text.empty()) text += '\n';
      for (size_t i = 0; i < line.size(); ++i) {
        text += line[i];
        if (i + 1 < line.size()) text.append(widths_[i] - width_of(line[i]) + 3, ' ');
      }
    }
    return text;
  }

  bool wide_;
  bool with_namespace_;
  bool header_done_ = false;
  std::vector<Column> columns_;
  std::vector<size_t> widths_;
};

std::string render(const Json& object, const std::string& output, const Where& where) {
  if (output == "json") return schema::to_pretty_json(object);
  if (output == "name") {
    Where named = where;
    named.name = meta_text(object, "name");
    return label_of(named);
  }
  auto text = schema::to_yaml(object);
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string with_selector(std::string path, const std::string& selector, bool& has_query) {
  if (selector.empty()) return path;
  path += (has_query ? "&" : "?") + std::string("labelSelector=") + url_encode(selector);
  has_query = true;
  return path;
}

Async<Status> get_one(Session& session, Where where, GetOptions options, TablePrinter& printer) {
  const bool table = options.output.empty() || options.output == "wide";
  bool has_query = false;
  auto path = with_selector(path_of(where), options.selector, has_query);
  const std::string accept = table ? kTable : kJson;
  auto answer = co_await session.api.get(std::move(path), accept);
  if (!answer.ok()) co_return answer.status();
  const auto* items = answer->find("items");
  if (table) {
    const auto* rows = answer->find("rows");
    if (rows != nullptr && rows->size() == 0 && !options.watch)
      session.print("No " + std::string(where.kind->plural) + " found.");
    else
      session.print(printer.print(*answer));
  } else if (items != nullptr && items->is_array() && options.output == "name") {
    for (const auto& item : items->as_array()) session.print(render(item, options.output, where));
  } else {
    session.print(render(*answer, options.output, where));
  }
  if (!options.watch) co_return Status();
  Where collection = where;
  collection.name.clear();
  const auto* version = answer->find_path({"metadata", "resourceVersion"});
  has_query = true;
  auto watch = path_of(collection) + "?watch=true&resourceVersion=" +
               (version != nullptr && version->is_string() ? version->as_string() : "0");
  if (!where.name.empty()) watch += "&fieldSelector=" + url_encode("metadata.name=" + where.name);
  watch = with_selector(std::move(watch), options.selector, has_query);
  auto on_event = [&](const Json& event) {
    const auto* object = event.find("object");
    const auto type = event.string_or("type", "");
    if (object == nullptr || type == "BOOKMARK") return true;
    if (type == "ERROR") return false;
    session.print(table ? printer.print(*object) : render(*object, options.output, where));
    return true;
  };
  co_return co_await session.watch(std::move(watch), accept, on_event);
}

}  // namespace

Async<Status> get(Session& session, std::vector<Where> places, GetOptions options) {
  for (const auto& where : places) {
    const bool many = where.name.empty() && where.ns.empty() && where.kind->namespaced;
    TablePrinter printer(options.output == "wide", many);
    const auto done = co_await get_one(session, where, options, printer);
    if (!done.ok()) co_return done;
  }
  co_return Status();
}

}  // namespace gantry::ctl
