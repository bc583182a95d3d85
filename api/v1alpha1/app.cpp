#include "api/v1alpha1/app.h"

#include <algorithm>
#include <map>
#include <set>

#include "api/v1alpha1/addresses.h"
#include "api/v1alpha1/columns.h"
#include "api/v1alpha1/effects.h"
#include "api/v1alpha1/localhost.h"

namespace gantry::api::v1alpha1 {

using namespace schema;

TypeInfo describe(Type<Protocol>) {
  return enumeration<Protocol>("Protocol", "Of the transport layer.", {"TCP", "UDP"});
}

TypeInfo describe(Type<AppPort>) {
  return object<AppPort>(
      "AppPort", "A port that the App listens on.",
      {
          field<&AppPort::name>("name", "What others call it.", required, format::port_name),
          field<&AppPort::port>("port", "Its number inside the container.", required,
                                Range{1, 65535}),
          field<&AppPort::protocol>("protocol", "TCP or UDP."),
      });
}

namespace {

Problems check(const EnvVar& variable) {
  if (!variable.value.empty() && variable.value_from) {
    return {{"valueFrom", Reason::forbidden, "must not be set together with value"}};
  }
  return {};
}

}  // namespace

TypeInfo describe(Type<EnvVar>) {
  return checked<EnvVar, static_cast<Problems (*)(const EnvVar&)>(&check)>(
      object<EnvVar>("EnvVar", "An environment variable.",
                     {
                         field<&EnvVar::name>("name", "Its name.", required, format::env_name),
                         field<&EnvVar::value>("value", "Its value.", Length{0, 65536}),
                         field<&EnvVar::value_from>("valueFrom", "Where its value comes from."),
                     }));
}

TypeInfo describe(Type<AppFile>) {
  return one_of(
      object<AppFile>(
          "AppFile", "A file that is written into the container.",
          {
              field<&AppFile::path>("path", "Where.", required, format::absolute_path),
              field<&AppFile::content>("content", "What is in it.", Length{0, 1 << 20}),
              field<&AppFile::config_map_key_ref>("configMapKeyRef", "A key of a ConfigMap."),
              field<&AppFile::secret_key_ref>("secretKeyRef", "A key of a Secret."),
              field<&AppFile::mode>("mode",
                                    "Its permissions, in quotes; 0600 for what a Secret holds, "
                                    "else 0644, when absent.",
                                    format::octal_mode),
              field<&AppFile::owner>("owner", "user or user:group.", format::owner),
          }),
      {OneOf::Count::exactly_one, {"content", "configMapKeyRef", "secretKeyRef"}});
}

TypeInfo describe(Type<ExposeTls>) {
  return enumeration<ExposeTls>(
      "ExposeTls",
      "Internal: a certificate of the Appliance's own authority. None: plain "
      "HTTP.",
      {"Internal", "None"});
}

TypeInfo describe(Type<Expose>) {
  return object<Expose>(
      "Expose", "A host name under which an Appliance's proxy serves a port.",
      {
          field<&Expose::host>("host", "The name.", required, format::dns_subdomain),
          field<&Expose::port>("port", "Which port: a name of spec.ports, or a number.", required),
          field<&Expose::tls>("tls", "How it is encrypted."),
      });
}

TypeInfo describe(Type<VolumesOnDeletion>) {
  return enumeration<VolumesOnDeletion>(
      "VolumesOnDeletion",
      "Retain: the container is stopped and left with its volumes, for a person to decide. Delete: "
      "they are destroyed with it.",
      {"Retain", "Delete"});
}

TypeInfo describe(Type<AppDeletion>) {
  return object<AppDeletion>(
      "AppDeletion", "What is left of an App that is deleted, and of replicas that are.",
      {field<&AppDeletion::volumes>("volumes", "What becomes of its volumes.")});
}

TypeInfo describe(Type<DependencyKind>) {
  return enumeration<DependencyKind>("DependencyKind", "Another App.", {"App"});
}

TypeInfo describe(Type<Dependency>) {
  return object<Dependency>("Dependency",
                            "Something that must answer before this App is started or updated.",
                            {
                                field<&Dependency::kind>("kind", "What it is."),
                                field<&Dependency::name>("name", "Its name, in the same namespace.",
                                                         required, format::dns_subdomain),
                            });
}

int port_number(const AppSpec& spec, const PortRef& ref) {
  if (ref.number > 0) return ref.number;
  const auto found = std::ranges::find(spec.ports, ref.name, &AppPort::name);
  return found == spec.ports.end() ? 0 : found->port;
}

namespace {

void check_port(Problems& problems, const AppSpec& spec, const std::string& path,
                const PortRef& ref) {
  if (port_number(spec, ref) != 0) return;
  std::string names;
  for (const auto& port : spec.ports) names += (names.empty() ? "" : ", ") + port.name;
  problems.push_back({path, Reason::invalid,
                      absl::StrFormat("must name one of spec.ports (%s), not \"%s\"",
                                      names.empty() ? "there is none" : names, ref.name)});
}

void check_health(Problems& problems, const AppSpec& spec) {
  if (!spec.health) return;
  if (spec.health->http) check_port(problems, spec, "health.http.port", spec.health->http->port);
  if (spec.health->tcp) check_port(problems, spec, "health.tcp.port", spec.health->tcp->port);
}

// Two ports with one number would be one.
void check_port_numbers(Problems& problems, const AppSpec& spec) {
  std::map<std::pair<int, Protocol>, std::string> seen;
  for (size_t i = 0; i < spec.ports.size(); ++i) {
    const auto& port = spec.ports[i];
    const auto [first, fresh] = seen.try_emplace({port.port, port.protocol}, port.name);
    if (fresh) continue;
    problems.push_back({absl::StrFormat("ports[%d].port", i), Reason::duplicate,
                        absl::StrFormat("is the number of port %s already", first->second)});
  }
}

void check_files(Problems& problems, const AppSpec& spec) {
  if (!spec.workload.service) return;
  for (size_t i = 0; i < spec.files.size(); ++i) {
    const auto& files = spec.workload.service->files;
    if (std::ranges::find(files, spec.files[i].path, &WorkloadFile::path) == files.end()) continue;
    problems.push_back({absl::StrFormat("files[%d].path", i), Reason::duplicate,
                        "is written by spec.workload.service.files already"});
  }
}

// A port that is promised to others and published on the loopback only (WKL-005).
void check_reach(Problems& problems, const AppSpec& spec, const ComposeOutline& outline) {
  for (size_t i = 0; i < spec.ports.size(); ++i) {
    for (const auto& service : outline.services) {
      for (const auto& port : service.ports) {
        const bool loopback = port.address.starts_with("127.") || port.address == "::1";
        if (port.port != spec.ports[i].port || !loopback) continue;
        problems.push_back(
            {absl::StrFormat("ports[%d].port", i), Reason::invalid,
             absl::StrFormat("is published on %s only, where nobody outside reaches it (WKL-005): "
                             "leave the address out of services.%s.ports",
                             port.address, service.name)});
      }
    }
  }
}

void check_workload(Problems& problems, const AppSpec& spec) {
  if (!spec.workload.compose) return;
  std::set<std::string> names;
  for (const auto& variable : spec.env) names.insert(variable.name);
  for (auto problem : check_compose(*spec.workload.compose, names)) {
    problem.path = join_path("workload.compose", problem.path);
    problems.push_back(std::move(problem));
  }
  const auto outline = outline_of(spec.workload.compose->text);
  if (outline.ok()) check_reach(problems, spec, *outline);
}

void check_expose(Problems& problems, const AppSpec& spec) {
  std::set<std::string> hosts;
  for (size_t i = 0; i < spec.expose.size(); ++i) {
    const auto path = absl::StrFormat("expose[%d]", i);
    check_port(problems, spec, path + ".port", spec.expose[i].port);
    if (!hosts.insert(spec.expose[i].host).second)
      problems.push_back({path + ".host", Reason::duplicate, "is exposed twice"});
  }
  const bool attached = std::ranges::any_of(
      spec.networks, [](const Network& network) { return network.appliance_ref.has_value(); });
  if (!spec.expose.empty() && !attached) {
    problems.push_back({"expose", Reason::forbidden,
                        "needs a network with applianceRef: the Appliance's proxy serves it"});
  }
}

// Proxmox hands over no volume that a snapshot holds: there is none to go back to.
void check_update(Problems& problems, const AppSpec& spec) {
  const bool is_blue_green = spec.update && spec.update->strategy == UpdateStrategy::blue_green;
  if (!is_blue_green || spec.volumes.empty() || !spec.restore) return;
  problems.push_back({"restore", Reason::forbidden,
                      "with BlueGreen no snapshot of spec.volumes is kept: to put data back, use "
                      "strategy Recreate; without restore, leave it out"});
}

Problems check(const AppSpec& spec) {
  Problems problems;
  check_update(problems, spec);
  check_health(problems, spec);
  check_port_numbers(problems, spec);
  check_files(problems, spec);
  check_workload(problems, spec);
  check_expose(problems, spec);
  for (auto& problem : check_volumes(spec.volumes)) problems.push_back(std::move(problem));
  for (auto& problem : check_networks(spec.networks)) problems.push_back(std::move(problem));
  for (auto& problem : check_copies(spec, spec.networks)) problems.push_back(std::move(problem));
  if (!spec.restore) return problems;
  for (auto& problem : check_restore_id(spec.restore->id)) problems.push_back(std::move(problem));
  return problems;
}

}  // namespace

TypeInfo describe(Type<AppSpec>) {
  return checked<AppSpec, static_cast<Problems (*)(const AppSpec&)>(&check)>(object<AppSpec>(
      "AppSpec", "What runs, and how many of it.",
      {
          field<&AppSpec::machine_class_name>("machineClassName",
                                              "The shape of the containers it runs in.", kReclass,
                                              required, format::dns_subdomain),
          field<&AppSpec::replicas>("replicas", "How many containers.", kCount, Range{0, 100}),
          field<&AppSpec::workload>("workload", "What runs inside.", kRollout, required),
          field<&AppSpec::ports>("ports", "Ports it listens on.", MapKey{"name"}, Items{0, 100}),
          field<&AppSpec::env>("env",
                               "Environment variables of its unit, or of every service of its "
                               "compose file.",
                               kRollout, MapKey{"name"}, Items{0, 500}),
          field<&AppSpec::files>("files", "Files that are written into the container.", kRollout,
                                 MapKey{"path"}, Items{0, 200}),
          field<&AppSpec::volumes>("volumes",
                                   "Disks of its own for data, in each of its containers.",
                                   kVolumes, MapKey{"name"}, Items{0, 32}),
          field<&AppSpec::deletion>("deletion", "What is left when it is deleted."),
          field<&AppSpec::expose>("expose",
                                  "Host names under which its Appliance's proxy serves it.",
                                  kRouted, MapKey{"host"}, Items{0, 100}),
          field<&AppSpec::health>("health",
                                  "How it is known that it works; without it, that its unit runs."),
          field<&AppSpec::update>("update", "How changes reach the containers."),
          field<&AppSpec::depends_on>(
              "dependsOn",
              "What must answer before this one is started or updated. What runs goes on when "
              "that stops.",
              MapKey{"name"}, Items{0, 32}),
          field<&AppSpec::networks>(
              "networks", "Network interfaces; those of the class when empty.", kHot, Items{0, 32}),
          field<&AppSpec::restore>(
              "restore",
              "Put the data of its containers back as a revision has left it, once for each id; "
              "`gantryctl rollback --data` writes it.",
              kRestore),
          field<&AppSpec::suspend>("suspend", "True: its containers are stopped and kept.", kPower),
          field<&AppSpec::restarted_at>(
              "restartedAt",
              "When somebody last asked for a restart. Another time is a new revision: what runs "
              "in "
              "its containers is started anew, once, as an update would be.",
              kRollout),
      }));
}

namespace {

// Machines are called after their App, with "-" and a number; their names are host names.
void check_name(Problems& problems, const std::string& name) {
  if (name.empty() || (format::dns_label.matches(name) && name.size() <= 52)) return;
  problems.push_back({"metadata.name", Reason::invalid,
                      absl::StrFormat("must be at most 52 lower-case letters, digits or \"-\": it "
                                      "becomes part of host names; not \"%s\"",
                                      name)});
}

Problems check(const App& app) {
  Problems problems;
  check_name(problems, app.metadata.name);
  for (size_t i = 0; i < app.spec.depends_on.size(); ++i) {
    if (app.metadata.name.empty() || app.spec.depends_on[i].name != app.metadata.name) continue;
    problems.push_back({absl::StrFormat("spec.dependsOn[%d].name", i), Reason::invalid,
                        "is this App itself, which would wait for ever"});
  }
  return problems;
}

}  // namespace

TypeInfo describe(Type<App>) {
  return checked<App, static_cast<Problems (*)(const App&)>(&check)>(
      object<App>("App", "Something that runs in containers of its own.",
                  {
                      field<&App::api_version>("apiVersion", "gantry.dev/v1alpha1."),
                      field<&App::kind>("kind", "App."),
                      field<&App::metadata>("metadata", "What every object has."),
                      field<&App::spec>("spec", "What is wanted.", required),
                      field<&App::status>("status", "What was last seen."),
                  }));
}

meta::Kind app_kind() {
  return {.group = "gantry.dev",
          .version = "v1alpha1",
          .kind = "App",
          .plural = "apps",
          .singular = "app",
          .short_names = {},
          .categories = {"gantry"},
          .namespaced = true,
          .has_status = true,
          .type = &type_of<App>,
          .selectable = {"spec.machineClassName"},
          .columns =
              {
                  ready_column(),
                  {"Wanted", "integer", "How many containers are wanted.", "spec.replicas"},
                  {"Running", "integer", "How many of them work.", "status.readyReplicas"},
                  {"Url", "string", "Where it answers.", "status.url"},
                  reason_column(),
                  {"Class", "string", "The shape of its containers.", "spec.machineClassName", 1},
                  message_column(),
              },
          .check_update = &check_volume_update,
          .warn = &warn_of_localhost};
}

}  // namespace gantry::api::v1alpha1
