#include "pkg/lab/lxc/repository.h"

#include <filesystem>

#include <fcntl.h>
#include <sys/file.h>

#include "pkg/base/log.h"
#include "pkg/base/text.h"
#include "pkg/lab/lxc/fd.h"
#include "pkg/lab/lxc/instance.h"
#include "pkg/lab/lxc/process.h"

namespace gantry::lab::lxc {
namespace {

namespace fs = std::filesystem;

constexpr int kRepositoryRecipe = 1;  // raise it with every change of what a repository is made of
constexpr auto kDownloadTimeout = std::chrono::minutes(15);

bool is_package_name(const std::string& name) {
  return name.size() > 1 &&
         std::ranges::all_of(name,
                             [](char c) {
                               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                                      c == '+' || c == '-' || c == '.';
                             }) &&
         name.front() != '-';
}

// An apt of its own: its own lists, its own idea of what is installed, Debian's mirrors only.
class PrivateApt {
 public:
  static Result<PrivateApt> prepare(const std::string& folder, const Template& base,
                                    std::shared_ptr<const StopSignal> stop) {
    std::error_code code;
    for (const auto* part : {"etc/apt/preferences.d", "etc/apt/apt.conf.d",
                             "var/lib/apt/lists/partial", "var/cache/apt/archives/partial"})
      fs::create_directories(folder + "/" + part, code);
    const auto lines =
        find_mirrors().lines("bookworm", "[signed-by=" + std::string(kDebianKeys) + "]");
    GANTRY_TRY(write_file(folder + "/etc/apt/sources.list", join(lines, "\n") + "\n", 0644));
    PrivateApt apt(folder, base.dpkg_status, std::move(stop));
    GANTRY_TRY(apt.run({"update"}).status());
    return apt;
  }

  // Puts the package's .deb and those it needs beyond the template into archives().
  Status download(const std::string& package) const {
    auto done = run({"install", "--download-only", "--yes", package});
    return annotate(done.status(), "package " + package);
  }
  std::string archives() const { return folder_ + "/var/cache/apt/archives"; }

 private:
  PrivateApt(std::string folder, std::string status, std::shared_ptr<const StopSignal> stop)
      : folder_(std::move(folder)), status_(std::move(status)), stop_(std::move(stop)) {}

  Result<std::string> run(const std::vector<std::string>& arguments) const {
    std::vector<std::string> argv = {"apt-get", "-q"};
    for (const std::string& option :
         {"Dir::Etc=" + folder_ + "/etc/apt", "Dir::State=" + folder_ + "/var/lib/apt",
          "Dir::State::status=" + status_, "Dir::Cache=" + folder_ + "/var/cache/apt",
          // Nobody else uses these folders, and a lock file would appear beside the template.
          std::string("Debug::NoLocking=true"), std::string("Acquire::Check-Valid-Until=false"),
          std::string("Acquire::Languages=none"),
          // The sandbox user could not write into a cache below somebody's home.
          std::string("APT::Sandbox::User=root"), std::string("APT::Install-Recommends=false")})
      argv.insert(argv.end(), {"-o", option});
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    Program program{.argv = std::move(argv)};
    program.environment = {"DEBIAN_FRONTEND=noninteractive"};
    program.timeout = kDownloadTimeout;
    program.stop = stop_;
    return run_checked(program);
  }

  std::string folder_, status_;
  std::shared_ptr<const StopSignal> stop_;
};

// A key pair that signs one repository and is forgotten: nobody signs a second time.
class SigningKey {
 public:
  static Result<SigningKey> make() {
    // A short path: gpg-agent's socket lies in it.
    auto home = (fs::temp_directory_path() / "gantry-gpg-XXXXXX").string();
    if (mkdtemp(home.data()) == nullptr) return os_error("cannot make " + home);
    SigningKey key(std::move(home));
    GANTRY_TRY(key.gpg({"--passphrase", "", "--quick-generate-key", "gantry-lab repository",
                        "ed25519", "sign", "never"})
                   .status());
    return key;
  }
  SigningKey(SigningKey&& other) noexcept : home_(std::exchange(other.home_, "")) {}
  SigningKey& operator=(SigningKey&&) = delete;
  ~SigningKey() {
    if (home_.empty()) return;
    const auto ended =
        run_checked(Program{.argv = {"gpgconf", "--homedir", home_, "--kill", "gpg-agent"}});
    if (!ended.ok()) log::warn("gpg-agent not ended", {{"error", ended.status()}});
    std::error_code code;
    fs::remove_all(home_, code);
  }

  Result<std::string> public_half() const { return gpg({"--armor", "--export"}); }
  Status clear_sign(const std::string& file, const std::string& target) const {
    return gpg({"--clearsign", "--output", target, file}).status();
  }

