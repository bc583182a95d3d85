#include "pkg/lab/memory/guest_docker.h"

#include <algorithm>

#include "pkg/base/text.h"
#include "pkg/crypto/digest.h"
#include "pkg/lab/memory/shell_words.h"
#include "pkg/schema/json.h"

namespace gantry::lab {

struct GuestDocker::Project {
  std::string name;
  std::string environment;
  Json services = Json::object();
  Words rest;  // the words after the options: "up", "-d", …
  bool says(const std::string& word) const {
    return std::find(rest.begin(), rest.end(), word) != rest.end();
  }
};

namespace {

bool takes_value(const std::string& option) {
  return option == "--ansi" || option == "--project-name" || option == "--project-directory" ||
         option == "--env-file" || option == "-f";
}

// "Up 2 minutes (unhealthy)" is said of one that runs.
std::string state_of(const std::string& status) {
  return to_lower(status.substr(0, status.find(' '))) == "up"
             ? "running"
             : to_lower(status.substr(0, status.find(' ')));
}

}  // namespace

void stop_services(GuestDockerState& docker) {
  for (auto& [key, service] : docker.services) {
    if (service.state == "exited") continue;
    service.state = "exited";
    service.status = "Exited (137) 5 seconds ago";
  }
}

bool GuestDocker::has_package(const std::string& debian, const std::string& alpine) const {
  return system_.packages.contains(debian) || system_.packages.contains(alpine);
}

bool GuestDocker::daemon_runs() const {
  const auto unit = system_.units.find("docker.service");
  return unit != system_.units.end() && unit->second.active;
}

guest::Exit GuestDocker::run(const Words& words) {
  if (!has_package("docker.io", "docker")) return exit_with(127, "", "docker: not found\n");
  const auto names = operands(words);
  const std::string verb = names.empty() ? "" : names[0];
  if (verb == "compose") return run_compose(Words(words.begin() + 2, words.end()));
  if (!daemon_runs())
    return exit_with(1, "", "Cannot connect to the Docker daemon. Is the docker daemon running?\n");
  if (verb == "info") return exit_with(0, system_.docker.driver + "\n");
  if (verb == "pull") return pull(names.back());
  if (verb == "ps") return list(words);
  if (verb == "logs") return exit_with(0, "", system_.docker.last_words + "\n");
  if (verb == "tag") return tag(names);
  if (verb == "inspect") {
    if (words[3].find(".Config.Image") != std::string::npos) return list_images();
    const bool asks_mounts = words[3].find(".Mounts") != std::string::npos;
    return exit_with(0, asks_mounts ? system_.docker.mounts : "false\n");
  }
  if (verb == "image") return inspect_image(words);
  return exit_with(1, "", "docker: '" + verb + "' is not a docker command.\n");
}

namespace {

// "registry.lan:5000/wiki" of "registry.lan:5000/wiki:2" and of "registry.lan:5000/wiki@sha256:…".
std::string repository_of(const std::string& image) {
  const auto name = image.substr(0, image.find('@'));
  const auto colon = name.rfind(':');
  const bool has_tag = colon != std::string::npos && name.find('/', colon) == std::string::npos;
  return has_tag ? name.substr(0, colon) : name;
}

guest::Exit no_such_image(const std::string& image) {
  return exit_with(1, "", "Error: No such image: " + image + "\n");
}

}  // namespace

std::string GuestDocker::digest_of(const std::string& image) const {
  if (const auto at = image.find('@'); at != std::string::npos) return image.substr(at + 1);
  const auto moved = registry_.digests.find(image);
  return moved == registry_.digests.end() ? "sha256:" + crypto::sha256_hex(image) : moved->second;
}

guest::Exit GuestDocker::tag(const Words& names) {
  const auto known = system_.docker.images.find(names[1]);
  if (known == system_.docker.images.end()) return no_such_image(names[1]);
  system_.docker.images[names[2]] = known->second;
  return exit_with(0);
}

// By name: its id. By ids: each, and by which digest it was pulled.
guest::Exit GuestDocker::inspect_image(const Words& words) const {
  const auto& images = system_.docker.images;
  if (words[4].find(".RepoDigests") == std::string::npos) {
    const auto& wanted = words.back();
    const auto known = std::ranges::find_if(images, [&wanted](const auto& image) {
      return image.first == wanted || repository_of(image.first) + "@" + image.second == wanted;
    });
    return known == images.end() ? no_such_image(wanted) : exit_with(0, known->second + "\n");
  }
  std::string lines;
  for (size_t i = 5; i < words.size(); ++i) {
    for (const auto& [name, digest] : images) {
      if (digest != words[i]) continue;
      lines += digest + " " + repository_of(name) + "@" + digest + "\n";
      break;
    }
  }
  return exit_with(0, lines);
}

// Of every container: its service, the image as it was asked for, the image's id.
guest::Exit GuestDocker::list_images() const {
  std::string lines;
  for (const auto& [key, service] : system_.docker.services)
    lines += key.substr(key.find('/') + 1) + "\t" + service.image + "\t" + service.id + "\n";
  return exit_with(0, lines);
}

guest::Exit GuestDocker::pull(const std::string& image) {
  const bool by_digest = image.find('@') != std::string::npos;
  const bool is_offered = registry_.images.empty() || registry_.images.contains(image);
  if (by_digest ? registry_.gone.contains(digest_of(image)) : !is_offered)
    return exit_with(1, "",
                     "Error response from daemon: manifest for " + image +
                         " not found: manifest unknown: manifest unknown\n");
  system_.docker.images[image] = digest_of(image);
  ++system_.docker.pulls;
  return exit_with(0, "a1: Pulling fs layer\na1: Pull complete\nStatus: Downloaded newer image\n");
}

guest::Exit GuestDocker::run_compose(const Words& words) {
  if (!has_package("docker-compose", "docker-cli-compose"))
    return exit_with(1, "", "docker: 'compose' is not a docker command.\n");
  if (!words.empty() && words[0] == "version") return exit_with(0, "2.26.1\n");
  Project project;
  auto read = read_project(words, project);
  if (read.code != 0 || project.rest.empty()) return read;
  if (project.rest[0] == "config") return config(project);
  if (!daemon_runs())
    return exit_with(1, "", "Cannot connect to the Docker daemon. Is the docker daemon running?\n");
  if (project.rest[0] == "up") return up(project);
  return exit_with(1, "", "unknown docker command: \"compose " + project.rest[0] + "\"\n");
}

// Only the first file's services count: the second is Gantry's own addition to them.
guest::Exit GuestDocker::read_project(const Words& words, Project& project) const {
  std::string path;
  size_t at = 0;
  while (at + 1 < words.size() && takes_value(words[at])) {
    if (words[at] == "--project-name") project.name = words[at + 1];
    if (words[at] == "-f" && path.empty()) path = words[at + 1];
    if (words[at] == "--env-file") {
      const auto file = system_.files.find(words[at + 1]);
      if (file == system_.files.end())
        return exit_with(14, "", "couldn't find env file: " + words[at + 1] + "\n");
      project.environment = file->second.content;
    }
    at += 2;
  }
  project.rest.assign(words.begin() + static_cast<std::ptrdiff_t>(at), words.end());
  const auto file = system_.files.find(path);
  if (file == system_.files.end())
    return exit_with(14, "", "open " + path + ": no such file or directory\n");
  const auto documents = schema::parse_yaml(file->second.content);
  const auto* services =
      documents.ok() && !documents->empty() ? documents->front().value.find("services") : nullptr;
  if (services == nullptr || !services->is_object())
    return exit_with(15, "", "validating " + path + ": services must be a mapping\n");
  project.services = *services;
  return exit_with(0);
}

guest::Exit GuestDocker::config(const Project& project) const {
  std::string lines;
  for (const auto& [name, service] : project.services.as_object()) {
    if (project.says("--images")) lines += service.string_or("image", "") + "\n";
    if (project.says("--services")) lines += name + "\n";
  }
  return exit_with(0, lines);
}

void GuestDocker::start(const std::string& key, const std::string& image, const std::string& hash) {
  auto& service = system_.docker.services[key];
  const auto sick = registry_.sick.find(image);
  service.image = image;
  service.id = system_.docker.images.at(image);
  service.hash = hash;
  service.status = sick == registry_.sick.end() ? "Up 2 seconds" : sick->second;
  service.state = state_of(service.status);
  ++service.starts;
}

guest::Exit GuestDocker::up(const Project& project) {
  auto& services = system_.docker.services;
  for (const auto& [name, service] : project.services.as_object()) {
    const auto image = service.string_or("image", "");
    if (!system_.docker.images.contains(image))
      return exit_with(1, "", "Error response from daemon: No such image: " + image + "\n");
    const auto hash = crypto::sha256_hex(schema::to_json(service) + project.environment +
                                         system_.docker.images.at(image));
    const auto key = project.name + "/" + name;
    const auto old = services.find(key);
    const bool same = old != services.end() && old->second.hash == hash &&
                      old->second.state == "running" && !project.says("--force-recreate");
    if (!same) start(key, image, hash);
  }
  std::erase_if(services, [&project](const auto& entry) {
    const auto slash = entry.first.find('/');
    return entry.first.substr(0, slash) == project.name &&
           project.services.find(entry.first.substr(slash + 1)) == nullptr;
  });
  return exit_with(0, "", "Container Started\n");
}

guest::Exit GuestDocker::list(const Words& words) const {
  std::string project;
  for (const auto& word : words) {
    if (starts_with(word, "label=com.docker.compose.project="))
      project = word.substr(word.rfind('=') + 1);
  }
  std::string lines;
  for (const auto& [key, service] : system_.docker.services) {
    const auto slash = key.find('/');
    if (key.substr(0, slash) != project) continue;
    lines += absl::StrFormat("%s%d\t%s\t%s\t%s\n", key.substr(slash + 1), service.starts,
                             key.substr(slash + 1), service.state, service.status);
  }
  return exit_with(0, lines);
}

}  // namespace gantry::lab
