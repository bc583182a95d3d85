#include "pkg/apiserver/patch/size.h"

namespace gantry::apiserver {

size_t approximate_size(const Json& value) {
  size_t bytes = 8;
  if (value.is_string()) bytes += value.as_string().size();
  if (value.is_array())
    for (const auto& item : value.as_array()) bytes += approximate_size(item);
  if (value.is_object())
    for (const auto& [key, member] : value.as_object())
      bytes += key.size() + approximate_size(member);
  return bytes;
}

}  // namespace gantry::apiserver
