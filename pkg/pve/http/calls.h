#pragma once
// How calls are put together; private to this driver.
#include <string>
#include <string_view>
#include <utility>

#include "pkg/base/ids.h"
#include "pkg/base/text.h"
#include "pkg/pve/http/session.h"

namespace gantry::pve {

inline std::string node_path(const NodeName& node) {
  return "/nodes/" + url_encode(node.get());
}

inline std::string guest_path(const NodeName& node, VmId vmid) {
  return node_path(node) + "/lxc/" + std::to_string(vmid.get());
}

// "start guest 100 on pve1".
inline std::string describe(std::string_view verb, VmId vmid, const NodeName& node) {
  return absl::StrFormat("%s guest %d on %s", verb, vmid.get(), node.get());
}

inline Call make_call(std::string method, std::string path, std::string what) {
  Call call;
  call.method = std::move(method);
  call.path = std::move(path);
  call.what = std::move(what);
  return call;
}

// A read that a node answers from memory.
inline Call make_quick_call(std::string path, std::string what) {
  auto call = make_call("GET", std::move(path), std::move(what));
  call.quick = true;
  return call;
}

}  // namespace gantry::pve
