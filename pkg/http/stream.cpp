#include "pkg/http/http.h"

namespace gantry::http {

Async<Result<Upgraded>> StreamingClient::upgrade(Request) {
  co_return make_error(ErrorClass::unsupported, "this client cannot change the protocol");
}

Async<Status> ResponseStream::upgrade(Headers) {
  co_return make_error(ErrorClass::unsupported, "this connection cannot change its protocol");
}

Async<Result<std::string>> ResponseStream::read() {
  co_return make_error(ErrorClass::unsupported, "this connection cannot change its protocol");
}

Response Handler::refuse(int status, std::string message, const Peer&) {
  Response response;
  response.status = status;
  response.headers["Content-Type"] = "text/plain; charset=utf-8";
  response.body = std::move(message) + "\n";
  return response;
}

}  // namespace gantry::http
