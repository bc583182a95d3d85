#include "pkg/base/status.h"

#include <array>
#include <charconv>

#include <absl/strings/cord.h>

namespace gantry {
namespace {

constexpr const char* kClassUrl = "gantry.dev/error-class";
constexpr const char* kCodeUrl = "gantry.dev/catalogue-code";
constexpr const char* kRetryUrl = "gantry.dev/retry-after-ms";

struct ClassRow {
  ErrorClass error;
  absl::StatusCode code;
  std::string_view name;
};

constexpr std::array<ClassRow, 18> kClasses{{
    {ErrorClass::transport, absl::StatusCode::kUnavailable, "Transport"},
    {ErrorClass::tls, absl::StatusCode::kFailedPrecondition, "TLS"},
    {ErrorClass::auth, absl::StatusCode::kUnauthenticated, "Auth"},
    {ErrorClass::permission, absl::StatusCode::kPermissionDenied, "Permission"},
    {ErrorClass::not_found, absl::StatusCode::kNotFound, "NotFound"},
    {ErrorClass::already_exists, absl::StatusCode::kAlreadyExists, "AlreadyExists"},
    {ErrorClass::conflict, absl::StatusCode::kAborted, "Conflict"},
    {ErrorClass::locked, absl::StatusCode::kUnavailable, "Locked"},
    {ErrorClass::invalid, absl::StatusCode::kInvalidArgument, "Invalid"},
    {ErrorClass::task_failed, absl::StatusCode::kUnavailable, "TaskFailed"},
    {ErrorClass::schema, absl::StatusCode::kDataLoss, "Schema"},
    {ErrorClass::remote, absl::StatusCode::kUnavailable, "Remote"},
    {ErrorClass::overload, absl::StatusCode::kResourceExhausted, "Overload"},
    {ErrorClass::held, absl::StatusCode::kFailedPrecondition, "Held"},
    {ErrorClass::unsupported, absl::StatusCode::kUnimplemented, "Unsupported"},
    {ErrorClass::timeout, absl::StatusCode::kDeadlineExceeded, "Timeout"},
    {ErrorClass::cancelled, absl::StatusCode::kCancelled, "Cancelled"},
    {ErrorClass::internal, absl::StatusCode::kInternal, "Internal"},
}};

const ClassRow& row_of(ErrorClass error) {
  return kClasses.at(static_cast<size_t>(error));
}

std::optional<std::string> payload(const Status& status, const char* url) {
  const auto cord = status.GetPayload(url);
  if (!cord.has_value()) return std::nullopt;
  return std::string(*cord);
}

}  // namespace

std::string_view to_string(ErrorClass error) {
  return row_of(error).name;
}

Status make_error(ErrorClass error, std::string_view message) {
  const auto& row = row_of(error);
  Status status(row.code, absl::string_view(message.data(), message.size()));
  status.SetPayload(kClassUrl, absl::Cord(absl::string_view(row.name.data(), row.name.size())));
  return status;
}

ErrorClass error_class(const Status& status) {
  if (const auto name = payload(status, kClassUrl)) {
    for (const auto& row : kClasses)
      if (row.name == *name) return row.error;
  }
  for (const auto& row : kClasses)
    if (row.code == status.code()) return row.error;
  return ErrorClass::internal;
}

bool is_terminal(const Status& status) {
  if (status.ok()) return false;
  const auto error = error_class(status);
  return error == ErrorClass::invalid || error == ErrorClass::unsupported ||
         error == ErrorClass::permission;
}

Status annotate(Status status, std::string_view prefix) {
  if (status.ok()) return status;
  const std::string text = std::string(prefix) + ": " + message_of(status);
  Status result(status.code(), text);
  status.ForEachPayload(
      [&result](absl::string_view url, const absl::Cord& value) { result.SetPayload(url, value); });
  return result;
}

Status with_code(Status status, std::string_view code) {
  if (!status.ok())
    status.SetPayload(kCodeUrl, absl::Cord(absl::string_view(code.data(), code.size())));
  return status;
}

std::optional<std::string> catalogue_code(const Status& status) {
  return payload(status, kCodeUrl);
}

Status with_retry_after(Status status, std::chrono::milliseconds delay) {
  if (!status.ok()) status.SetPayload(kRetryUrl, absl::Cord(std::to_string(delay.count())));
  return status;
}

std::optional<std::chrono::milliseconds> retry_after(const Status& status) {
  const auto text = payload(status, kRetryUrl);
  if (!text) return std::nullopt;
  int64_t count = 0;
  std::from_chars(text->data(), text->data() + text->size(), count);
  return std::chrono::milliseconds(count);
}

}  // namespace gantry
