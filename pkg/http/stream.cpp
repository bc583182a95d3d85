#include "pkg/http/http.h"

namespace gantry::http {

Async<Status> ResponseStream::upgrade(Headers) {
  co_return make_error(ErrorClass::unsupported, "this connection cannot change its protocol");
}

Async<Result<std::string>> ResponseStream::read() {
  co_return make_error(ErrorClass::unsupported, "this connection cannot change its protocol");
}

}  // namespace gantry::http
