#include "pkg/lab/lxc/containers.h"

#include <filesystem>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/base/text.h"
#include "pkg/lab/lxc/added_bridges.h"
#include "pkg/lab/lxc/fd.h"
#include "pkg/lab/lxc/guest_root.h"
#include "pkg/lab/lxc/inspection.h"

namespace gantry::lab::lxc {
namespace {

namespace fs = std::filesystem;

constexpr auto kCopyTimeout = std::chrono::minutes(10);

// Runs a program as the containers' root: ids are shifted by the kernel, so that archives need no
// rewriting and keep their set-id bits.
Program as_guest_root(std::vector<std::string> argv) {
  const auto map = absl::StrFormat(":0:%d:%d", kShift, kIdCount);
  std::vector<std::string> whole = {"lxc-usernsexec", "-m", "u" + map, "-m", "g" + map, "--"};
  whole.insert(whole.end(), argv.begin(), argv.end());
  Program program{.argv = std::move(whole)};
  program.timeout = kCopyTimeout;
  return program;
}

// "local:100/vm-100-disk-0.raw" → "local/100/vm-100-disk-0.raw", a path below the volumes folder.
Result<std::string> volume_path(const std::string& volid) {
  const auto colon = volid.find(':');
  const bool plain = std::ranges::all_of(volid, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("-_./:").find(c) != std::string_view::npos;
  });
  if (colon == std::string::npos || colon == 0 || !plain || volid.find("..") != std::string::npos)
    return invalid("%s is no volume", volid);
  return volid.substr(0, colon) + "/" + volid.substr(colon + 1);
}

bool is_mount_target(const std::string& path) {
  return path.size() > 1 && path.front() == '/' && path.find("..") == std::string::npos &&
         std::ranges::all_of(path, [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                  std::string_view("-_./").find(c) != std::string_view::npos;
         });
}

// Held while a container's files change. The model may give up on a task whose program still runs
// (a killed worker does not wait for its tar); what comes next must.
class FilesLock {
 public:
  explicit FilesLock(const std::string& path)
      : file_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    while (flock(file_.get(), LOCK_EX) != 0 && errno == EINTR) {
    }
  }

 private:
  Fd file_;
};

Status make_guest_folder(const std::string& path) {
  std::error_code code;
  fs::create_directories(path, code);
  if (code) return internal("%s: %s", path, code.message());
  if (chown(path.c_str(), kShift, kShift) != 0) return os_error(path);
  return {};
}

}  // namespace

Containers::Containers(Instance instance, std::map<std::string, std::string> bridges,
                       std::string nameserver)
    : instance_(std::move(instance)),
      bridges_(std::move(bridges)),
      nameserver_(std::move(nameserver)),
      cgroups_(detect_cgroups()) {}

Program Containers::lxc(const std::string& tool, VmId vmid,
                        std::vector<std::string> arguments) const {
  std::vector<std::string> argv = {tool, "-P", instance_.lxc_folder(), "-n",
                                   instance_.container(vmid)};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return Program{.argv = std::move(argv)};
}

std::string Containers::lock_file(VmId vmid) const {
  return instance_.run_folder() + "/" + instance_.container(vmid) + ".lock";
}

Result<std::string> Containers::volume(const VolumeSpec& volume) const {
  GANTRY_TRY_ASSIGN(const auto path, volume_path(volume.volid));
  return instance_.volumes_folder() + "/" + path;
}

Result<Place> Containers::place_of(const ContainerSpec& spec) const {
  Place place{.name = instance_.container(spec.vmid), .bridges = bridges_, .cgroups = cgroups_};
  GANTRY_TRY_ASSIGN(const auto cards, network_cards(spec.config));
  for (const auto& card : cards) {
    const auto host = instance_.added_bridge(card.bridge);
    if (!place.bridges.contains(card.bridge) && is_there(host)) place.bridges[card.bridge] = host;
  }
  GANTRY_TRY_ASSIGN(place.rootfs, volume(spec.rootfs));
  for (const auto& mount : spec.mounts) {
    const auto it = spec.config.find(mount.key);
    const auto target = it == spec.config.end() ? "" : mount_path(it->second);
    if (!is_mount_target(target)) return invalid("%s: mp=%s is no mount point", mount.key, target);
    GANTRY_TRY_ASSIGN(auto source, volume(mount));
    place.mounts.push_back({.source = std::move(source), .target = target});
  }
  return place;
}

Status Containers::make_volumes(const ContainerSpec& spec) const {
  GANTRY_TRY_ASSIGN(const auto root, volume(spec.rootfs));
  if (fs::exists(root)) return already_exists("volume '%s' already exists", spec.rootfs.volid);
  GANTRY_TRY(make_guest_folder(root));
  for (const auto& mount : spec.mounts) {
    GANTRY_TRY_ASSIGN(const auto path, volume(mount));
    GANTRY_TRY(make_guest_folder(path));
  }
  return {};
}

