#include "pkg/lab/lxc/instance.h"

#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <sys/stat.h>

#include "pkg/base/text.h"
#include "pkg/lab/lxc/fd.h"
#include "pkg/lab/lxc/guest_root.h"

namespace gantry::lab::lxc {
namespace {

namespace fs = std::filesystem;

// FNV-1a: names only, nothing secret.
Status check_reachable(const fs::path& folder) {
  for (auto path = folder; path != path.root_path(); path = path.parent_path()) {
    struct stat info {};
    if (stat(path.c_str(), &info) != 0) return os_error(path.string());
    if ((info.st_mode & S_IXOTH) == 0)
      return error(
          ErrorClass::permission,
          "state folder %s: %s is closed to other users, so unprivileged containers cannot "
          "reach their files: choose another folder or chmod o+x it",
          folder.string(), path.string());
  }
  return {};
}

// "root:100000:65536" in a file of such lines, or a wider range.
bool covers(const std::string& content) {
  for (const auto& line : split(content, '\n')) {
    const auto parts = split(line, ':');
    if (parts.size() != 3 || (parts[0] != "root" && parts[0] != "0")) continue;
    const auto first = parse_integer(parts[1]).value_or(-1);
    const auto count = parse_integer(parts[2]).value_or(0);
    if (first >= 0 && first <= kShift && first + count >= kShift + kIdCount) return true;
  }
  return false;
}

Status ensure_id_map(const std::string& path) {
  const auto content = read_file(path);
  if (content.ok() && covers(*content)) return {};
  const Fd file(open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
  if (!file.valid()) return os_error(path);
  std::string line = absl::StrFormat("root:%d:%d\n", kShift, kIdCount);
  if (content.ok() && !content->empty() && content->back() != '\n') line = "\n" + line;
  if (write(file.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    return os_error(path);
  return {};
}

}  // namespace

uint32_t fingerprint(std::string_view text) {
  uint32_t hash = 2166136261;
  for (const unsigned char c : text) hash = (hash ^ c) * 16777619;
  return hash;
}

std::string Instance::added_bridge(const std::string& pve_name) const {
  return absl::StrFormat("%sb%05x", name, fingerprint(pve_name) & 0xfffff);
}

Result<Instance> Instance::at(const std::string& folder) {
  std::error_code code;
  const auto absolute = fs::absolute(folder, code);
  fs::create_directories(absolute, code);
  const auto real = fs::canonical(absolute, code);
  if (code) return invalid("state folder %s: %s", folder, code.message());
  GANTRY_TRY(check_reachable(real));
  Instance instance{.folder = real.string(),
                    .name = absl::StrFormat("gl%06x", fingerprint(real.string()) & 0xffffff)};
  for (const auto& path :
       {instance.lxc_folder(), instance.volumes_folder(), instance.run_folder()}) {
    fs::create_directories(path, code);
    if (code) return invalid("state folder %s: %s", path, code.message());
  }
  return instance;
}

Status ensure_id_maps() {
  GANTRY_TRY(ensure_id_map("/etc/subuid"));
  return ensure_id_map("/etc/subgid");
}

Status write_file(const std::string& path, const std::string& content, unsigned mode) {
  const auto temporary = path + ".new";
  unlink(temporary.c_str());
  const Fd file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!file.valid()) return os_error(temporary);
  std::string_view rest = content;
  while (!rest.empty()) {
    const auto count = write(file.get(), rest.data(), rest.size());
    if (count < 0) return os_error(temporary);
    rest.remove_prefix(static_cast<size_t>(count));
  }
  if (rename(temporary.c_str(), path.c_str()) != 0) return os_error(path);
  return {};
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return not_found("%s: no such file", path);
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

}  // namespace gantry::lab::lxc
