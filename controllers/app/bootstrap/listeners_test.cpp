#include "controllers/app/bootstrap/listeners.h"

#include <gmock/gmock.h>

namespace gantry::controllers::app {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// As Linux 6.1 writes it: sshd on every address, a web server on 127.0.0.1:8080 and
// [::1]:8080, a connection to it.
constexpr const char* kTable =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout\n"
    "   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1\n"
    "   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2\n"
    "   2: 0100007F:0050 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 3\n"
    "  sl  local_address                         remote_address                        st\n"
    "   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A "
    "00000000\n"
    "   1: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A "
    "00000000\n";

TEST(LoopbackPorts, AreThoseThatNobodyElseReaches) {
  EXPECT_THAT(loopback_ports(kTable), ElementsAre(8080));
}

TEST(LoopbackPorts, OneThatIsOpenSomewhereElseTooIsNone) {
  const std::string more =
      "   2: 0A4D0032:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000\n";
  EXPECT_THAT(loopback_ports(kTable + more), IsEmpty());
}

TEST(LoopbackPorts, MappedAddressesCountAsWhatTheyAre) {
  EXPECT_THAT(loopback_ports("0: 0000000000000000FFFF00000100007F:0050 x 0A"), ElementsAre(80));
  EXPECT_THAT(loopback_ports("0: 0000000000000000FFFF00003200000A:0050 x 0A"), IsEmpty());
}

TEST(LoopbackPorts, WhatIsNoTableHasNone) {
  for (const char* text : {"", "cat: /proc/net/tcp: No such file", "0: 0100007F 0 0A", "a b c 0A"})
    EXPECT_THAT(loopback_ports(text), IsEmpty()) << text;
}

}  // namespace
}  // namespace gantry::controllers::app
