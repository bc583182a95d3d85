#include "controllers/app/bootstrap/images.h"

#include <algorithm>
#include <map>

#include "controllers/app/bootstrap/compose_project.h"
#include "controllers/app/bootstrap/docker.h"
#include "controllers/app/bootstrap/symptoms.h"
#include "pkg/base/text.h"

namespace gantry::controllers::app {
namespace {

using std::chrono::minutes;

constexpr minutes kPull{10};  // without a line: one large layer shows nothing while it comes
constexpr const char* kId = "{{.Id}}";
// Fields divided by tabs: none of them has one.
constexpr const char* kContainer =
    "{{index .Config.Labels \"com.docker.compose.service\"}}\t{{.Config.Image}}\t{{.Image}}";
constexpr const char* kDigests = "{{.Id}} {{join .RepoDigests \" \"}}";

// A tag that is not there will not be there in a minute; everything else about a registry passes.
Status judged(Status pulled) {
  if (pulled.ok() || error_class(pulled) != ErrorClass::remote) return pulled;
  const auto said = to_lower(message_of(pulled));
  for (const char* words :
       {"manifest unknown", "not found", "denied", "invalid reference", "no space"})
    if (said.find(words) != std::string::npos) return diagnosed(std::move(pulled), "TPL-006");
  return with_code(make_error(ErrorClass::overload, message_of(pulled)), "TPL-006");
}

Async<Status> pull(Setup& setup, std::string image, std::string which) {
  setup.act("pulling " + image + " " + which);
  auto pulled = co_await setup.work(argv_of("docker", "pull", image), Patience(kPull));
  co_return judged(annotate(std::move(pulled), image));
}

Async<Result<std::vector<std::string>>> images_of(Setup& setup) {
  auto listed = co_await setup.must(compose(setup.workload(), argv_of("config", "--images")));
  if (!listed.ok()) co_return listed.status();
  std::vector<std::string> images;
  for (const auto& line : split(*listed, '\n')) {
    const std::string image(trim(line));
    if (!image.empty() && std::ranges::find(images, image) == images.end()) images.push_back(image);
  }
  std::ranges::sort(images);
  co_return images;
}

// Its id here; empty when it is not.
Async<Result<std::string>> id_of(Setup& setup, std::string image) {
  auto asked = co_await setup.ask(argv_of("docker", "image", "inspect", "--format", kId, image));
  if (!asked.ok()) co_return asked.status();
  co_return asked->code == 0 ? std::string(trim(asked->out)) : std::string();
}

std::string digest_of(const ResolvedCompose& compose, const std::string& image) {
  const auto known = std::ranges::find(compose.images, image, &UsedImage::image);
  return known == compose.images.end() ? "" : known->digest;
}

Async<Status> provide(Setup& setup, std::string image, std::string which) {
  GANTRY_CO_TRY_ASSIGN(const auto there, co_await id_of(setup, image));
  if (!there.empty()) co_return Status();
  GANTRY_CO_TRY(co_await pull(setup, image, which));
  GANTRY_CO_TRY_ASSIGN(const auto now, co_await id_of(setup, image));
  if (!now.empty()) co_return Status();
  co_return error(ErrorClass::remote, "%s is not there after its pull", image);
}

// The tag here is made to mean what it meant when this revision first ran.
Async<Status> provide_same(Setup& setup, std::string image, std::string digest, std::string which) {
  const auto exact = repository_of(image) + "@" + digest;
  auto provided = co_await provide(setup, exact, which);
  if (!provided.ok())
    co_return annotate(std::move(provided), "this revision ran " + image + " as " + digest +
                                                " (change the App to run what it means now)");
  GANTRY_CO_TRY_ASSIGN(const auto meant, co_await id_of(setup, exact));
  GANTRY_CO_TRY_ASSIGN(const auto means, co_await id_of(setup, image));
  if (means == meant) co_return Status();
  setup.act(image + " means " + digest);
  co_return co_await setup.change(argv_of("docker", "tag", exact, image));
}

}  // namespace

Async<Status> pull_images(Setup& setup) {
  setup.look("looking for the images");
  GANTRY_CO_TRY_ASSIGN(const auto images, co_await images_of(setup));
  int number = 0;
  for (const auto& image : images) {
    ++number;
    const auto which = absl::StrFormat("(%d of %d)", number, static_cast<int>(images.size()));
    const auto digest = digest_of(*setup.workload().compose, image);
    if (digest.empty()) {
      GANTRY_CO_TRY(co_await provide(setup, image, which));
    } else {
      GANTRY_CO_TRY(co_await provide_same(setup, image, digest, which));
    }
  }
  co_return Status();
}

std::string repository_of(const std::string& image) {
  const auto name = image.substr(0, image.find('@'));
  const auto colon = name.rfind(':');
  // A registry may have a port.
  const bool has_tag = colon != std::string::npos && name.find('/', colon) == std::string::npos;
  return has_tag ? name.substr(0, colon) : name;
}

namespace {

// "sha256:…" of the one that was pulled from there; of any, since Docker knows some by other names.
std::string digest_among(const std::vector<std::string>& known, const std::string& repository) {
  std::string any;
  for (const auto& each : known) {
    const auto at = each.find('@');
    if (at == std::string::npos) continue;
    if (any.empty() || each.substr(0, at) == repository) any = each.substr(at + 1);
  }
  return any;
}

}  // namespace

std::vector<UsedImage> read_images(const std::string& containers, const std::string& images) {
  std::map<std::string, std::vector<std::string>> digests;  // by id
  for (const auto& line : split(images, '\n')) {
    auto words = split(trim(line), ' ');
    if (words.size() > 1) digests[words[0]] = {words.begin() + 1, words.end()};
  }
  std::vector<UsedImage> used;
  for (const auto& line : split(containers, '\n')) {
    const auto fields = split(line, '\t');
    if (fields.size() != 3 || std::ranges::find(used, fields[0], &UsedImage::service) != used.end())
      continue;
    const auto id = std::string(trim(fields[2]));
    const auto digest = digest_among(digests[id], repository_of(fields[1]));
    if (!digest.empty()) used.push_back({fields[0], fields[1], digest});
  }
  std::ranges::sort(used, {}, &UsedImage::service);
  return used;
}

Async<Result<std::vector<UsedImage>>> used_images(Setup& setup) {
  GANTRY_CO_TRY_ASSIGN(const auto states, co_await states_of(setup));
  if (states.empty()) co_return std::vector<UsedImage>();
  auto words = argv_of("docker", "inspect", "--format", kContainer);
  for (const auto& state : states) words.push_back(state.id);
  const auto containers = co_await setup.must(words);
  if (!containers.ok()) co_return containers.status();
  words = argv_of("docker", "image", "inspect", "--format", kDigests);
  const auto lines = split(*containers, '\n');
  for (const auto& line : lines) {
    const auto fields = split(line, '\t');
    if (fields.size() == 3) words.emplace_back(trim(fields[2]));
  }
  const auto images = co_await setup.must(words);
  if (!images.ok()) co_return images.status();
  co_return read_images(*containers, *images);
}

}  // namespace gantry::controllers::app