Status Containers::create(const ContainerSpec& spec, const std::string& archive,
                          const std::map<std::string, std::string>& files) const {
  const FilesLock lock(lock_file(spec.vmid));
  GANTRY_TRY(make_volumes(spec));
  GANTRY_TRY_ASSIGN(const auto root, volume(spec.rootfs));
  // Device nodes cannot be made in a user namespace; LXC mounts its own /dev.
  auto unpack = as_guest_root(
      {"tar", "--zstd", "--numeric-owner", "--exclude=./dev/*", "-xpf", "-", "-C", root});
  unpack.stdin_file = archive;
  GANTRY_TRY(run_checked(unpack).status());
  GANTRY_TRY_ASSIGN(const auto guest, GuestRoot::open(root));
  for (const auto& [path, content] : files) GANTRY_TRY(guest.write(path, content));
  return {};
}

Status Containers::copy(const ContainerSpec& source, const ContainerSpec& target) const {
  const FilesLock lock(lock_file(target.vmid));
  GANTRY_TRY(make_volumes(target));
  const auto copy_volume = [this](const VolumeSpec& from, const VolumeSpec& to) -> Status {
    GANTRY_TRY_ASSIGN(const auto old_path, volume(from));
    GANTRY_TRY_ASSIGN(const auto new_path, volume(to));
    return run_checked(as_guest_root({"cp", "-a", "--reflink=auto", old_path + "/.", new_path}))
        .status();
  };
  GANTRY_TRY(copy_volume(source.rootfs, target.rootfs));
  for (const auto& mount : target.mounts) {
    const auto from = std::ranges::find(source.mounts, mount.key, &VolumeSpec::key);
    if (from != source.mounts.end()) GANTRY_TRY(copy_volume(*from, mount));
  }
  GANTRY_TRY_ASSIGN(const auto root, volume(target.rootfs));
  GANTRY_TRY_ASSIGN(const auto guest, GuestRoot::open(root));
  return guest.write("/etc/machine-id", "");  // two containers with one id would share a lease
}

Status Containers::write_guest_files(const ContainerSpec& spec) const {
  GANTRY_TRY_ASSIGN(const auto root, volume(spec.rootfs));
  GANTRY_TRY_ASSIGN(const auto guest, GuestRoot::open(root));
  GANTRY_TRY_ASSIGN(const auto files, guest_files(spec.config, nameserver_));
  for (const auto& [path, content] : files) GANTRY_TRY(guest.write(path, content));
  return {};
}

Status Containers::start(const ContainerSpec& spec) const {
  const FilesLock lock(lock_file(spec.vmid));
  GANTRY_TRY_ASSIGN(const auto place, place_of(spec));
  GANTRY_TRY_ASSIGN(const auto text, lxc_config(spec.config, place));
  GANTRY_TRY(write_guest_files(spec));
  const auto folder = instance_.lxc_folder() + "/" + place.name;
  std::error_code code;
  fs::create_directories(folder, code);
  if (code) return internal("%s: %s", folder, code.message());
  GANTRY_TRY(write_file(folder + "/config", text, 0644));
  const auto log = folder + "/start.log";
  unlink(log.c_str());
  const auto started = run_checked(lxc("lxc-start", spec.vmid, {"-d", "-l", "WARN", "-o", log}));
  if (started.ok()) return {};
  std::string why;
  for (const auto& line : split(read_file(log).value_or(""), '\n'))
    if (why.empty() && line.find(" ERROR ") != std::string::npos) why = line;
  return annotate(make_error(ErrorClass::remote, why.empty() ? message_of(started.status()) : why),
                  absl::StrFormat("startup for container '%d' failed", spec.vmid.get()));
}

Status Containers::kill(const ContainerSpec& spec) const {
  if (!is_running(spec.vmid)) return {};
  return run_checked(lxc("lxc-stop", spec.vmid, {"-k"})).status();
}

Status Containers::shutdown(const ContainerSpec& spec, Duration timeout) const {
  if (!is_running(spec.vmid)) return {};
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(timeout);
  auto program = lxc("lxc-stop", spec.vmid, {"--nokill", "-t", std::to_string(seconds.count())});
  program.timeout = timeout + std::chrono::seconds(10);
  const auto stopped = run(program);
  if (stopped.ok() && !is_running(spec.vmid)) return {};
  return error(ErrorClass::timeout, "container did not stop");
}

Status Containers::rename_volume(const VolumeSpec& from, const VolumeSpec& to) const {
  if (from.volid == to.volid) return {};
  GANTRY_TRY_ASSIGN(const auto old_path, volume(from));
  GANTRY_TRY_ASSIGN(const auto new_path, volume(to));
  std::error_code code;
  fs::create_directories(fs::path(new_path).parent_path(), code);
  fs::rename(old_path, new_path, code);
  if (code) return internal("volume '%s': %s", from.volid, code.message());
  return {};
}

Status Containers::move(const ContainerSpec& from, const ContainerSpec& to) const {
  const FilesLock lock(lock_file(from.vmid));
  GANTRY_TRY(rename_volume(from.rootfs, to.rootfs));
  for (const auto& mount : from.mounts) {
    const auto target = std::ranges::find(to.mounts, mount.key, &VolumeSpec::key);
    if (target != to.mounts.end()) GANTRY_TRY(rename_volume(mount, *target));
  }
  return {};
}

