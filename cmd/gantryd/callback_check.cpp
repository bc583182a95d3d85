#include "cmd/gantryd/callback_check.h"

#include "pkg/base/log.h"
#include "pkg/schema/json.h"

namespace gantry::daemon {
namespace {

constexpr std::chrono::seconds kTimeout{10};
constexpr std::chrono::minutes kLook{1};
constexpr const char* kPath =
    "/apis/gantry.dev/v1alpha1/namespaces/default/machines/self-test/callback";

// Only a POST is a callback: to anything else the route answers so, and nothing is counted.
bool is_ours(const http::Response& response) {
  if (response.status != 405) return false;
  const auto body = schema::parse_json(response.body);
  return body.ok() && body->string_or("reason", "") == "MethodNotAllowed";
}

}  // namespace

Async<Status> CallbackCheck::look() {
  http::Request request;
  request.target = kPath;
  request.headers["Accept"] = "application/json";
  const auto answer = co_await client_->send(std::move(request), kTimeout);
  Status found;
  if (!answer.ok()) {
    log::warn("nobody answers at the address that containers are told for callbacks",
              {{"url", url_}, {"error", answer.status()}});
  } else if (!is_ours(*answer)) {
    const auto text =
        absl::StrFormat("CallbackRouteBroken: %s%s answers %d, and not as gantryd does", url_,
                        kPath, answer->status);
    found = with_code(make_error(ErrorClass::remote, text), "BST-003");
  }
  if (!found.ok() && found != status_) log::error("callbacks do not arrive", {{"error", found}});
  status_ = found;
  co_return status_;
}

Async<Status> CallbackCheck::run(async::Clock& clock) {
  while (true) {
    (void)co_await look();
    GANTRY_CO_TRY(co_await clock.sleep_for(kLook));
  }
}

}  // namespace gantry::daemon
