#pragma once
// What the verbs of the control door read from their arguments.
#include <string>

#include "pkg/base/ids.h"
#include "pkg/base/json.h"
#include "pkg/base/status.h"
#include "pkg/base/text.h"

namespace gantry::lab {

inline Result<VmId> vmid_in(const Json& arguments, std::string_view key = "vmid") {
  const auto vmid = arguments.integer_or(key, 0);
  if (vmid <= 0) return invalid("%s: a VMID is needed", std::string(key));
  return VmId(vmid);
}

inline Result<Json> done(const Status& status) {
  if (!status.ok()) return status;
  return Json::object();
}

inline Result<std::string> bytes_in(const Json& arguments, std::string_view key) {
  auto bytes = base64_decode(arguments.string_or(key, ""));
  if (!bytes) return invalid("%s: is no base64", std::string(key));
  return *std::move(bytes);
}

}  // namespace gantry::lab
