#pragma once
// Compose: what Gantry reads in a Compose file before it hands it to Docker.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "pkg/base/status.h"
#include "pkg/schema/schema.h"

namespace gantry::api::v1alpha1 {

struct Compose {
  std::string text;  // "inline"
};

// A port of the container that one of the services is reached by.
struct PublishedPort {
  std::string address;  // empty: every one
  int port = 0;
  bool udp = false;
};
struct ComposeService {
  std::string name;
  std::string image;                 // may hold variables
  std::vector<PublishedPort> ports;  // without those that variables name or Docker draws
  std::vector<std::string> local;    // its variables that name localhost
  bool shares_network = false;       // with the host or another service
};
struct ComposeOutline {
  std::vector<ComposeService> services;  // by name
  std::set<std::string> variables;       // "${NAME}" without a default of its own
};

// Reads a Compose file. kInvalid names the line where it is no YAML, or the field that Gantry does
// not serve: `build` (there is no build context), `include` and `extends` (there is one file),
// and services without an image.
Result<ComposeOutline> outline_of(const std::string& text);

// What is wrong with it before anything runs: what outline_of() refuses, two services on one port
// (WKL-002), variables that `environment` does not have (WKL-001). O(text).
schema::Problems check_compose(const Compose& compose, const std::set<std::string>& environment);

// What provides Docker and Compose 2, of Alpine or of Debian from 13 on.
std::vector<std::string> docker_packages(bool alpine);

schema::TypeInfo describe(schema::Type<Compose>);

}  // namespace gantry::api::v1alpha1
