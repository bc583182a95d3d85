// How it is known that an App works, and how it is updated.
#include "api/v1alpha1/app.h"

namespace gantry::api::v1alpha1 {

using namespace schema;

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

TypeInfo describe(Type<UpdateStrategy>) {
  return enumeration<UpdateStrategy>(
      "UpdateStrategy",
      "Rolling: maxUnavailable containers at a time. Recreate: all at once. BlueGreen: in new "
      "containers beside the old ones, which go when the new ones serve.",
      {"Rolling", "Recreate", "BlueGreen"});
}

TypeInfo describe(Type<OnFailure>) {
  return enumeration<OnFailure>(
      "OnFailure",
      "Rollback: back to the last good revision. Hold: no further container gets the new one.",
      {"Rollback", "Hold"});
}

TypeInfo describe(Type<UpdateSnapshot>) {
  return enumeration<UpdateSnapshot>(
      "UpdateSnapshot",
      "WhenPossible: a snapshot first, where its storages can. Never: none is taken.",
      {"WhenPossible", "Never"});
}

TypeInfo describe(Type<Update>) {
  return object<Update>(
      "Update", "How a changed workload, Secret or ConfigMap reaches the containers.",
      {
          field<&Update::strategy>("strategy", "In which order."),
          field<&Update::max_unavailable>(
              "maxUnavailable", "How many containers may be away at once.", Range{1, 100}),
          field<&Update::bake>("bakeSeconds",
                               "How long a container must answer until it counts as good.",
                               Range{0, 86400}),
          field<&Update::on_failure>("onFailure", "What to do when one cannot run it."),
          field<&Update::snapshot>("snapshot",
                                   "Whether the data of a container is kept aside before it gets "
                                   "another revision; without volumes there is none."),
      });
}

}  // namespace gantry::api::v1alpha1
