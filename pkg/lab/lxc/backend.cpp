#include "pkg/lab/lxc/backend.h"

#include <filesystem>

#include <sys/statvfs.h>

#include "pkg/async/deadline.h"
#include "pkg/base/log.h"
#include "pkg/lab/lxc/added_bridges.h"
#include "pkg/lab/lxc/process.h"

namespace gantry::lab::lxc {
namespace {

namespace fs = std::filesystem;

constexpr size_t kWorkThreads = 8;      // creates, starts, inspections at a time
constexpr size_t kCommandThreads = 16;  // commands inside containers; each may take minutes
constexpr size_t kQueueMax = 1024;

}  // namespace

LxcBackend::LxcBackend(BackendOptions options)
    : containers_(std::make_shared<const Containers>(options.instance, options.bridges,
                                                     options.nameserver)),
      options_(std::move(options)),
      work_("lxc", kWorkThreads, kQueueMax),
      commands_("lxc commands", kCommandThreads, kQueueMax) {}

LxcBackend::~LxcBackend() = default;

Async<Status> LxcBackend::create(ContainerSpec spec, std::string template_name, LogSink log) {
  const auto base = template_name.substr(template_name.rfind('/') + 1);
  const auto found = std::ranges::find(options_.templates, base, &Template::name);
  if (found == options_.templates.end())
    co_return not_found("unable to open file '%s' - No such file or directory", template_name);
  std::map<std::string, std::string> files;
  if (!options_.apt_source.empty() && !found->dpkg_status.empty())
    files["/etc/apt/sources.list.d/gantry-lab.sources"] = options_.apt_source;
  log("extracting archive '" + found->archive + "'");
  auto job = [containers = containers_, spec, archive = found->archive, files] {
    return containers->create(spec, archive, files);
  };
  co_return co_await work_.run(std::move(job));
}

Async<Status> LxcBackend::clone(ContainerSpec source, ContainerSpec target, LogSink log) {
  log(absl::StrFormat("create full clone of mountpoint rootfs (%s)", source.rootfs.volid));
  auto job = [containers = containers_, source, target] {
    return containers->copy(source, target);
  };
  co_return co_await work_.run(std::move(job));
}

Async<Status> LxcBackend::start(ContainerSpec spec, LogSink) {
  auto job = [containers = containers_, spec] { return containers->start(spec); };
  co_return co_await work_.run(std::move(job));
}

Async<Status> LxcBackend::stop(ContainerSpec spec, LogSink) {
  auto job = [containers = containers_, spec] { return containers->kill(spec); };
  co_return co_await work_.run(std::move(job));
}

Async<Status> LxcBackend::shutdown(ContainerSpec spec, Duration timeout, LogSink) {
  auto job = [containers = containers_, spec, timeout] {
    return containers->shutdown(spec, timeout);
  };
  co_return co_await work_.run(std::move(job));
}

Async<Status> LxcBackend::destroy(ContainerSpec spec, LogSink) {
  auto job = [containers = containers_, spec] { return containers->destroy(spec); };
  co_return co_await work_.run(std::move(job));
}

Async<Status> LxcBackend::move(ContainerSpec from, ContainerSpec to, LogSink) {
  auto job = [containers = containers_, from, to] { return containers->move(from, to); };
  co_return co_await work_.run(std::move(job));
}

Async<Status> LxcBackend::reassign(ContainerSpec from, std::string from_key, ContainerSpec to,
                                   std::string to_key) {
  auto job = [containers = containers_, from, from_key, to, to_key] {
    return containers->reassign(from, from_key, to, to_key);
  };
  co_return co_await work_.run(std::move(job));
}

Async<Status> LxcBackend::add_disk(ContainerSpec spec, std::string key) {
  auto job = [containers = containers_, spec, key] { return containers->add_disk(spec, key); };
  co_return co_await work_.run(std::move(job));
}

Async<Status> LxcBackend::resize(ContainerSpec, std::string, int64_t) {
  co_return Status();
}

Async<Status> LxcBackend::apply(ContainerSpec spec) {
  auto job = [containers = containers_, spec] { return containers->apply(spec); };
  co_return co_await work_.run(std::move(job));
}

Async<Result<ContainerState>> LxcBackend::inspect(ContainerSpec spec) {
  auto job = [containers = containers_, spec] { return containers->inspect(spec); };
  co_return co_await work_.run(std::move(job));
}

Async<Result<guest::Exit>> LxcBackend::exec(ContainerSpec spec, guest::Command command,
                                            guest::OutputSink sink) {
  const auto executor = co_await async::this_executor();
  // The sink belongs to the caller's thread; pieces keep their order on the way there, and none
  // comes after this call.
  auto open = std::make_shared<bool>(true);
  guest::OutputSink forward = [executor, sink, open](bool is_stderr, std::string piece) {
    executor.execute([sink, open, is_stderr, piece = std::move(piece)] {
      if (*open && sink) sink(is_stderr, piece);
    });
  };
  auto stop = std::make_shared<const StopSignal>();
  auto job = [containers = containers_, spec, command, forward, stop] {
    return containers->exec(spec, command, forward, stop);
  };
  auto exit = co_await commands_.run(std::move(job));
  *open = false;
  if (!exit.ok() && error_class(exit.status()) == ErrorClass::cancelled) stop->set();
  co_return exit;
}

Async<Status> LxcBackend::push(ContainerSpec spec, guest::File file) {
  auto job = [containers = containers_, spec, file] { return containers->push(spec, file); };
  co_return co_await commands_.run(std::move(job));
}

std::map<std::string, int64_t> LxcBackend::templates() const {
  std::map<std::string, int64_t> result;
  for (const auto& each : options_.templates) {
    std::error_code code;
    const auto size = fs::file_size(each.archive, code);
    if (!code) result[each.name] = static_cast<int64_t>(size);
  }
  return result;
}

Backend::Space LxcBackend::space(NodeName, StorageId) const {
  struct statvfs info {};
  if (statvfs(options_.instance.folder.c_str(), &info) != 0) return {};
  const auto block = static_cast<int64_t>(info.f_frsize);
  const auto total = static_cast<int64_t>(info.f_blocks) * block;
  return {.total = total, .used = total - static_cast<int64_t>(info.f_bavail) * block};
}

std::vector<std::string> LxcBackend::bridges(NodeName) const {
  std::vector<std::string> names;
  for (const auto& [name, host] : options_.bridges) names.push_back(name);
  return names;
}

Async<Status> LxcBackend::set_added_bridges(std::vector<std::string> names) {
  for (const auto& [own, host] : options_.bridges) std::erase(names, own);
  auto job = [instance = options_.instance, names] {
    return lxc::set_added_bridges(instance, names);
  };
  co_return co_await work_.run(std::move(job));
}

void remove_containers(const Instance& instance) {
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(instance.lxc_folder(), code)) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with(instance.name + "-")) continue;
    const auto stopped =
        run(Program{.argv = {"lxc-stop", "-P", instance.lxc_folder(), "-n", name, "-k"},
                    .timeout = std::chrono::seconds(20)});
    if (!stopped.ok()) log::warn("container not stopped", {{"name", name}});
  }
  fs::remove_all(instance.lxc_folder(), code);
  fs::remove_all(instance.volumes_folder(), code);
  if (code) log::warn("volumes not removed", {{"folder", instance.volumes_folder()}});
}

}  // namespace gantry::lab::lxc
