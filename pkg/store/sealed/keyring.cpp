#include "pkg/store/sealed/keyring.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/base/text.h"

namespace gantry::store {
namespace {

Status failed(const std::string& path, const char* what) {
  return invalid("%s: %s: %s", path, std::string(what), std::string(std::strerror(errno)));
}

// Plain lines, so that no parser's message can repeat a key.
Result<Keyring> parse(const std::string& path, std::istream& file) {
  Keyring ring;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    const auto text = trim(line);
    if (text.empty() || text.front() == '#' || text == "keys:") continue;
    const auto colon = text.find(": ");
    if (colon == std::string_view::npos)
      return invalid("%s: line %d: must be \"name: value\"", path, number);
    const std::string name(text.substr(0, colon));
    const auto value = trim(text.substr(colon + 2));
    if (name == "current") {
      ring.current = value;
      continue;
    }
    auto key = base64_decode(value);
    if (!key) return invalid("%s: line %d: the key is no base64", path, number);
    ring.keys[name] = *std::move(key);
  }
  const auto usable = ring.sealer();
  if (!usable.ok()) return annotate(usable.status(), path);
  return ring;
}

Status write_synced(const std::string& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return failed(path, "cannot be created");
  const bool written = ::write(fd, text.data(), text.size()) == std::ssize(text);
  const bool synced = ::fsync(fd) == 0;
  ::close(fd);
  return written && synced ? Status() : failed(path, "cannot be written");
}

Status sync_folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  const auto folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return failed(folder, "cannot be opened");
  const bool synced = ::fsync(fd) == 0;
  ::close(fd);
  return synced ? Status() : failed(folder, "cannot be synced");
}

}  // namespace

Keyring make_keyring(Random& random) {
  Keyring ring;
  rotate(ring, random);
  return ring;
}

void rotate(Keyring& ring, Random& random) {
  size_t number = ring.keys.size() + 1;
  const auto name_of = [](size_t n) { return "key-" + std::to_string(n); };
  while (ring.keys.contains(name_of(number))) ++number;
  ring.current = name_of(number);
  ring.keys[ring.current] = crypto::make_sealing_key(random);
}

Result<Keyring> load_keyring(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0)
    return errno == ENOENT ? not_found("%s: there is no such file", path)
                           : failed(path, "cannot be looked at");
  if ((found.st_mode & 077) != 0)
    return invalid("%s: others may read it; chmod 600 it, and rotate the key if they did", path);
  if (found.st_uid != ::geteuid() && found.st_uid != 0)
    return invalid("%s: it belongs to somebody else (uid %d)", path,
                   static_cast<int>(found.st_uid));
  std::ifstream file(path);
  if (!file) return failed(path, "cannot be read");
  return parse(path, file);
}

Status save_keyring(const std::string& path, const Keyring& ring) {
  std::string text =
      "# Opens the Secrets in Gantry's database. Keep a copy in a safe place: without\n"
      "# it they are lost. Not with the backups of the database.\n"
      "current: " +
      ring.current + "\nkeys:\n";
  for (const auto& [name, key] : ring.keys) text += "  " + name + ": " + base64_encode(key) + "\n";
  const auto temporary = path + ".new";
  ::unlink(temporary.c_str());
  GANTRY_TRY(write_synced(temporary, text));
  if (::rename(temporary.c_str(), path.c_str()) != 0) return failed(path, "cannot be replaced");
  return sync_folder_of(path);
}

}  // namespace gantry::store
