#include "api/v1alpha1/workload.h"

#include <algorithm>

namespace gantry::api::v1alpha1 {

using namespace schema;

std::vector<std::string> CommandLine::argv() const {
  if (!list.empty()) return list;
  return {"/bin/sh", "-c", script};
}

namespace {

Json read_command(const void* value) {
  const auto& command = *static_cast<const CommandLine*>(value);
  if (command.list.empty()) return command.script;
  Json list = Json::array();
  for (const auto& word : command.list) list.push_back(word);
  return list;
}

std::optional<std::string> write_command(void* value, const Json& json) {
  static constexpr auto kRight =
      "must be a list of strings, run as it is, or a text, run by /bin/sh -c; not empty";
  CommandLine command;
  if (json.is_string()) {
    command.script = json.as_string();
  } else if (json.is_array()) {
    for (const auto& word : json.as_array()) {
      if (!word.is_string()) return kRight;
      command.list.push_back(word.as_string());
    }
  }
  if (command.empty() || (!command.list.empty() && command.list.front().empty())) return kRight;
  *static_cast<CommandLine*>(value) = std::move(command);
  return std::nullopt;
}

}  // namespace

TypeInfo describe(Type<CommandLine>) {
  TypeInfo info;
  info.kind = Kind::any;
  info.name = "CommandLine";
  info.doc = "A list is run as it is, a text by /bin/sh -c.";
  info.read = &read_command;
  info.write = &write_command;
  return info;
}

TypeInfo describe(Type<WorkloadFile>) {
  return one_of(
      object<WorkloadFile>(
          "WorkloadFile", "A file that is written into the container.",
          {
              field<&WorkloadFile::path>("path", "Where.", required, format::absolute_path),
              field<&WorkloadFile::content>("content", "What is in it.", Length{0, 1 << 20}),
              field<&WorkloadFile::content_from>("contentFrom", "Where its content comes from."),
              field<&WorkloadFile::mode>("mode", "Its permissions, in quotes.", format::octal_mode),
              field<&WorkloadFile::owner>("owner", "user or user:group.", format::owner),
          }),
      {OneOf::Count::exactly_one, {"content", "contentFrom"}});
}

TypeInfo describe(Type<WorkloadCommand>) {
  return object<WorkloadCommand>(
      "WorkloadCommand", "A command that is run when its probe says that it is needed.",
      {
          field<&WorkloadCommand::name>("name", "For messages.", format::dns_label),
          field<&WorkloadCommand::run>("run",
                                       "What to do: a list is run as it is, a text by /bin/sh -c.",
                                       required, Example{"[adduser, --system, wiki]"}),
          field<&WorkloadCommand::unless>(
              "unless",
              "The probe: when it exits with 0, `run` is not needed. It is asked again "
              "after `run`. Without one the command is run once for each change of the workload.",
              Example{"[id, wiki]"}),
          field<&WorkloadCommand::timeout>("timeoutSeconds", "After that it is killed.",
                                           Range{1, 86400}),
      });
}

namespace {

Problems check(const Service& service) {
  Problems problems;
  if (service.packages.empty() && service.files.empty() && service.commands.empty() &&
      service.unit.empty()) {
    problems.push_back(
        {"", Reason::required, "must have at least one of packages, files, commands, unit"});
  }
  return problems;
}

}  // namespace

TypeInfo describe(Type<Service>) {
  return checked<Service, &check>(object<Service>(
      "Service", "Packages, files and commands, in this order, then a systemd unit that runs.",
      {
          field<&Service::packages>("packages", "Debian packages that are installed.", set,
                                    Items{0, 200}, format::package_name),
          field<&Service::files>("files", "Files that are written.", MapKey{"path"}, Items{0, 200}),
          field<&Service::commands>("commands", "Commands that are run.", Items{0, 100}),
          field<&Service::unit>("unit",
                                "The systemd unit that is enabled, running, and restarted when a "
                                "file changes.",
                                format::systemd_unit, Example{"nginx.service"}),
      }));
}

TypeInfo describe(Type<Workload>) {
  auto info = object<Workload>(
      "Workload", "What runs inside.",
      {
          field<&Workload::service>("service", "A native service of the container's own system."),
          field<&Workload::compose>(
              "compose",
              "Docker Compose. Docker comes with the template or is installed: Debian 13 and "
              "Alpine have Compose v2, Debian 12 has not."),
      });
  info = reserved(std::move(info), {{"oci",
                                     "OCI images are not served by this version; use compose or "
                                     "service"}});
  return one_of(std::move(info), {OneOf::Count::exactly_one, {"service", "compose"}});
}

}  // namespace gantry::api::v1alpha1
