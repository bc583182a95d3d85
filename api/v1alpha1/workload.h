#pragma once
// Workload: what runs inside an App's containers.
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "api/meta/types.h"
#include "api/v1alpha1/compose.h"

namespace gantry::api::v1alpha1 {

// A command inside the container: a list is run as it is, a text by /bin/sh -c.
struct CommandLine {
  std::string script;             // given as text
  std::vector<std::string> list;  // given as list
  // What to execute.
  std::vector<std::string> argv() const;
  bool empty() const { return script.empty() && list.empty(); }
  bool operator==(const CommandLine&) const = default;
};
struct WorkloadFile {
  std::string path;
  std::optional<std::string> content;  // one of content and contentFrom
  std::optional<meta::ValueSource> content_from;
  std::string mode = "0644";
  std::string owner = "root:root";  // user or user:group
};
struct WorkloadCommand {
  std::string name;
  CommandLine run;
  std::optional<CommandLine> unless;  // the probe: exit 0 means that `run` is not needed
  std::chrono::seconds timeout{300};
};
// Packages, files and commands, in this order, then a systemd unit that is enabled and running.
struct Service {
  std::vector<std::string> packages;
  std::vector<WorkloadFile> files;
  std::vector<WorkloadCommand> commands;
  std::string unit;
};
struct Workload {
  std::optional<Service> service;  // one of service and compose
  std::optional<Compose> compose;
};

schema::TypeInfo describe(schema::Type<CommandLine>);
schema::TypeInfo describe(schema::Type<WorkloadFile>);
schema::TypeInfo describe(schema::Type<WorkloadCommand>);
schema::TypeInfo describe(schema::Type<Service>);
schema::TypeInfo describe(schema::Type<Workload>);

}  // namespace gantry::api::v1alpha1
