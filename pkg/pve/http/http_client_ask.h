#pragma once
// HttpClient::ask; private to this driver.
#include <utility>

#include "pkg/base/log.h"
#include "pkg/base/text.h"
#include "pkg/pve/http/http_client.h"

namespace gantry::pve {

template <class T>
Async<Result<T>> HttpClient::ask(Call call, Decoder<T> decode) {
  const bool write = call.is_write();
  const auto what = call.what;
  const auto answer = co_await session_.call(std::move(call));
  if (!answer.ok()) co_return answer.status();
  Oddities odd;
  const auto* data = answer->find("data");
  const Json nothing;
  auto result = decode(data == nullptr ? nothing : *data, odd);
  if (!odd.empty())
    log::debug("odd fields in an answer of Proxmox", {{"call", what}, {"fields", join(odd, "; ")}});
  if (result.ok()) co_return result;
  auto status = annotate(result.status(), what);
  // It was accepted, but we cannot tell as what.
  co_return write ? http::mark_sent(std::move(status)) : status;
}

}  // namespace gantry::pve
