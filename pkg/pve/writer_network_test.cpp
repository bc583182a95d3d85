#include "pkg/async/loop.h"
#include "pkg/base/testing.h"
#include "pkg/pve/client_fake.h"
#include "pkg/pve/writer.h"

namespace gantry::pve {
namespace {

using ::testing::ElementsAre;
using testing::Fails;
using ::testing::IsEmpty;
using testing::IsOk;

const NodeName kPve1("pve1");
const Uid kOwner("6f0c1c2e-8f5b-4a53-9d0b-6a1d0f1e2b3c");

constexpr const char* kOurs =
    "--- /etc/network/interfaces\n+++ /etc/network/interfaces.new\n@@ -20,3 +20,9 @@\n"
    " iface vmbr0 inet static\n \taddress 192.0.2.1/24\n \n"
    "+auto lan\n+iface lan inet manual\n+\tbridge-ports none\n+#gantry:v1 uid=1\n+\n";
constexpr const char* kTheirs =
    "--- a\n+++ b\n@@ -20,3 +20,3 @@\n iface vmbr0 inet static\n"
    "-\taddress 192.0.2.1/24\n+\taddress 192.0.2.2/24\n";

struct NoRows final : Ownership {
  Async<Result<std::optional<OwnedGuest>>> find(ClusterName, VmId) override {
    co_return std::optional<OwnedGuest>();
  }
};

struct NetworkWorld {
  async::Loop loop;
  ClientFake client;
  NoRows rows;
  Status gate;
  Writer writer{ClusterName("home"), "home-1", client, rows, [this](bool) { return gate; }};
  template <class T>
  T run(Async<T> operation) {
    return loop.block_on(std::move(operation));
  }
  void bridge_is(const std::string& comments, const std::string& ports = "") {
    client.network_answer[kPve1].interfaces = {{"lan", "bridge", comments, true, ports}};
  }
};

TEST(WriterNetwork, ABridgeIsMadeWithOurMarkAndApplied) {
  NetworkWorld world;
  EXPECT_THAT(world.run(world.writer.create_bridge(kPve1, "lan", kOwner)), IsOk());
  EXPECT_EQ(find_mark(world.client.created_with["comments"])->uid, kOwner);
  world.client.network_answer[kPve1].changes = kOurs;
  EXPECT_THAT(world.run(world.writer.apply_bridge(kPve1, "lan")), IsOk());
  EXPECT_THAT(world.client.writes, ElementsAre("create_interface lan", "apply_network pve1"));
}

// An apply takes seconds; whoever looked meanwhile asks for it again.
TEST(WriterNetwork, WhatHasBeenAppliedMeanwhileIsNobodysChange) {
  NetworkWorld world;
  EXPECT_THAT(world.run(world.writer.apply_bridge(kPve1, "lan")), IsOk());
  EXPECT_THAT(world.client.writes, IsEmpty());
}

TEST(WriterNetwork, ChangesOfOthersAreNeverApplied) {
  NetworkWorld world;
  world.client.network_answer[kPve1].changes = kTheirs;
  EXPECT_THAT(world.run(world.writer.create_bridge(kPve1, "lan", kOwner)), Fails(ErrorClass::held));
  EXPECT_THAT(world.run(world.writer.apply_bridge(kPve1, "lan")), Fails(ErrorClass::held));
  world.client.network_answer[kPve1].changes = std::string(kOurs) + kTheirs;
  EXPECT_THAT(world.run(world.writer.apply_bridge(kPve1, "lan")), Fails(ErrorClass::held));
  EXPECT_THAT(world.client.writes, IsEmpty());
}

TEST(WriterNetwork, OnlyABridgeOfOursWithoutPortsIsDeleted) {
  NetworkWorld world;
  const auto mark = [](const std::string& installation) {
    return to_description_line(Mark{installation, kOwner, 0}) + "\n";
  };
  world.bridge_is("");
  EXPECT_THAT(world.run(world.writer.delete_bridge(kPve1, "lan", kOwner)), Fails(ErrorClass::held));
  world.bridge_is(mark("another"));
  EXPECT_THAT(world.run(world.writer.delete_bridge(kPve1, "lan", kOwner)), Fails(ErrorClass::held));
  world.bridge_is(mark("home-1"), "eno1");
  EXPECT_THAT(world.run(world.writer.delete_bridge(kPve1, "lan", kOwner)), Fails(ErrorClass::held));
  EXPECT_THAT(world.client.writes, IsEmpty());
  world.bridge_is(mark("home-1"));
  EXPECT_THAT(world.run(world.writer.delete_bridge(kPve1, "lan", kOwner)), IsOk());
  EXPECT_THAT(world.client.writes, ElementsAre("delete_interface lan"));
}

TEST(WriterNetwork, AClosedGateStopsAllOfThem) {
  NetworkWorld world;
  world.gate = make_error(ErrorClass::held, "Observe");
  world.client.network_answer[kPve1].changes = kOurs;
  EXPECT_THAT(world.run(world.writer.create_bridge(kPve1, "lan", kOwner)), Fails(ErrorClass::held));
  EXPECT_THAT(world.run(world.writer.delete_bridge(kPve1, "lan", kOwner)), Fails(ErrorClass::held));
  EXPECT_THAT(world.run(world.writer.apply_bridge(kPve1, "lan")), Fails(ErrorClass::held));
  EXPECT_THAT(world.client.calls, IsEmpty());
}

TEST(NetworkChanges, AreReadStanzaByStanza) {
  EXPECT_TRUE(is_only_about(kOurs, "lan"));
  EXPECT_FALSE(is_only_about(kOurs, "vmbr0"));
  EXPECT_FALSE(is_only_about(kTheirs, "lan"));
  EXPECT_TRUE(is_only_about("-auto lan\n-iface lan inet manual\n-\tbridge-ports none\n", "lan"));
  EXPECT_FALSE(is_only_about("+\taddress 192.0.2.2/24\n", "lan")) << "no stanza is known";
  EXPECT_FALSE(is_only_about("+auto lan2\n+iface lan2 inet manual\n", "lan"));
}

}  // namespace
}  // namespace gantry::pve
