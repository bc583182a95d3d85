#pragma once
// Flags: what the command line said, for whichever command it was.
#include <cstdint>
#include <string>
#include <vector>

namespace gantry::ctl {

struct Flags {
  std::string kubeconfig, context, ns;
  bool all_namespaces = false;
  std::vector<std::string> words, files;
  std::string output, selector, condition, about, user, authority = "/var/lib/gantry", out = ".";
  std::string sealing_key = "/var/lib/gantry/secrets.key";
  std::vector<std::string> groups;
  bool watch = false, dry_run = false, no_wait = false, ignore_not_found = false;
  int timeout_seconds = 300;
  int lifetime_hours = 0;
  int64_t revision = 0;
  bool data = false, yes = false;
  int64_t replicas = -1;
  bool follow = false, timestamps = false, previous = false;
  int64_t tail = -1;  // negative: all
  std::string since;
  std::vector<std::string> command;  // what stands behind --
  std::string class_name;
  bool docker = false;
  int build_timeout_seconds = 1800;
  int exit_code = 0;  // of a command that has one of its own
};

}  // namespace gantry::ctl