Status Containers::reassign(const ContainerSpec& from, const std::string& from_key,
                            const ContainerSpec& to, const std::string& to_key) const {
  const FilesLock lock(lock_file(from.vmid));
  const auto source = std::ranges::find(from.mounts, from_key, &VolumeSpec::key);
  const auto target = std::ranges::find(to.mounts, to_key, &VolumeSpec::key);
  if (source == from.mounts.end() || target == to.mounts.end())
    return invalid("container '%d' has no %s", from.vmid.get(), from_key);
  return rename_volume(*source, *target);
}

Status Containers::destroy(const ContainerSpec& spec) const {
  const FilesLock lock(lock_file(spec.vmid));
  GANTRY_TRY(kill(spec));
  std::error_code code;
  auto volumes = spec.mounts;
  if (!spec.rootfs.volid.empty()) volumes.push_back(spec.rootfs);
  for (const auto& each : volumes) {
    GANTRY_TRY_ASSIGN(const auto path, volume(each));
    fs::remove_all(path, code);
    if (code) return internal("volume '%s': %s", each.volid, code.message());
    fs::remove(fs::path(path).parent_path(), code);  // the id's folder, once it is empty
  }
  fs::remove_all(instance_.lxc_folder() + "/" + instance_.container(spec.vmid), code);
  return {};
}

Status Containers::add_disk(const ContainerSpec& spec, const std::string& key) const {
  const FilesLock lock(lock_file(spec.vmid));
  const auto mount = std::ranges::find(spec.mounts, key, &VolumeSpec::key);
  if (mount == spec.mounts.end()) return invalid("container '%d' has no %s", spec.vmid.get(), key);
  GANTRY_TRY_ASSIGN(const auto path, volume(*mount));
  return make_guest_folder(path);
}

Status Containers::apply(const ContainerSpec& spec) const {
  if (!is_running(spec.vmid)) return {};
  for (const auto& [key, value] : limits(spec.config, cgroups_)) {
    const auto set = run_checked(lxc("lxc-cgroup", spec.vmid, {key, value}));
    if (!set.ok()) return annotate(set.status(), "cannot set " + key + " to " + value);
  }
  return {};
}

bool Containers::is_running(VmId vmid) const {
  const auto told = run(lxc("lxc-info", vmid, {"-s"}));
  return told.ok() && parse_lxc_info(told->out).running;
}

Result<ContainerState> Containers::inspect(const ContainerSpec& spec) const {
  ContainerState state;
  GANTRY_TRY_ASSIGN(const auto root, volume(spec.rootfs));
  state.exists = fs::exists(root);
  const auto told = run(lxc("lxc-info", spec.vmid, {"-s", "-p"}));
  if (!told.ok()) return told.status();
  const auto info = parse_lxc_info(told->out);
  state.running = info.running;
  state.pid = info.pid;
  if (state.pid) observe(instance_.container(spec.vmid), *state.pid, cgroups_, state);
  return state;
}

Result<guest::Exit> Containers::exec(const ContainerSpec& spec, const guest::Command& command,
                                     const guest::OutputSink& sink,
                                     std::shared_ptr<const StopSignal> stop) const {
  if (command.argv.empty()) return invalid("no command given");
  if (!is_running(spec.vmid))
    return error(ErrorClass::remote, "container '%d' not running!", spec.vmid.get());
  std::vector<std::string> arguments = {"--clear-env", "--set-var", kGuestPath, "--"};
  arguments.insert(arguments.end(), command.argv.begin(), command.argv.end());
  auto program = lxc("lxc-attach", spec.vmid, std::move(arguments));
  program.stdin_text = command.stdin_text;
  program.timeout = command.timeout;
  program.output_max = command.output_max;
  program.sink = sink;
  program.stop = std::move(stop);
  return run(program);
}

Status Containers::push(const ContainerSpec& spec, const guest::File& file) const {
  if (file.path.empty() || file.path.front() != '/')
    return invalid("%s: the path of a file to push is absolute", file.path);
  const auto temporary = file.path + ".gantry-new";
  const auto in_guest = [&](std::vector<std::string> argv, std::string text) -> Status {
    guest::Command command{.argv = std::move(argv), .stdin_text = std::move(text)};
    GANTRY_TRY_ASSIGN(const auto exit, exec(spec, command, {}, nullptr));
    if (exit.code == 0) return {};
    return error(ErrorClass::remote, "%s: %s", file.path, std::string(trim(exit.err)));
  };
  // dd leaves the umask of the caller out of it once install has made the file.
  const auto mode = absl::StrFormat("%04o", file.mode);
  GANTRY_TRY(in_guest(
      {"install", "-m", mode, "-o", file.owner, "-g", file.group, "/dev/null", temporary}, ""));
  GANTRY_TRY(in_guest({"dd", "status=none", "bs=65536", "of=" + temporary}, file.content));
  return in_guest({"mv", "-fT", temporary, file.path}, "");
}

}  // namespace gantry::lab::lxc
