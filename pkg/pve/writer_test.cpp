#include "pkg/pve/writer.h"

#include "pkg/async/loop.h"
#include "pkg/base/testing.h"
#include "pkg/pve/client_fake.h"

namespace gantry::pve {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::Fails;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;

const Uid kUid("6f0c1c2e-8f5b-4a53-9d0b-6a1d0f1e2b3c");
const Uid kOther("00000000-0000-4000-8000-000000000000");
const NodeName kNode("pve1");
const VmId kVmid(20001);

struct RowsFake final : Ownership {
  std::map<VmId, OwnedGuest> rows;
  Status error;
  Async<Result<std::optional<OwnedGuest>>> find(ClusterName, VmId vmid) override {
    if (!error.ok()) co_return error;
    const auto it = rows.find(vmid);
    if (it == rows.end()) co_return std::optional<OwnedGuest>();
    co_return std::optional<OwnedGuest>(it->second);
  }
};

struct WriterWorld {
  async::Loop loop;
  ClientFake client;
  RowsFake rows;
  Status gate;
  bool destructive_only = false;
  Writer writer{ClusterName("home"), "home-1", client, rows, [this](bool destructive) {
                  return destructive_only && !destructive ? Status() : gate;
                }};

  WriterWorld() {
    row().uid = kUid;
    config()["description"] = to_description_line(Mark{"home-1", kUid, 3}) + "\n";
    client.configs[kVmid].digest = "d1";
  }
  OwnedGuest& row() {
    auto& row = rows.rows[kVmid];
    row.vmid = kVmid;
    row.epoch = 3;
    return row;
  }
  std::map<std::string, std::string>& config() { return client.configs[kVmid].values; }
  template <class T>
  T run(Async<T> operation) {
    return loop.block_on(std::move(operation));
  }
  // Every write to an existing guest, with what it answered.
  std::vector<Status> all_writes() {
    return {run(writer.configure_guest(kNode, kVmid, kUid, {{"memory", "512"}}, {})),
            run(writer.resize_guest(kNode, kVmid, kUid, "rootfs", "8G")).status(),
            run(writer.start_guest(kNode, kVmid, kUid)).status(),
            run(writer.stop_guest(kNode, kVmid, kUid)).status(),
            run(writer.shutdown_guest(kNode, kVmid, kUid, 30s)).status(),
            run(writer.destroy_guest(kNode, kVmid, kUid, DestroyOptions{})).status()};
  }
};

TEST(Writer, WritesToWhatIsOurs) {
  WriterWorld world;
  for (const auto& status : world.all_writes()) EXPECT_THAT(status, IsOk());
  EXPECT_THAT(world.client.writes, ElementsAre("configure 20001", "resize 20001", "start 20001",
                                               "stop 20001", "shutdown 20001", "destroy 20001"));
  EXPECT_EQ(world.client.configured_digest, "d1");
}

TEST(Writer, GivesAVolumeOnlyBetweenTwoOfOursAsTheyWereSeen) {
  WriterWorld world;
  const VmId second(20002);
  const VolumeGift gift{kVmid, second, "mp0", "mp1", "d1", "d2"};
  EXPECT_THAT(world.run(world.writer.give_volume(kNode, gift, kUid, kOther)),
              Fails(ErrorClass::held, HasSubstr("guest 20002 has no row of ours")));
  world.rows.rows[second] = {ClusterName("home"), second, kOther, 1, std::nullopt};
  world.client.configs[second].digest = "d2";
  EXPECT_THAT(world.run(world.writer.give_volume(kNode, gift, kUid, kOther)),
              Fails(ErrorClass::held, HasSubstr("OwnershipUnproven")));
  world.client.configs[second].values["description"] =
      to_description_line(Mark{"home-1", kOther, 1}) + "\n";
  world.client.configs[second].digest = "d3";
  EXPECT_THAT(world.run(world.writer.give_volume(kNode, gift, kUid, kOther)),
              Fails(ErrorClass::conflict, HasSubstr("has been changed")));
  EXPECT_THAT(world.client.writes, IsEmpty());
  world.client.configs[second].digest = "d2";
  EXPECT_THAT(world.run(world.writer.give_volume(kNode, gift, kUid, kOther)), IsOk());
  EXPECT_THAT(world.client.writes, ElementsAre("give 20001"));
  EXPECT_EQ(world.client.given.to_key, "mp1");
}

TEST(Writer, ChangesNothingThatNoDigestTiesToWhatWasProven) {
  WriterWorld world;
  world.client.configs[kVmid].digest.clear();
  EXPECT_THAT(world.run(world.writer.configure_guest(kNode, kVmid, kUid, {{"memory", "1"}}, {})),
              Fails(ErrorClass::held, HasSubstr("DigestMissing")));
  VolumeGift gift{kVmid, VmId(20002), "mp0", "mp1", "", "d2"};
  world.rows.rows[gift.to] = {ClusterName("home"), gift.to, kOther, 1, std::nullopt};
  world.client.configs[gift.to] = {"d2", {{"tags", to_tag(kOther)}}};
  EXPECT_THAT(world.run(world.writer.give_volume(kNode, gift, kUid, kOther)),
              Fails(ErrorClass::held, HasSubstr("DigestMissing")));
  EXPECT_THAT(world.client.writes, IsEmpty());
}

struct Refusal {
  const char* name;
  std::function<void(WriterWorld&)> arrange;
  ErrorClass want;
  const char* text;
};

const Refusal kRefusals[] = {
    {"no row: foreign whatever it carries", [](WriterWorld& w) { w.rows.rows.clear(); },
     ErrorClass::held, "OwnershipUnproven"},
    {"the row is of another uid", [](WriterWorld& w) { w.row().uid = kOther; }, ErrorClass::held,
     "OwnershipUnproven"},
    {"the store cannot be asked",
     [](WriterWorld& w) { w.rows.error = make_error(ErrorClass::transport, "database gone"); },
     ErrorClass::transport, "database gone"},
    {"no mark at all", [](WriterWorld& w) { w.config().erase("description"); }, ErrorClass::held,
     "OwnershipUnproven"},
    {"the mark of another guest",
     [](WriterWorld& w) {
       w.config()["description"] = to_description_line(Mark{"home-1", kOther, 3});
     },
     ErrorClass::held, "OwnershipUnproven"},
    {"another's mark wins over our tag",
     [](WriterWorld& w) {
       w.config()["description"] = to_description_line(Mark{"home-1", kOther, 3});
       w.config()["tags"] = to_tag(kUid);
     },
     ErrorClass::held, "OwnershipUnproven"},
    {"the mark of another installation",
     [](WriterWorld& w) {
       w.config()["description"] = to_description_line(Mark{"other", kUid, 3});
     },
     ErrorClass::held, "OwnershipUnproven"},
    {"its create has not ended",
     [](WriterWorld& w) {
       w.config() = {{"lock", "create"}};
       w.row().create_task = w.client.next_task;
     },
     ErrorClass::held, "CreateUnfinished"},
    {"a create lock without a create of ours",
     [](WriterWorld& w) {
       w.config() = {{"lock", "create"}};
     },
     ErrorClass::held, "OwnershipUnproven"},
    {"the guest is not there", [](WriterWorld& w) { w.client.configs.clear(); },
     ErrorClass::not_found, "does not exist"},
    {"the config may not be read",
     [](WriterWorld& w) {
       w.client.errors["guest_config"] = make_error(ErrorClass::permission, "403");
     },
     ErrorClass::permission, "proof of ownership of guest 20001 on pve1"},
    {"the gate is closed",
     [](WriterWorld& w) { w.gate = make_error(ErrorClass::held, "mode Observe"); },
     ErrorClass::held, "mode Observe"},
};

TEST(Writer, SendsNothingUnlessOwnershipIsProven) {
  for (const auto& refusal : kRefusals) {
    WriterWorld world;
    refusal.arrange(world);
    for (const auto& status : world.all_writes())
      EXPECT_THAT(status, Fails(refusal.want, HasSubstr(refusal.text))) << refusal.name;
    EXPECT_THAT(world.client.writes, IsEmpty()) << refusal.name;
  }
}

TEST(Writer, TheTagCountsWhereAPersonHasDamagedTheDescription) {
  WriterWorld world;
  world.config()["description"] = "gantry:v1 uid=torn";
  world.config()["tags"] = "web;" + to_tag(kUid);
  EXPECT_THAT(world.run(world.writer.start_guest(kNode, kVmid, kUid)), IsOk());
  EXPECT_THAT(world.run(world.writer.prove(kNode, kVmid, kUid)), IsOk());
}

TEST(Writer, TheGateKnowsWhatIsDestructive) {
  WriterWorld world;
  world.destructive_only = true;
  world.gate = make_error(ErrorClass::held, "vanish guard");
  std::vector<bool> sent;
  for (const auto& status : world.all_writes()) sent.push_back(status.ok());
  EXPECT_THAT(sent, ElementsAre(true, true, true, false, false, false));
}

TEST(Writer, AGateThatClosesDuringTheProofStopsTheWrite) {
  WriterWorld world;
  world.client.on_call = [&](const std::string& name) {
    if (name == "guest_config") world.gate = make_error(ErrorClass::held, "lease lost");
  };
  EXPECT_THAT(world.run(world.writer.destroy_guest(kNode, kVmid, kUid, DestroyOptions{})),
              Fails(ErrorClass::held, HasSubstr("lease lost")));
  EXPECT_THAT(world.client.writes, IsEmpty());
}

TEST(Writer, ACreateCarriesTheMarkInItsDescription) {
  WriterWorld world;
  EXPECT_THAT(world.run(world.writer.create_guest(
                  kNode, kVmid, kUid, {{"pool", "gantry"}, {"description", "web server"}})),
              IsOk());
  EXPECT_EQ(find_mark(world.client.created_with["description"]), (Mark{"home-1", kUid, 3}));
  EXPECT_THAT(world.client.created_with["description"], HasSubstr("web server"));
  EXPECT_EQ(world.client.created_with["pool"], "gantry");
}

TEST(Writer, ACloneNeverKeepsTheMarkOfItsSource) {
  WriterWorld world;
  EXPECT_THAT(world.run(world.writer.clone_guest(kNode, VmId(310), kVmid, kUid, {})), IsOk());
  EXPECT_EQ(find_mark(world.client.created_with["description"]), (Mark{"home-1", kUid, 3}));
}

TEST(Writer, ACreateHappensAtMostOnce) {
  WriterWorld world;
  world.row().create_task = world.client.next_task;
  EXPECT_THAT(world.run(world.writer.create_guest(kNode, kVmid, kUid, {})),
              Fails(ErrorClass::held, HasSubstr("CreateAlreadySent")));
  EXPECT_THAT(world.run(world.writer.clone_guest(kNode, VmId(310), kVmid, kUid, {})),
              Fails(ErrorClass::held, HasSubstr("CreateAlreadySent")));
  world.rows.rows.clear();
  EXPECT_THAT(world.run(world.writer.create_guest(kNode, kVmid, kUid, {})),
              Fails(ErrorClass::held, HasSubstr("has no row")));
  EXPECT_THAT(world.client.writes, IsEmpty());
}

TEST(Writer, ACreateNeverOverwritesAndCarriesNoTags) {
  WriterWorld world;
  for (const char* key : {"force", "restore", "tags", "vmid", "lock"})
    EXPECT_THAT(world.run(world.writer.create_guest(kNode, kVmid, kUid, {{key, "1"}})),
                Fails(ErrorClass::invalid, HasSubstr(key)));
  EXPECT_THAT(world.client.writes, IsEmpty());
}

TEST(Writer, AConfigChangeKeepsOurMark) {
  WriterWorld world;
  EXPECT_THAT(world.run(world.writer.configure_guest(kNode, kVmid, kUid, {{"tags", "web;db"}},
                                                     {"description"})),
              IsOk());
  EXPECT_EQ(find_mark(world.client.configured_with["description"]), (Mark{"home-1", kUid, 3}));
  EXPECT_EQ(world.client.configured_with["tags"], "web;db;" + to_tag(kUid));
}

TEST(Writer, RootfsIsNeverConfigured) {
  WriterWorld world;
  EXPECT_THAT(
      world.run(world.writer.configure_guest(kNode, kVmid, kUid, {{"rootfs", "local:3"}}, {})),
      Fails(ErrorClass::invalid, HasSubstr("resize")));
  EXPECT_THAT(world.client.writes, IsEmpty());
}

TEST(Writer, ASnapshotCarriesOurNameAndMark) {
  WriterWorld world;
  EXPECT_THAT(world.run(world.writer.take_snapshot(kNode, kVmid, kUid, "gantry-r1", "before")),
              IsOk());
  EXPECT_THAT(world.client.snapshot_description, HasSubstr("before"));
  EXPECT_EQ(find_mark(world.client.snapshot_description), (Mark{"home-1", kUid, 3}));
  EXPECT_THAT(world.run(world.writer.take_snapshot(kNode, kVmid, kUid, "mine", "")),
              Fails(ErrorClass::invalid));
  EXPECT_THAT(world.client.writes, ElementsAre("snapshot gantry-r1 of 20001"));
}

TEST(Writer, RemovesNobodyElsesSnapshot) {
  WriterWorld world;
  const auto own = to_description_line(Mark{"home-1", kUid, 1});
  const auto other = to_description_line(Mark{"home-1", kOther, 1});
  world.client.snapshots_answer[kVmid] = {{"gantry-own", own, {}, ""},
                                          {"gantry-mine", "", {}, ""},
                                          {"gantry-other", other, {}, ""},
                                          {"own", own, {}, ""}};
  const auto remove = [&](const std::string& name) {
    return world.run(world.writer.delete_snapshot(kNode, kVmid, kUid, name)).status();
  };
  for (const char* name : {"gantry-mine", "gantry-other", "own"}) {
    EXPECT_THAT(remove(name), Fails(ErrorClass::held, HasSubstr("SnapshotForeign"))) << name;
  }
  EXPECT_THAT(remove("gantry-none"), Fails(ErrorClass::not_found));
  EXPECT_THAT(world.client.writes, IsEmpty());
  EXPECT_THAT(remove("gantry-own"), IsOk());
  world.gate = make_error(ErrorClass::held, "Observe: nothing is written");
  EXPECT_THAT(remove("gantry-own"), Fails(ErrorClass::held));
  EXPECT_THAT(world.client.writes, ElementsAre("delete snapshot gantry-own of 20001"));
}

}  // namespace
}  // namespace gantry::pve
