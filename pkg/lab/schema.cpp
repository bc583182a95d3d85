#include "pkg/lab/schema.h"

#include <algorithm>

#include "pkg/base/check.h"
#include "pkg/base/text.h"
#include "pkg/lab/guest_config.h"
#include "pkg/lab/lab.h"

namespace gantry::lab {

namespace {

// "16..", "1..8192", "..255".
std::pair<std::optional<double>, std::optional<double>> read_range(std::string_view text) {
  const auto dots = text.find("..");
  return {parse_double(text.substr(0, dots)), parse_double(text.substr(dots + 2))};
}

Parameter::Type read_type(std::string_view text) {
  if (text == "integer") return Parameter::Type::integer;
  if (text == "number") return Parameter::Type::number;
  if (text == "boolean") return Parameter::Type::boolean;
  return Parameter::Type::string;
}

// "rootfs,mp[0-255]"
std::vector<std::string> read_choices(std::string_view text) {
  std::vector<std::string> all;
  for (const auto& choice : split(text, ',')) {
    const auto open = choice.find('[');
    if (open == std::string::npos) {
      all.push_back(choice);
      continue;
    }
    const auto numbers = split(choice.substr(open + 1, choice.size() - open - 2), '-');
    const auto last = parse_integer(numbers.at(1)).value_or(0);
    for (auto n = parse_integer(numbers[0]).value_or(0); n <= last; ++n) {
      all.push_back(choice.substr(0, open) + std::to_string(n));
    }
  }
  return all;
}

void read_limit(Parameter& parameter, std::string_view word) {
  const auto value = word.substr(word.find('=') + 1);
  if (starts_with(word, "format=")) {
    parameter.format = value;
  } else if (starts_with(word, "requires=")) {
    parameter.companion = value;
  } else if (starts_with(word, "enum=")) {
    parameter.choices = read_choices(value);
  } else if (starts_with(word, "len=")) {
    const auto [low, high] = read_range(value);
    if (low.has_value()) parameter.min_length = static_cast<size_t>(*low);
    if (high.has_value()) parameter.max_length = static_cast<size_t>(*high);
  } else {
    std::tie(parameter.minimum, parameter.maximum) = read_range(word);
  }
}

// "name type?! limits … pattern=…"
Parameter read_parameter(std::string_view line) {
  Parameter parameter;
  constexpr std::string_view kPattern = " pattern=";
  if (const auto at = line.find(kPattern); at != std::string_view::npos) {
    parameter.pattern.emplace(line.substr(at + kPattern.size()));
    line = line.substr(0, at);
  }
  auto words = split(trim(line), ' ');
  GANTRY_CHECK(words.size() >= 2);
  parameter.name = words[0].substr(0, words[0].find('#'));
  auto& type = words[1];
  if (type.back() == '!') {
    parameter.is_default = true;
    type.pop_back();
  }
  if (type.back() == '?') {
    parameter.optional = true;
    type.pop_back();
  }
  parameter.type = read_type(type);
  for (size_t i = 2; i < words.size(); ++i) read_limit(parameter, words[i]);
  return parameter;
}

class Reader {
 public:
  explicit Reader(PveVersion version) : version_(version == PveVersion::v8_4 ? "@8" : "@9") {}

  ApiSchema read(std::string_view text) {
    for (const auto& line : split(text, '\n')) {
      if (line.empty() || line.front() == '#') continue;
      if (line.front() == ' ') {
        read_inner(line);
      } else if (starts_with(line, "parameter ")) {
        auto name = line.substr(10, line.find(' ', 10) - 10);
        parameters_.emplace(std::move(name), read_parameter(line.substr(10)));
      } else if (starts_with(line, "format ")) {
        call_ = nullptr;
        format_ = &schema_.formats[line.substr(7)];
      } else {
        begin_call(split(line, ' '));
      }
    }
    return std::move(schema_);
  }

 private:
  void read_inner(std::string_view line) {
    if (format_ != nullptr) {
      format_->properties.push_back(read_parameter(line));
    } else if (call_ != nullptr) {
      for (const auto& word : split(trim(line), ' ')) add_parameter(word);
    }
  }

  // False when another version is meant; takes the mark off.
  bool is_meant(std::string& word) const {
    const auto at = word.find('@');
    if (at == std::string::npos) return true;
    const bool meant = word.substr(at) == version_;
    word.resize(at);
    return meant;
  }

  void add_parameter(std::string word) {
    if (!is_meant(word)) return;
    const auto& parameter = parameters_.at(word);
    call_->parameters.emplace(parameter.name, parameter);
  }

  // METHOD PATH [protected] [needs PATH PRIVILEGE…]
  void begin_call(std::vector<std::string> words) {
    format_ = nullptr;
    call_ = nullptr;
    if (!is_meant(words[1])) return;
    call_ = &schema_.calls[words[0] + " " + words[1]];
    for (size_t i = 2; i < words.size(); ++i) {
      if (words[i] == "protected") call_->is_protected = true;
      if (words[i] != "needs") continue;
      call_->permission.path = words.at(i + 1);
      call_->permission.any = words.at(i + 2).find('|') != std::string::npos;
      call_->permission.privileges = call_->permission.any
                                         ? split(words[i + 2], '|')
                                         : std::vector(words.begin() + i + 2, words.end());
      return;
    }
  }

  std::string version_;
  ApiSchema schema_;
  std::map<std::string, Parameter> parameters_;
  PropertyFormat* format_ = nullptr;
  CallSchema* call_ = nullptr;
};

// How many there are of net[n], mp[n] … (PVE/LXC/Config.pm).
int64_t count_of(std::string_view family) {
  return family == "net" ? 32 : 256;
}

}  // namespace

const Parameter* PropertyFormat::find(std::string_view name) const {
  const auto it = std::find_if(properties.begin(), properties.end(),
                               [&](const auto& property) { return property.name == name; });
  return it == properties.end() ? nullptr : &*it;
}

const Parameter* CallSchema::find(std::string_view name) const {
  auto it = parameters.find(name);
  if (it != parameters.end()) return &it->second;
  const auto family = key_family(name);
  const auto number = parse_integer(name.substr(family.size()));
  if (!number.has_value() || *number >= count_of(family)) return nullptr;
  it = parameters.find(std::string(family) + "[n]");
  return it == parameters.end() ? nullptr : &it->second;
}

const ApiSchema& api_schema(PveVersion version) {
  static const ApiSchema old = Reader(PveVersion::v8_4).read(kSchemaText);
  static const ApiSchema current = Reader(PveVersion::v9_2).read(kSchemaText);
  return version == PveVersion::v8_4 ? old : current;
}

}  // namespace gantry::lab
