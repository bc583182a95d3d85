#include "pkg/pve/errors.h"

#include <array>
#include <initializer_list>

#include "pkg/base/text.h"

namespace gantry::pve {
namespace {

constexpr size_t kTextMax = 1000;

// A text that contains all of `words` is of that class. The first row that fits wins.
struct Row {
  std::initializer_list<std::string_view> words;
  ErrorClass read;
  ErrorClass write;
  std::string_view code;  // "" for none
};

using E = ErrorClass;

// pve-container, pve-guest-common, pve-cluster, pve-storage, pve-access-control; each line recorded
// from a 9.2 server unless it names its source.
const std::array kTexts{
    Row{{"no quorum"},
        E::held,
        E::held,
        "CON-010"},  // pve-cluster, PVE/Cluster.pm: check_cfs_quorum
    Row{{"CT ", "already exists"}, E::already_exists, E::already_exists, "CT-001"},
    Row{{"VM ", "already exists"}, E::already_exists, E::already_exists, "CT-001"},
    Row{{"already exists"}, E::already_exists, E::already_exists, ""},
    Row{{"already defined"}, E::already_exists, E::already_exists, ""},
    Row{{"is locked ("}, E::locked, E::locked, ""},
    Row{{"can't lock file"}, E::locked, E::locked, "CON-015"},
    Row{{"cfs-lock", "timeout"}, E::locked, E::locked, "CON-015"},
    Row{{"cfs-lock", "failed"}, E::locked, E::locked, "CON-015"},
    Row{{"detected modified configuration"}, E::conflict, E::conflict, ""},
    Row{{"already running"}, E::conflict, E::conflict, ""},
    Row{{"not running"}, E::conflict, E::conflict, ""},
    Row{{"container is running"}, E::conflict, E::conflict, ""},
    Row{{"clone of a running container"}, E::conflict, E::conflict, ""},
    Row{{"disk is already at specified size"}, E::conflict, E::conflict, ""},
    Row{{"protection mode enabled"}, E::held, E::held, ""},
    // A node that DNS does not know says nothing about the guest: never NotFound.
    Row{{"hostname lookup", "failed"}, E::transport, E::transport, "CON-011"},
    Row{{"Configuration file", "does not exist"}, E::not_found, E::not_found, ""},
    Row{{"storage", "does not exist"}, E::not_found, E::invalid, "STO-002"},
    Row{{"pool", "does not exist"}, E::not_found, E::invalid, ""},
    Row{{"storage", "is not available"}, E::remote, E::remote, "STO-002"},  // PVE/Storage.pm
    Row{{"no such "}, E::not_found, E::not_found, ""},
    Row{{"unable to modify read-only option"}, E::invalid, E::invalid, ""},
    Row{{"unable to delete required option"}, E::invalid, E::invalid, ""},
    Row{{"no options specified"}, E::invalid, E::invalid, ""},
    Row{{"unable to shrink"}, E::invalid, E::invalid, ""},  // PVE/API2/LXC.pm: resize_vm
    Row{{"format error"}, E::invalid, E::invalid, ""},
    Row{{"used in HA resources"}, E::invalid, E::invalid, "SAF-008"},
    Row{{"'rootfs' not set"}, E::invalid, E::invalid, ""},
    Row{{"No space left"}, E::remote, E::remote, "STO-001"},
    Row{{"out of space"}, E::remote, E::remote, "STO-001"},
    Row{{"not enough free space"}, E::remote, E::remote, "STO-001"},
};

// Exit texts of tasks; the class there is always TaskFailed.
struct TaskRow {
  std::initializer_list<std::string_view> words;
  std::string_view code;
};
const std::array kTaskTexts{
    TaskRow{{"No space left"}, "STO-001"},
    TaskRow{{"out of space"}, "STO-001"},
    TaskRow{{"insufficient free space"}, "STO-001"},
    TaskRow{{"vztmpl/", "does not exist"}, "TPL-001"},
    TaskRow{{"storage", "does not exist"}, "STO-002"},
    TaskRow{{"storage", "is not available"}, "STO-002"},
    TaskRow{{"checksum mismatch"}, "TPL-004"},
    TaskRow{{"CT ", "already exists"}, "CT-001"},
    TaskRow{{"no quorum"}, "CON-010"},
    TaskRow{{"can't lock file", "timeout"}, "CON-015"},
    TaskRow{{"Cannot allocate memory"}, "CT-004"},
};

bool fits(std::string_view text, std::initializer_list<std::string_view> words) {
  for (const auto word : words)
    if (text.find(word) == std::string_view::npos) return false;
  return true;
}

Status make(ErrorClass error, std::string_view text, std::string_view code) {
  auto status = make_error(error, text);
  return code.empty() ? status : with_code(std::move(status), code);
}

Status from_text(const FailedAnswer& answer, const std::string& text) {
  for (const auto& row : kTexts)
    if (fits(text, row.words)) return make(answer.write ? row.write : row.read, text, row.code);
  return make_error(E::remote, text);
}

// 400: the parameters say it. A few of them are no mistakes of ours but facts.
Status from_parameters(const FailedAnswer& answer, const std::string& text) {
  std::vector<std::string> parts;
  for (const auto& [name, problem] : answer.parameters) {
    const auto line = one_line(problem, kTextMax);
    if (line == "no such task") return not_found("%s", line);
    if (line == "No such storage.")
      return make(answer.write ? E::invalid : E::not_found, line, "STO-002");
    if (fits(line, {"VM ", "already exists"})) return make(E::already_exists, line, "CT-001");
    parts.push_back(name + ": " + line);
  }
  if (parts.empty()) return invalid("%s", text);
  return invalid("%s", one_line(join(parts, "; "), kTextMax));
}

Status from_permission(const std::string& text) {
  const bool root_only = text.find("only allowed for root@pam") != std::string::npos;
  return make(E::permission, text, root_only ? "CON-005" : "CON-004");
}

}  // namespace

std::string one_line(std::string_view text, size_t length_max) {
  std::string result;
  for (const char c : trim(text)) {
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    if (control && (result.empty() || result.back() == ' ')) continue;
    result += control ? ' ' : c;
  }
  if (const auto perl = result.rfind(" at /usr/"); perl != std::string::npos) {
    if (result.find(" line ", perl) != std::string::npos) result.resize(perl);
  }
  if (result.size() > length_max) result = result.substr(0, length_max) + "…";
  return result;
}

Status to_status(const FailedAnswer& answer) {
  auto text = one_line(answer.text, kTextMax);
  if (text.empty()) text = absl::StrFormat("HTTP status %d without a reason", answer.status);
  switch (answer.status) {
    case 400:
      return from_parameters(answer, text);
    case 401:
      return make(E::auth, text, "CON-002");
    case 403:
      return from_permission(text);
    case 404:
      return not_found("%s", text);
    case 429:
      return make(E::overload, text, "CON-015");
    case 501:
      return make_error(E::unsupported, text);
    case 506:
      return make_error(E::unsupported, text);
    // AnyEvent::HTTP in pveproxy: the backend or the other node could not be reached / was silent.
    case 595:
      return make(E::transport, "595 " + text, "CON-011");
    case 596:
      return make(E::timeout, "596 " + text, "CON-015");
    default:
      return from_text(answer, text);
  }
}

std::optional<std::string_view> task_failure_code(std::string_view exit_status) {
  for (const auto& row : kTaskTexts)
    if (fits(exit_status, row.words)) return row.code;
  return std::nullopt;
}

}  // namespace gantry::pve
