#pragma once
// A kubeconfig, as much of it as names one server and one bearer token.
#include <string>

#include "pkg/base/status.h"
#include "pkg/http/http.h"

namespace gantry::ctl {

struct Kubeconfig {
  http::Endpoint endpoint;
  http::TlsTrust trust;
  std::string token;
  std::string ns = "default";
};

// Reads the current context (or `context`, when not empty). kInvalid names the file and what is
// missing; insecure-skip-tls-verify, exec plugins and password files are refused by name.
Result<Kubeconfig> parse_kubeconfig(const std::string& text, const std::string& context);
// The file, else those of $KUBECONFIG together, else ~/.kube/config. Relative paths in one count
// from its folder.
Result<Kubeconfig> load_kubeconfig(const std::string& path, const std::string& context);

}  // namespace gantry::ctl
