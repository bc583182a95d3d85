#include "pkg/pve/http/decode.h"

#include <fstream>
#include <sstream>

#include "pkg/base/testing.h"
#include "pkg/schema/json.h"

namespace gantry::pve {
namespace {

using ::testing::ElementsAre;
using testing::Fails;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

Json data_of(const std::string& name) {
  std::ifstream file(std::string(GANTRY_TEST_FOLDER) + "/testdata/" + name + ".json");
  std::stringstream text;
  text << file.rdbuf();
  auto json = schema::parse_json(text.str());
  EXPECT_THAT(json, IsOk()) << name;
  const auto* data = json.ok() ? json->find("data") : nullptr;
  return data == nullptr ? Json() : *data;
}

Json parsed(std::string_view text) {
  auto json = schema::parse_json(text);
  EXPECT_THAT(json, IsOk()) << text;
  return json.ok() ? *json : Json();
}

struct Decode : ::testing::Test {
  Oddities odd;
};

TEST_F(Decode, Version) {
  const auto version = decode_version(data_of("version"), odd);
  ASSERT_THAT(version, IsOk());
  EXPECT_EQ(version->version, "9.2.11");
  EXPECT_EQ(version->major, 9);
  EXPECT_EQ(version->minor, 2);
  EXPECT_THAT(decode_version(parsed("{}"), odd), Fails(ErrorClass::schema));
  EXPECT_EQ(decode_version(parsed(R"({"version":"8.4-1"})"), odd)->minor, 0);
}

TEST_F(Decode, ResourcesOfEveryKind) {
  const auto resources = decode_resources(data_of("resources"), odd);
  ASSERT_THAT(resources, IsOk());
  EXPECT_THAT(resources->undecodable, IsEmpty());
  EXPECT_THAT(odd, IsEmpty());
  ASSERT_THAT(resources->guests, SizeIs(3));
  const auto& web = resources->guests[0];
  EXPECT_EQ(web.vmid, VmId(100));
  EXPECT_EQ(web.name, "web-1");
  EXPECT_EQ(web.pool, "gantry");
  EXPECT_EQ(web.cpu, 0.5);
  EXPECT_EQ(web.memory_total, 314572800);
  EXPECT_EQ(web.network_in, 8286);
  EXPECT_EQ(web.network_out, 2800);
  EXPECT_THAT(web.tags, ElementsAre("app-web", "gantry"));
  const auto& fresh = resources->guests[1];
  EXPECT_EQ(fresh.status, "unknown");
  EXPECT_EQ(fresh.name, std::nullopt);
  EXPECT_EQ(fresh.memory_total, std::nullopt);
  const auto& machine = resources->guests[2];
  EXPECT_EQ(machine.type, GuestType::qemu);
  EXPECT_TRUE(machine.is_template);
  EXPECT_EQ(machine.lock, "backup");
  EXPECT_EQ(machine.ha_state, "stopped");
  ASSERT_THAT(resources->nodes, SizeIs(1));
  EXPECT_EQ(resources->nodes[0].status, "online");
  ASSERT_THAT(resources->storages, SizeIs(1));
  EXPECT_TRUE(resources->storages[0].active);
  EXPECT_EQ(resources->storages[0].available, 270553174016 - 33488887808);
  EXPECT_TRUE(resources->storages[0].content.contains("rootdir"));
}

TEST_F(Decode, OneOddFieldNeverLosesTheRowAndALostRowIsReported) {
  const auto resources = decode_resources(data_of("resources_odd"), odd);
  ASSERT_THAT(resources, IsOk());
  ASSERT_THAT(resources->guests, SizeIs(2));
  EXPECT_EQ(resources->guests[0].memory_total, 536870912);
  EXPECT_EQ(resources->guests[0].cpu, 1.0);
  EXPECT_TRUE(resources->guests[0].is_template);
  EXPECT_EQ(resources->guests[0].uptime_seconds, std::nullopt);
  EXPECT_THAT(odd, ElementsAre(HasSubstr("uptime: expected an integer, got array")));
  EXPECT_EQ(resources->guests[1].vmid, VmId(101));  // from its id
  EXPECT_THAT(resources->undecodable, SizeIs(2));
}

TEST_F(Decode, NoListIsNoEmptyList) {
  EXPECT_THAT(decode_resources(Json(), odd), Fails(ErrorClass::schema));
  EXPECT_THAT(decode_tasks(Json::object(), odd), Fails(ErrorClass::schema));
  EXPECT_THAT(decode_volumes(Json(), odd), Fails(ErrorClass::schema));
  EXPECT_THAT(decode_permissions(Json("x"), odd), Fails(ErrorClass::schema));
  EXPECT_EQ(catalogue_code(decode_resources(Json(), odd).status()), "CON-007");
}

TEST_F(Decode, ClusterStatus) {
  const auto status = decode_cluster_status(data_of("cluster_status"), odd);
  ASSERT_THAT(status, IsOk());
  EXPECT_EQ(status->name, "home");
  EXPECT_TRUE(status->quorate);
  ASSERT_THAT(status->members, SizeIs(2));
  EXPECT_TRUE(status->members[0].local);
  EXPECT_FALSE(status->members[1].online);
  EXPECT_EQ(status->members[1].address, "10.77.0.2");
}

TEST_F(Decode, AStandAloneNodeIsQuorate) {
  const auto status = decode_cluster_status(data_of("cluster_status_standalone"), odd);
  ASSERT_THAT(status, IsOk());
  EXPECT_EQ(status->name, "");
  EXPECT_TRUE(status->quorate);
}

TEST_F(Decode, QuorumIsNeverGuessed) {
  EXPECT_THAT(decode_cluster_status(parsed("[]"), odd), Fails(ErrorClass::schema));
  EXPECT_THAT(decode_cluster_status(
                  parsed(R"([{"type":"cluster","name":"x"},{"type":"node","name":"a"}])"), odd),
              Fails(ErrorClass::schema, HasSubstr("no quorate")));
  EXPECT_THAT(decode_cluster_status(
                  parsed(R"([{"type":"node","name":"a"},{"type":"node","name":"b"}])"), odd),
              Fails(ErrorClass::schema));
}

TEST_F(Decode, PermissionsHoldWhateverTheyPropagate) {
  const auto permissions = decode_permissions(data_of("permissions"), odd);
  ASSERT_THAT(permissions, IsOk());
  EXPECT_THAT(permissions->at("/"), UnorderedElementsAre("Sys.Audit"));
  EXPECT_TRUE(permissions->at("/vms/20061").contains("VM.Audit"));
  EXPECT_THAT(decode_permissions(parsed("[]"), odd), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(decode_permissions(parsed("{}"), odd), IsOkAndHolds(IsEmpty()));
}

TEST_F(Decode, GuestConfigAsTexts) {
  const auto config = decode_guest_config(data_of("config"), odd);
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->digest, "e34c109cce21e8d192011151e1d8cc16dc4424db");
  EXPECT_EQ(config->find("memory"), "256");
  EXPECT_EQ(config->find("unprivileged"), "1");
  EXPECT_EQ(config->find("cpulimit"), "0.5");
  EXPECT_EQ(config->find("digest"), std::nullopt);
  EXPECT_EQ(config->find("lxc"), std::nullopt);
  EXPECT_THAT(odd, SizeIs(1));
  const auto creating = decode_guest_config(data_of("config_creating"), odd);
  ASSERT_THAT(creating, IsOk());
  EXPECT_THAT(creating->values, SizeIs(1));
  EXPECT_EQ(creating->find("lock"), "create");
}

TEST_F(Decode, PendingChanges) {
  const auto pending = decode_guest_pending(data_of("pending"), odd);
  ASSERT_THAT(pending, IsOk());
  ASSERT_THAT(*pending, SizeIs(4));
  EXPECT_EQ((*pending)[0].value, "300");
  EXPECT_EQ((*pending)[1].pending, "local:3");
  EXPECT_EQ((*pending)[2].value, std::nullopt);
  EXPECT_TRUE((*pending)[3].deletes);
}

TEST_F(Decode, GuestStatus) {
  const auto running = decode_guest_status(data_of("status_running"), odd);
  ASSERT_THAT(running, IsOk());
  EXPECT_TRUE(running->running);
  EXPECT_EQ(running->cpu, 0.25);  // half of half a core
  EXPECT_EQ(running->network_in, 0);
  EXPECT_FALSE(running->ha_managed);
  const auto locked = decode_guest_status(data_of("status_locked"), odd);
  ASSERT_THAT(locked, IsOk());
  EXPECT_FALSE(locked->running);
  EXPECT_EQ(locked->lock, "backup");
  EXPECT_TRUE(locked->ha_managed);
  EXPECT_EQ(locked->ha_state, std::nullopt);
  EXPECT_THAT(decode_guest_status(parsed("{}"), odd), Fails(ErrorClass::schema));
}

TEST_F(Decode, Interfaces) {
  const auto interfaces = decode_guest_interfaces(data_of("interfaces"), odd);
  ASSERT_THAT(interfaces, IsOk());
  ASSERT_THAT(*interfaces, SizeIs(2));
  EXPECT_EQ((*interfaces)[1].hwaddr, "bc:24:11:15:c2:bb");
  EXPECT_THAT((*interfaces)[1].addresses, ElementsAre("10.77.0.50", "fe80::1"));
  EXPECT_THAT((*interfaces)[0].addresses, ElementsAre("127.0.0.1", "::1"));
  EXPECT_THAT(decode_guest_interfaces(Json(), odd), IsOkAndHolds(IsEmpty()));  // stopped
}

TEST_F(Decode, VolumesStoragesBridges) {
  const auto volumes = decode_volumes(data_of("volumes"), odd);
  ASSERT_THAT(volumes, IsOk());
  EXPECT_EQ((*volumes)[0].vmid, VmId(152));
  EXPECT_EQ((*volumes)[0].size, 4294967296);
  EXPECT_EQ((*volumes)[1].vmid, std::nullopt);
  const auto storages = decode_storages(data_of("storages"), odd);
  ASSERT_THAT(storages, IsOk());
  EXPECT_EQ((*storages)[0].available, 69241733120);
  EXPECT_FALSE((*storages)[1].active);
  EXPECT_EQ((*storages)[1].total, std::nullopt);
  EXPECT_THAT(decode_bridges(data_of("network"), odd), IsOkAndHolds(ElementsAre("vmbr0", "vmbr1")));
  EXPECT_THAT(decode_volumes(parsed(R"([{"content":"rootdir"}])"), odd),
              Fails(ErrorClass::schema, HasSubstr("incomplete")));
}

TEST_F(Decode, Tasks) {
  const auto running = decode_task(data_of("task_running"), odd);
  ASSERT_THAT(running, IsOk());
  EXPECT_TRUE(running->running);
  EXPECT_EQ(running->user, "root@pam!t1");
  EXPECT_EQ(to_unix_seconds(running->started), 1795210165);
  const auto ended = decode_task(data_of("task_warnings"), odd);
  ASSERT_THAT(ended, IsOk());
  EXPECT_TRUE(ended->succeeded());
  const auto list = decode_tasks(data_of("tasks"), odd);
  ASSERT_THAT(list, IsOk());
  EXPECT_TRUE((*list)[0].succeeded());
  EXPECT_EQ((*list)[1].exit_status, "CT is locked (backup)");
  EXPECT_FALSE((*list)[1].running);
  const auto active = decode_tasks(data_of("tasks_active"), odd);
  ASSERT_THAT(active, IsOk());
  EXPECT_TRUE((*active)[0].running);
  EXPECT_EQ((*active)[0].id, "101");
  EXPECT_THAT(decode_task(parsed(R"({"upid":"x","status":"running"})"), odd),
              Fails(ErrorClass::schema));
}

TEST_F(Decode, TaskLogs) {
  EXPECT_THAT(decode_task_log(data_of("log"), odd),
              IsOkAndHolds(ElementsAre("forced to stop CT 190 before destroying!", "TASK OK")));
  EXPECT_THAT(decode_task_log(data_of("log_empty"), odd), IsOkAndHolds(IsEmpty()));
}

TEST_F(Decode, AnAnswerWithoutUpidIsASchemaError) {
  EXPECT_THAT(decode_upid(Json(), odd), Fails(ErrorClass::schema));
  EXPECT_THAT(decode_upid(Json("nonsense"), odd), Fails(ErrorClass::schema));
}

TEST(Fields, ReadWhatProxmoxMeans) {
  EXPECT_EQ(as_flag(Json("1")), true);
  EXPECT_EQ(as_flag(Json("off")), false);
  EXPECT_EQ(as_flag(Json(0)), false);
  EXPECT_EQ(as_flag(Json(true)), true);
  EXPECT_EQ(as_flag(Json("perhaps")), std::nullopt);
  EXPECT_EQ(as_integer(Json("512")), 512);
  EXPECT_EQ(as_integer(Json("1e3")), 1000);
  EXPECT_EQ(as_integer(Json(1e300)), std::nullopt);
  EXPECT_EQ(as_number(Json("0.00")), 0.0);
  EXPECT_EQ(as_number(Json("n/a")), std::nullopt);
  EXPECT_EQ(as_text(Json(100)), "100");
  EXPECT_EQ(as_text(Json(0.5)), "0.5");
  EXPECT_EQ(as_text(Json::array()), std::nullopt);
}

// As PVE::API2::LXC::Snapshot lists them, "current" included.
TEST_F(Decode, SnapshotsOldestFirst) {
  const auto all =
      decode_snapshots(parsed(R"([{"name":"current","description":"You are here!","parent":"b"},
                 {"name":"b","snaptime":"1800000060","description":"","snapstate":"prepare"},
                 {"name":"a","snaptime":1800000000,"description":"first\n"}])"),
                       odd);
  ASSERT_THAT(all, IsOk());
  ASSERT_THAT(*all, SizeIs(2));
  EXPECT_EQ((*all)[0].name, "a");
  EXPECT_EQ((*all)[0].description, "first\n");
  EXPECT_EQ((*all)[0].created, from_unix_seconds(1800000000));
  EXPECT_EQ((*all)[1].state, "prepare");
  EXPECT_THAT(decode_snapshots(parsed(R"([{"description":""}])"), odd), Fails(ErrorClass::schema));
  EXPECT_THAT(decode_snapshots(Json(), odd), Fails(ErrorClass::schema));
}

TEST_F(Decode, FeatureIsYesOrNo) {
  EXPECT_THAT(decode_feature(parsed(R"({"hasFeature":1})"), odd), IsOkAndHolds(true));
  EXPECT_THAT(decode_feature(parsed(R"({"hasFeature":"0"})"), odd), IsOkAndHolds(false));
  EXPECT_THAT(decode_feature(parsed("{}"), odd), Fails(ErrorClass::schema));
}

}  // namespace
}  // namespace gantry::pve
