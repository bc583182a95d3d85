#pragma once
// JsonCursor: walks compact JSON, as to_json() writes it, without building values.
//
// For texts that are kept because they were written once: where a field stands is found at about
// the speed of reading the bytes. Anything else (spaces, broken JSON) makes it fail, and the caller
// falls back to parse_json().
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace gantry::schema {

class JsonCursor {
 public:
  // How much is looked at: `shape`, that it is compact JSON; `all`, also that keys are sorted, and
  // that no string or number is one that parse_json() might refuse. What passes `all` parses.
  enum class Check { shape, all };

  // The text must outlive the cursor.
  explicit JsonCursor(std::string_view text, Check check = Check::shape)
      : text_(text), check_(check) {}

  size_t at() const { return at_; }
  bool at_end() const { return at_ == text_.size(); }
  bool at_object() const { return at_ < text_.size() && text_[at_] == '{'; }

  // Moves past one value and answers it as it stands in the text; nullopt when there is none, or
  // when it nests deeper than 200.
  std::optional<std::string_view> value();

  // Calls `visit(key)` for every member of the object at the cursor; it must move the cursor past
  // the member's value and answer whether that worked. The key is as in the text, without quotes.
  // False as soon as something is no compact JSON.
  template <class Visit>
  bool members(Visit visit) {
    if (!take('{')) return false;
    if (take('}')) return true;
    std::optional<std::string_view> before;
    do {
      const auto key = string();
      if (!key || !take(':')) return false;
      if (check_ == Check::all && before && *key <= *before) return false;
      before = key;
      if (!visit(*key)) return false;
    } while (take(','));
    return take('}');
  }

 private:
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take(std::string_view word);
  std::optional<size_t> after_escape(size_t at) const;
  // What is between the quotes, escapes as they are.
  std::optional<std::string_view> string();
  bool number();
  bool skip(int depth);
  bool skip_object(int depth);
  bool skip_array(int depth);

  std::string_view text_;
  Check check_;
  size_t at_ = 0;
};

// A string as it stands in the text, without its quotes: for comparing with what JsonCursor finds.
std::string escaped(std::string_view text);

}  // namespace gantry::schema
