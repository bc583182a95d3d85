#include "pkg/schema/json.h"

#include <charconv>
#include <cmath>
#include <limits>

#include <absl/strings/str_format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "pkg/schema/utf8.h"

namespace gantry::schema {
namespace {

// Builds a Json from RapidJSON's events. Returning false stops the parser.
class JsonBuilder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, JsonBuilder> {
 public:
  // `stream` reads `text`; both outlive this.
  JsonBuilder(std::string_view text, const rapidjson::MemoryStream& stream)
      : text_(text), stream_(stream) {}

  bool Null() { return add(nullptr); }
  bool Bool(bool value) { return add(value); }
  bool Int(int value) { return add(value); }
  bool Uint(unsigned value) { return add(int64_t{value}); }
  bool Int64(int64_t value) { return add(value); }
  bool Uint64(uint64_t value) {
    if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      return add(static_cast<double>(value));
    }
    return add(static_cast<int64_t>(value));
  }
  // `rough` may be off by a bit; RapidJSON's own full precision reads 0e99 as 5e173.
  bool Double(double rough) {
    const auto number = number_before(stream_.Tell());
    double value = 0;
    const auto read = std::from_chars(number.data(), number.data() + number.size(), value);
    if (read.ec != std::errc()) value = rough;  // next to zero, or too large
    if (std::isfinite(value)) return add(value);
    error_ = "the number is too large";
    return false;
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    return add(std::string(text, size));
  }
  bool StartObject() { return open(Json::object()); }
  bool StartArray() { return open(Json::array()); }
  bool EndObject(rapidjson::SizeType) { return close(); }
  bool EndArray(rapidjson::SizeType) { return close(); }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    keys_.back().assign(text, size);
    const auto& known = std::as_const(open_.back()).as_object();
    // Our own texts are sorted: a key behind all others is new.
    if (known.empty() || known.rbegin()->first < keys_.back()) return true;
    if (!known.contains(keys_.back())) return true;
    error_ = absl::StrFormat("the key \"%s\" is given twice", keys_.back());
    return false;
  }

  Json take() { return std::move(root_); }
  const std::string& error() const { return error_; }

 private:
  bool open(Json container) {
    if (open_.size() >= kJsonDepthMax) {
      error_ = absl::StrFormat("nested deeper than %d", kJsonDepthMax);
      return false;
    }
    open_.push_back(std::move(container));
    keys_.emplace_back();
    return true;
  }
  bool close() {
    Json done = std::move(open_.back());
    open_.pop_back();
    keys_.pop_back();
    return add(std::move(done));
  }
  bool add(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (open_.back().is_array()) {
      open_.back().push_back(std::move(value));
    } else {
      open_.back().set(keys_.back(), std::move(value));
    }
    return true;
  }

  std::string_view number_before(size_t end) const {
    const auto other = text_.find_last_not_of("0123456789+-.eE", end - 1);
    const size_t begin = other == std::string_view::npos ? 0 : other + 1;
    return text_.substr(begin, end - begin);
  }

  std::string_view text_;
  const rapidjson::MemoryStream& stream_;
  Json root_;
  std::vector<Json> open_;         // containers that are being filled
  std::vector<std::string> keys_;  // the current key of each of them
  std::string error_;
};

// RapidJSON's words end in a full stop and start in upper case.
std::string in_our_words(std::string text) {
  if (!text.empty() && text.back() == '.') text.pop_back();
  if (!text.empty()) text.front() = static_cast<char>(std::tolower(text.front()));
  return text;
}

std::string at(std::string_view text, size_t offset) {
  size_t line = 1;
  size_t column = 1;
  for (size_t i = 0; i < offset && i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++line;
      column = 1;
    } else if ((text[i] & 0xc0) != 0x80) {
      ++column;
    }
  }
  return absl::StrFormat("line %d, column %d", line, column);
}

// As it is, or repaired into `storage`.
std::string_view as_text(const std::string& bytes, std::string& storage) {
  if (is_utf8(bytes)) return bytes;
  storage = to_utf8(bytes);
  return storage;
}

template <class Writer>
void write_string(Writer& writer, const std::string& bytes) {
  std::string storage;
  const auto text = as_text(bytes, storage);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

template <class Writer>
void write_value(Writer& writer, const Json& value) {
  switch (value.kind()) {
    case Json::Kind::null:
      writer.Null();
      break;
    case Json::Kind::boolean:
      writer.Bool(value.as_bool());
      break;
    case Json::Kind::integer:
      writer.Int64(value.as_integer());
      break;
    case Json::Kind::real:
      // JSON has no words for infinity and not-a-number.
      std::isfinite(value.as_double()) ? writer.Double(value.as_double()) : writer.Null();
      break;
    case Json::Kind::string:
      write_string(writer, value.as_string());
      break;
    case Json::Kind::array:
      writer.StartArray();
      for (const auto& element : value.as_array()) write_value(writer, element);
      writer.EndArray();
      break;
    case Json::Kind::object:
      writer.StartObject();
      for (const auto& [key, member] : value.as_object()) {
        write_string(writer, key);  // RapidJSON tells keys by their place
        write_value(writer, member);
      }
      writer.EndObject();
      break;
  }
}

}  // namespace

Result<Json> parse_json(std::string_view text) {
  rapidjson::Reader reader;
  rapidjson::MemoryStream stream(text.data(), text.size());
  JsonBuilder builder(text, stream);
  constexpr unsigned kPlain = rapidjson::kParseIterativeFlag;
  // That looks at each byte once more, which most texts do not need.
  constexpr unsigned kValidating = kPlain | rapidjson::kParseValidateEncodingFlag;
  const auto parsed = is_ascii(text) ? reader.Parse<kPlain>(stream, builder)
                                     : reader.Parse<kValidating>(stream, builder);
  if (parsed.IsError()) {
    const std::string why = builder.error().empty()
                                ? in_our_words(rapidjson::GetParseError_En(parsed.Code()))
                                : builder.error();
    return invalid("%s: %s", at(text, parsed.Offset()), why);
  }
  // A zero byte ends RapidJSON's document, but not ours.
  if (stream.Tell() != text.size()) {
    return invalid("%s: a zero byte follows the document", at(text, stream.Tell()));
  }
  return builder.take();
}

std::string to_json(const Json& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  write_value(writer, value);
  return {buffer.GetString(), buffer.GetSize()};
}

std::string to_pretty_json(const Json& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(buffer);
  writer.SetIndent(' ', 2);
  write_value(writer, value);
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace gantry::schema
