#pragma once
// The contract tests, by interface.
#include <vector>

#include "pkg/store/conformance/world.h"

namespace gantry::store::conformance {

struct ContractTest {
  const char* name;
  void (*run)(World& world);
};

const std::vector<ContractTest>& backend_tests();
const std::vector<ContractTest>& guests_tests();
const std::vector<ContractTest>& leases_tests();

}  // namespace gantry::store::conformance
