#include "pkg/apiserver/authz/attributes.h"

#include "pkg/base/text.h"

namespace gantry::apiserver {
namespace {

// The name of `metadata.name=x`; empty unless the selector says exactly that, among others.
std::string selected_name(const RequestInfo& info) {
  for (const auto& term : split(info.query("fieldSelector"), ',')) {
    for (const std::string_view prefix : {"metadata.name==", "metadata.name="}) {
      if (!starts_with(trim(term), prefix)) continue;
      return std::string(trim(term).substr(prefix.size()));
    }
  }
  return "";
}

}  // namespace

Attributes attributes_of(const RequestInfo& info) {
  Attributes wanted;
  wanted.verb = info.verb;
  wanted.is_resource = info.is_resource;
  for (const auto& segment : info.target.segments) wanted.path += "/" + segment;
  if (wanted.path.empty()) wanted.path = "/";
  if (!info.is_resource) return wanted;
  wanted.group = info.group;
  wanted.resource = info.plural;
  wanted.subresource = info.subresource;
  wanted.name = info.name;
  // A Namespace object counts as being in itself, so that its owner may read it.
  wanted.ns = info.plural == "namespaces" && info.ns.empty() ? info.name : info.ns;
  const bool selects =
      info.verb == "list" || info.verb == "watch" || info.verb == "deletecollection";
  if (wanted.name.empty() && selects) wanted.name = selected_name(info);
  return wanted;
}

std::string forbidden_message(const User& user, const Attributes& wanted) {
  if (!wanted.is_resource)
    return "forbidden: User \"" + user.name + "\" cannot " + wanted.verb + " path \"" +
           wanted.path + "\"";
  std::string text = wanted.resource + (wanted.group.empty() ? "" : "." + wanted.group);
  if (!wanted.name.empty()) text += " \"" + wanted.name + "\"";
  text += " is forbidden: User \"" + user.name + "\" cannot " + wanted.verb + " resource \"" +
          wanted.full_resource() + "\" in API group \"" + wanted.group + "\"";
  return text +
         (wanted.ns.empty() ? " at the cluster scope" : " in the namespace \"" + wanted.ns + "\"");
}

}  // namespace gantry::apiserver
