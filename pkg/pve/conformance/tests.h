#pragma once
// The contract tests, and the steps they share.
#include <vector>

#include "pkg/base/testing.h"
#include "pkg/pve/conformance/world.h"

namespace gantry::pve::conformance {

struct ContractTest {
  const char* name;
  void (*run)(World& world);
};

const std::vector<ContractTest>& life_tests();
const std::vector<ContractTest>& error_tests();

// Follows the task that a call started; the call's error, or the task's.
Status finish(World& world, const Result<Upid>& started);
// Creates a small container with that description and waits for it.
VmId make_guest(World& world, const std::string& description);
VmId make_guest(World& world);
// The config, or an empty one with a failed expectation.
GuestConfig config_of(World& world, VmId vmid);
bool is_running(World& world, VmId vmid);

// For a limited token a missing guest and a forbidden one are the same.
MATCHER(IsMissing, "is NotFound, or Permission for a limited token") {
  if (status_of(arg).ok()) return false;
  const auto error = error_class(status_of(arg));
  *result_listener << to_string(error) << ": " << message_of(status_of(arg));
  return error == ErrorClass::not_found || error == ErrorClass::permission;
}

}  // namespace gantry::pve::conformance
