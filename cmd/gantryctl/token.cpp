#include <absl/strings/str_format.h>

#include "api/kinds.h"
#include "cmd/gantryctl/commands.h"
#include "pkg/apiserver/authn/token_secret.h"
#include "pkg/base/text.h"

namespace gantry::ctl {
namespace {

Where secrets(const std::string& name = "") {
  Where where;
  where.kind = api::find_by_resource("secrets");
  where.ns = apiserver::kTokenNamespace;
  where.name = name;
  return where;
}

std::string line_of_token(const Json& secret) {
  const auto user = apiserver::user_of_token_secret(secret);
  const auto expires = apiserver::expiry_of_token_secret(secret);
  std::vector<std::string> groups;
  for (const auto& group : user.groups)
    if (group != apiserver::kAuthenticatedGroup) groups.push_back(group);
  return absl::StrFormat("%-30s %-24s %-30s %s", meta_text(secret, "name").substr(6), user.name,
                         join(groups, ","), expires ? to_rfc3339(*expires) : "never");
}

}  // namespace

Async<Status> create_token(Session& session, TokenOptions options) {
  apiserver::User user;
  user.name = options.user.empty() ? options.name : options.user;
  user.groups = options.groups;
  std::optional<Time> expires;
  if (options.lifetime) expires = session.clock.now() + *options.lifetime;
  SystemRandom random;
  auto issued = apiserver::issue_token(random, options.name, user, expires);
  auto created =
      co_await session.api.send("POST", path_of(secrets()), kJson, std::move(issued.secret));
  if (!created.ok()) co_return created.status();
  session.print(issued.token);
  co_return Status();
}

Async<Status> list_tokens(Session& session) {
  auto answer = co_await session.api.get(
      path_of(secrets()) + "?fieldSelector=type%3D" + url_encode(apiserver::kTokenSecretType),
      kJson);
  if (!answer.ok()) co_return answer.status();
  session.print(absl::StrFormat("%-30s %-24s %-30s %s", "NAME", "USER", "GROUPS", "EXPIRES"));
  for (const auto& secret : objects_in(*answer, secrets()))
    if (meta_text(secret, "name").starts_with("token-")) session.print(line_of_token(secret));
  co_return Status();
}

Async<Status> revoke_token(Session& session, std::string name) {
  const auto path = path_of(secrets("token-" + name));
  const auto secret = co_await session.api.get(path, kJson);
  if (!secret.ok()) co_return secret.status();
  if (!apiserver::is_token_secret(*secret))
    co_return invalid("secret token-%s in %s is no token", name,
                      std::string(apiserver::kTokenNamespace));
  const auto removed = co_await session.api.send("DELETE", path, kJson, Json::object());
  if (!removed.ok()) co_return removed.status();
  session.note("token " + name + " is revoked");
  co_return Status();
}

}  // namespace gantry::ctl
