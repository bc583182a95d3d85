#include <algorithm>

#include "pkg/base/text.h"
#include "pkg/schema/json.h"
#include "pkg/schema/scalar.h"

namespace gantry::schema {
namespace {

// Writes block style: two spaces a level, lists at the level of their key.
class Writer {
 public:
  // `value` stands on a line of its own, or goes on after "key:" or "- ".
  void document(const Json& value);
  std::string take() { return std::move(out_); }

 private:
  void value(const Json& value, size_t indent);
  void object(const Json& object, size_t indent, bool on_line);
  void array(const Json& array, size_t indent, bool on_line);
  void scalar(const Json& scalar, size_t indent);
  void string(const std::string& text, size_t indent);
  void literal(const std::string& text, size_t indent);
  void margin(size_t indent) { out_.append(indent, ' '); }

  std::string out_;
};

// apiVersion, kind and metadata first, the others as they are sorted.
std::vector<std::pair<std::string, const Json*>> in_order(const Json::Object& object) {
  std::vector<std::pair<std::string, const Json*>> members;
  const bool is_object = object.contains("apiVersion") && object.contains("kind");
  static constexpr std::string_view kFirst[] = {"apiVersion", "kind", "metadata"};
  if (is_object) {
    for (const auto name : kFirst) {
      const auto found = object.find(name);
      if (found != object.end()) members.emplace_back(found->first, &found->second);
    }
  }
  for (const auto& [key, value] : object) {
    const bool done = is_object && std::ranges::find(kFirst, key) != std::end(kFirst);
    if (!done) members.emplace_back(key, &value);
  }
  return members;
}

bool is_empty_container(const Json& value) {
  return (value.is_array() || value.is_object()) && value.size() == 0;
}

void Writer::document(const Json& value) {
  if (value.is_object() && value.size() > 0) return object(value, 0, true);
  if (value.is_array() && value.size() > 0) return array(value, 0, true);
  scalar(value, 2);
  out_ += '\n';
}

// After "key:".
void Writer::value(const Json& value, size_t indent) {
  if (value.is_object() && value.size() > 0) {
    out_ += '\n';
    return object(value, indent + 2, true);
  }
  if (value.is_array() && value.size() > 0) {
    out_ += '\n';
    return array(value, indent, true);
  }
  out_ += ' ';
  scalar(value, indent + 2);
  out_ += '\n';
}

void Writer::object(const Json& object, size_t indent, bool on_line) {
  for (const auto& [key, member] : in_order(object.as_object())) {
    if (on_line) margin(indent);
    on_line = true;
    // A key is never written as a literal block.
    out_ += needs_quotes(key) ? to_json(Json(key)) : key;
    out_ += ':';
    value(*member, indent);
  }
}

void Writer::array(const Json& array, size_t indent, bool on_line) {
  for (const auto& element : array.as_array()) {
    if (on_line) margin(indent);
    on_line = true;
    out_ += "- ";
    if (is_empty_container(element) || !(element.is_object() || element.is_array())) {
      scalar(element, indent + 2);
      out_ += '\n';
    } else if (element.is_object()) {
      object(element, indent + 2, false);
    } else {
      this->array(element, indent + 2, false);
    }
  }
}

void Writer::scalar(const Json& value, size_t indent) {
  if (value.is_string()) return string(value.as_string(), indent);
  out_ += to_json(value);
}

// A literal block says the text as it is; what it cannot say goes into quotes.
bool fits_literal(const std::string& text) {
  if (text.find('\n') == std::string::npos) return false;
  if (text.front() == ' ' || text.front() == '\n' || text.front() == '\t') return false;
  return is_printable(text);
}

void Writer::string(const std::string& text, size_t indent) {
  if (fits_literal(text)) return literal(text, indent);
  out_ += needs_quotes(text) ? to_json(Json(text)) : text;
}

void Writer::literal(const std::string& text, size_t indent) {
  const size_t content = text.find_last_not_of('\n') + 1;
  const size_t newlines = text.size() - content;
  out_ += newlines == 0 ? "|-" : newlines == 1 ? "|" : "|+";
  for (const auto& line : split(std::string_view(text).substr(0, content), '\n')) {
    out_ += '\n';
    if (line.empty()) continue;
    margin(indent);
    out_ += line;
  }
  // The caller ends the last line.
  for (size_t i = 1; i < newlines; ++i) out_ += '\n';
}

}  // namespace

std::string to_yaml(const Json& value) {
  Writer writer;
  writer.document(value);
  return writer.take();
}

}  // namespace gantry::schema
