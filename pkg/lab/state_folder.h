#pragma once
// StateFolder: the lab's files, laid out like /etc/pve. Without a folder everything is a no-op.
#include <string>
#include <utility>
#include <vector>

#include "pkg/base/status.h"

namespace gantry::lab {

class StateFolder {
 public:
  // `folder` empty: nowhere.
  explicit StateFolder(std::string folder) : folder_(std::move(folder)) {}
  bool is_kept() const { return !folder_.empty(); }
  // Replaces the file by rename; a failure is logged.
  void write(const std::string& path, const std::string& text);
  void append(const std::string& path, const std::string& text);
  void remove(const std::string& path);
  // "" when there is none.
  std::string read(const std::string& path) const;
  // Names of the entries of a folder, sorted.
  std::vector<std::string> list(const std::string& path) const;

 private:
  std::string folder_;
};

}  // namespace gantry::lab
