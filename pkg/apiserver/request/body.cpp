#include "pkg/apiserver/request/body.h"

#include "pkg/apiserver/protobuf/decode.h"
#include "pkg/base/text.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {

std::string content_type(const http::Request& request) {
  const auto header = request.headers.find("Content-Type");
  if (header == request.headers.end()) return {};
  return to_lower(trim(header->second.substr(0, header->second.find(';'))));
}

Result<Json> read_body(const http::Request& request) {
  const auto type = content_type(request);
  if (type == protobuf::kContentType) return protobuf::decode(request.body);
  const bool yaml =
      type == "application/yaml" || type == "text/yaml" || type == "application/apply-patch+yaml";
  if (!yaml && !type.empty() && type != "application/json" && type != "text/plain" &&
      !type.ends_with("+json"))
    return error(ErrorClass::unsupported,
                 "the body of the request was in an unknown format (%s); accepted media types "
                 "include: application/json, application/yaml, application/vnd.kubernetes.protobuf",
                 type);
  if (!yaml) return schema::parse_json(request.body);
  GANTRY_TRY_ASSIGN(auto documents, schema::parse_yaml(request.body));
  if (documents.size() != 1)
    return invalid("expected one YAML document in the body, found %d", documents.size());
  return std::move(documents.front().value);
}

}  // namespace gantry::apiserver
