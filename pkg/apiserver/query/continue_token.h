#pragma once
// ContinueToken: where the next page of a list begins, as text that only we can make.
#include <string>
#include <string_view>

#include "pkg/store/reader.h"

namespace gantry::apiserver {

struct ContinueToken {
  // Whatever is current: an answer to a token that was too old.
  static constexpr int64_t kInconsistent = -1;

  int64_t revision = 0;  // of the snapshot that all pages show
  store::Place after;    // the last object of the page before
};

// Opaque to clients, and sealed with `key` for one collection and its selectors: a token that was
// changed, or belongs to another list, is refused. It grants nothing: whoever brings it is asked
// for the same rights as for a first page.
class ContinueTokens {
 public:
  explicit ContinueTokens(std::string key) : key_(std::move(key)) {}

  // `list` says which list it is: "apps.gantry.dev\n<namespace>\n<selectors>".
  std::string encode(const ContinueToken& token, std::string_view list) const;
  // kInvalid "continue key is not valid: …".
  Result<ContinueToken> decode(std::string_view text, std::string_view list) const;

 private:
  std::string seal(std::string_view content, std::string_view list) const;
  std::string key_;
};

}  // namespace gantry::apiserver
