#include "api/v1alpha1/app.h"

#include <algorithm>

#include "api/v1alpha1/columns.h"

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
      object<EnvVar>("EnvVar", "An environment variable of the App's unit.",
                     {
                         field<&EnvVar::name>("name", "Its name.", required, format::env_name),
                         field<&EnvVar::value>("value", "Its value.", Length{0, 65536}),
                         field<&EnvVar::value_from>("valueFrom", "Where its value comes from."),
                     }));
}

namespace {

Json read_port(const void* value) {
  const auto& port = *static_cast<const PortRef*>(value);
  return port.number > 0 ? Json(port.number) : Json(port.name);
}

std::optional<std::string> write_port(void* value, const Json& json) {
  auto& port = *static_cast<PortRef*>(value);
  if (json.is_integer() && json.as_integer() >= 1 && json.as_integer() <= 65535) {
    port = {"", static_cast<int>(json.as_integer())};
    return std::nullopt;
  }
  if (json.is_string() && format::port_name.matches(json.as_string())) {
    port = {json.as_string(), 0};
    return std::nullopt;
  }
  return "must be the name of one of spec.ports or a number between 1 and 65535";
}

}  // namespace

TypeInfo describe(Type<PortRef>) {
  TypeInfo info;
  info.kind = Kind::int_or_string;
  info.name = "PortRef";
  info.doc = "The name of one of spec.ports, or a number.";
  info.read = &read_port;
  info.write = &write_port;
  return info;
}

TypeInfo describe(Type<HttpProbe>) {
  return object<HttpProbe>(
      "HttpProbe", "Healthy: an answer with a status from 200 to 399.",
      {
          field<&HttpProbe::path>("path", "What is asked for.", format::url_path),
          field<&HttpProbe::port>("port", "Where: a name of spec.ports, or a number.", required),
      });
}

TypeInfo describe(Type<TcpProbe>) {
  return object<TcpProbe>(
      "TcpProbe", "Healthy: the port takes connections.",
      {field<&TcpProbe::port>("port", "Which: a name of spec.ports, or a number.", required)});
}

TypeInfo describe(Type<Health>) {
  return one_of(
      object<Health>(
          "Health", "How it is known that an App works.",
          {
              field<&Health::http>("http", "It answers HTTP."),
              field<&Health::tcp>("tcp", "It takes TCP connections."),
              field<&Health::startup>("startupSeconds",
                                      "How long it may take after its start until it is healthy.",
                                      Range{0, 86400}),
              field<&Health::interval>("intervalSeconds", "How often it is asked.",
                                       Range{1, 86400}),
              field<&Health::timeout>("timeoutSeconds", "How long an answer may take.",
                                      Range{1, 300}),
              field<&Health::failure_threshold>("failureThreshold",
                                                "How many failures in a row make it unhealthy.",
                                                Range{1, 100}),
          }),
      {OneOf::Count::exactly_one, {"http", "tcp"}});
}

int port_number(const AppSpec& spec, const PortRef& ref) {
  if (ref.number > 0) return ref.number;
  const auto found = std::ranges::find(spec.ports, ref.name, &AppPort::name);
  return found == spec.ports.end() ? 0 : found->port;
}

namespace {

void check_port(Problems& problems, const AppSpec& spec, const char* path, const PortRef& ref) {
  if (port_number(spec, ref) != 0) return;
  std::string names;
  for (const auto& port : spec.ports) names += (names.empty() ? "" : ", ") + port.name;
  problems.push_back({path, Reason::invalid,
                      absl::StrFormat("must name one of spec.ports (%s), not \"%s\"",
                                      names.empty() ? "there is none" : names, ref.name)});
}

Problems check(const AppSpec& spec) {
  Problems problems;
  if (spec.health && spec.health->http) {
    check_port(problems, spec, "health.http.port", spec.health->http->port);
  }
  if (spec.health && spec.health->tcp) {
    check_port(problems, spec, "health.tcp.port", spec.health->tcp->port);
  }
  return problems;
}

}  // namespace

TypeInfo describe(Type<AppSpec>) {
  auto info = object<AppSpec>(
      "AppSpec", "What runs, and how many of it.",
      {
          field<&AppSpec::machine_class_name>("machineClassName",
                                              "The shape of the containers it runs in.", required,
                                              format::dns_subdomain),
          field<&AppSpec::replicas>("replicas", "How many containers.", Range{0, 100}),
          field<&AppSpec::workload>("workload", "What runs inside.", required),
          field<&AppSpec::ports>("ports", "Ports it listens on.", MapKey{"name"}, Items{0, 100}),
          field<&AppSpec::env>("env", "Environment variables of its unit.", MapKey{"name"},
                               Items{0, 500}),
          field<&AppSpec::health>("health",
                                  "How it is known that it works; without it, that its unit runs."),
          field<&AppSpec::networks>(
              "networks", "Network interfaces; those of the class when empty.", Items{0, 32}),
          field<&AppSpec::suspend>("suspend", "True: its containers are stopped and kept."),
      });
  info = reserved(std::move(info),
                  {{"expose", "exposing under a host name is not served by this version"},
                   {"volumes", "volumes are not served by this version"},
                   {"dependsOn", "dependencies between Apps are not served by this version"},
                   {"update",
                    "update strategies are not served by this version: a changed "
                    "workload is put into the running containers, one after the other"},
                   {"files", "files belong to workload.service.files"}});
  return checked<AppSpec, static_cast<Problems (*)(const AppSpec&)>(&check)>(std::move(info));
}

namespace {

// Machines are called after their App, with "-" and a number; their names are host names.
Problems check(const App& app) {
  const std::string& name = app.metadata.name;
  if (name.empty() || (format::dns_label.matches(name) && name.size() <= 52)) return {};
  return {{"metadata.name", Reason::invalid,
           absl::StrFormat("must be at most 52 lower-case letters, digits or \"-\": it becomes "
                           "part of host names; not \"%s\"",
                           name)}};
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
          .check_update = nullptr};
}

}  // namespace gantry::api::v1alpha1
