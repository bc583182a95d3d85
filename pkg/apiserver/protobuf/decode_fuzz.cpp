// Any bytes are an object or an error, never a crash; an object has its apiVersion and kind.
#include "pkg/apiserver/protobuf/decode.h"
#include "pkg/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Every body begins so; the interesting bytes come after it.
  const std::string body = std::string("k8s\0", 4) + std::string(data, data + size);
  const auto object = gantry::apiserver::protobuf::decode(body);
  if (object.ok()) GANTRY_CHECK(object->find("kind") != nullptr);
  return 0;
}
