#pragma once
// What gantry-lab is told on its command line.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gantry::labd {

struct Options {
  std::string backend = "lxc";  // or memory
  int nodes = 1;
  std::string address = "127.0.0.1";
  uint16_t port = 8006;     // of the first node's API; 0: the kernel chooses. Others': chosen
  std::string state;        // folder; empty: default_state()
  std::string faults;       // file of a fault profile; empty: nothing goes wrong
  bool skip_waits = false;  // memory only: the lab's time jumps over its own waits
  std::string cache;        // folder; empty: the user's
  std::string version = "9.2";
  std::string pool = "gantry";
  bool with_network = false;  // the token may make bridges
  std::string installation;   // whose marks the command channel accepts; empty: any
  std::vector<std::string> packages = {"nginx-light"};  // what apt inside can install
  std::vector<std::string> templates;  // archives to make containers of besides, named by file
  std::optional<uint64_t> seed;
  bool keep = false;    // leave containers and state at the end
  std::string program;  // the path of this program
};

}  // namespace gantry::labd
