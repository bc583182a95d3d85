#pragma once
// Discovery: which groups, versions and resources there are. Built once at start.
#include <optional>
#include <string>

#include "pkg/apiserver/request/request_info.h"
#include "pkg/base/json.h"
#include "pkg/http/http.h"

namespace gantry::apiserver {

class Discovery {
 public:
  Discovery();
  // Answers /api, /apis, /api/v1, /apis/GROUP, /apis/GROUP/VERSION (legacy and aggregated, by
  // Accept); nullopt for any other path. With If-None-Match of the same content: 304.
  std::optional<http::Response> answer(const http::Request& request, const RequestInfo& info) const;

 private:
  struct Document {
    std::string body;
    std::string etag;
  };
  static Document make_document(const Json& value);
  http::Response respond(const http::Request& request, const Document& document,
                         const std::string& content_type) const;

  std::map<std::string, Document> legacy_;                              // by path
  std::map<std::pair<std::string, std::string>, Document> aggregated_;  // (path, v2 | v2beta1)
};

}  // namespace gantry::apiserver
