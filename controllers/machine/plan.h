#pragma once
// plan: the next step of a Machine, and what to say about it. Pure; it also answers dry runs.
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "controllers/machine/drift.h"
#include "controllers/machine/observation.h"
#include "pkg/pve/client.h"

namespace gantry::controllers::machine {

inline constexpr const char* kFinalizer = "gantry.dev/machine";
// An annotation: when somebody has asked for it to be started although a person had stopped it.
inline constexpr const char* kStartRequested = "gantry.dev/start-requested";

// The actions. Those of the first group touch Proxmox, those of the second our own records.
struct Create {};  // where, is chosen by placement just before
struct Configure {
  pve::Parameters set;
  std::vector<std::string> remove;
};
struct Resize {
  std::string disk, size;
};
struct TakeVolume {  // from the other Machine of spec.handover
  pve::VolumeGift gift;
  Uid from;
};
struct Migrate {
  NodeName target;
};
struct Start {};
struct Shutdown {};
struct Stop {};
struct Destroy {};
struct TakeSnapshot {
  std::string name;
};
struct RemoveSnapshot {
  std::string name;
};
struct BackUp {
  StorageId storage;
};
struct RollBack {
  std::string snapshot;
  std::string safety;  // where what is there now has been kept
};
struct RemoveUnfinished {};  // what a dead create left, over the command channel
struct AddFinalizer {};
struct Reserve {};
struct Adopt {
  VmId vmid;
};
struct NoteCreateTask {
  Upid task;
};
struct ForgetCreate {  // the id is proven free: the next create may use it
  bool is_repair = false;
};
struct Renumber {};  // somebody else has our id and we never had a container there
struct Release {};
struct RemoveFinalizer {};
// Of spec.restore: begun, done or refused.
struct NoteRestore {
  api::v1alpha1::RestoreStatus status;
};
struct Nothing {};
using Action = std::variant<Nothing, Create, Configure, Resize, TakeVolume, Migrate, Start,
                            Shutdown, Stop, Destroy, TakeSnapshot, RemoveSnapshot, BackUp, RollBack,
                            RemoveUnfinished, AddFinalizer, Reserve, Adopt, NoteCreateTask,
                            ForgetCreate, Renumber, Release, RemoveFinalizer, NoteRestore>;
// "create the container", for people.
std::string describe(const Action& action);
bool is_nothing(const Action& action);

enum class Situation {
  ready,        // as it shall be
  progressing,  // the action moves it on
  waiting,      // for something that ends by itself
  held,         // a guard or a person stands before it
  stalled,      // only a person, or much time, can change it
  unknown,      // it cannot be told what is there
};

struct Plan {
  Situation situation = Situation::progressing;
  std::string step;  // of the ledger
  Action action;
  std::string reason;   // CamelCase
  std::string message;  // for people
  std::string code;     // of the failure catalogue, or empty
  Duration recheck = std::chrono::seconds(2);
  Drifts drifts;
  // Of the class that the container was compared with; 0: it was not.
  int64_t class_generation = 0;
  // "MachineClass small is at generation 4, the container at 3": what differs, differs for that.
  std::string class_change;
  // Who stopped it, and until when that is respected.
  std::optional<Time> stopped_by_person_at;
  // The action is a disruptive repair: it counts against the budgets.
  bool is_repair = false;
  // Something beside is not done yet: looked at again after `recheck`, however ready it is.
  bool unsettled = false;
};

// `shape` null: the class does not exist.
Plan plan(const api::v1alpha1::Machine& machine, const api::v1alpha1::MachineClass* shape,
          const Observation& observed);

// The names of the ledger's steps.
namespace steps {
inline constexpr const char* kReserve = "reserve";
inline constexpr const char* kCreate = "create";
inline constexpr const char* kConfigure = "configure";
inline constexpr const char* kTake = "take";  // volumes, from another Machine
inline constexpr const char* kMove = "move";
inline constexpr const char* kStart = "start";
inline constexpr const char* kNetwork = "network";
inline constexpr const char* kBootstrap = "bootstrap";
inline constexpr const char* kReady = "ready";
inline constexpr const char* kSnapshot = "snapshot";
inline constexpr const char* kBackup = "backup";
inline constexpr const char* kRestore = "restore";
inline constexpr const char* kStop = "stop";
inline constexpr const char* kDestroy = "destroy";
inline constexpr const char* kProve = "prove";
inline constexpr const char* kLeave = "leave";  // in place of the three: deletionPolicy Retain
}  // namespace steps

// Times that the plan knows.
inline constexpr Duration kPollTask = std::chrono::seconds(2);
inline constexpr Duration kLookAgain = std::chrono::seconds(5);
// A create call whose answer was lost may still be executed for so long: pveproxy gives its
// backend 30 s, and a POST that was answered 596 was seen to be executed after that.
inline constexpr Duration kUnclearSettle = std::chrono::minutes(3);
// Clocks of nodes differ from ours; a task that began so long before a call may still be its task.
inline constexpr Duration kClockSkew = std::chrono::minutes(2);
inline constexpr Duration kBootTimeout = std::chrono::minutes(2);
inline constexpr Duration kShutdownGrace = std::chrono::seconds(60);
inline constexpr Duration kStaleLock = std::chrono::minutes(10);
inline constexpr int kAttemptsBeforeStalled = 3;

}  // namespace gantry::controllers::machine
