#include "pkg/guest/channel.h"

namespace gantry::guest {

OutputSink no_output() {
  return [](bool, std::string) {};
}

}  // namespace gantry::guest
