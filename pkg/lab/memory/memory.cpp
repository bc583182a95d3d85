#include "pkg/lab/memory/memory.h"

#include "pkg/base/text.h"
#include "pkg/lab/memory/guest_shell.h"
#include "pkg/lab/property.h"
#include "pkg/pve/property_string.h"

namespace gantry::lab {

struct MemoryBackend::Container {
  // Its files, packages and units: made when somebody first looks inside, as most never do.
  std::unique_ptr<GuestSystem> system;
  std::string template_name;
  bool running = false;
  bool ignores_shutdown = false;
  int64_t pid = 0;
  Time started;
  std::map<std::string, std::string> nets;  // of its config, as last applied
  std::string rootfs;                       // the volume it lives on

  GuestSystem& inside() {
    if (system == nullptr) system = std::make_unique<GuestSystem>(fresh_system(template_name));
    return *system;
  }
};

namespace {

Status failed(const std::string& text) {
  return make_error(ErrorClass::task_failed, text);
}

// What every card has that is up.
constexpr const char* kLinkLocalAddress = "fe80::be24:11ff:fe15:c2bb/64";

// A DHCP server's answer: the same address for the same container and interface, always.
std::string dhcp_address(VmId vmid, const std::string& key) {
  const auto number = vmid.get() * 4 + parse_integer(key.substr(3)).value_or(0);
  return absl::StrFormat("10.%d.%d.%d/8", 16 + (number >> 16 & 0x7f), number >> 8 & 0xff,
                         number & 0xff);
}

std::vector<std::string> addresses_of(VmId vmid, const std::string& key, const std::string& net,
                                      bool dhcp) {
  auto parts = parse_properties(*find_property_format("net", true), net);
  std::vector<std::string> addresses;
  if (parts["ip"] == "dhcp")
    addresses.push_back(dhcp ? dhcp_address(vmid, key) : kLinkLocalAddress);
  if (parts["ip"].find('/') != std::string::npos) addresses.push_back(parts["ip"]);
  if (parts["ip6"].find('/') != std::string::npos) addresses.push_back(parts["ip6"]);
  return addresses;
}

// rsync's statistics, as a full clone's log ends (observed).
void log_copied(const GuestSystem& system, const LogSink& log) {
  const auto files = system.files.size();
  const auto folders = system.folders.size();
  log("");
  log(absl::StrFormat("Number of files: %d (reg: %d, dir: %d)", files + folders, files, folders));
  log(absl::StrFormat("Number of created files: %d (reg: %d, dir: %d)", files + folders, files,
                      folders));
  log("Number of deleted files: 0");
  log(absl::StrFormat("Number of regular files transferred: %d", files));
}

std::map<std::string, std::string> nets_of(const ContainerSpec& spec) {
  std::map<std::string, std::string> nets;
  for (const auto& [key, value] : spec.config) {
    if (starts_with(key, "net")) nets[key] = value;
  }
  return nets;
}

std::string interface_name(const std::string& net) {
  return parse_properties(*find_property_format("net", true), net)["name"];
}

}  // namespace

MemoryBackend::MemoryBackend(async::Clock& clock, Random& random, MemoryOptions options)
    : clock_(clock), random_(random), options_(std::move(options)) {}

MemoryBackend::~MemoryBackend() = default;

Async<Status> MemoryBackend::take(Duration duration) {
  const auto stretch = 1.0 + options_.timing.jitter * random_.unit();
  const auto stretched = std::chrono::duration_cast<Duration>(duration * stretch);
  co_return co_await clock_.sleep_for(stretched);
}

MemoryBackend::Container* MemoryBackend::find(VmId vmid) {
  const auto it = containers_.find(vmid);
  return it == containers_.end() ? nullptr : it->second.get();
}

GuestSystem* MemoryBackend::inside(VmId vmid) {
  auto* container = find(vmid);
  return container == nullptr ? nullptr : &container->inside();
}

void MemoryBackend::set_ignores_shutdown(VmId vmid, bool ignores) {
  if (auto* container = find(vmid); container != nullptr) container->ignores_shutdown = ignores;
}

void MemoryBackend::crash(VmId vmid) {
  if (auto* container = find(vmid); container != nullptr) go_down(*container);
}

void MemoryBackend::come_up(Container& container) {
  container.running = true;
  container.pid = next_pid_++;
  container.started = clock_.now();
}

void MemoryBackend::go_down(Container& container) {
  container.running = false;
  if (container.system == nullptr) return;
  container.system->booted = false;
  for (auto& [name, unit] : container.system->units) unit.active = false;
}

Async<Status> MemoryBackend::create(ContainerSpec spec, std::string template_name, LogSink log) {
  // A worker that dies from here on leaves a half-unpacked disk: no container, but a volume.
  GANTRY_CO_TRY(co_await take(options_.timing.create));
  const auto it = options_.templates.find(template_name);
  if (it == options_.templates.end()) co_return failed("no template '" + template_name + "'");
  auto container = std::make_unique<Container>();
  container->nets = nets_of(spec);
  container->rootfs = spec.rootfs.volid;
  container->template_name = std::move(template_name);
  containers_[spec.vmid] = std::move(container);
  log(absl::StrFormat("Total bytes read: %d (%s)", it->second * 3, human_bytes(it->second * 3)));
  co_return Status();
}

Async<Status> MemoryBackend::clone(ContainerSpec source, ContainerSpec target, LogSink log) {
  GANTRY_CO_TRY(co_await take(options_.timing.clone));
  const auto* original = find(source.vmid);
  if (original == nullptr) co_return failed("no container to copy from");
  auto copy = std::make_unique<Container>();
  copy->template_name = original->template_name;
  if (original->system != nullptr) copy->system = std::make_unique<GuestSystem>(*original->system);
  copy->nets = nets_of(target);
  copy->rootfs = target.rootfs.volid;
  go_down(*copy);
  log_copied(
      original->system == nullptr ? fresh_system(original->template_name) : *original->system, log);
  containers_[target.vmid] = std::move(copy);
  co_return Status();
}

Async<Status> MemoryBackend::start(ContainerSpec spec, LogSink) {
  GANTRY_CO_TRY(co_await take(options_.timing.start));
  auto* container = find(spec.vmid);
  if (container == nullptr) {
    co_return failed("volume '" + spec.rootfs.volid + "' does not exist");
  }
  container->nets = nets_of(spec);
  if (!container->running) come_up(*container);
  co_return Status();
}

Async<Status> MemoryBackend::stop(ContainerSpec spec, LogSink) {
  GANTRY_CO_TRY(co_await take(options_.timing.stop));
  if (auto* container = find(spec.vmid); container != nullptr) go_down(*container);
  co_return Status();
}

Async<Status> MemoryBackend::shutdown(ContainerSpec spec, Duration timeout, LogSink) {
  const auto* asked = find(spec.vmid);
  if (asked != nullptr && asked->ignores_shutdown) {
    GANTRY_CO_TRY(co_await clock_.sleep_for(timeout));
    co_return make_error(ErrorClass::timeout, "container did not stop");
  }
  GANTRY_CO_TRY(co_await take(std::min(timeout, options_.timing.shutdown)));
  if (auto* container = find(spec.vmid); container != nullptr) go_down(*container);
  co_return Status();
}

Async<Status> MemoryBackend::destroy(ContainerSpec spec, LogSink) {
  GANTRY_CO_TRY(co_await take(options_.timing.destroy));
  const auto* container = find(spec.vmid);
  if (container == nullptr) co_return Status();
  bool holds_rootfs = container->rootfs == spec.rootfs.volid;
  for (const auto& mount : spec.mounts) holds_rootfs |= container->rootfs == mount.volid;
  if (holds_rootfs) containers_.erase(spec.vmid);
  co_return Status();
}

Async<Status> MemoryBackend::move(ContainerSpec from, ContainerSpec to, LogSink) {
  GANTRY_CO_TRY(co_await take(options_.timing.move));
  auto* container = find(from.vmid);
  if (container == nullptr) co_return failed("volume '" + from.rootfs.volid + "' does not exist");
  container->rootfs = to.rootfs.volid;
  container->nets = nets_of(to);
  co_return Status();
}

namespace {

// Where the disk behind that key is mounted; "" when it is not.
std::string mount_path(const ContainerSpec& spec, const std::string& key) {
  const auto value = spec.config.find(key);
  if (value == spec.config.end()) return "";
  const auto mount = pve::PropertyString::parse(value->second, "volume");
  return mount.ok() ? mount->get("mp").value_or("") : "";
}

bool is_below(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/");
}

}  // namespace

// What is in a volume are the files below its mount point; those that it covers are not kept.
Async<Status> MemoryBackend::reassign(ContainerSpec from, std::string from_key, ContainerSpec to,
                                      std::string to_key) {
  GANTRY_CO_TRY(co_await take(options_.timing.reassign));
  auto* source = find(from.vmid);
  auto* target = find(to.vmid);
  if (source == nullptr || target == nullptr) co_return failed("no container to move a disk to");
  const auto old_folder = mount_path(from, from_key);
  const auto new_folder = mount_path(to, to_key);
  if (old_folder.empty() || new_folder.empty()) co_return failed("that disk is mounted nowhere");
  auto& files = target->inside().files;
  std::erase_if(files, [&](const auto& file) { return is_below(file.first, new_folder); });
  auto& moved = source->inside().files;
  for (const auto& [path, file] : moved)
    if (is_below(path, old_folder)) files[new_folder + path.substr(old_folder.size())] = file;
  std::erase_if(moved, [&](const auto& file) { return is_below(file.first, old_folder); });
  co_return Status();
}

Async<Result<int64_t>> MemoryBackend::save(ContainerSpec spec, std::string name, LogSink) {
  GANTRY_CO_TRY(co_await take(options_.timing.save));
  auto* container = find(spec.vmid);
  if (container == nullptr) co_return failed("volume '" + spec.rootfs.volid + "' does not exist");
  copies_[name] = container->inside();
  co_return int64_t{2508800};
}

Async<Status> MemoryBackend::load(ContainerSpec spec, std::string name, LogSink log) {
  GANTRY_CO_TRY(co_await take(options_.timing.save));
  const auto copy = copies_.find(name);
  if (copy == copies_.end()) co_return failed("there is no copy '" + name + "'");
  auto& container = containers_[spec.vmid];
  if (container == nullptr) container = std::make_unique<Container>();
  container->system = std::make_unique<GuestSystem>(copy->second);
  container->nets = nets_of(spec);
  container->rootfs = spec.rootfs.volid;
  go_down(*container);
  log("Total bytes read: 2508800 (2.4MiB, 210MiB/s)");
  co_return Status();
}

Async<Status> MemoryBackend::forget(std::string name) {
  copies_.erase(name);
  co_return Status();
}

Async<Status> MemoryBackend::add_disk(ContainerSpec, std::string) {
  co_return Status();
}

Async<Status> MemoryBackend::resize(ContainerSpec, std::string, int64_t) {
  co_return co_await take(options_.timing.resize);
}

Async<Status> MemoryBackend::apply(ContainerSpec spec) {
  if (auto* container = find(spec.vmid); container != nullptr) container->nets = nets_of(spec);
  co_return Status();
}

Async<Result<ContainerState>> MemoryBackend::inspect(ContainerSpec spec) {
  ContainerState state;
  auto* container = find(spec.vmid);
  if (container == nullptr) co_return state;
  state.exists = true;
  state.running = container->running;
  if (!container->running) co_return state;
  const auto uptime = clock_.now() - container->started;
  state.pid = container->pid;
  state.uptime_seconds = uptime / std::chrono::seconds(1);
  state.memory_used = int64_t{24} << 20;
  state.disk_used = int64_t{380} << 20;
  state.cpu = options_.cpu;
  if (uptime < options_.timing.boot) co_return state;
  if (container->system != nullptr && !container->system->booted) boot(*container->system);
  for (const auto& [key, value] : container->nets) {
    state.addresses[interface_name(value)] = addresses_of(spec.vmid, key, value, options_.dhcp);
  }
  co_return state;
}

Async<Result<guest::Exit>> MemoryBackend::exec(ContainerSpec spec, guest::Command command,
                                               guest::OutputSink sink) {
  GANTRY_CO_TRY(co_await take(options_.timing.exec));
  auto* container = find(spec.vmid);
  if (container == nullptr || !container->running) {
    co_return error(ErrorClass::remote, "container '%d' not running!", spec.vmid.get());
  }
  auto& system = container->inside();
  if (!system.booted && clock_.now() - container->started >= options_.timing.boot) {
    boot(system);
  }
  const auto packages_before = system.packages.size();
  std::optional<guest::Exit> exit;
  if (options_.program) exit = options_.program(spec.vmid, system, command);
  if (!exit.has_value())
    exit = GuestShell(system, options_.packages, options_.registry).run(command);
  const auto installed = static_cast<int64_t>(system.packages.size() - packages_before);
  if (installed > 0) {
    GANTRY_CO_TRY(co_await take(options_.timing.package * installed));
  }
  if (sink && !exit->out.empty()) sink(false, exit->out);
  if (sink && !exit->err.empty()) sink(true, exit->err);
  if (exit->out.size() > command.output_max) {
    exit->out.resize(command.output_max);
    exit->truncated = true;
  }
  co_return std::move(*exit);
}

Async<Status> MemoryBackend::push(ContainerSpec spec, guest::File file) {
  GANTRY_CO_TRY(co_await take(options_.timing.exec));
  auto* container = find(spec.vmid);
  if (container == nullptr || !container->running) {
    co_return error(ErrorClass::remote, "container '%d' not running!", spec.vmid.get());
  }
  container->inside().files[file.path] = {file.content, file.mode, file.owner, file.group};
  co_return Status();
}

Backend::Space MemoryBackend::space(NodeName, StorageId) const {
  return options_.space;
}

std::vector<std::string> MemoryBackend::bridges(NodeName) const {
  return options_.bridges;
}

}  // namespace gantry::lab
