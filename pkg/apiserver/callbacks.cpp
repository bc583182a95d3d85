#include "pkg/apiserver/callbacks.h"

#include "pkg/apiserver/request/status.h"
#include "pkg/base/log.h"
#include "pkg/base/text.h"

namespace gantry::apiserver {
namespace {

constexpr int kTries = 5;  // others write to the same Machine

std::string_view token_of(const http::Request& request) {
  const auto header = request.headers.find("Authorization");
  if (header == request.headers.end()) return {};
  const auto text = trim(header->second);
  if (text.size() < 7 || to_lower(text.substr(0, 7)) != "bearer ") return {};
  return trim(text.substr(7));
}

int64_t heard_last(const Json& machine) {
  const auto* text = machine.find_path({"metadata", "annotations", callback::kHeardAnnotation});
  const bool is_there = text != nullptr && text->is_string();
  return callback::heard_attempt(is_there ? text->as_string() : "");
}

http::Response heard(const RequestInfo& info, const Uid& machine, bool is_new) {
  auto status = success_status(info, machine.get());
  status.set("message", is_new ? "heard: Gantry looks now"
                               : "ignored: this attempt, or a later one, was heard before");
  return json_response(200, status);
}

Status too_many(Duration left) {
  return with_retry_after(make_error(ErrorClass::overload,
                                     "too many wrong callback tokens from there; try again later"),
                          std::chrono::ceil<std::chrono::seconds>(left));
}

}  // namespace

bool Callbacks::concerns(const RequestInfo& info) const {
  return tokens_ != nullptr && info.is_resource && info.resource() == "machines.gantry.dev" &&
         info.version == "v1alpha1" && info.subresource == "callback" && !info.ns.empty();
}

Async<http::Response> Callbacks::answer(const http::Request& request, const RequestInfo& info,
                                        const http::Peer& peer, Time now, User& user) {
  if (info.verb != "create") co_return method_not_allowed(info).to_response();
  const auto source = source_of(peer.address);
  if (const auto left = lockout_.wait(source, now))
    co_return to_api_error(too_many(*left), info).to_response();
  const store::Key key{info.resource(), info.ns, info.name};
  const auto machine = store_.get(key);
  Result<int64_t> attempt = make_error(ErrorClass::auth, "Unauthorized");
  if (machine.ok()) attempt = tokens_->verify(token_of(request), (*machine)->uid);
  if (!attempt.ok()) {
    lockout_.failed(source, now);
    co_return unauthorized().to_response();
  }
  lockout_.succeeded(source);
  const Uid uid = (*machine)->uid;
  user.name = "system:callback:" + info.ns + ":" + info.name;
  const auto noted = co_await note(key, uid, *attempt);
  if (!noted.ok()) co_return to_api_error(noted.status(), info).to_response();
  co_return heard(info, uid, *noted);
}

Async<Result<bool>> Callbacks::note(store::Key machine, Uid uid, int64_t attempt) {
  for (int tried = 1;; ++tried) {
    const auto object = store_.get(machine);
    if (!object.ok()) co_return object.status();
    if ((*object)->uid != uid) co_return make_error(ErrorClass::auth, "Unauthorized");
    const int64_t last = heard_last((*object)->value);
    if (attempt <= last) {
      log::info("a callback came late, or twice", {{"machine", store::to_string(machine)},
                                                   {"attempt", attempt},
                                                   {"heard", last},
                                                   {"code", "BST-004"}});
      co_return false;
    }
    Json value = (*object)->value;
    auto& annotations = value.member("metadata").member("annotations");
    annotations.set(callback::kHeardAnnotation, std::to_string(attempt));
    auto written = co_await store_.update(machine.resource, store::Part::main, std::move(value));
    if (written.ok()) co_return true;
    if (error_class(written.status()) != ErrorClass::conflict || tried == kTries)
      co_return written.status();
    GANTRY_CO_TRY(co_await store_.sync());
  }
}

}  // namespace gantry::apiserver