 private:
  explicit SigningKey(std::string home) : home_(std::move(home)) {}
  Result<std::string> gpg(std::vector<std::string> arguments) const {
    std::vector<std::string> argv = {"gpg", "--homedir", home_, "--batch", "--quiet", "--yes"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return run_checked(Program{.argv = std::move(argv)});
  }
  std::string home_;
};

// Packages, Release, InRelease and the key of a folder with pool/*.deb.
Status make_index(const std::string& folder) {
  const auto in_folder = [&folder](std::vector<std::string> rest) {
    std::vector<std::string> argv = {"env", "-C", folder, "apt-ftparchive"};
    argv.insert(argv.end(), rest.begin(), rest.end());
    Program program{.argv = std::move(argv)};
    program.output_max = size_t{64} << 20;
    program.timeout = std::chrono::minutes(2);
    return run_checked(program);
  };
  GANTRY_TRY_ASSIGN(const auto packages, in_folder({"packages", "pool"}));
  GANTRY_TRY(write_file(folder + "/Packages", packages, 0644));
  GANTRY_TRY(run_checked(Program{.argv = {"xz", "--keep", folder + "/Packages"}}).status());
  GANTRY_TRY_ASSIGN(const auto release,
                    in_folder({"-o", "APT::FTPArchive::Release::Origin=gantry-lab", "-o",
                               "APT::FTPArchive::Release::Suite=bookworm", "release", "."}));
  GANTRY_TRY(write_file(folder + "/Release", release, 0644));
  GANTRY_TRY_ASSIGN(const auto key, SigningKey::make());
  GANTRY_TRY_ASSIGN(const auto public_half, key.public_half());
  GANTRY_TRY(write_file(folder + "/key.asc", public_half, 0644));
  return key.clear_sign(folder + "/Release", folder + "/InRelease");
}

Status fill(const std::string& work, const Template& base, const std::vector<std::string>& packages,
            std::shared_ptr<const StopSignal> stop) {
  std::error_code code;
  GANTRY_TRY_ASSIGN(const auto apt, PrivateApt::prepare(work + "/apt", base, std::move(stop)));
  for (const auto& package : packages) GANTRY_TRY(apt.download(package));
  fs::create_directories(work + "/repository/pool", code);
  for (const auto& entry : fs::directory_iterator(apt.archives(), code)) {
    if (entry.path().extension() != ".deb") continue;
    fs::rename(entry.path(), fs::path(work + "/repository/pool") / entry.path().filename(), code);
    if (code) return internal("%s: %s", entry.path().string(), code.message());
  }
  return make_index(work + "/repository");
}

// Fills `folder` by way of a working folder, so that it appears complete or not at all.
Status build(const std::string& folder, const std::string& root, const Template& base,
             const std::vector<std::string>& packages, std::shared_ptr<const StopSignal> stop) {
  log::info("fetching packages for the lab's repository", {{"packages", join(packages, " ")}});
  std::error_code code;
  const auto work = root + "/building";
  fs::remove_all(work, code);
  fs::create_directories(work, code);
  if (auto filled = fill(work, base, packages, std::move(stop)); !filled.ok())
    return annotate(std::move(filled), "the lab's apt repository");
  fs::rename(work + "/repository", folder, code);
  if (code) return internal("%s: %s", folder, code.message());
  fs::remove_all(work, code);
  return {};
}

}  // namespace

std::string Repository::source(const std::string& url) const {
  std::string text = "Types: deb\nURIs: " + url + "\nSuites: ./\nSigned-By:\n";
  // A key inside a deb822 field: every line indented, empty ones written as a dot.
  for (const auto& line : split(trim(public_key), '\n'))
    text += " " + (line.empty() ? "." : line) + "\n";
  return text;
}

Result<Repository> ensure_repository(const std::string& cache, const Template& base,
                                     std::vector<std::string> packages,
                                     std::shared_ptr<const StopSignal> stop) {
  std::ranges::sort(packages);
  packages.erase(std::unique(packages.begin(), packages.end()), packages.end());
  for (const auto& package : packages)
    if (!is_package_name(package)) return invalid("%s is no name of a package", package);
  const auto root = cache + "/apt";
  std::error_code code;
  fs::create_directories(root, code);
  if (code) return invalid("cache %s: %s", root, code.message());
  const Fd lock(open((root + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!lock.valid() || flock(lock.get(), LOCK_EX) != 0) return os_error("cache " + root);

  Repository result;
  const auto what = base.name + " " + std::to_string(kRepositoryRecipe) + " " + join(packages, " ");
  result.folder = root + absl::StrFormat("/%08x", fingerprint(what));
  if (!fs::exists(result.folder))
    GANTRY_TRY(build(result.folder, root, base, packages, std::move(stop)));
  GANTRY_TRY_ASSIGN(result.public_key, read_file(result.folder + "/key.asc"));
  return result;
}

Async<std::optional<http::Response>> FileHandler::handle(http::Request request, http::Peer,
                                                         http::ResponseStream&) {
  http::Response response;
  // apt asks for "/./InRelease", which is no target that people would send.
  const auto shorter =
      starts_with(request.target, "/./") ? request.target.substr(2) : request.target;
  const auto target = http::parse_target(shorter);
  const bool reads = request.method == "GET" || request.method == "HEAD";
  response.status = !reads ? 405 : 404;
  if (!reads || !target.ok()) co_return response;
  std::string path = folder_;
  for (const auto& segment : target->segments) {
    if (segment == ".") continue;  // apt asks for "./InRelease"
    if (segment.empty() || segment == ".." || segment.find('/') != segment.npos) co_return response;
    path += "/" + segment;
  }
  auto job = [path]() -> Result<std::string> {
    if (!fs::is_regular_file(path)) return not_found("%s", path);
    return read_file(path);
  };
  auto content = co_await pool_.run(std::move(job));
  if (!content.ok()) co_return response;
  response.status = 200;
  response.headers["Content-Type"] = "application/octet-stream";
  response.body = std::move(*content);
  co_return response;
}

}  // namespace gantry::lab::lxc
