#include <algorithm>
#include <map>
#include <sstream>

#include <absl/strings/str_format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "pkg/base/text.h"
#include "pkg/schema/json.h"
#include "pkg/schema/problem.h"
#include "pkg/schema/scalar.h"
#include "pkg/schema/utf8.h"

namespace gantry::schema {
namespace {

constexpr size_t kValuesMax = 1'000'000;
// Places are for people, who look for a few short paths.
constexpr size_t kPathMax = 512;
constexpr size_t kPositionsMax = 100'000;
constexpr const char* kEnd = "...\n";

// Leaves yaml-cpp's parser from inside an event; caught in parse_yaml, never seen outside.
struct Refused {
  YAML::Mark mark;
  std::string why;
};

size_t count_values(const Json& value) {
  size_t count = 1;
  if (value.is_array()) {
    for (const auto& element : value.as_array()) count += count_values(element);
  } else if (value.is_object()) {
    for (const auto& [key, member] : value.as_object()) count += count_values(member);
  }
  return count;
}

size_t depth_of(const Json& value) {
  size_t depth = 0;
  if (value.is_array()) {
    for (const auto& element : value.as_array()) depth = std::max(depth, depth_of(element));
  } else if (value.is_object()) {
    for (const auto& [key, member] : value.as_object()) depth = std::max(depth, depth_of(member));
  } else {
    return 0;
  }
  return depth + 1;
}

// Builds one document from yaml-cpp's events.
class YamlBuilder : public YAML::EventHandler {
 public:
  explicit YamlBuilder(size_t values_before) : values_(values_before) {}

