#pragma once
// What Proxmox' error texts mean. Almost every failure is a 500 (observed on 9.2): the class comes
// from the text, in one table, for every driver and for the exit texts of tasks.
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "pkg/base/status.h"

namespace gantry::pve {

// An answer that is no success.
struct FailedAnswer {
  int status = 500;
  std::string text;  // the body's message, or the reason phrase where there is none
  std::map<std::string, std::string> parameters;  // "errors": parameter → what is wrong with it
  bool write = false;
};

// The Status of a failed answer, with its class and, where it is obvious, its catalogue code. The
// message is Proxmox' own text in one line. Never OK.
//
// A storage or pool that does not exist is NotFound to a read and Invalid to a write: a create that
// names a missing storage must not look as if the guest were gone.
Status to_status(const FailedAnswer& answer);

// The catalogue code of a task's exit text ("STO-001" for a full storage); nullopt when it is none
// that we know.
std::optional<std::string_view> task_failure_code(std::string_view exit_status);

// One line of at most `length_max` bytes, without Perl's "at … line 7." and without control
// characters.
std::string one_line(std::string_view text, size_t length_max);

}  // namespace gantry::pve
