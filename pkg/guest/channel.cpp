#include "pkg/guest/channel.h"

namespace gantry::guest {

OutputSink no_output() {
  return [](bool, std::string) {};
}

Async<Result<std::vector<VmId>>> Channel::guests_on(NodeName node, std::string) {
  co_return error(ErrorClass::unsupported, "node %s cannot be asked who is on its bridges",
                  node.get());
}

}  // namespace gantry::guest
