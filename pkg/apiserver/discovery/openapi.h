#pragma once
// OpenAPI documents, built once at start from the declarations of the kinds.
#include <map>
#include <optional>
#include <string>

#include "pkg/apiserver/request/request_info.h"
#include "pkg/http/http.h"

namespace gantry::apiserver {

// /openapi/v3 (the index), /openapi/v3/{api/v1, apis/GROUP/VERSION} (with ?hash=, cacheable for
// ever) and /openapi/v2, in protobuf for those who accept it, else as JSON.
class OpenApi {
 public:
  OpenApi();
  // nullopt for any other path. With If-None-Match of the same content: 304. A document of v3 under
  // an old hash: 301 to the new one.
  std::optional<http::Response> answer(const http::Request& request, const RequestInfo& info) const;

 private:
  struct Document {
    std::string body;
    std::string content_type;
    std::string hash;
  };
  static Document make(std::string body, std::string content_type);
  static http::Response respond(const http::Request& request, const Document& document);
  http::Response respond_group(const http::Request& request, const RequestInfo& info,
                               const std::string& path, const Document& document) const;

  std::map<std::string, Document> groups_;  // "apis/gantry.dev/v1alpha1"
  Document index_, v2_json_, v2_protobuf_;
};

}  // namespace gantry::apiserver
