// The main function of every test program.
#include <gmock/gmock.h>

#include "pkg/base/log.h"

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  gantry::log::configure(gantry::log::Level::off, gantry::log::Format::text);
  return RUN_ALL_TESTS();
}
