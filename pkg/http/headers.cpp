#include <algorithm>

#include <absl/strings/cord.h>

#include "pkg/base/text.h"
#include "pkg/http/http.h"

namespace gantry::http {
namespace {

constexpr const char* kSentUrl = "gantry.dev/may-have-been-sent";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool CaseInsensitive::operator()(std::string_view a, std::string_view b) const {
  return std::ranges::lexicographical_compare(a, b, {}, lower, lower);
}

std::string encode_form(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string form;
  for (const auto& [name, value] : fields) {
    if (!form.empty()) form += '&';
    form += url_encode(name) + "=" + url_encode(value);
  }
  return form;
}

bool is_read_only(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

bool may_have_been_sent(const Status& status) {
  return status.GetPayload(kSentUrl).has_value();
}

Status mark_sent(Status status) {
  if (!status.ok()) status.SetPayload(kSentUrl, absl::Cord("true"));
  return status;
}

}  // namespace gantry::http