  void OnDocumentStart(const YAML::Mark& mark) override { start_ = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    scalar(mark, Json(), anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    check_tag(mark, tag, "tag:yaml.org,2002:seq");
    open(mark, Json::array(), anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    check_tag(mark, tag, "tag:yaml.org,2002:map");
    open(mark, Json::object(), anchor);
  }
  void OnMapEnd() override { close(); }

  YamlDocument take() { return {std::move(root_), start_.line + 1, std::move(positions_)}; }
  const YAML::Mark& start() const { return start_; }
  size_t values() const { return values_; }

 private:
  // A container that is being filled. A map waits for a key, then for that key's value.
  struct Open {
    Json value;
    std::optional<std::string> path;  // absent when it is too long
    YAML::anchor_t anchor = 0;
    YAML::Mark mark;
    std::optional<std::string> key;
    YAML::Mark key_mark;
    bool merging = false;  // the key is <<
    std::vector<Json> merges;
  };

  bool wants_key() const {
    return !open_.empty() && open_.back().value.is_object() && !open_.back().key;
  }
  std::optional<std::string> path_of_next() const;
  void note(const YAML::Mark& mark, const std::optional<std::string>& path);
  static void check_tag(const YAML::Mark& mark, const std::string& tag, std::string_view allowed);
  void key(const YAML::Mark& mark, const std::string& text);
  void scalar(const YAML::Mark& mark, Json value, YAML::anchor_t anchor);
  void open(const YAML::Mark& mark, Json container, YAML::anchor_t anchor);
  void close();
  void add(const YAML::Mark& mark, Json value);
  void merge(const YAML::Mark& mark, Json value);
  void count(const YAML::Mark& mark, size_t more);

  Json root_;
  YAML::Mark start_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Json> anchors_;
  std::map<std::string, Position> positions_;
  size_t values_ = 0;
};

std::optional<std::string> YamlBuilder::path_of_next() const {
  if (open_.empty()) return "";
  const Open& parent = open_.back();
  if (!parent.path) return std::nullopt;
  if (parent.value.is_array()) return index_path(*parent.path, parent.value.size());
  const std::string& key = *parent.key;
  if (parent.path->size() + key.size() > kPathMax) return std::nullopt;
  return key_path(*parent.path, key);
}

void YamlBuilder::note(const YAML::Mark& mark, const std::optional<std::string>& path) {
  if (!path || positions_.size() >= kPositionsMax) return;
  // A member stands where its key stands.
  const bool member = !open_.empty() && open_.back().value.is_object();
  const YAML::Mark& at = member ? open_.back().key_mark : mark;
  positions_.emplace(*path, Position{at.line + 1, at.column + 1});
}

void YamlBuilder::check_tag(const YAML::Mark& mark, const std::string& tag,
                            std::string_view allowed) {
  if (tag.empty() || tag == "?" || tag == "!" || tag == allowed) return;
  throw Refused{mark, absl::StrFormat("the tag %s is not known", tag)};
}

void YamlBuilder::count(const YAML::Mark& mark, size_t more) {
  values_ += more;
  if (values_ > kValuesMax) {
    throw Refused{mark, absl::StrFormat("more than %d values", kValuesMax)};
  }
}

Json resolve(const YAML::Mark& mark, const std::string& tag, const std::string& text) {
  if (tag == "!" || tag == "tag:yaml.org,2002:str") return text;
  static const std::map<std::string, std::vector<Json::Kind>> tags = {
      {"tag:yaml.org,2002:null", {Json::Kind::null}},
      {"tag:yaml.org,2002:bool", {Json::Kind::boolean}},
      {"tag:yaml.org,2002:int", {Json::Kind::integer}},
      {"tag:yaml.org,2002:float", {Json::Kind::real, Json::Kind::integer}},
  };
  const bool plain = tag.empty() || tag == "?";
  const auto known = tags.find(tag);
  if (!plain && known == tags.end()) {
    throw Refused{mark, absl::StrFormat("the tag %s is not known", tag)};
  }
  auto value = resolve_plain(text);
  if (!value) throw Refused{mark, absl::StrFormat("JSON has no number %s", text)};
  if (!plain && std::ranges::find(known->second, value->kind()) == known->second.end()) {
    throw Refused{mark, absl::StrFormat("the value is not what its tag %s says", tag)};
  }
  return *std::move(value);
}

void YamlBuilder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                           const std::string& value) {
  if (wants_key() && (tag.empty() || tag == "?" || tag == "!")) {
    if (anchor != 0) anchors_[anchor] = value;
    // A quoted "<<" is an ordinary key; the parser marks quotes with the tag "!".
    open_.back().merging = value == "<<" && tag != "!";
    return key(mark, value);
  }
  Json resolved = resolve(mark, tag, value);
  if (wants_key()) return key(mark, value);
  scalar(mark, std::move(resolved), anchor);
}

void YamlBuilder::key(const YAML::Mark& mark, const std::string& text) {
  const Open& map = open_.back();
  if (map.value.find(text) != nullptr || (map.merging && !map.merges.empty())) {
    throw Refused{mark, absl::StrFormat("the key \"%s\" is given twice", text)};
  }
  open_.back().key = text;
  open_.back().key_mark = mark;
}

void YamlBuilder::scalar(const YAML::Mark& mark, Json value, YAML::anchor_t anchor) {
  if (wants_key()) throw Refused{mark, "a key must not be null"};
  if (anchor != 0) anchors_[anchor] = value;
  count(mark, 1);
  note(mark, path_of_next());
  add(mark, std::move(value));
}

void YamlBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  const auto found = anchors_.find(anchor);
  if (found == anchors_.end()) throw Refused{mark, "an alias must not contain itself"};
  if (wants_key()) {
    if (!found->second.is_string()) throw Refused{mark, "a key must be a string"};
    return key(mark, found->second.as_string());
  }
  count(mark, count_values(found->second));
  if (open_.size() + depth_of(found->second) > kJsonDepthMax) {
    throw Refused{mark, absl::StrFormat("nested deeper than %d", kJsonDepthMax)};
  }
  note(mark, path_of_next());
  add(mark, found->second);
}

void YamlBuilder::open(const YAML::Mark& mark, Json container, YAML::anchor_t anchor) {
  if (wants_key()) throw Refused{mark, "a key must be a string"};
  if (open_.size() >= kJsonDepthMax) {
    throw Refused{mark, absl::StrFormat("nested deeper than %d", kJsonDepthMax)};
  }
  count(mark, 1);
  auto path = path_of_next();
  note(mark, path);
  Open next;
  next.value = std::move(container);
  next.path = std::move(path);
  next.anchor = anchor;
  next.mark = mark;
  open_.push_back(std::move(next));
}

void YamlBuilder::close() {
  Open done = std::move(open_.back());
  open_.pop_back();
  // Keys of the map itself win over merged ones, and earlier merges over later ones.
  for (const auto& merged : done.merges) {
    for (const auto& [key, value] : merged.as_object()) {
      if (done.value.find(key) == nullptr) done.value.set(key, value);
    }
  }
  if (done.anchor != 0) anchors_[done.anchor] = done.value;
  add(done.mark, std::move(done.value));
}

void YamlBuilder::add(const YAML::Mark& mark, Json value) {
  if (open_.empty()) {
    root_ = std::move(value);
    return;
  }
  Open& parent = open_.back();
  if (parent.value.is_array()) {
    parent.value.push_back(std::move(value));
    return;
  }
  const std::string key = *std::exchange(parent.key, std::nullopt);
  if (std::exchange(parent.merging, false)) return merge(mark, std::move(value));
  parent.value.set(key, std::move(value));
}

void YamlBuilder::merge(const YAML::Mark& mark, Json value) {
  Json::Array maps;
  if (value.is_array()) {
    maps = std::move(value.as_array());
  } else {
    maps.push_back(std::move(value));
  }
  for (auto& map : maps) {
    if (!map.is_object()) throw Refused{mark, "a merge key (<<) takes a map or a list of maps"};
    open_.back().merges.push_back(std::move(map));
  }
}

std::string_view line_of(std::string_view text, int line) {
  for (; line > 0; --line) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return "";
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

Status refuse(const YAML::Mark& mark, std::string_view why) {
  return invalid("line %d, column %d: %s", mark.line + 1, mark.column + 1, why);
}

// yaml-cpp takes other encodings for what begins with certain bytes, and stops at some others.
Status check_bytes(std::string_view text) {
  YAML::Mark mark;
  mark.line = 0;
  mark.column = 0;
  for (const auto& line : split(text, '\n')) {
    if (!is_utf8(line)) return refuse(mark, "the text is no UTF-8");
    // yaml-cpp marks the end of its input by the byte 4.
    const bool odd = std::ranges::any_of(line, [](char c) { return c == '\0' || c == 4; });
    if (odd) return refuse(mark, "the text has a control character");
    ++mark.line;
  }
  return {};
}

Result<std::vector<YamlDocument>> parse_stream(std::string_view text) {
  std::vector<YamlDocument> documents;
  // A document end makes yaml-cpp see quotes that are open at the end of the text, which it takes
  // for closed after a line break. (Other texts it checks itself.)
  std::istringstream stream{std::string(text) + (text.ends_with('\n') ? kEnd : "")};
  YAML::Parser parser(stream);
  size_t values = 0;
  for (bool first = true;; first = false) {
    YamlBuilder builder(values);
    if (!parser.HandleNextDocument(builder)) return documents;
    // yaml-cpp begins a new document wherever the last one cannot go on.
    if (!first && !starts_with(trim(line_of(text, builder.start().line)), "---")) {
      return refuse(builder.start(), "this belongs to nothing (another document begins with ---)");
    }
    values = builder.values();
    auto document = builder.take();
    if (!document.value.is_null()) documents.push_back(std::move(document));
  }
}

}  // namespace

Result<std::vector<YamlDocument>> parse_yaml(std::string_view text) {
  GANTRY_TRY(check_bytes(text));
  try {
    return parse_stream(text);
  } catch (const Refused& refused) {
    return refuse(refused.mark, refused.why);
  } catch (const YAML::Exception& e) {
    const bool open_quote =
        e.msg == YAML::ErrorMsg::DOC_IN_SCALAR && e.mark.line >= std::ranges::count(text, '\n');
    return refuse(e.mark, open_quote ? "a quoted text before this is not closed" : e.msg);
  }
}

Position position_of(const YamlDocument& document, std::string_view path) {
  for (;;) {
    const auto found = document.positions.find(std::string(path));
    if (found != document.positions.end()) return found->second;
    if (path.empty()) return {document.line, 1};
    // Up to the last step: ".name", "[3]" or ["a.b/c"].
    const bool quoted = path.ends_with("\"]");
    const size_t at = quoted ? path.rfind("[\"") : path.find_last_of(".[");
    path = at == std::string_view::npos ? std::string_view() : path.substr(0, at);
  }
}

}  // namespace gantry::schema
