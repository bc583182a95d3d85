// What people do past Gantry that invariants must know of: guests that are not ours.
#include "tests/sim/records.h"
#include "tests/sim/world.h"

namespace gantry::sim {

void World::put_stranger(VmId vmid, const std::map<std::string, std::string>& settings,
                         bool in_our_pool) {
  lab::GuestRecord guest;
  guest.vmid = vmid;
  guest.node = NodeName("pve1");
  guest.config = {{"hostname", "other"}, {"memory", "512"}, {"ostype", "debian"}};
  for (const auto& [key, value] : settings) guest.config[key] = value;
  if (lab->find_guest(vmid).has_value() || !lab->put_guest(guest).ok()) return;
  if (in_our_pool) (void)lab->set_pool(vmid, "gantry");
  trace.note(clock.now(), "a stranger's guest appears at " + std::to_string(vmid.get()));
  strangers_[vmid] = text_of(*lab->find_guest(vmid));
}

void World::by_root(const std::string& method, const std::string& path,
                    const lab::Lab::Arguments& arguments) {
  trace.note(clock.now(), "root: " + method + " " + path);
  auto asking = std::make_shared<Async<Result<Json>>>(lab->as_root(method, path, arguments));
  perform([asking]() -> Async<Status> {
    const auto answer = co_await std::move(*asking);
    co_return answer.status();
  });
}

void World::copy_guest(VmId source, VmId target) {
  if (lab->find_guest(target).has_value() || !lab->find_guest(source).has_value()) return;
  trace.note(clock.now(), "a person copies " + std::to_string(source.get()) + " to " +
                              std::to_string(target.get()));
  // Known as a copy before it is there: its mark is no evidence.
  strangers_[target] = "";
  bool copied = false;
  auto copy = lab->copy_guest(source, target);
  auto shared = std::make_shared<Async<Status>>(std::move(copy));
  perform([shared, &copied]() -> Async<Status> {
    auto status = co_await std::move(*shared);
    copied = status.ok();
    co_return status;
  });
  const auto guest = lab->find_guest(target);
  if (copied && guest.has_value()) {
    strangers_[target] = text_of(*guest);
  } else {
    strangers_.erase(target);
    unseen_.insert(target);
  }
}

}  // namespace gantry::sim
