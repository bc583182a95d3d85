#include "controllers/app/bootstrap/volume_access.h"

#include <algorithm>

#include "pkg/base/text.h"

namespace gantry::controllers::app {
namespace {

constexpr const char* kInspectFormat =
    "{{println .Config.User}}{{range .Mounts}}{{println .Destination .Source}}{{end}}";

bool is_denial(const std::string& words) {
  const auto said = to_lower(words);
  for (const char* word : {"permission denied", "eacces", "operation not permitted"}) {
    if (said.find(word) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

Mounts read_mounts(const std::string& text) {
  const auto lines = split(text, '\n');
  Mounts mounts;
  if (lines.empty()) return mounts;
  mounts.user = trim(lines.front());
  for (size_t i = 1; i < lines.size(); ++i) {
    const auto space = lines[i].find(' ');
    if (space == std::string::npos) continue;
    mounts.all.push_back({lines[i].substr(0, space), std::string(trim(lines[i].substr(space)))});
  }
  return mounts;
}

const Mounts::Mount* denied_mount(const Mounts& mounts, const std::string& words) {
  if (!is_denial(words)) return nullptr;
  const Mounts::Mount* found = nullptr;
  for (const auto& mount : mounts.all) {
    const bool is_nearer = found == nullptr || mount.inside.size() > found->inside.size();
    if (is_nearer && words.find(mount.inside) != std::string::npos) found = &mount;
  }
  return found;
}

Async<std::string> explain_denied(Setup& setup, std::string id, std::string words) {
  if (!is_denial(words)) co_return std::string();
  auto asked = co_await setup.ask(argv_of("docker", "inspect", "--format", kInspectFormat, id));
  if (!asked.ok()) co_return std::string();
  const auto mounts = read_mounts(asked->out);
  const auto* mount = denied_mount(mounts, words);
  if (mount == nullptr) co_return std::string();
  auto owner = co_await setup.ask(argv_of("stat", "-c", "%u:%g", mount->source));
  const bool is_known = owner.ok() && owner->code == 0;
  const std::string whose = is_known ? std::string(trim(owner->out)) : "somebody else";
  const std::string runs_as = mounts.user.empty() ? "a user of its image" : mounts.user;
  co_return absl::StrFormat(
      "%s, mounted at %s, belongs to %s and the service runs as %s: in the container, chown it to "
      "that user",
      mount->source, mount->inside, whose, runs_as);
}

}  // namespace gantry::controllers::app
