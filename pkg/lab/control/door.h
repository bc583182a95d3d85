#pragma once
// ControlDoor: what a person with root on the nodes can do, over HTTP: start, stop, kill, edit,
// destroy, look; and what goes wrong in the lab. For scripts, demos, rehearsals and the lab's own
// pct; never for the product.
#include <functional>
#include <map>
#include <string>

#include "pkg/base/json.h"
#include "pkg/http/http.h"
#include "pkg/lab/lab.h"
#include "pkg/lab/rehearsal/rehearsal.h"

namespace gantry::lab {

// Serves POST /lab/<verb> with a JSON object as body and answer, to whoever shows the bearer token
// and asks from this machine; everything else goes to the lab's own door of that node. Errors have
// the status of their class and the body {"class": "NotFound", "error": "…"}.
//
// Verbs (arguments → answer): guests, volumes, tasks {} → array; guest {vmid} → its record;
// start, stop, discard {vmid}: by root@pam through the API, with a task, until it has ended;
// kill, destroy {vmid}: past the API, without a task; crash {vmid}: the same behind the model's
// back, which finds out when it looks;
// edit {vmid, key, value}; lock {vmid, lock}; pool {vmid, pool}; migrate {vmid, node};
// copy {source, target}; put {vmid, node, hostname, running}: somebody else's guest;
// node {name, online}; daemon {name, running}; quorum {quorate}; fill {storage, bytes};
// mask {user, privilege, masked}; kill-task {upid}; get {path} → that API path as root;
// faults {}: what is being played; faults {profile}: plays that fault profile, a JSON object or
// YAML text; fault {fault, method, path, times} and task-fault {fault, type, times}: the next that
// match; exec {vmid, argv, stdin} and push {vmid, path, content, mode, owner, group}, in base64.
class ControlDoor final : public http::Handler {
 public:
  // The references outlive this.
  ControlDoor(Lab& lab, Backend& backend, Rehearsal& rehearsal, async::Clock& clock,
              std::string token, NodeName node);
  Async<std::optional<http::Response>> handle(http::Request request, http::Peer peer,
                                              http::ResponseStream& stream) override;

 private:
  using Verb = Async<Result<Json>> (ControlDoor::*)(Json arguments);
  static const std::map<std::string, Verb, std::less<>>& verbs();

  Async<Result<Json>> guests(Json);
  Async<Result<Json>> volumes(Json);
  Async<Result<Json>> tasks(Json);
  Async<Result<Json>> guest(Json arguments);
  Async<Result<Json>> start(Json arguments);
  Async<Result<Json>> stop(Json arguments);
  Async<Result<Json>> kill(Json arguments);
  Async<Result<Json>> destroy(Json arguments);
  Async<Result<Json>> discard(Json arguments);
  Async<Result<Json>> crash(Json arguments);
  Async<Result<Json>> edit(Json arguments);
  Async<Result<Json>> lock(Json arguments);
  Async<Result<Json>> pool(Json arguments);
  Async<Result<Json>> migrate(Json arguments);
  Async<Result<Json>> copy(Json arguments);
  Async<Result<Json>> put(Json arguments);
  Async<Result<Json>> node(Json arguments);
  Async<Result<Json>> daemon(Json arguments);
  Async<Result<Json>> quorum(Json arguments);
  Async<Result<Json>> fill(Json arguments);
  Async<Result<Json>> mask(Json arguments);
  Async<Result<Json>> kill_task(Json arguments);
  Async<Result<Json>> get(Json arguments);
  Async<Result<Json>> faults(Json arguments);
  Async<Result<Json>> fault(Json arguments);
  Async<Result<Json>> task_fault(Json arguments);
  Async<Result<Json>> exec(Json arguments);
  Async<Result<Json>> push(Json arguments);

  Async<Result<Json>> answer(std::string verb, std::string body);
  // The API as root sees it: the "data" of GET <path>, which may have a query.
  Async<Result<Json>> look(std::string path);
  // What root@pam does to a guest through the API, to the end of its task.
  Async<Result<Json>> act(Json arguments, std::string method, std::string path,
                          Lab::Arguments parameters);
  Async<Status> wait_for(std::string upid);
  Result<GuestRecord> record_of(const Json& arguments) const;

  Lab& lab_;
  Backend& backend_;
  Rehearsal& rehearsal_;
  async::Clock& clock_;
  std::string token_;
  NodeName node_;
};

}  // namespace gantry::lab
