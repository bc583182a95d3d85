#include "pkg/store/metadata.h"

#include <algorithm>

#include "pkg/base/text.h"
#include "pkg/store/object.h"

namespace gantry::store {
namespace {

constexpr size_t kAnnotationBytesMax = 262144;
constexpr size_t kNameMax = 253;
constexpr size_t kLabelMax = 63;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

bool is_label_text(std::string_view text) {
  if (text.empty() || text.size() > kLabelMax) return false;
  if (!is_alphanumeric(text.front()) || !is_alphanumeric(text.back())) return false;
  return std::ranges::all_of(
      text, [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

bool is_qualified_name(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return is_label_text(text);
  return is_dns_subdomain(text.substr(0, slash)) && is_label_text(text.substr(slash + 1));
}

namespace {

// What RBAC objects may be called: whatever fits into one segment of a path.
bool is_path_segment(std::string_view text) {
  return !text.empty() && text.size() <= kNameMax && text != "." && text != ".." &&
         text.find_first_of("/%") == std::string_view::npos;
}

Status bad_value(std::string_view path, std::string_view value, std::string_view rule) {
  return invalid("%s: Invalid value: \"%s\": %s", std::string(path), std::string(value),
                 std::string(rule));
}

Status check_name(const Key& key) {
  if (key.name.empty()) return invalid("metadata.name: Required value: name or generateName");
  if (key.resource.ends_with(".rbac.authorization.k8s.io")) {
    if (is_path_segment(key.name)) return {};
    return bad_value("metadata.name", key.name, "may not be '.' or '..' or contain '/' or '%'");
  }
  if (is_dns_subdomain(key.name)) return {};
  return bad_value("metadata.name", key.name,
                   "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
                   "characters, '-' or '.', and must start and end with an alphanumeric character "
                   "(at most 253 characters)");
}

Status check_text_map(const Json& metadata, std::string_view name) {
  const auto* map = metadata.find(name);
  const auto path = "metadata." + std::string(name);
  if (map == nullptr || map->is_null()) return {};
  if (!map->is_object()) return invalid("%s: Invalid value: must be an object of texts", path);
  for (const auto& [key, value] : map->as_object()) {
    if (!is_qualified_name(key))
      return bad_value(path, key,
                       "must be a name of at most 63 characters, with an optional DNS "
                       "subdomain prefix and '/'");
    if (!value.is_string())
      return invalid("%s[%s]: Invalid value: must be a text, not %s", path, key,
                     std::string(to_string(value.kind())));
  }
  return {};
}

Status check_labels(const Json& metadata) {
  GANTRY_TRY(check_text_map(metadata, "labels"));
  const auto* labels = metadata.find("labels");
  if (labels == nullptr || !labels->is_object()) return {};
  for (const auto& [key, value] : labels->as_object())
    if (!value.as_string().empty() && !is_label_text(value.as_string()))
      return bad_value("metadata.labels", value.as_string(),
                       "must be empty or at most 63 alphanumeric characters, '-', '_' or '.', "
                       "starting and ending with an alphanumeric character");
  return {};
}

Status check_annotations(const Json& metadata) {
  GANTRY_TRY(check_text_map(metadata, "annotations"));
  const auto* annotations = metadata.find("annotations");
  if (annotations == nullptr || !annotations->is_object()) return {};
  size_t bytes = 0;
  for (const auto& [key, value] : annotations->as_object())
    bytes += key.size() + value.as_string().size();
  if (bytes <= kAnnotationBytesMax) return {};
  return invalid("metadata.annotations: Too long: must have at most %d bytes", kAnnotationBytesMax);
}

Status check_finalizers(const Json& metadata) {
  const auto* list = metadata.find("finalizers");
  if (list == nullptr || list->is_null()) return {};
  if (!list->is_array()) return invalid("metadata.finalizers: Invalid value: must be a list");
  for (const auto& item : list->as_array()) {
    if (!item.is_string())
      return invalid("metadata.finalizers: Invalid value: every finalizer must be a text");
    if (!is_qualified_name(item.as_string()))
      return bad_value("metadata.finalizers", item.as_string(),
                       "must be a name such as gantry.dev/guest");
  }
  return {};
}

}  // namespace

Status check_metadata(const Key& key, const Json& object) {
  if (!object.is_object())
    return invalid("an object is needed, not %s", std::string(to_string(object.kind())));
  const auto* metadata = object.find("metadata");
  if (metadata == nullptr || !metadata->is_object())
    return invalid("metadata: Required value: an object with a name");
  GANTRY_TRY(check_name(key));
  if (!key.ns.empty() && !is_dns_label(key.ns))
    return bad_value("metadata.namespace", key.ns, "must be an RFC 1123 label");
  GANTRY_TRY(check_labels(*metadata));
  GANTRY_TRY(check_annotations(*metadata));
  return check_finalizers(*metadata);
}

}  // namespace gantry::store
