#pragma once
// MachineClass: the shape of a container and where it may live.
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "api/meta/condition.h"
#include "api/meta/kind.h"
#include "api/meta/types.h"
#include "api/v1alpha1/network.h"

namespace gantry::api::v1alpha1 {

struct TemplateSource {
  std::string storage_selector;  // CEL over storage
};
struct OsTemplate {
  std::string name;  // "template": the start of a template's file name
  TemplateSource source;
};
struct GoldenTemplate {
  std::string name;  // a container that was turned into a template
};
struct MachineResources {
  int cores = 1;
  schema::Quantity memory{"512Mi"};
  schema::Quantity swap{"0"};
  std::optional<double> cpu_limit;  // cores' worth of time; absent: no limit
};
struct RootDisk {
  schema::Quantity size{"8Gi"};
  std::string storage_selector;
};
struct Features {
  bool nesting = false;
  bool keyctl = false;
  bool fuse = false;
};
enum class PlacementStrategy { spread, pack };
struct Placement {
  PlacementStrategy strategy = PlacementStrategy::spread;
  int max_per_node = 0;  // 0: no bound
};
struct MachineClassSpec {
  std::string cluster_name;
  std::optional<OsTemplate> os;  // one of os and golden
  std::optional<GoldenTemplate> golden;
  MachineResources resources;
  RootDisk root_disk;
  std::string node_selector;  // CEL over node; empty: every node
  std::vector<Network> networks;
  Features features;
  Placement placement;
  bool start_on_boot = false;
  bool unprivileged = true;  // false is refused
  bool protection = false;
  std::optional<Dns> dns;
  std::chrono::seconds stopped_by_person_hold{3600};
};

struct MatchingStorage {
  std::string name;
  std::string node;
  std::string type;
  int64_t available = 0;
};
struct FoundTemplate {
  std::string node;
  std::string volid;
};
enum class ProbeOutcome { kept, lost, refused, unclear };
// Whether a clone of the golden template kept what only root@pam may set, tried on one of its own.
struct FlagProbe {
  std::string of;  // what was tried where: template, features, version of Proxmox
  ProbeOutcome outcome = ProbeOutcome::unclear;
  std::optional<Time> at;
  std::string message;
};
struct MachineClassStatus {
  meta::Conditions conditions;
  int64_t observed_generation = 0;
  std::vector<std::string> matching_nodes;
  std::vector<MatchingStorage> matching_storages;
  std::vector<FoundTemplate> templates;
  std::optional<int64_t> capacity;  // Machines of this class that still fit
  int64_t machines = 0;             // Machines that use this class
  std::optional<FlagProbe> flag_probe;
};
struct MachineClass {
  std::string api_version = "gantry.dev/v1alpha1";
  std::string kind = "MachineClass";
  meta::ObjectMeta metadata;
  MachineClassSpec spec;
  MachineClassStatus status;
};

schema::TypeInfo describe(schema::Type<TemplateSource>);
schema::TypeInfo describe(schema::Type<OsTemplate>);
schema::TypeInfo describe(schema::Type<GoldenTemplate>);
schema::TypeInfo describe(schema::Type<MachineResources>);
schema::TypeInfo describe(schema::Type<RootDisk>);
schema::TypeInfo describe(schema::Type<Features>);
schema::TypeInfo describe(schema::Type<PlacementStrategy>);
schema::TypeInfo describe(schema::Type<Placement>);
schema::TypeInfo describe(schema::Type<MachineClassSpec>);
schema::TypeInfo describe(schema::Type<MatchingStorage>);
schema::TypeInfo describe(schema::Type<FoundTemplate>);
schema::TypeInfo describe(schema::Type<ProbeOutcome>);
schema::TypeInfo describe(schema::Type<FlagProbe>);
schema::TypeInfo describe(schema::Type<MachineClassStatus>);
schema::TypeInfo describe(schema::Type<MachineClass>);
meta::Kind machine_class_kind();

}  // namespace gantry::api::v1alpha1
