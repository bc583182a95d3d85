#pragma once
// A protobuf request body as the JSON value it stands for.
#include <string_view>

#include "pkg/base/json.h"
#include "pkg/base/status.h"

namespace gantry::apiserver::protobuf {

inline constexpr std::string_view kContentType = "application/vnd.kubernetes.protobuf";

// The body is `k8s\0` and a runtime.Unknown, which names apiVersion and kind. kInvalid with
// "byte 17: metadata.name: …" when it is malformed; kUnimplemented for a kind that is not among
// messages.h, with what to send instead. O(bytes).
// Source: k8s.io/apimachinery/pkg/runtime/serializer/protobuf.
Result<Json> decode(std::string_view body);

}  // namespace gantry::apiserver::protobuf
