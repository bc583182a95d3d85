#include "pkg/lab/state_folder.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "pkg/base/log.h"

namespace gantry::lab {
namespace {

namespace fs = std::filesystem;

void complain(const std::string& path, const std::string& why) {
  log::error("lab: cannot keep state", {{"file", path}, {"error", why}});
}

}  // namespace

void StateFolder::write(const std::string& path, const std::string& text) {
  if (!is_kept()) return;
  const fs::path target = fs::path(folder_) / path;
  const fs::path temporary = target.string() + ".tmp";
  std::error_code error;
  fs::create_directories(target.parent_path(), error);
  {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file << text;
    if (!file.flush()) return complain(target, "write failed");
  }
  fs::permissions(temporary, fs::perms::owner_read | fs::perms::owner_write, error);
  fs::rename(temporary, target, error);
  if (error) complain(target, error.message());
}

void StateFolder::append(const std::string& path, const std::string& text) {
  if (!is_kept()) return;
  const fs::path target = fs::path(folder_) / path;
  std::error_code error;
  fs::create_directories(target.parent_path(), error);
  std::ofstream file(target, std::ios::binary | std::ios::app);
  file << text;
  if (!file.flush()) complain(target, "write failed");
}

void StateFolder::remove(const std::string& path) {
  if (!is_kept()) return;
  std::error_code error;
  fs::remove(fs::path(folder_) / path, error);
  if (error) complain(path, error.message());
}

std::string StateFolder::read(const std::string& path) const {
  if (!is_kept()) return "";
  std::ifstream file(fs::path(folder_) / path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> StateFolder::list(const std::string& path) const {
  std::vector<std::string> names;
  if (!is_kept()) return names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(fs::path(folder_) / path, error)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace gantry::lab
