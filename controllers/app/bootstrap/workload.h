#pragma once
// ResolvedWorkload: what shall be inside a container, every reference followed.
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "controllers/app/bootstrap/callback.h"
#include "pkg/guest/channel.h"

namespace gantry::controllers::app {

struct ResolvedCommand {
  std::string name;
  std::vector<std::string> run;
  std::vector<std::string> unless;  // empty: once per change of the command
  std::chrono::seconds timeout{300};
};

// By which digest an image ran: what a tag means may be moved.
struct UsedImage {
  std::string service;
  std::string image;   // as the project names it: "wiki:2"
  std::string digest;  // "sha256:…"
  bool operator==(const UsedImage&) const = default;
};

// One project of Docker Compose.
struct ResolvedCompose {
  std::string project;
  std::string text;                    // the user's file, LF
  std::vector<std::string> services;   // that get the environment
  std::string environment;             // in Compose's own form of a .env file
  std::chrono::seconds startup{120};   // how long services may take until they are healthy
  std::vector<UsedImage> images = {};  // as this revision ran before, where that is known
};

// Holds secrets: never logged, never stored; only its revision is.
struct ResolvedWorkload {
  std::vector<std::string> packages;  // "nginx-light" or "nginx-light=1.22.1-9"
  std::vector<guest::File> files;     // env file and unit drop-in included
  std::vector<ResolvedCommand> commands;
  std::string unit;
  std::optional<ResolvedCompose> compose;
  std::string restart;               // RFC 3339: when somebody last asked for one; empty: never
  std::string revision;              // 16 hex digits of SHA-256 over all of the above
  std::vector<std::string> secrets;  // values that must not be told to anybody
  std::optional<Callback> callback = {};  // no part of the revision
  bool only_prepares = false;             // up to where what runs needs its volumes
};
// What a bootstrap that went well has come to: the revision, or all of it but what needs volumes.
inline std::string name_of(const ResolvedWorkload& workload) {
  return (workload.only_prepares ? "prepared " : "") + workload.revision;
}

}  // namespace gantry::controllers::app
