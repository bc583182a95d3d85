#include "pkg/apiserver/access.h"

#include "pkg/base/text.h"

namespace gantry::apiserver {
namespace {

constexpr std::string_view kExtra = "impersonate-extra-";

std::string header(const http::Request& request, std::string_view name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? "" : found->second;
}

// The server joins repeated headers with ", ".
std::vector<std::string> values_of(const std::string& joined) {
  std::vector<std::string> values;
  for (const auto& value : split(joined, ','))
    if (!trim(value).empty()) values.emplace_back(trim(value));
  return values;
}

ApiError refusal(const User& user, const Attributes& wanted) {
  ApiError refused = bad_request(forbidden_message(user, wanted));
  refused.code = 403;
  refused.reason = "Forbidden";
  refused.group = wanted.group;
  refused.kind = wanted.resource;
  refused.name = wanted.name;
  return refused;
}

ApiError refusal(const Status& status, const RequestInfo& info) {
  if (error_class(status) == ErrorClass::auth) return unauthorized();
  return to_api_error(status, info);
}

// What the request asks to be; groups that an account has anyway are added.
User target_of(const http::Request& request) {
  User target;
  target.name = header(request, "Impersonate-User");
  target.uid = header(request, "Impersonate-Uid");
  target.groups = values_of(header(request, "Impersonate-Group"));
  for (const auto& [name, value] : request.headers)
    if (to_lower(name).starts_with(kExtra))
      target.extra[url_decode(to_lower(name).substr(kExtra.size())).value_or("")] =
          values_of(value);
  return target;
}

void add_own_groups(User& user) {
  const auto parts = split(user.name, ':');
  if (user.groups.empty() && parts.size() == 4 && user.name.starts_with(kAccountPrefix)) {
    user.groups.emplace_back(kAccountsGroup);
    user.groups.push_back(std::string(kAccountsGroup) + ":" + parts[2]);
  }
  if (!user.in(kAuthenticatedGroup)) user.groups.emplace_back(kAuthenticatedGroup);
}

// uid and extra have rules of their own.
std::optional<Attributes> refuses_details(Rbac& rbac, const User& user, const User& target) {
  Attributes wanted;
  wanted.verb = "impersonate";
  wanted.group = "authentication.k8s.io";
  if (!target.uid.empty()) {
    wanted.resource = "uids";
    wanted.name = target.uid;
    if (!rbac.authorize(user, wanted).allowed) return wanted;
  }
  wanted.resource = "userextras";
  for (const auto& [key, values] : target.extra)
    for (const auto& value : values) {
      wanted.subresource = key;
      wanted.name = value;
      if (!rbac.authorize(user, wanted).allowed) return wanted;
    }
  return std::nullopt;
}

}  // namespace

void Access::impersonate(const http::Request& request, Caller& caller) {
  auto target = target_of(request);
  if (target.name.empty()) {
    if (!target.groups.empty() || !target.uid.empty() || !target.extra.empty())
      caller.refused = bad_request("Impersonate-Group, -Uid and -Extra need Impersonate-User");
    return;
  }
  auto refused = refuses_to_be(rbac_, caller.user, target);
  if (!refused) refused = refuses_details(rbac_, caller.user, target);
  if (refused) {
    caller.refused = refusal(caller.user, *refused);
    return;
  }
  add_own_groups(target);
  caller.impersonator = std::exchange(caller.user, std::move(target));
}

std::optional<ApiError> Access::guard(const User& user, const RequestInfo& info, const Json* old,
                                      const Json& object) {
  if (old == nullptr && info.verb != "create") {
    auto wanted = attributes_of(info);
    wanted.verb = "create";
    if (!rbac_.authorize(user, wanted).allowed) return refusal(user, wanted);
  }
  return check_escalation(rbac_, user, info, old, object);
}

Async<Caller> Access::admit(const http::Request& request, const RequestInfo& info,
                            const http::Peer& peer, Time now) {
  Caller caller;
  auto user = co_await authenticator_.authenticate(request, peer, now);
  if (!user.ok()) {
    caller.refused = refusal(user.status(), info);
    co_return caller;
  }
  caller.user = *std::move(user);
  impersonate(request, caller);
  if (caller.refused) co_return caller;
  const auto wanted = attributes_of(info);
  if (!rbac_.authorize(caller.user, wanted).allowed) caller.refused = refusal(caller.user, wanted);
  co_return caller;
}

}  // namespace gantry::apiserver
