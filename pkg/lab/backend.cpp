#include "pkg/lab/backend.h"

namespace gantry::lab {
namespace {

Status unsupported() {
  return make_error(ErrorClass::unsupported, "lab: these containers cannot be copied aside");
}

}  // namespace

Async<Result<int64_t>> Backend::save(ContainerSpec, std::string, LogSink) {
  co_return unsupported();
}

Async<Status> Backend::load(ContainerSpec, std::string, LogSink) {
  co_return unsupported();
}

Async<Status> Backend::forget(std::string) {
  co_return unsupported();
}

}  // namespace gantry::lab
