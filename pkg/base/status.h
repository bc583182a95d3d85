#pragma once
// What can go wrong, as data: Status, Result<T> and the error class that rides on a Status.
//
// Expected failures are values; exceptions are bugs. A Status is built with make_error() or one of
// the named constructors below and never with absl's own functions (Debian's abseil has its own
// string_view). Its class survives annotate(), so that a condition, an HTTP answer and a retry
// policy can all be derived from what the socket said.
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/str_format.h>

namespace gantry {

using Status = absl::Status;
template <class T>
using Result = absl::StatusOr<T>;

// Where an error comes from. There is no catch-all: `remote` means that the other side answered
// and said that it failed, in words we do not know better.
enum class ErrorClass {
  transport,       // no answer: refused, reset, unreachable, DNS          kUnavailable
  tls,             // handshake, certificate, fingerprint                  kFailedPrecondition
  auth,            // credentials refused                                  kUnauthenticated
  permission,      // authenticated but not allowed                        kPermissionDenied
  not_found,       //                                                      kNotFound
  already_exists,  //                                                      kAlreadyExists
  conflict,        // version conflict; read again and retry at once       kAborted
  locked,          // a Proxmox config lock or flock is held               kUnavailable
  invalid,         // only a person can fix the request                    kInvalidArgument
  task_failed,     // a Proxmox task ended with an error                   kUnavailable
  schema,          // an answer that could not be decoded                  kDataLoss
  remote,          // the other side said 5xx                              kUnavailable
  overload,        // a bounded queue or rate limit is full                kResourceExhausted
  held,            // a guard refused to act; nothing was done             kFailedPrecondition
  unsupported,     // not implemented by the other side or by us           kUnimplemented
  timeout,         // a deadline passed; the effect is unknown             kDeadlineExceeded
  cancelled,       // we are stopping                                      kCancelled
  internal,        // a bug                                                kInternal
};

// CamelCase, as shown in conditions: "TaskFailed".
std::string_view to_string(ErrorClass error);

// A non-OK Status of that class. `message` is for the user who reads a condition: lower case,
// names the thing, says what was tried.
Status make_error(ErrorClass error, std::string_view message);

// The class a Status was made with; derived from its code when it was made elsewhere.
// Requires !status.ok().
ErrorClass error_class(const Status& status);

// True when only a person can fix it: retrying without a new spec is pointless.
bool is_terminal(const Status& status);

// "prefix: message", same code, class and payloads. An OK status stays OK.
Status annotate(Status status, std::string_view prefix);

// The stable code of the failure catalogue ("CON-001") and its machine reason ("TokenRejected").
Status with_code(Status status, std::string_view code);
std::optional<std::string> catalogue_code(const Status& status);

// How long the other side asked us to wait before trying again.
Status with_retry_after(Status status, std::chrono::milliseconds delay);
std::optional<std::chrono::milliseconds> retry_after(const Status& status);

template <class... Args>
Status not_found(const absl::FormatSpec<Args...>& format, const Args&... args) {
  return make_error(ErrorClass::not_found, absl::StrFormat(format, args...));
}
template <class... Args>
Status already_exists(const absl::FormatSpec<Args...>& format, const Args&... args) {
  return make_error(ErrorClass::already_exists, absl::StrFormat(format, args...));
}
template <class... Args>
Status conflict(const absl::FormatSpec<Args...>& format, const Args&... args) {
  return make_error(ErrorClass::conflict, absl::StrFormat(format, args...));
}
template <class... Args>
Status invalid(const absl::FormatSpec<Args...>& format, const Args&... args) {
  return make_error(ErrorClass::invalid, absl::StrFormat(format, args...));
}
template <class... Args>
Status internal(const absl::FormatSpec<Args...>& format, const Args&... args) {
  return make_error(ErrorClass::internal, absl::StrFormat(format, args...));
}
// Any class with a formatted message: error(ErrorClass::locked, "CT %d is locked", id).
template <class... Args>
Status error(ErrorClass kind, const absl::FormatSpec<Args...>& format, const Args&... args) {
  return make_error(kind, absl::StrFormat(format, args...));
}

// The message as std::string, whatever string_view abseil was built with.
inline std::string message_of(const Status& status) {
  return std::string(status.message());
}

}  // namespace gantry

#define GANTRY_CONCAT_(a, b) a##b
#define GANTRY_CONCAT(a, b) GANTRY_CONCAT_(a, b)
#define GANTRY_TRY_(expr, ret)                                                           \
  do {                                                                                   \
    if (::gantry::Status gantry_status = (expr); !gantry_status.ok()) ret gantry_status; \
  } while (false)
#define GANTRY_ASSIGN_(lhs, tmp, expr, ret) \
  auto tmp = (expr);                        \
  if (!tmp.ok()) ret tmp.status();          \
  lhs = std::move(tmp).value()
// Statements, not expressions: g++ 12 crashes on statement expressions with co_return.
#define GANTRY_TRY(expr) GANTRY_TRY_(expr, return )
#define GANTRY_CO_TRY(expr) GANTRY_TRY_(expr, co_return )
#define GANTRY_TRY_ASSIGN(lhs, expr) \
  GANTRY_ASSIGN_(lhs, GANTRY_CONCAT(gantry_result_, __COUNTER__), expr, return )
#define GANTRY_CO_TRY_ASSIGN(lhs, expr) \
  GANTRY_ASSIGN_(lhs, GANTRY_CONCAT(gantry_result_, __COUNTER__), expr, co_return )
