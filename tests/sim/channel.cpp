#include "tests/sim/channel.h"

namespace gantry::sim {
namespace {

using namespace std::chrono_literals;

Status lost(const NodeName& node, const std::string& how) {
  return with_code(make_error(ErrorClass::transport, "ssh " + node.get() + ": " + how), "CON-012");
}

}  // namespace

Async<Status> UnreliableChannel::reach(NodeName node) {
  const bool stopping = co_await async::is_cancelled();
  if (stopping) co_return async::cancelled();
  if (random_.unit() < faults_.refused) co_return lost(node, "connection refused");
  if (random_.unit() < faults_.hangs) {
    GANTRY_CO_TRY(co_await clock_.sleep_for(10min));
    co_return lost(node, "connection timed out");
  }
  co_return Status();
}

Status UnreliableChannel::answered(const NodeName& node) {
  return random_.unit() < faults_.killed ? lost(node, "connection reset") : Status();
}

Async<Result<guest::Exit>> UnreliableChannel::exec(guest::Target target, guest::Command command,
                                                   guest::OutputSink sink) {
  GANTRY_CO_TRY(co_await reach(target.node));
  auto exit = co_await channel_.exec(target, std::move(command), std::move(sink));
  GANTRY_CO_TRY(answered(target.node));
  co_return exit;
}

Async<Status> UnreliableChannel::push(guest::Target target, guest::File file) {
  GANTRY_CO_TRY(co_await reach(target.node));
  auto pushed = co_await channel_.push(target, std::move(file));
  GANTRY_CO_TRY(answered(target.node));
  co_return pushed;
}

Async<Status> UnreliableChannel::unlock(guest::Target target, Upid create_task) {
  GANTRY_CO_TRY(co_await reach(target.node));
  auto unlocked = co_await channel_.unlock(target, std::move(create_task));
  GANTRY_CO_TRY(answered(target.node));
  co_return unlocked;
}

Async<Result<std::vector<VmId>>> UnreliableChannel::guests_on(NodeName node, std::string bridge) {
  GANTRY_CO_TRY(co_await reach(node));
  auto guests = co_await channel_.guests_on(node, std::move(bridge));
  GANTRY_CO_TRY(answered(node));
  co_return guests;
}

Async<Status> NoWayProber::http(std::string address, int, std::string, Duration) {
  co_return make_error(ErrorClass::transport, address + ": no route to host");
}

Async<Status> NoWayProber::tcp(std::string address, int, Duration) {
  co_return make_error(ErrorClass::transport, address + ": no route to host");
}

}  // namespace gantry::sim
