#pragma once
// The commands. Each prints what a person reads and answers OK, or why not.
#include <optional>
#include <string>
#include <vector>

#include "cmd/gantryctl/manifests.h"
#include "cmd/gantryctl/session.h"

namespace gantry::ctl {

// Creates or patches each manifest; goes on after a refusal and reports the first one at the end.
Async<Status> apply(Session& session, std::vector<Manifest> manifests, bool dry_run);

// Deletes and, unless `wait` is absent, waits until the objects are gone. What is not there counts
// as deleted when `ignore_not_found`.
struct DeleteOptions {
  std::optional<Duration> wait;
  bool ignore_not_found = false;
};
Async<Status> remove(Session& session, std::vector<Where> places, DeleteOptions options);

// Output forms: "" (table), wide, yaml, json, name.
struct GetOptions {
  std::string output;
  std::string selector;
  bool watch = false;
};
Async<Status> get(Session& session, std::vector<Where> places, GetOptions options);

Async<Status> describe(Session& session, std::vector<Where> places);

// Events, oldest first; of one object when `about` is given.
Async<Status> events(Session& session, std::optional<Where> about, bool watch);

// Waits for "condition=Ready", "condition=Ready=False" or "delete".
Async<Status> wait_for(Session& session, std::vector<Where> places, std::string what,
                       Duration timeout);

// Tells each step of these objects as it happens, until all of them are Ready.
Async<Status> follow_progress(Session& session, std::vector<Where> places, Duration timeout);

// The revisions of an App, oldest first.
Async<Status> history(Session& session, Where app);
// Puts the parts of the spec that a revision came from back. Conflict when somebody else has
// changed the App meanwhile. With `data` also its data, as that revision has left it, once a person
// has agreed: Held when he does not.
struct RollbackOptions {
  int64_t number = 0;
  bool data = false;
  bool yes = false;  // nobody is asked
};
Async<Status> rollback(Session& session, Where app, RollbackOptions options);

// Lets Apps run or suspends them, starts or stops Machines, and waits until it is so; not at all
// when `wait` is absent. Invalid for a Machine whose owner decides.
Async<Status> set_running(Session& session, std::vector<Where> places, bool running,
                          std::optional<Duration> wait);
// Asks for what runs in an App's containers to be started anew, once, in the order of its updates,
// and waits until it is so.
Async<Status> restart(Session& session, std::vector<Where> apps, std::optional<Duration> wait);
// Asks for so many replicas through the scale subresource, and waits until they are ready.
Async<Status> scale(Session& session, Where app, int64_t replicas, std::optional<Duration> wait);

// What containers use; all of the namespace when `places` is empty.
Async<Status> stats(Session& session, std::vector<Where> places);

// What containers have written, each line with its container's name when there are several.
struct LogOptions {
  bool follow = false;
  bool timestamps = false;
  bool previous = false;  // of the boot before this one
  std::optional<int64_t> tail;
  std::optional<Duration> since;
};
Async<Status> logs(Session& session, std::vector<Where> places, LogOptions options);

// Runs a command in a Machine's container, or in that of an App that has only one, and answers its
// exit code. `input` absent: it has no standard input.
struct ExecRequest {
  std::vector<std::string> command;
  std::optional<std::string> input;
};
Async<Result<int>> exec(Session& session, Where where, ExecRequest request, Random& random);

// Makes a container of a class into what can be a template: with its runtime, without what must not
// be in two containers, stopped, and left by Gantry. Prints what root@pam has to type. Goes on
// where it was when it is called again.
struct TemplateOptions {
  std::string name;
  std::string class_name;
  bool docker = false;
  Duration timeout = std::chrono::minutes(30);  // of each step
};
Async<Status> build_template(Session& session, TemplateOptions options, Random& random);

// Issues a bearer token and prints it, once. `lifetime` absent: never expires.
struct TokenOptions {
  std::string name;
  std::string user;  // empty: the name
  std::vector<std::string> groups;
  std::optional<Duration> lifetime;
};
Async<Status> create_token(Session& session, TokenOptions options);
// Name, user, groups and end of every token.
Async<Status> list_tokens(Session& session);
// From now on the token is refused. Invalid when the Secret of that name is no token.
Async<Status> revoke_token(Session& session, std::string name);

// From now on the client certificate is refused: a PEM file, or a sha256 fingerprint.
Async<Status> revoke_certificate(Session& session, std::string word);

// Waits until the object is gone or has another uid.
Async<Status> wait_until_gone(Session& session, Where where, std::string uid, Duration timeout);

// The objects of a list, each with apiVersion and kind; what is no list is the one object.
std::vector<Json> objects_in(const Json& answer, const Where& where);
// What a metadata.name or -uid says; empty when missing.
std::string meta_text(const Json& object, std::string_view key);
// "app.gantry.dev/hello", as kubectl prints it.
std::string label_of(const Where& where);

}  // namespace gantry::ctl
