// Whatever a server sends, the decoders answer with a value or a Status.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "pkg/pve/http/decode.h"
#include "pkg/pve/mark.h"
#include "pkg/pve/property_string.h"
#include "pkg/pve/upid.h"
#include "pkg/schema/json.h"

using namespace gantry;       // NOLINT(google-build-using-namespace)
using namespace gantry::pve;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string text(bytes, bytes + size);
  (void)parse_upid(Upid(text));
  (void)find_mark(text);
  (void)PropertyString::parse(text, "volume");
  const auto json = schema::parse_json(text);
  if (!json.ok()) return 0;
  Oddities odd;
  (void)decode_version(*json, odd);
  (void)decode_permissions(*json, odd);
  (void)decode_cluster_status(*json, odd);
  (void)decode_resources(*json, odd);
  (void)decode_storages(*json, odd);
  (void)decode_volumes(*json, odd);
  (void)decode_bridges(*json, odd);
  (void)decode_guest_config(*json, odd);
  (void)decode_guest_pending(*json, odd);
  (void)decode_guest_status(*json, odd);
  (void)decode_guest_interfaces(*json, odd);
  (void)decode_upid(*json, odd);
  (void)decode_task(*json, odd);
  (void)decode_tasks(*json, odd);
  (void)decode_task_log(*json, odd);
  return 0;
}
