#include "pkg/apiserver/discovery/openapi.h"

#include <set>

#include "api/kinds.h"
#include "pkg/apiserver/discovery/openapi_document.h"
#include "pkg/apiserver/discovery/openapi_protobuf.h"
#include "pkg/base/text.h"
#include "pkg/crypto/digest.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

// Clients ask for "…v2@v1.0+protobuf"; newer servers answer without the "@", which is no token.
constexpr const char* kProtobuf = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

bool wants_protobuf(const http::Request& request) {
  const auto accept = request.headers.find("Accept");
  if (accept == request.headers.end()) return false;
  for (const auto& range : split(accept->second, ',')) {
    const std::string type(trim(range.substr(0, range.find(';'))));
    if (type == "application/json" || type == "*/*") return false;
    if (type == kProtobuf || type == "application/com.github.proto-openapi.spec.v2@v1.0+protobuf")
      return true;
  }
  return false;
}

std::string document_url(const std::string& path, const std::string& hash) {
  return "/openapi/v3/" + path + "?hash=" + hash;
}

}  // namespace

OpenApi::Document OpenApi::make(std::string body, std::string content_type) {
  Document document;
  document.hash = hex(crypto::sha256(body));
  document.body = std::move(body);
  document.content_type = std::move(content_type);
  return document;
}

OpenApi::OpenApi() {
  std::set<std::pair<std::string, std::string>> groups;
  for (const auto& kind : api::all_kinds())
    groups.emplace(std::string(kind.group), std::string(kind.version));
  Json index;
  for (const auto& [group, version] : groups) {
    const auto path = group_path(group, version);
    auto document =
        make(schema::to_json(openapi_v3_document(group, version)) + "\n", "application/json");
    index.member("paths").member(path).set("serverRelativeURL", document_url(path, document.hash));
    groups_[path] = std::move(document);
  }
  index_ = make(schema::to_json(index) + "\n", "application/json");
  const auto v2 = openapi_v2_document();
  v2_json_ = make(schema::to_json(v2) + "\n", "application/json");
  v2_protobuf_ = make(openapi_v2_protobuf(v2), kProtobuf);
}

http::Response OpenApi::respond(const http::Request& request, const Document& document) {
  const auto etag = "\"" + document.hash + "\"";
  http::Response response;
  response.headers["Content-Type"] = document.content_type;
  response.headers["ETag"] = etag;
  response.headers["Vary"] = "Accept";
  const auto known = request.headers.find("If-None-Match");
  if (known != request.headers.end() && known->second == etag)
    response.status = 304;
  else
    response.body = document.body;
  return response;
}

http::Response OpenApi::respond_group(const http::Request& request, const RequestInfo& info,
                                      const std::string& path, const Document& document) const {
  const auto hash = info.query("hash");
  if (!hash.empty() && hash != document.hash) {
    http::Response moved;
    moved.status = 301;
    moved.headers["Location"] = document_url(path, document.hash);
    return moved;
  }
  auto response = respond(request, document);
  if (!hash.empty()) response.headers["Cache-Control"] = "public, immutable";
  return response;
}

std::optional<http::Response> OpenApi::answer(const http::Request& request,
                                              const RequestInfo& info) const {
  const auto& segments = info.target.segments;
  if (segments.size() < 2 || segments[0] != "openapi") return std::nullopt;
  if (segments[1] == "v2" && segments.size() == 2)
    return respond(request, wants_protobuf(request) ? v2_protobuf_ : v2_json_);
  if (segments[1] != "v3") return std::nullopt;
  if (segments.size() == 2) return respond(request, index_);
  const auto path = join(std::vector<std::string>(segments.begin() + 2, segments.end()), "/");
  const auto found = groups_.find(path);
  if (found == groups_.end()) return std::nullopt;
  return respond_group(request, info, path, found->second);
}

}  // namespace gantry::apiserver
