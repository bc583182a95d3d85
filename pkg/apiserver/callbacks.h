#pragma once
// Callbacks: a container says that something has changed inside. A hint that makes the next look
// immediate, and never truth (docs/adr/0029).
#include "pkg/apiserver/authn/lockout.h"
#include "pkg/apiserver/authn/user.h"
#include "pkg/apiserver/request/request_info.h"
#include "pkg/async/async.h"
#include "pkg/callback/tokens.h"
#include "pkg/http/http.h"
#include "pkg/store/store.h"

namespace gantry::apiserver {

// POST …/namespaces/{namespace}/machines/{name}/callback with a token of that Machine as bearer.
// Neither users nor RBAC have a part in it. Holds references; single-threaded.
class Callbacks {
 public:
  // `tokens` null: nobody is heard.
  Callbacks(store::Store& store, const callback::Tokens* tokens) : store_(store), tokens_(tokens) {}

  bool concerns(const RequestInfo& info) const;
  // 200 when it was heard, or had been already (BST-004: then nothing happens); 401 for any other
  // token, also where there is no such Machine; 429 for a source that has guessed too often; 503
  // while the database is away. What the body says is not read. `user` becomes who it was.
  Async<http::Response> answer(const http::Request& request, const RequestInfo& info,
                               const http::Peer& peer, Time now, User& user);

 private:
  // Writes down that this attempt was heard. False when it, or a later one, had been before.
  Async<Result<bool>> note(store::Key machine, Uid uid, int64_t attempt);
  store::Store& store_;
  const callback::Tokens* tokens_;
  Lockout lockout_;
};

}  // namespace gantry::apiserver
