#include <algorithm>
#include <map>
#include <utility>

#include "cmd/gantryctl/commands.h"
#include "cmd/gantryctl/watching.h"
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

  // `always`: also rows that say what was printed of their object last.
  std::string print(const Json& table, bool always) {
    std::vector<std::vector<std::string>> lines;
    learn_columns(table);
    if (!header_done_ && !columns_.empty()) lines.push_back(header());
    header_done_ = true;
    if (const auto* rows = table.find("rows"))
      for (const auto& row : rows->as_array())
        if (is_news(row) || always) lines.push_back(line_of(row));
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

  // In a watch an object comes also when something has changed that is not shown.
  bool is_news(const Json& row) {
    const auto* uid = row.find_path({"object", "metadata", "uid"});
    if (uid == nullptr || !uid->is_string()) return true;
    std::string text;
    const auto cells = line_of(row);
    const size_t first = with_namespace_ ? 1 : 0;
    for (size_t i = 0; i < columns_.size(); ++i)
      if (columns_[i].title != "Age") text += cells[first + i] + "\n";
    return std::exchange(shown_[uid->as_string()], text) != text;
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
  std::map<std::string, std::string> shown_;  // what was last printed of an object, by its uid
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

// As kubectl prints what is more than one object.
Json list_of(const std::vector<Json>& objects) {
  Json list = Json::object();
  list.set("apiVersion", "v1");
  list.set("kind", "List");
  list.member("metadata").set("resourceVersion", "");
  Json items = Json::array();
  for (const auto& object : objects) items.push_back(object);
  list.set("items", std::move(items));
  return list;
}

bool is_table(const GetOptions& options) {
  return options.output.empty() || options.output == "wide";
}

std::string path_with_selector(const Where& where, const GetOptions& options) {
  auto path = path_of(where);
  return options.selector.empty() ? path : path + "?labelSelector=" + url_encode(options.selector);
}

// Prints what comes; documents (yaml, json) are kept until finish(), since they are one together.
class Output {
 public:
  Output(Session& session, const GetOptions& options, bool single)
      : session_(session), options_(options), single_(single) {}

  void add(const Json& answer, const Where& where) {
    if (is_table(options_)) {
      add_table(answer, where);
      return;
    }
    for (auto& object : objects_in(answer, where)) {
      if (options_.output == "name") session_.print(render(object, "name", where));
      objects_.push_back(std::move(object));
    }
  }

  void finish(const Where& where) {
    if (is_table(options_) || options_.output == "name") return;
    if (single_ && objects_.empty()) return;
    session_.print(render(single_ ? objects_.front() : list_of(objects_), options_.output, where));
    printed_document_ = true;
  }

  // One more object of a watch.
  void add_change(const std::string& type, const Json& object, const Where& where) {
    const auto text = is_table(options_) ? printer_->print(object, type == "DELETED")
                                         : render(object, options_.output, where);
    if (text.empty()) return;
    session_.print(options_.output == "yaml" && printed_document_ ? "---\n" + text : text);
    printed_document_ = true;
  }

 private:
  void add_table(const Json& table, const Where& where) {
    const bool many = where.name.empty() && where.ns.empty() && where.kind->namespaced;
    const bool goes_on = printer_ != nullptr && kind_ == where.kind;
    if (printer_ != nullptr && !goes_on) session_.print("");
    if (!goes_on) printer_ = std::make_unique<TablePrinter>(options_.output == "wide", many);
    kind_ = where.kind;
    const auto* rows = table.find("rows");
    if (rows != nullptr && rows->size() == 0 && !options_.watch)
      session_.print("No " + std::string(where.kind->plural) + " found.");
    else
      session_.print(printer_->print(table, true));
  }

  Session& session_;
  const GetOptions& options_;
  bool single_;
  std::unique_ptr<TablePrinter> printer_;
  const api::meta::Kind* kind_ = nullptr;
  std::vector<Json> objects_;
  bool printed_document_ = false;
};

Async<Status> watch_one(Session& session, const Where& where, const GetOptions& options,
                        std::string revision, Output& output) {
  Where collection = where;
  collection.name.clear();
  auto path = path_with_selector(collection, options);
  if (!where.name.empty()) {
    path += options.selector.empty() ? "?" : "&";
    path += "fieldSelector=" + url_encode("metadata.name=" + where.name);
  }
  const std::function<bool(const std::string&, const Json&)> on_change =
      [&output, &where](const std::string& type, const Json& object) {
        output.add_change(type, object, where);
        return true;
      };
  const std::string accept = is_table(options) ? kTable : kJsonToShow;
  co_return co_await follow(session, std::move(path), accept, std::move(revision), on_change);
}

}  // namespace

Async<Status> get(Session& session, std::vector<Where> places, GetOptions options) {
  if (options.watch && places.size() > 1)
    co_return invalid("--watch follows one kind or one object, not %d", places.size());
  Output output(session, options, places.size() == 1 && !places.front().name.empty());
  Status first;
  std::string revision = "0";
  for (const auto& where : places) {
    const std::string accept = is_table(options) ? kTable : kJsonToShow;
    auto answer = co_await session.api.get(path_with_selector(where, options), accept);
    if (!answer.ok()) {
      if (could_not_ask(answer.status())) co_return answer.status();
      if (!first.ok()) session.note("error: " + message_of(first));
      first = answer.status();
      continue;
    }
    const auto* version = answer->find_path({"metadata", "resourceVersion"});
    if (version != nullptr && version->is_string()) revision = version->as_string();
    output.add(*answer, where);
  }
  output.finish(places.front());
  if (!options.watch || !first.ok()) co_return first;
  co_return co_await watch_one(session, places.front(), options, std::move(revision), output);
}

}  // namespace gantry::ctl
