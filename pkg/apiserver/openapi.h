#pragma once
// OpenAPI documents, built once at start from the declarations of the kinds.
#include <map>
#include <optional>
#include <string>

#include "pkg/apiserver/request/request_info.h"
#include "pkg/base/json.h"
#include "pkg/http/http.h"

namespace gantry::apiserver {

// /openapi/v3 (the index), /openapi/v3/{api/v1, apis/GROUP/VERSION} (with ?hash=, cacheable for
// ever), and /openapi/v2: an empty protobuf document, which is what old clients need to go on
// (a JSON one is a hard error for them).
class OpenApi {
 public:
  OpenApi();
  std::optional<http::Response> answer(const http::Request& request, const RequestInfo& info) const;

 private:
  struct Document {
    std::string body;
    std::string hash;
  };
  std::map<std::string, Document> groups_;  // "apis/gantry.dev/v1alpha1"
  Document index_;
};

// The v3 document of one group and version; also the golden file docs/reference/openapi.json.
Json openapi_document(const std::string& group, const std::string& version);

}  // namespace gantry::apiserver
