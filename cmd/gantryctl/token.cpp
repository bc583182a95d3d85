#include "api/kinds.h"
#include "cmd/gantryctl/commands.h"
#include "pkg/apiserver/authn/authenticator.h"

namespace gantry::ctl {

Async<Status> create_token(Session& session, TokenOptions options) {
  apiserver::User user;
  user.name = options.name;
  user.groups.push_back(options.group);
  std::optional<Time> expires;
  if (options.lifetime) expires = session.clock.now() + *options.lifetime;
  SystemRandom random;
  auto issued = apiserver::issue_token(random, options.name, user, expires);
  Where where;
  where.kind = api::find_by_resource("secrets");
  where.ns = apiserver::kTokenNamespace;
  auto created = co_await session.api.send("POST", path_of(where), kJson, std::move(issued.secret));
  if (!created.ok()) co_return created.status();
  session.print(issued.token);
  co_return Status();
}

}  // namespace gantry::ctl
