#include <gtest/gtest.h>

#include "pkg/store/conformance/tests.h"

namespace gantry::store::conformance {
namespace {

class Contract final : public ::testing::Test {
 public:
  Contract(MakeWorld make, void (*run)(World&)) : make_(std::move(make)), run_(run) {}
  void TestBody() override {
    const auto world = make_();
    ASSERT_NE(world, nullptr);
    run_(*world);
  }

 private:
  MakeWorld make_;
  void (*run_)(World&);
};

void register_all(const std::string& suite, const std::vector<ContractTest>& tests,
                  const MakeWorld& make) {
  for (const auto& test : tests)
    ::testing::RegisterTest(suite.c_str(), test.name, nullptr, nullptr, __FILE__, __LINE__,
                            [make, run = test.run]() -> ::testing::Test* {
                              return new Contract(make, run);  // gtest deletes it
                            });
}

}  // namespace

bool register_tests(const char* driver, MakeWorld make) {
  const std::string name(driver);
  register_all(name + "BackendContract", backend_tests(), make);
  register_all(name + "GuestsContract", guests_tests(), make);
  register_all(name + "LeasesContract", leases_tests(), make);
  return true;
}

}  // namespace gantry::store::conformance
