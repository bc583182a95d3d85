#pragma once
// Templates: root file systems to make containers of, built once a user and kept in a cache.
#include <memory>
#include <string>
#include <vector>

#include "pkg/base/status.h"
#include "pkg/lab/lxc/process.h"

namespace gantry::lab::lxc {

// Where this machine's apt finds Debian: the mirrors are taken from its own sources, so that a
// proxy, a snapshot or a company's mirror is used for templates and packages too.
struct DebianMirrors {
  std::string main = "http://deb.debian.org/debian";
  std::string security = "http://deb.debian.org/debian-security";
  // Lines of sources.list for a release ("bookworm"): release, updates, security; `options` such as
  // "[signed-by=…]" after each "deb", or "".
  std::vector<std::string> lines(const std::string& suite, const std::string& options) const;
};
// From `apt-get indextargets`; the defaults above where it names none.
DebianMirrors find_mirrors();

// Debian's keys, as mmdebstrap and a private apt need them named.
inline constexpr const char* kDebianKeys = "/usr/share/keyrings/debian-archive-keyring.gpg";

struct Template {
  std::string name;     // as on a real server: debian-12-standard_12.0-1_amd64.tar.zst
  std::string archive;  // the file
  // The packages in it, as its /var/lib/dpkg/status says; empty: not known, and the lab's apt
  // repository does not fit it.
  std::string dpkg_status;
};

// Finds the Debian 12 template in `cache`, or builds it there (about 20 s; blocks). The recipe's
// version is part of the file's name and the file appears only when complete, so what is there is
// right. Two processes that build at once do not meet.
//
// Minimal systemd, ifupdown with a DHCP client, apt: nothing that an App asks for, and no source to
// install from (the lab names its own when a container is made).
// `stop` calls it off.
Result<Template> ensure_debian_12(const std::string& cache,
                                  std::shared_ptr<const StopSignal> stop = nullptr);

// ${XDG_CACHE_HOME:-~/.cache}/gantry/lab.
std::string default_cache();

}  // namespace gantry::lab::lxc
