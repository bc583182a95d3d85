#include "pkg/apiserver/present/accept.h"

#include "pkg/base/text.h"

namespace gantry::apiserver {
namespace {

std::string header(const http::Request& request, std::string_view name) {
  const auto it = request.headers.find(name);
  return it == request.headers.end() ? std::string() : it->second;
}

struct MediaRange {
  std::string type;
  std::string as;
  std::string version;
  bool drop_managed_fields = false;
};

MediaRange parse_range(std::string_view text) {
  MediaRange range;
  bool first = true;
  for (const auto& part : split(text, ';')) {
    const auto piece = trim(part);
    if (first) {
      range.type = to_lower(piece);
      first = false;
    } else if (starts_with(piece, "as=")) {
      range.as = piece.substr(3);
    } else if (starts_with(piece, "v=")) {
      range.version = piece.substr(2);
    } else if (piece == "drop=metadata.managedFields") {
      range.drop_managed_fields = true;
    }
  }
  return range;
}

// The first range wins that we can write; clients list what they like best first.
bool apply(const MediaRange& range, Accepted& accepted) {
  const bool json =
      range.type == "application/json" || range.type == "*/*" || range.type == "application/*";
  const bool yaml = range.type == "application/yaml" || range.type == "text/yaml";
  if (!json && !yaml) return false;
  accepted.yaml = yaml;
  accepted.drop_managed_fields = range.drop_managed_fields;
  if (range.as.empty()) return true;
  const bool meta_version = range.version == "v1" || range.version == "v1beta1";
  if (range.as == "Table" && meta_version) {
    accepted.shape = Shape::table;
  } else if (starts_with(range.as, "PartialObjectMetadata") && meta_version) {
    accepted.shape = Shape::partial;
  } else {
    return false;
  }
  return true;
}

bool wants_pretty(std::string_view query, const std::string& user_agent) {
  if (!query.empty()) return query != "false" && query != "0";
  return starts_with(user_agent, "curl") || starts_with(user_agent, "Wget") ||
         starts_with(user_agent, "Mozilla");
}

}  // namespace

Result<Accepted> negotiate(const http::Request& request, std::string_view pretty_query) {
  Accepted accepted;
  accepted.pretty = wants_pretty(pretty_query, header(request, "User-Agent"));
  const auto accept = header(request, "Accept");
  if (trim(accept).empty()) return accepted;
  for (const auto& part : split(accept, ','))
    if (apply(parse_range(part), accepted)) return accepted;
  return error(ErrorClass::unsupported,
               "only the following media types are accepted: application/json, application/yaml, "
               "application/json;as=Table;v=v1;g=meta.k8s.io, "
               "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io");
}

}  // namespace gantry::apiserver
