#include "pkg/guest/setup/redact.h"

#include "pkg/base/text.h"

namespace gantry::guest {
namespace {

constexpr size_t kShortest = 4;

void replace_all(std::string& text, std::string_view secret) {
  if (secret.size() < kShortest) return;
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3))
    text.replace(at, secret.size(), "***");
}

}  // namespace

std::string redacted(std::string text, const std::vector<std::string>& secrets) {
  for (const auto& secret : secrets) {
    replace_all(text, secret);
    for (const auto& line : split(secret, '\n')) replace_all(text, trim(line));
  }
  return text;
}

}  // namespace gantry::guest
