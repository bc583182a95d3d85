#include "pkg/lab/lxc/templates.h"

#include <cstdlib>
#include <filesystem>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "pkg/base/log.h"
#include "pkg/base/text.h"
#include "pkg/lab/lxc/fd.h"
#include "pkg/lab/lxc/process.h"

namespace gantry::lab::lxc {
namespace {

namespace fs = std::filesystem;

// Raise it with every change of what build() puts in.
constexpr int kTemplateRecipe = 3;
constexpr const char* kPackages =
    // usr-is-merged instead of usrmerge, which would bring all of Perl: half of the files.
    "systemd-sysv,dbus,ifupdown,isc-dhcp-client,iproute2,netbase,procps,usr-is-merged";

std::string architecture() {
  const auto printed = run_checked(Program{.argv = {"dpkg", "--print-architecture"}});
  return printed.ok() ? std::string(trim(*printed)) : "amd64";
}

// Runs in mmdebstrap's hooks, where "$1" is the new root; constant text, no outside data.
constexpr const char* kCustomize =
    "set -e; cd \"$1\"; : >etc/apt/sources.list; rm -f etc/apt/sources.list.d/*; "
    "echo localhost >etc/hostname; : >etc/resolv.conf; : >etc/machine-id; "
    "printf 'auto lo\\niface lo inet loopback\\n' >etc/network/interfaces; "
    // Fails in every unprivileged container and makes systemd call itself degraded.
    "ln -sf /dev/null etc/systemd/system/sys-kernel-debug.mount";

Status build(const DebianMirrors& mirrors, const std::string& target, const std::string& status,
             std::shared_ptr<const StopSignal> stop) {
  std::vector<std::string> argv = {
      "mmdebstrap", "--mode=root", "--variant=minbase", "--quiet", "--format=tar",
      // Half of a Debian's files nobody reads in a container; fewer files are unpacked faster.
      "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
      "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/info/*",
      "--dpkgopt=path-exclude=/usr/share/zoneinfo/right/*",
      "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr", "--keyring=/usr/share/keyrings",
      "--aptopt=Acquire::Check-Valid-Until \"false\"", std::string("--include=") + kPackages,
      std::string("--customize-hook=") + kCustomize,
      "--customize-hook=download /var/lib/dpkg/status " + status, "bookworm", target};
  for (const auto& line : mirrors.lines("bookworm", "")) argv.push_back(line);
  Program program{.argv = std::move(argv)};
  program.environment = {"TMPDIR=" + fs::path(target).parent_path().string()};
  program.timeout = std::chrono::minutes(25);
  program.stop = std::move(stop);
  return run_checked(program).status();
}

}  // namespace

std::vector<std::string> DebianMirrors::lines(const std::string& suite,
                                              const std::string& options) const {
  const auto deb = options.empty() ? std::string("deb ") : "deb " + options + " ";
  return {deb + main + " " + suite + " main", deb + main + " " + suite + "-updates main",
          deb + security + " " + suite + "-security main"};
}

DebianMirrors find_mirrors() {
  DebianMirrors mirrors;
  const auto listed =
      run_checked(Program{.argv = {"apt-get", "indextargets", "--format",
                                   "$(ORIGIN)|$(CODENAME)|$(SITE)", "Created-By: Packages"}});
  if (!listed.ok()) return mirrors;
  for (const auto& line : split(*listed, '\n')) {
    const auto parts = split(line, '|');
    if (parts.size() != 3 || parts[0] != "Debian") continue;
    const bool security = parts[1].find("-security") != std::string::npos;
    (security ? mirrors.security : mirrors.main) = parts[2];
  }
  return mirrors;
}

Result<Template> ensure_debian_12(const std::string& cache,
                                  std::shared_ptr<const StopSignal> stop) {
  const auto folder = cache + "/templates";
  std::error_code code;
  fs::create_directories(folder, code);
  if (code) return invalid("cache %s: %s", folder, code.message());
  const Fd lock(open((folder + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!lock.valid() || flock(lock.get(), LOCK_EX) != 0) return os_error("cache " + folder);

  Template result;
  result.name =
      absl::StrFormat("debian-12-standard_12.0-%d_%s.tar.zst", kTemplateRecipe, architecture());
  result.archive = folder + "/" + result.name;
  result.dpkg_status = result.archive + ".dpkg-status";
  if (fs::exists(result.archive) && fs::exists(result.dpkg_status)) return result;

  log::info("building the template; this happens once", {{"template", result.name}});
  const auto work = folder + "/building";
  fs::remove_all(work, code);
  fs::create_directories(work, code);
  const auto built = work + "/rootfs.tar.zst";
  auto done = build(find_mirrors(), built, work + "/status", std::move(stop));
  if (!done.ok()) return annotate(std::move(done), "template " + result.name);
  fs::rename(work + "/status", result.dpkg_status, code);
  if (!code) fs::rename(built, result.archive, code);
  if (code) return internal("template %s: %s", result.name, code.message());
  fs::remove_all(work, code);
  return result;
}

std::string default_cache() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache == '/')
    return std::string(cache) + "/gantry/lab";
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr && *home == '/' ? home : "/root") + "/.cache/gantry/lab";
}

}  // namespace gantry::lab::lxc
