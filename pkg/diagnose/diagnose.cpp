#include "pkg/diagnose/diagnose.h"

#include "pkg/base/check.h"

namespace gantry::diagnose {
namespace {

std::string fill(std::string_view text, const Values& values) {
  std::string result;
  while (!text.empty()) {
    const size_t open = text.find('{');
    const size_t close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) break;
    result += text.substr(0, open);
    const auto value = values.find(text.substr(open + 1, close - open - 1));
    result += value == values.end() ? "?" : value->second;
    text.remove_prefix(close + 1);
  }
  result += text;
  return result;
}

// The code that a class stands for when nothing finer is known.
std::string_view code_of(ErrorClass error) {
  switch (error) {
    case ErrorClass::transport:
      return "CON-001";
    case ErrorClass::auth:
      return "CON-002";
    case ErrorClass::tls:
      return "CON-003";
    case ErrorClass::permission:
      return "CON-004";
    case ErrorClass::schema:
      return "CON-007";
    case ErrorClass::overload:
      return "CON-015";
    default:
      return "";
  }
}

}  // namespace

Diagnosis make(std::string_view code, const Values& values) {
  const Failure* failure = find(code);
  GANTRY_CHECK(failure != nullptr);
  return {failure->code, failure->reason, fill(failure->message, values)};
}

Status make_status(ErrorClass error, std::string_view code, const Values& values) {
  return with_code(make_error(error, make(code, values).message), code);
}

Diagnosis diagnose(const Status& status) {
  GANTRY_CHECK(!status.ok());
  const ErrorClass error = error_class(status);
  const std::string code = catalogue_code(status).value_or(std::string(code_of(error)));
  const Failure* failure = find(code);
  if (failure == nullptr) return {"", std::string(to_string(error)), message_of(status)};
  const bool shown = !failure->reason.empty();
  return {failure->code, shown ? failure->reason : std::string(to_string(error)),
          message_of(status)};
}

}  // namespace gantry::diagnose
