#pragma once
// The words that recorded answers are written in, for transcript_test.cpp: which members an object
// has and of what kind, and which recorded cases the lab is known to answer otherwise.
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pkg/base/check.h"
#include "pkg/base/text.h"
#include "pkg/schema/json.h"

namespace gantry::lab::testing {

// Splits at blanks, but not inside a JSON text's quotes.
inline std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words(1);
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ' ' && !quoted) {
      words.emplace_back();
      continue;
    }
    if (text[i] == '"') quoted = !quoted;
    words.back() += text[i];
    if (text[i] == '\\' && quoted && i + 1 < text.size()) words.back() += text[++i];
  }
  std::erase(words, "");
  return words;
}

// "\n" and "\t" as in the recordings.
inline std::string unescape(std::string text) {
  for (const auto& [from, to] : {std::pair("\\n", "\n"), std::pair("\\t", "\t")}) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
      text.replace(at, 2, to);
    }
  }
  return text;
}

// Whether `text` is `pattern`, where one "*" stands for anything.
inline bool matches(const std::string& pattern, const std::string& text) {
  const auto star = pattern.find('*');
  if (star == std::string::npos) return text == pattern;
  const auto tail = pattern.substr(star + 1);
  return text.size() >= pattern.size() - 1 && starts_with(text, pattern.substr(0, star)) &&
         text.substr(text.size() - tail.size()) == tail;
}

// Members of an object: "name=JSON" (that value), "name:kind" ("number" for both kinds) and
// "$shape" (those of a line of shapes.txt, which later words may narrow down).
class Shapes {
 public:
  explicit Shapes(const std::string& path) {
    std::ifstream file(path);
    GANTRY_CHECK(file.good());
    for (std::string line; std::getline(file, line);) {
      if (line.empty() || line[0] == '#') continue;
      auto words = words_of(line);
      const auto name = words.front();
      words.erase(words.begin());
      named_[name] = expand(words);
    }
  }

  // What is different; empty when `object` has exactly these members.
  std::vector<std::string> compare(const Json& object,
                                   const std::vector<std::string>& words) const {
    if (!object.is_object()) return {"no object: " + schema::to_json(object)};
    std::vector<std::string> problems;
    const auto members = expand(words);
    for (const auto& [name, member] : members) {
      const auto* value = object.find(name);
      if (value == nullptr) {
        problems.push_back(name + " is missing");
      } else if (!member.fits(*value)) {
        problems.push_back(name + " is " + schema::to_json(*value) + ", not " + member.text);
      }
    }
    for (const auto& [name, value] : object.as_object()) {
      if (!members.contains(name)) problems.push_back(name + " is there, not recorded");
    }
    return problems;
  }

 private:
  struct Member {
    std::string text;           // for messages, and the kind
    std::optional<Json> value;  // when the very value is wanted
    bool fits(const Json& other) const {
      if (value.has_value() && value->is_number() && other.is_number()) {
        return value->as_double() == other.as_double();
      }
      if (value.has_value()) return *value == other;
      return text == "number" ? other.is_number() : text == to_string(other.kind());
    }
  };
  using Members = std::map<std::string, Member>;

  Members expand(const std::vector<std::string>& words) const {
    Members members;
    for (const auto& word : words) {
      if (word[0] == '$') {
        for (const auto& [name, member] : named_.at(word.substr(1))) members[name] = member;
        continue;
      }
      const auto at = word.find_first_of("=:");
      GANTRY_CHECK(at != std::string::npos);
      Member member{word.substr(at + 1), std::nullopt};
      if (word[at] == '=') member.value = *schema::parse_json(member.text);
      members[word.substr(0, at)] = std::move(member);
    }
    return members;
  }

  std::map<std::string, Members> named_;
};

// known_differences.txt: "FILE/CASE: why" a line.
class KnownDifferences {
 public:
  explicit KnownDifferences(const std::string& path) {
    std::ifstream file(path);
    GANTRY_CHECK(file.good());
    for (std::string line; std::getline(file, line);) {
      if (line.empty() || line[0] == '#') continue;
      const auto colon = line.find(": ");
      GANTRY_CHECK(colon != std::string::npos && colon + 2 < line.size());
      reasons_[line.substr(0, colon)] = line.substr(colon + 2);
    }
  }
  bool contains(const std::string& name) const { return reasons_.contains(name); }
  const std::map<std::string, std::string>& reasons() const { return reasons_; }

 private:
  std::map<std::string, std::string> reasons_;
};

}  // namespace gantry::lab::testing
