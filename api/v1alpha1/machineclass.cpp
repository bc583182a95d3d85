#include "api/v1alpha1/machineclass.h"

#include "api/v1alpha1/addresses.h"
#include "api/v1alpha1/columns.h"
#include "api/v1alpha1/effects.h"
#include "api/v1alpha1/selectors.h"

namespace gantry::api::v1alpha1 {

using namespace schema;

TypeInfo describe(Type<TemplateSource>) {
  return object<TemplateSource>(
      "TemplateSource", "Where a template is looked for.",
      {field<&TemplateSource::storage_selector>(
          "storageSelector", "CEL over `storage`; empty: every storage that may hold templates.",
          format::cel, Example{"storage.content.exists(c, c == \"vztmpl\")"})});
}

TypeInfo describe(Type<OsTemplate>) {
  return object<OsTemplate>(
      "OsTemplate", "An operating system from a container template.",
      {
          field<&OsTemplate::name>(
              "template",
              "The template's file name, or how it begins: the newest that fits is taken.",
              required, Length{1, 200}, Example{"debian-12-standard"}),
          field<&OsTemplate::source>("source", "Where it is looked for."),
      });
}

TypeInfo describe(Type<GoldenTemplate>) {
  return object<GoldenTemplate>(
      "GoldenTemplate", "A container template on Proxmox that is cloned.",
      {field<&GoldenTemplate::name>("name", "Its name.", required, format::dns_subdomain)});
}

TypeInfo describe(Type<MachineResources>) {
  return object<MachineResources>(
      "MachineResources", "What a container may use.",
      {
          field<&MachineResources::cores>("cores", "CPU cores it sees.", Range{1, 8192}),
          field<&MachineResources::memory>("memory", "Memory, in whole MiB.",
                                           Range{16LL << 20, 8LL << 40}),
          field<&MachineResources::swap>("swap", "Swap, in whole MiB.", Range{0, 8LL << 40}),
          field<&MachineResources::cpu_limit>(
              "cpuLimit", "Cores' worth of CPU time; no limit when absent.", Range{0, 8192}),
      });
}

TypeInfo describe(Type<RootDisk>) {
  return object<RootDisk>(
      "RootDisk", "The container's root file system.",
      {
          field<&RootDisk::size>("size", "Its size, in whole GiB. It grows, it never shrinks.",
                                 kGrow, Range{1LL << 30, 128LL << 40}),
          field<&RootDisk::storage_selector>(
              "storageSelector",
              "CEL over `storage`; empty: every storage that may hold root disks.", format::cel,
              Example{"storage.type == \"zfspool\""}),
      });
}

TypeInfo describe(Type<Features>) {
  return object<Features>(
      "Features", "What a container may do beyond the usual.",
      {
          field<&Features::nesting>("nesting", "Containers in the container; systemd wants it."),
          field<&Features::keyctl>("keyctl",
                                   "keyctl(); Docker wants it. Only root@pam may set it: "
                                   "use a golden template."),
          field<&Features::fuse>("fuse",
                                 "FUSE mounts. Only root@pam may set it: use a golden "
                                 "template."),
      });
}

TypeInfo describe(Type<PlacementStrategy>) {
  return enumeration<PlacementStrategy>(
      "PlacementStrategy",
      "Spread: the node with the fewest of this class. Pack: the fullest that fits.",
      {"Spread", "Pack"});
}

TypeInfo describe(Type<Placement>) {
  return object<Placement>(
      "Placement", "How a node is chosen among those that match.",
      {
          field<&Placement::strategy>("strategy", "Which of them is preferred."),
          field<&Placement::max_per_node>(
              "maxPerNode", "Machines of this class on one node at most; 0: no bound.",
              Range{0, 10000}),
      });
}

namespace {

constexpr int64_t kMiB = 1LL << 20;
constexpr int64_t kGiB = 1LL << 30;

void check_whole(Problems& problems, const char* path, const Quantity& quantity, int64_t unit) {
  if (quantity.bytes() % unit == 0) return;
  problems.push_back({path, Reason::invalid,
                      absl::StrFormat("must be a whole number of %s, not %s",
                                      unit == kMiB ? "Mi" : "Gi", quantity.text())});
}

Problems check(const MachineClassSpec& spec) {
  Problems problems;
  check_whole(problems, "resources.memory", spec.resources.memory, kMiB);
  check_whole(problems, "resources.swap", spec.resources.swap, kMiB);
  check_whole(problems, "rootDisk.size", spec.root_disk.size, kGiB);
  check_selector(problems, "nodeSelector", spec.node_selector, node_selector_declarations());
  check_selector(problems, "rootDisk.storageSelector", spec.root_disk.storage_selector,
                 storage_selector_declarations());
  if (spec.os) {
    check_selector(problems, "os.source.storageSelector", spec.os->source.storage_selector,
                   storage_selector_declarations());
  }
  for (auto& problem : check_networks(spec.networks)) problems.push_back(std::move(problem));
  if (!spec.unprivileged) {
    problems.push_back({"unprivileged", Reason::forbidden,
                        "must be true: Gantry creates no privileged containers"});
  }
  for (const auto& [name, set] :
       {std::pair{"keyctl", spec.features.keyctl}, std::pair{"fuse", spec.features.fuse}}) {
    if (!set || spec.golden) continue;
    problems.push_back({absl::StrFormat("features.%s", name), Reason::forbidden,
                        "can be set by root@pam only: use golden, a container template that "
                        "already carries it, instead of os",
                        nullptr, "CON-005"});
  }
  return problems;
}

// Bytes of spec.rootDisk.size; nullopt when it is none.
std::optional<int64_t> root_disk_of(const Json& shape) {
  const auto* size = shape.find_path({"spec", "rootDisk", "size"});
  if (size == nullptr || !size->is_string()) return std::nullopt;
  return Quantity(size->as_string()).bytes();
}

// A disk cannot be made smaller, and nothing is replaced to have one.
Problems check_update(const Json& before, const Json& after) {
  const auto old = root_disk_of(before), now = root_disk_of(after);
  if (!old || !now || *now >= *old) return {};
  return {{"spec.rootDisk.size", Reason::forbidden,
           absl::StrFormat("a disk cannot be made smaller (it is %s): make another MachineClass",
                           before.find_path({"spec", "rootDisk", "size"})->as_string())}};
}

}  // namespace

TypeInfo describe(Type<MachineClassSpec>) {
  auto info = object<MachineClassSpec>(
      "MachineClassSpec", "The shape of a container and where it may live.",
      {
          field<&MachineClassSpec::cluster_name>("clusterName", "The ProxmoxCluster.", required,
                                                 immutable, format::dns_subdomain),
          field<&MachineClassSpec::os>("os", "Create from an operating system template.", kNewOnly),
          field<&MachineClassSpec::golden>("golden", "Clone a container template.", kNewOnly),
          field<&MachineClassSpec::resources>("resources", "What each container may use.", kHot),
          field<&MachineClassSpec::root_disk>("rootDisk", "Its root file system.", kNewOnly),
          field<&MachineClassSpec::node_selector>(
              "nodeSelector", "CEL over `node`; empty: every node.", format::cel, kNewOnly,
              Example{"node.online && node.memory.free > quantity(\"2Gi\")"}),
          field<&MachineClassSpec::networks>("networks", "Its network interfaces.", kHot,
                                             Items{0, 32}),
          field<&MachineClassSpec::features>("features", "What it may do beyond the usual.",
                                             kRestart),
          field<&MachineClassSpec::placement>("placement", "How a node is chosen.", kNewOnly),
          field<&MachineClassSpec::start_on_boot>(
              "startOnBoot", "Whether the node starts it when it boots.", kHot),
          field<&MachineClassSpec::unprivileged>("unprivileged",
                                                 "Always true: root inside is nobody outside."),
          field<&MachineClassSpec::protection>(
              "protection", "Whether Proxmox refuses to remove the container and its disk.", kHot),
          field<&MachineClassSpec::dns>("dns", "Name resolution; the node's when absent.",
                                        kRestart),
          field<&MachineClassSpec::stopped_by_person_hold>(
              "stoppedByPersonHoldSeconds",
              "How long a container that a person stopped stays stopped.", Range{0, 31'536'000}),
      });
  info = one_of(std::move(info), {OneOf::Count::exactly_one, {"os", "golden"}});
  return checked<MachineClassSpec, &check>(std::move(info));
}

TypeInfo describe(Type<MatchingStorage>) {
  return object<MatchingStorage>(
      "MatchingStorage", "A storage that the selector matches.",
      {
          field<&MatchingStorage::name>("name", "Its id.", required),
          field<&MatchingStorage::node>("node", "The node.", required),
          field<&MatchingStorage::type>("type", "dir, zfspool, lvmthin, …"),
          field<&MatchingStorage::available>("available", "Bytes free."),
      });
}

TypeInfo describe(Type<FoundTemplate>) {
  return object<FoundTemplate>(
      "FoundTemplate", "The template as found on a node.",
      {
          field<&FoundTemplate::node>("node", "The node.", required),
          field<&FoundTemplate::volid>("volid",
                                       "The template's volume, or the golden "
                                       "template's id.",
                                       required),
      });
}

TypeInfo describe(Type<ProbeOutcome>) {
  return enumeration<ProbeOutcome>(
      "ProbeOutcome",
      "Kept: the clone has them. Lost: it was made without them. Refused: Proxmox lets nobody but "
      "root@pam make it. Unclear: it could not be made, or be seen.",
      {"Kept", "Lost", "Refused", "Unclear"});
}

TypeInfo describe(Type<FlagProbe>) {
  return object<FlagProbe>(
      "FlagProbe",
      "Whether a clone of the golden template kept what only root@pam may set, tried on one of its "
      "own.",
      {
          field<&FlagProbe::of>("of", "What was tried: template, features, version of Proxmox.",
                                required),
          field<&FlagProbe::outcome>("outcome", "What came of it.", required),
          field<&FlagProbe::at>("at", "When."),
          field<&FlagProbe::message>("message", "What was seen."),
      });
}

TypeInfo describe(Type<MachineClassStatus>) {
  return object<MachineClassStatus>(
      "MachineClassStatus", "What was last seen of a class.",
      {
          field<&MachineClassStatus::conditions>(
              "conditions",
              "Ready, SelectorResolved, TemplatesReady, FlagsReady, "
              "CapacityAvailable, Reconciling, Stalled.",
              MapKey{"type"}),
          field<&MachineClassStatus::observed_generation>(
              "observedGeneration", "The generation of the spec that this status is about."),
          field<&MachineClassStatus::matching_nodes>("matchingNodes", "Nodes that match.", set),
          field<&MachineClassStatus::matching_storages>("matchingStorages",
                                                        "Storages for root disks that match."),
          field<&MachineClassStatus::templates>("templates", "Where the template was found."),
          field<&MachineClassStatus::capacity>("capacity",
                                               "How many more Machines of this class fit."),
          field<&MachineClassStatus::machines>("machines", "How many Machines use it.", always),
          field<&MachineClassStatus::flag_probe>(
              "flagProbe", "What was found out about a golden template with keyctl or fuse."),
      });
}

TypeInfo describe(Type<MachineClass>) {
  return object<MachineClass>(
      "MachineClass", "The shape of a container and where it may live.",
      {
          field<&MachineClass::api_version>("apiVersion", "gantry.dev/v1alpha1."),
          field<&MachineClass::kind>("kind", "MachineClass."),
          field<&MachineClass::metadata>("metadata", "What every object has."),
          field<&MachineClass::spec>("spec", "What is wanted.", required),
          field<&MachineClass::status>("status", "What was last seen."),
      });
}

meta::Kind machine_class_kind() {
  return {.group = "gantry.dev",
          .version = "v1alpha1",
          .kind = "MachineClass",
          .plural = "machineclasses",
          .singular = "machineclass",
          .short_names = {"mc"},
          .categories = {"gantry"},
          .namespaced = false,
          .has_status = true,
          .type = &type_of<MachineClass>,
          .columns =
              {
                  ready_column(),
                  {"Cluster", "string", "The ProxmoxCluster.", "spec.clusterName"},
                  {"Cores", "integer", "CPU cores.", "spec.resources.cores"},
                  {"Memory", "string", "Memory.", "spec.resources.memory"},
                  {"Disk", "string", "Root disk.", "spec.rootDisk.size"},
                  {"Capacity", "integer", "How many more fit.", "status.capacity"},
                  reason_column(),
                  {"Machines", "integer", "How many use it.", "status.machines", 1},
                  message_column(),
              },
          .check_update = &check_update};
}

}  // namespace gantry::api::v1alpha1
