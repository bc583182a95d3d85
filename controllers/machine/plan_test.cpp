#include "controllers/machine/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controllers/machine/desired.h"
#include "controllers/machine/ledger.h"
#include "controllers/machine/testing.h"
#include "pkg/base/testing.h"

namespace gantry::controllers::machine {
namespace {

using namespace std::chrono_literals;
using api::v1alpha1::Machine;
using api::v1alpha1::MachineClass;
using api::v1alpha1::MachineStatus;
using api::v1alpha1::PowerState;
using ::testing::HasSubstr;

const Uid kUid("6f0c0000-0000-4000-8000-000000000001");
const std::string kInstallation = "home-1";

// A Machine whose container is as it shall be; each row of the tables changes something.
struct PlanScene {
  Machine machine;
  MachineClass shape;
  Observation world;
  bool has_class = true;

  PlanScene() {
    machine.metadata.name = "web";
    machine.metadata.uid = kUid;
    machine.metadata.finalizers = {"gantry.dev/machine"};
    machine.metadata.creation_timestamp = kNow - 1h;
    machine.spec.machine_class_name = "small";
    shape.spec.cluster_name = "home";
    shape.spec.features.nesting = true;
    api::v1alpha1::Network network;
    network.bridge = "vmbr0";
    shape.spec.networks = {network};
    world.now = kNow;
    world.installation = kInstallation;
    world.user = "gantry@pve!daemon";
    world.snapshot = std::make_shared<inventory::Snapshot>();
    world.row = store::GuestRow{
        ClusterName("home"), VmId(20001), kUid,
        "default/web",       1,           Upid("UPID:pve1:1:1:1:vzcreate:20001:gantry@pve:"),
        std::nullopt};
    world.create_task.state = TaskState::succeeded;
    for (const char* step : {"reserve", "create", "configure", "start", "network", "ready"}) {
      finish_step(machine.status, step, kNow - 30min, "");
    }
    present();
  }

