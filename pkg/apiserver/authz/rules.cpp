#include "pkg/apiserver/authz/rules.h"

#include <algorithm>

#include "pkg/base/text.h"

namespace gantry::apiserver {
namespace {

using api::rbac::PolicyRule;
using Texts = std::vector<std::string>;

bool has(const Texts& texts, std::string_view text) {
  return std::ranges::find(texts, text) != texts.end();
}
bool has_or_all(const Texts& texts, std::string_view text) {
  return has(texts, text) || has(texts, "*");
}

bool has_resource(const Texts& resources, const std::string& resource,
                  const std::string& subresource) {
  if (has(resources, "*")) return true;
  if (subresource.empty()) return has(resources, resource);
  return has(resources, resource + "/" + subresource) || has(resources, "*/" + subresource);
}

bool has_path(const Texts& patterns, std::string_view path) {
  return std::ranges::any_of(patterns, [path](const std::string& pattern) {
    if (pattern == "*" || pattern == path) return true;
    return pattern.ends_with('*') &&
           path.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1));
  });
}

// A step has one verb, and one path or one group, resource and at most one name.
bool holds_step(const PolicyRule& held, const PolicyRule& step) {
  if (!has_or_all(held.verbs, step.verbs.front())) return false;
  if (!step.non_resource_urls.empty())
    return has_path(held.non_resource_urls, step.non_resource_urls.front());
  if (!has_or_all(held.api_groups, step.api_groups.front())) return false;
  const auto& full = step.resources.front();
  const auto slash = full.find('/');
  const bool whole = slash == std::string::npos;
  if (!has_resource(held.resources, full.substr(0, slash), whole ? "" : full.substr(slash + 1)))
    return false;
  if (held.resource_names.empty()) return true;
  return !step.resource_names.empty() && has(held.resource_names, step.resource_names.front());
}

Rules steps_of(const PolicyRule& rule) {
  Rules steps;
  for (const auto& verb : rule.verbs) {
    for (const auto& url : rule.non_resource_urls) steps.push_back({{verb}, {}, {}, {}, {url}});
    for (const auto& group : rule.api_groups)
      for (const auto& resource : rule.resources) {
        if (rule.resource_names.empty()) steps.push_back({{verb}, {group}, {resource}, {}, {}});
        for (const auto& name : rule.resource_names)
          steps.push_back({{verb}, {group}, {resource}, {name}, {}});
      }
  }
  return steps;
}

std::string quoted(std::string_view name, const Texts& texts) {
  if (texts.empty()) return "";
  Texts quotes;
  for (const auto& text : texts) quotes.push_back("\"" + text + "\"");
  return std::string(name) + ":[" + join(quotes, ", ") + "]";
}

}  // namespace

bool allows(const PolicyRule& rule, const Attributes& wanted) {
  if (!has_or_all(rule.verbs, wanted.verb)) return false;
  if (!wanted.is_resource) return has_path(rule.non_resource_urls, wanted.path);
  return has_or_all(rule.api_groups, wanted.group) &&
         has_resource(rule.resources, wanted.resource, wanted.subresource) &&
         (rule.resource_names.empty() ||
          (!wanted.name.empty() && has(rule.resource_names, wanted.name)));
}

Rules missing_from(const Rules& held, const Rules& wanted) {
  Rules missing;
  for (const auto& rule : wanted)
    for (auto& step : steps_of(rule))
      if (std::ranges::none_of(held, [&](const auto& own) { return holds_step(own, step); }))
        missing.push_back(std::move(step));
  return missing;
}

std::string describe(const PolicyRule& rule) {
  Texts parts;
  for (const auto& part :
       {quoted("APIGroups", rule.api_groups), quoted("Resources", rule.resources),
        quoted("ResourceNames", rule.resource_names),
        quoted("NonResourceURLs", rule.non_resource_urls), quoted("Verbs", rule.verbs)})
    if (!part.empty()) parts.push_back(part);
  return "{" + join(parts, ", ") + "}";
}

}  // namespace gantry::apiserver
