#pragma once
// Commands that work on the files of gantryd's host instead of asking its API.
#include <string>
#include <vector>

#include "pkg/base/random.h"
#include "pkg/base/status.h"
#include "pkg/base/time.h"

namespace gantry::ctl {

struct CertificateOptions {
  std::string authority;            // folder with gantryd's ca.pem and ca.key
  std::string user;                 // CN
  std::vector<std::string> groups;  // O
  Duration lifetime = std::chrono::hours(24);
  std::string out = ".";  // folder for <user>.crt and <user>.key
};
// Issues a client certificate and writes it and its key (mode 0600); answers what to do with them.
// Nothing existing is overwritten. Invalid names the file and what is wrong.
Result<std::string> issue_certificate(const CertificateOptions& options, Time now);

// Adds a sealing key to the key file and makes it the current one; answers what to do next.
Result<std::string> rotate_sealing_key(const std::string& path, Random& random);
// The names of the keys, the current one marked. No key material.
Result<std::string> list_sealing_keys(const std::string& path);

}  // namespace gantry::ctl