  void present() {
    auto& guest = world.guest;
    guest.occupant = Occupant::ours;
    guest.node = kNode;
    guest.config.values = owned_settings(machine, shape);
    std::erase_if(guest.config.values, [](const auto& value) { return value.second.empty(); });
    guest.config.values["rootfs"] = "local:20001/vm-20001-disk-0.raw,size=8G";
    guest.config.values["description"] = pve::to_description_line({kInstallation, kUid, 1}) + "\n";
    guest.config.values["tags"] = pve::to_tag(kUid);
    guest.status = pve::GuestStatus{};
    guest.status->running = true;
    guest.interfaces = {{"eth0", "aa:bb:cc:dd:ee:ff", {"10.0.0.7"}}};
    world.sighting.presence = inventory::Presence::present;
  }
  void absent() {
    world.guest = Guest{};
    world.guest.occupant = Occupant::absent;
    world.guest.why = "two cycles agree";
    world.vmid_free = true;
    world.sighting.presence = inventory::Presence::absent;
  }
  void unseen() {
    absent();
    world.guest.occupant = Occupant::unknown;
    world.guest.why = "the inventory is incomplete";
  }
  void never_created() {
    absent();
    world.row->create_task.reset();
    world.create_task.state = TaskState::none;
    machine.status.steps.clear();
  }
  // The create was announced, and no answer is known.
  void unclear(Duration ago) {
    never_created();
    begin_step(machine.status, steps::kCreate, kNow - ago);
    world.traces = CreateTraces{true, "", {}, {}};
  }
  // Its id is taken by what can be read, with these notes.
  void stranger(std::string notes) {
    world.vmid_free = false;
    world.guest.occupant = Occupant::stranger;
    world.guest.node = kNode;
    world.guest.config.values = {{"hostname", "web"}, {"description", std::move(notes)}};
  }
  // Our create was refused: somebody with our user and another token has the id.
  void refused_as_taken() {
    never_created();
    begin_step(machine.status, steps::kCreate, kNow - 1min);
    fail_step(machine.status, steps::kCreate, kNow, "CT 20001 already exists");
    world.vmid_free = false;
    world.traces = CreateTraces{true, "", {}, pve::Task{}};
  }
  // The worker was killed; what it left cannot be seen, and a command channel is there.
  void create_died() {
    unseen();
    machine.status.steps.clear();
    world.vmid_free = false;
    world.has_channel = true;
    world.create_task.state = TaskState::failed;
    world.create_task.task.exit_status = "unexpected status";
    world.traces = CreateTraces{true, "", {}, {}};
  }
  void wanted_on(const char* node) {
    machine.spec.node = node;
    auto snapshot = std::make_shared<inventory::Snapshot>();
    snapshot->nodes[NodeName(node)].status = "online";
    world.snapshot = snapshot;
  }
  // It is to have 8 GiB at /srv/data; `key` of its config names what is there.
  void wants_data(const char* key = nullptr) {
    machine.spec.volumes = {{"data", "/srv/data", schema::Quantity("8Gi"), ""}};
    auto snapshot = std::make_shared<inventory::Snapshot>();
    pve::StorageRow storage;
    storage.id = StorageId("local");
    storage.node = kNode;
    storage.content = {"rootdir"};
    storage.active = storage.enabled = true;
    storage.available = storage.total = int64_t{100} << 30;
    snapshot->storages = {storage};
    world.snapshot = snapshot;
    if (key == nullptr) return;
    const bool mounted = std::string(key).starts_with("mp");
    world.guest.config.values[key] =
        std::string("local:20001/vm-20001-disk-1.raw") + (mounted ? ",mp=/srv/data,size=8G" : "");
  }
  void keeps_data_of_an_app() {
    wants_data("mp0");
    machine.spec.deletion_policy = api::v1alpha1::DeletionPolicy::retain;
    api::meta::OwnerReference app;
    app.kind = "App";
    app.controller = true;
    machine.metadata.owner_references = {app};
  }
  void had_data() {
    machine.status.volumes = {{"/srv/data", "mp0", "local:20001/vm-20001-disk-1.raw", "8G"}};
  }
  void stopped() {
    world.guest.status->running = false;
    world.guest.interfaces.clear();
  }
  void deleting() {
    machine.metadata.deletion_timestamp = kNow - 5s;
    if (world.vmid_free == true) world.leftovers = Leftovers{};
  }
  pve::Task task(std::string type, std::string user, Duration ago) {
    pve::Task task;
    task.upid = Upid("UPID:pve1:2:2:2:" + type + ":20001:" + user + ":");
    task.node = kNode;
    task.type = std::move(type);
    task.id = "20001";
    task.user = std::move(user);
    task.exit_status = "OK";
    task.started = kNow - ago;
    task.ended = kNow - ago + 1s;
    return task;
  }
  Plan plan() const { return machine::plan(machine, has_class ? &shape : nullptr, world); }
};

struct Row {
  const char* name;
  std::function<void(PlanScene&)> change;
  std::string action;  // describe()
  Situation situation;
  std::string reason;
};

const std::string kNothing = "do nothing";

MachineStatus& begin_move(PlanScene& scene) {
  begin_step(scene.machine.status, steps::kMove, kNow - 1s);
  return scene.machine.status;
}

void check(const std::vector<Row>& rows) {
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    PlanScene scene;
    row.change(scene);
    const auto plan = scene.plan();
    EXPECT_EQ(describe(plan.action), row.action) << plan.message;
    EXPECT_EQ(plan.situation, row.situation) << plan.message;
    EXPECT_EQ(plan.reason, row.reason) << plan.message;
  }
}

TEST(Plan, SaysWhatIsWrittenForAVolume) {
  PlanScene scene;
  scene.wants_data();
  scene.world.guest.config.values["mp0"] = "/mnt/nas,mp=/nas";
  const auto plan = scene.plan();
  const auto* fresh = std::get_if<Configure>(&plan.action);
  ASSERT_NE(fresh, nullptr);
  EXPECT_EQ(fresh->set.at("mp1"), "local:8,mp=/srv/data,backup=1");
}

TEST(Plan, AnswersEverySituationOfACreation) {
  check({
      {"a container that is well is left alone", [](PlanScene&) {}, kNothing, Situation::ready,
       "Running"},
      {"the finalizer comes first", [](PlanScene& s) { s.machine.metadata.finalizers.clear(); },
       "add the finalizer", Situation::progressing, "Preparing"},
      {"a missing class waits for a person", [](PlanScene& s) { s.has_class = false; }, kNothing,
       Situation::stalled, "ReferenceNotFound"},
      {"an id is reserved before anything else", [](PlanScene& s) { s.world.row.reset(); },
       "reserve a VMID", Situation::progressing, "ReservingId"},
      {"a free id is used", [](PlanScene& s) { s.never_created(); }, "create the container",
       Situation::progressing, "Creating"},
      {"an id of which nothing is known is not used",
       [](PlanScene& s) {
         s.never_created();
         s.world.vmid_free.reset();
       },
       kNothing, Situation::unknown, "Unknown"},
      {"an id that a stranger has is left to him",
       [](PlanScene& s) {
         s.never_created();
         s.world.vmid_free = false;
         s.world.guest.occupant = Occupant::stranger;
         s.world.traces = CreateTraces{true, "", {}, {}};
       },
       "reserve another VMID", Situation::progressing, "VMIDForeign"},
      {"a taken id is kept while tasks cannot be read",
       [](PlanScene& s) {
         s.never_created();
         s.world.vmid_free = false;
         s.world.traces = CreateTraces{false, "pve2 is down", {}, {}};
       },
       kNothing, Situation::unknown, "Unknown"},
      {"an id that our user takes with another token is waited for, once we have asked for it",
       [](PlanScene& s) {
         s.refused_as_taken();
         s.world.traces->kin->running = true;
       },
       kNothing, Situation::waiting, "CreateUnclear"},
      {"... and held while what it made cannot be seen", [](PlanScene& s) { s.refused_as_taken(); },
       kNothing, Situation::held, "CreateUnclear"},
      {"... and held when it carries no mark at all: the notes may have been edited",
       [](PlanScene& s) {
         s.refused_as_taken();
         s.stranger("hello");
       },
       kNothing, Situation::held, "CreateUnclear"},
      {"... and given up once that carries another mark",
       [](PlanScene& s) {
         s.refused_as_taken();
         s.stranger(pve::to_description_line({"home-2", kUid, 1}));
       },
       "reserve another VMID", Situation::progressing, "VMIDForeign"},
      {"... and at once where we never asked for it",
       [](PlanScene& s) {
         s.refused_as_taken();
         s.machine.status.steps.clear();
       },
       "reserve another VMID", Situation::progressing, "VMIDForeign"},
      {"a running create is waited for",
       [](PlanScene& s) {
         s.unseen();
         s.world.create_task.state = TaskState::running;
       },
       kNothing, Situation::waiting, "Creating"},
      {"a failed create that left nothing is tried again",
       [](PlanScene& s) {
         s.unseen();
         s.machine.status.steps.clear();
         s.world.create_task.state = TaskState::failed;
       },
       "create the container again", Situation::progressing, "CreateFailed"},
      {"a create task that cannot be read decides nothing",
       [](PlanScene& s) {
         s.absent();
         s.machine.status.steps.clear();
         s.world.create_task.state = TaskState::unreadable;
       },
       kNothing, Situation::unknown, "Unknown"},
  });
}

TEST(Plan, NeverCreatesTwiceAfterALostAnswer) {
  check({
      {"its task is found and followed",
       [](PlanScene& s) {
         s.unclear(10s);
         s.world.traces->task = s.task("vzcreate", "gantry@pve", 9s);
       },
       "follow the create task", Situation::progressing, "Creating"},
      {"a call sent twice, of which the second was refused, is found before the id is given up",
       [](PlanScene& s) {
         s.refused_as_taken();
         s.stranger("edited by a person");
         s.world.traces->kin.reset();
         s.world.traces->task = s.task("vzcreate", "gantry@pve", 59s);
         s.deleting();
       },
       "follow the create task", Situation::progressing, "Creating"},
      {"... and what carries another's mark is let go at once",
       [](PlanScene& s) {
         s.refused_as_taken();
         s.stranger(pve::to_description_line({"home-2", kUid, 1}));
         s.world.traces->complete = false;
         s.deleting();
       },
       "release the VMID", Situation::progressing, "Releasing"},
      {"not found yet, it may still be executed", [](PlanScene& s) { s.unclear(10s); }, kNothing,
       Situation::waiting, "CreateUnclear"},
      {"a node that cannot be asked leaves it open",
       [](PlanScene& s) {
         s.unclear(1h);
         s.world.traces->complete = false;
       },
       kNothing, Situation::unknown, "Unknown"},
      {"proven without effect, it is called again", [](PlanScene& s) { s.unclear(10min); },
       "create the container", Situation::progressing, "Creating"},
      {"a clone's task does not name us: what has the id may be ours",
       [](PlanScene& s) {
         s.unclear(10min);
         s.shape.spec.golden.emplace();
         s.world.vmid_free = false;
       },
       kNothing, Situation::held, "CreateUnclear"},
      {"... and without a mark it still may",
       [](PlanScene& s) {
         s.unclear(10min);
         s.shape.spec.golden.emplace();
         s.stranger("hello");
       },
       kNothing, Situation::held, "CreateUnclear"},
      {"... but not with the mark of another",
       [](PlanScene& s) {
         s.unclear(10min);
         s.shape.spec.golden.emplace();
         s.stranger(pve::to_description_line({"home-2", kUid, 1}));
       },
       "reserve another VMID", Situation::progressing, "VMIDForeign"},
      {"... nor is it given up with the Machine",
       [](PlanScene& s) {
         s.unclear(10min);
         s.shape.spec.golden.emplace();
         s.stranger("hello");
         s.deleting();
       },
       kNothing, Situation::held, "CreateUnclear"},
      {"... unless a person says so",
       [](PlanScene& s) {
         s.unclear(10min);
         s.shape.spec.golden.emplace();
         s.stranger("hello");
         s.machine.spec.deletion_policy = api::v1alpha1::DeletionPolicy::retain;
         s.deleting();
       },
       "release the VMID", Situation::progressing, "Releasing"},
      {"a Machine that is deleted meanwhile waits, too",
       [](PlanScene& s) {
         s.unclear(10s);
         s.deleting();
       },
       kNothing, Situation::waiting, "CreateUnclear"},
  });
}

TEST(Plan, UnknownNeverLeadsToAChange) {
  check({
      {"out of sight is not gone", [](PlanScene& s) { s.unseen(); }, kNothing, Situation::unknown,
       "Unknown"},
      {"proven gone is made again", [](PlanScene& s) { s.absent(); }, "create the container again",
       Situation::progressing, "DeletedExternally"},
      {"proven gone but its id taken is not made again",
       [](PlanScene& s) {
         s.absent();
         s.world.vmid_free = false;
       },
       kNothing, Situation::held, "VMIDReused"},
      {"a spent budget holds the repair",
       [](PlanScene& s) {
         s.absent();
         s.world.may_repair = make_error(ErrorClass::held, "RepairBudget: 3 of this object in 1h");
       },
       kNothing, Situation::held, "RepairBudget"},
      {"a cluster that does not answer decides nothing",
       [](PlanScene& s) { s.world.cluster = make_error(ErrorClass::transport, "no answer"); },
       kNothing, Situation::unknown, "Unknown"},
      {"a deleted Machine out of sight is not released",
       [](PlanScene& s) {
         s.unseen();
         s.world.vmid_free = false;
         s.deleting();
       },
       kNothing, Situation::unknown, "Unknown"},
  });
}

TEST(Plan, TouchesNothingThatIsNotProvenToBeOurs) {
  check({
      {"on our id without our mark: held",
       [](PlanScene& s) { s.world.guest.occupant = Occupant::stranger; }, kNothing, Situation::held,
       "OwnershipUnproven"},
      {"… also when the Machine is deleted",
       [](PlanScene& s) {
         s.world.guest.occupant = Occupant::stranger;
         s.deleting();
       },
       kNothing, Situation::held, "OwnershipUnproven"},
      {"a dead create without command channel is a person's",
       [](PlanScene& s) {
         s.machine.status.steps.clear();
         s.world.create_task.state = TaskState::failed;
         s.world.guest.occupant = Occupant::unfinished;
       },
       kNothing, Situation::held, "StaleLock"},
      {"with one it is removed, seen or not", [](PlanScene& s) { s.create_died(); },
       "remove the unfinished container", Situation::progressing, "CreateDied"},
      {"… also for a Machine that is deleted",
       [](PlanScene& s) {
         s.create_died();
         s.deleting();
       },
       "remove the unfinished container", Situation::progressing, "CreateDied"},
      {"… not while its creator's end cannot be asked",
       [](PlanScene& s) {
         s.create_died();
         s.world.create_task.state = TaskState::forgotten;
       },
       kNothing, Situation::held, "StaleLock"},
      {"… not while a node cannot say who else has created there",
       [](PlanScene& s) {
         s.create_died();
         s.world.traces->complete = false;
       },
       kNothing, Situation::unknown, "Unknown"},
      {"… not once somebody else has",
       [](PlanScene& s) {
         s.create_died();
         s.world.traces->task = s.task("vzcreate", "anna@pam", 1min);
       },
       kNothing, Situation::held, "VMIDTaken"},
      {"a create that failed leaves nothing: who has the id now is unknown",
       [](PlanScene& s) {
         s.create_died();
         s.world.create_task.task.exit_status = "unable to create CT 20001 - no space";
       },
       kNothing, Situation::held, "VMIDTaken"},
      {"in Observe mode all is computed and nothing done",
       [](PlanScene& s) {
         s.stopped();
         s.world.may_write = make_error(ErrorClass::held, "ObserveMode: nothing is written");
       },
       kNothing, Situation::held, "ObserveMode"},
  });
}

TEST(Plan, KeepsAContainerAsItShallBe) {
  check({
      {"one that died is started at once", [](PlanScene& s) { s.stopped(); }, "start it",
       Situation::progressing, "Restarting"},
      {"one that a person stopped is left so",
       [](PlanScene& s) {
         s.stopped();
         s.world.tasks = {s.task("vzstop", "anna@pam", 10min)};
       },
       kNothing, Situation::held, "StoppedExternally"},
      {"… for an hour",
       [](PlanScene& s) {
         s.stopped();
         s.world.tasks = {s.task("vzstop", "anna@pam", 61min)};
       },
       "start it", Situation::progressing, "Restarting"},
      {"… unless somebody has started it since",
       [](PlanScene& s) {
         s.stopped();
         s.world.tasks = {s.task("vzstart", "anna@pam", 5min), s.task("vzstop", "anna@pam", 10min)};
       },
       "start it", Situation::progressing, "Restarting"},
      {"… or has asked for a start since",
       [](PlanScene& s) {
         s.stopped();
         s.world.tasks = {s.task("vzstop", "anna@pam", 10min)};
         s.machine.metadata.annotations[kStartRequested] = to_rfc3339(kNow - 5min);
       },
       "start it", Situation::progressing, "Restarting"},
      {"a node that went down is nobody's wish",
       [](PlanScene& s) {
         s.stopped();
         s.world.tasks = {s.task("vzshutdown", "root@pam", 10min)};
         auto snapshot = std::make_shared<inventory::Snapshot>();
         snapshot->nodes[kNode].uptime_seconds = 120;
         s.world.snapshot = snapshot;
       },
       "start it", Situation::progressing, "Restarting"},
      {"an uptime that began before all times is no boot since then",
       [](PlanScene& s) {
         s.stopped();
         s.world.tasks = {s.task("vzshutdown", "root@pam", 10min)};
         auto snapshot = std::make_shared<inventory::Snapshot>();
         snapshot->nodes[kNode].uptime_seconds = INT64_MAX;
         s.world.snapshot = snapshot;
       },
       kNothing, Situation::held, "StoppedExternally"},
      {"a volume that is new is made", [](PlanScene& s) { s.wants_data(); },
       "change its configuration", Situation::progressing, "AddingVolume"},
      {"a volume that is there is left alone", [](PlanScene& s) { s.wants_data("mp3"); }, kNothing,
       Situation::ready, "Running"},
      {"a volume grows while it is used",
       [](PlanScene& s) {
         s.wants_data("mp0");
         s.machine.spec.volumes[0].size = schema::Quantity("9Gi");
       },
       "grow its disk", Situation::progressing, "Resizing"},
      {"a volume that was detached is mounted again",
       [](PlanScene& s) {
         s.wants_data("unused0");
         s.had_data();
       },
       "change its configuration", Situation::progressing, "AddingVolume"},
      {"a volume that is not here any more is not replaced by an empty one",
       [](PlanScene& s) {
         s.wants_data();
         s.had_data();
         s.stopped();
       },
       kNothing, Situation::held, "VolumeMissing"},
      {"a volume that may be the one is not passed over",
       [](PlanScene& s) { s.wants_data("unused0"); }, kNothing, Situation::held, "VolumeUnclear"},
      {"no storage for a volume is said",
       [](PlanScene& s) {
         s.wants_data();
         s.machine.spec.volumes[0].storage_selector = "storage.name == \"fast\"";
       },
       kNothing, Situation::stalled, "NoStorageMatches"},
      {"a storage that is nearly called so is told",
       [](PlanScene& s) {
         s.wants_data();
         s.machine.spec.volumes[0].storage_selector = "storage.name == \"Local\"";
       },
       kNothing, Situation::stalled, "UnknownName"},
      {"a full storage is told as full",
       [](PlanScene& s) {
         s.wants_data();
         s.machine.spec.volumes[0].size = schema::Quantity("200Gi");
       },
       kNothing, Situation::stalled, "StorageFull"},
      {"a container that is gone with its data is not made anew",
       [](PlanScene& s) {
         s.wants_data();
         s.had_data();
         s.absent();
       },
       kNothing, Situation::held, "VolumesLost"},
      {"memory that was changed is put back",
       [](PlanScene& s) { s.world.guest.config.values["memory"] = "777"; },
       "change its configuration", Situation::progressing, "RevertingDrift"},
      {"a damaged note is repaired while the tag holds",
       [](PlanScene& s) { s.world.guest.config.values["description"] = "hello"; },
       "change its configuration", Situation::progressing, "RevertingDrift"},
      {"what Proxmox added to a network is no drift",
       [](PlanScene& s) {
         s.world.guest.config.values["net0"] =
             "name=eth0,bridge=vmbr0,firewall=1,hwaddr=BC:24:11:00:00:01,ip=dhcp,type=veth";
       },
       kNothing, Situation::ready, "Running"},
      {"keys that are not ours are left alone",
       [](PlanScene& s) { s.world.guest.config.values["startup"] = "order=3"; }, kNothing,
       Situation::ready, "Running"},
      {"a disk grows", [](PlanScene& s) { s.shape.spec.root_disk.size = schema::Quantity("9Gi"); },
       "grow its disk", Situation::progressing, "Resizing"},
      {"a disk never shrinks",
       [](PlanScene& s) { s.shape.spec.root_disk.size = schema::Quantity("4Gi"); }, kNothing,
       Situation::ready, "Running"},
      {"another node is moved to, never created on", [](PlanScene& s) { s.wanted_on("pve2"); },
       "move it", Situation::progressing, "Moving"},
      {"… unless it is not there",
       [](PlanScene& s) {
         s.wanted_on("pve2");
         s.world.snapshot = std::make_shared<inventory::Snapshot>();
       },
       kNothing, Situation::held, "NodeNotAvailable"},
      {"… which is a disruption, and has a budget",
       [](PlanScene& s) {
         s.wanted_on("pve2");
         s.world.may_repair = make_error(ErrorClass::held, "RepairBudget: 3 of this object in 1h");
       },
       kNothing, Situation::held, "RepairBudget"},
      {"… but not of one that does not run",
       [](PlanScene& s) {
         s.wanted_on("pve2");
         s.stopped();
         s.world.may_repair = make_error(ErrorClass::held, "RepairBudget: 3 of this object in 1h");
       },
       "move it", Situation::progressing, "Moving"},
      {"what keeps it from moving does not keep it from running",
       [](PlanScene& s) {
         s.wanted_on("pve2");
         s.stopped();
         fail_step(begin_move(s), steps::kMove, kNow, "403");
       },
       "start it", Situation::progressing, "Restarting"},
      {"one that a person stopped stays where it is",
       [](PlanScene& s) {
         s.wanted_on("pve2");
         s.stopped();
         s.world.tasks = {s.task("vzstop", "anna@pam", 10min)};
       },
       kNothing, Situation::held, "StoppedExternally"},
      {"a backup is no outage",
       [](PlanScene& s) {
         s.world.guest.config.values["lock"] = "backup";
         auto task = s.task("vzdump", "root@pam", 1min);
         task.running = true;
         s.world.tasks = {task};
       },
       kNothing, Situation::ready, "Running"},
      {"… though nothing can be changed meanwhile",
       [](PlanScene& s) {
         s.world.guest.config.values["lock"] = "backup";
         s.world.guest.config.values["memory"] = "777";
       },
       kNothing, Situation::ready, "Running"},
      {"… and one that died during it waits for its end",
       [](PlanScene& s) {
         s.stopped();
         s.world.guest.config.values["lock"] = "backup";
       },
       kNothing, Situation::waiting, "Locked"},
      {"what takes it away is waited for",
       [](PlanScene& s) {
         auto task = s.task("vzmigrate", "root@pam", 1min);
         task.running = true;
         s.world.tasks = {task};
       },
       kNothing, Situation::waiting, "TaskRunning"},
      {"a lock that nothing holds any more is a person's",
       [](PlanScene& s) {
         s.world.guest.config.values["lock"] = "backup";
         s.world.tasks = {s.task("vzdump", "root@pam", 20min)};
       },
       kNothing, Situation::stalled, "StaleLock"},
      {"somebody else's task is waited for",
       [](PlanScene& s) {
         s.stopped();
         auto task = s.task("vzdump", "root@pam", 1min);
         task.running = true;
         s.world.tasks = {task};
       },
       kNothing, Situation::waiting, "TaskRunning"},
      {"no address after two minutes is said",
       [](PlanScene& s) {
         s.world.guest.interfaces.clear();
         begin_step(s.machine.status, steps::kStart, kNow - 5min);
       },
       kNothing, Situation::stalled, "BootNotReady"},
      {"powerState Stopped shuts down",
       [](PlanScene& s) { s.machine.spec.power_state = PowerState::stopped; }, "shut it down",
       Situation::progressing, "Stopping"},
  });
}

TEST(Plan, ADeleteIsDoneWhenItIsProvenDone) {
  check({
      {"a running container is shut down first", [](PlanScene& s) { s.deleting(); }, "shut it down",
       Situation::progressing, "Stopping"},
      {"a stopped one is destroyed",
       [](PlanScene& s) {
         s.stopped();
         s.deleting();
       },
       "destroy the container", Situation::progressing, "Destroying"},
      {"a call that may still be executed is waited for",
       [](PlanScene& s) {
         s.stopped();
         begin_step(s.machine.status, steps::kStart, kNow - 20s);
         s.deleting();
       },
       kNothing, Situation::waiting, "AnswerLost"},
      {"a protected one is held",
       [](PlanScene& s) {
         s.world.guest.config.values["protection"] = "1";
         s.deleting();
       },
       kNothing, Situation::held, "Protected"},
      {"gone with its volumes, the id is released",
       [](PlanScene& s) {
         s.absent();
         s.deleting();
       },
       "release the VMID", Situation::progressing, "Releasing"},
      {"a volume that is left keeps the row",
       [](PlanScene& s) {
         s.absent();
         s.deleting();
         s.world.leftovers->found = {
             {"local:20001/vm-20001-disk-0.raw", "rootdir", "raw", 1, VmId(20001)}};
       },
       kNothing, Situation::held, "LeftoverVolumes"},
      {"volumes that cannot be read keep the row",
       [](PlanScene& s) {
         s.absent();
         s.deleting();
         s.world.leftovers.reset();
       },
       kNothing, Situation::unknown, "Unknown"},
      {"without a row nothing is left",
       [](PlanScene& s) {
         s.absent();
         s.deleting();
         s.world.row.reset();
       },
       "remove the finalizer", Situation::progressing, "Deleted"},
      {"Retain lets the container be",
       [](PlanScene& s) {
         s.machine.spec.deletion_policy = api::v1alpha1::DeletionPolicy::retain;
         s.deleting();
       },
       "release the VMID", Situation::progressing, "Releasing"},
      {"an App's data is stopped before it is left",
       [](PlanScene& s) {
         s.keeps_data_of_an_app();
         s.deleting();
       },
       "shut it down", Situation::progressing, "Stopping"},
      {"… and left when it has stopped",
       [](PlanScene& s) {
         s.keeps_data_of_an_app();
         s.stopped();
         s.deleting();
       },
       "release the VMID", Situation::progressing, "Releasing"},
      {"… and waited for while it cannot be seen",
       [](PlanScene& s) {
         s.keeps_data_of_an_app();
         s.unseen();
         s.deleting();
       },
       kNothing, Situation::unknown, "Unknown"},
      {"… and given up when it is gone",
       [](PlanScene& s) {
         s.keeps_data_of_an_app();
         s.absent();
         s.deleting();
       },
       "release the VMID", Situation::progressing, "Releasing"},
      {"found by its mark, its task never noted, and now out of sight",
       [](PlanScene& s) {
         s.unseen();
         s.world.row->create_task.reset();
         s.world.vmid_free = false;
         s.deleting();
       },
       kNothing, Situation::unknown, "Unknown"},
  });
}

TEST(Plan, SaysWhatItWouldDoWhenItIsHeld) {
  PlanScene scene;
  scene.stopped();
  scene.world.may_write = with_code(
      make_error(ErrorClass::held, "NoQuorum: 1/3 nodes; writes wait for quorum"), "CON-010");
  const auto plan = scene.plan();
  EXPECT_EQ(plan.reason, "NoQuorum");
  EXPECT_EQ(plan.code, "CON-010");
  EXPECT_THAT(plan.message, HasSubstr("would start it"));
}

TEST(Plan, ADyingContainerIsStartedMoreAndMoreSlowly) {
  PlanScene scene;
  scene.stopped();
  std::vector<int64_t> pauses;
  for (int i = 0; i < 4; ++i) {
    scene.machine.status.steps.clear();
    auto& step = begin_step(scene.machine.status, steps::kStart, kNow - 1s);
    step.attempts = i + 1;
    finish_step(scene.machine.status, steps::kStart, kNow, "");
    const auto plan = scene.plan();
    pauses.push_back(is_nothing(plan.action) ? plan.recheck / 1s : 0);
  }
  EXPECT_THAT(pauses, ::testing::ElementsAre(0, 5, 10, 20));
}

}  // namespace
}  // namespace gantry::controllers::machine
