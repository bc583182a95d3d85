#pragma once
// The command channel in this process: what `pct exec`, `pct push` and `pct unlock` over ssh would
// do on a node, with the checks of deploy/pve's forced command.
#include "pkg/guest/channel.h"
#include "pkg/lab/model.h"

namespace gantry::lab {

class CommandChannel final : public guest::Channel {
 public:
  explicit CommandChannel(Model& model) : model_(model) {}
  Async<Result<guest::Exit>> exec(guest::Target target, guest::Command command,
                                  guest::OutputSink sink) override;
  Async<Status> push(guest::Target target, guest::File file) override;
  Async<Status> unlock(guest::Target target, Upid create_task) override;
  Async<Result<std::vector<VmId>>> guests_on(NodeName node, std::string bridge) override;

 private:
  // The node answers and the container is there.
  Status check_there(const guest::Target& target) const;
  // It carries our mark.
  Status check_ours(const guest::Target& target) const;
  // It holds only its create lock, and that task of our user is the one that made it and has ended.
  Status check_unfinished(const guest::Target& target, const Upid& create_task) const;
  Async<Result<ContainerSpec>> running_spec(guest::Target target);
  void note(const std::string& verb, const guest::Target& target);
  Model& model_;
};

// Carries our mark in description or tags.
bool is_marked(const GuestConfig& config);
// Holds nothing but a create lock.
bool is_unfinished(const GuestConfig& config);

}  // namespace gantry::lab
