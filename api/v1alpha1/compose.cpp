#include "api/v1alpha1/compose.h"

#include <algorithm>
#include <functional>
#include <map>

#include "api/v1alpha1/compose_ports.h"
#include "api/v1alpha1/localhost.h"
#include "pkg/base/text.h"
#include "pkg/schema/json.h"

namespace gantry::api::v1alpha1 {

using namespace schema;

namespace {

bool starts_name(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_';
}
bool continues_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// Compose's own interpolation: "$$" is a dollar; "${NAME}" and "$NAME" must be set; "${NAME:-x}",
// "${NAME-x}", "${NAME:+x}" and "${NAME+x}" need not be.
void collect_variables(const std::string& text, std::set<std::string>& variables) {
  for (size_t at = text.find('$'); at != std::string::npos; at = text.find('$', at)) {
    ++at;
    if (at < text.size() && text[at] == '$') {
      ++at;
      continue;
    }
    const bool braced = at < text.size() && text[at] == '{';
    size_t end = braced ? ++at : at;
    if (end < text.size() && starts_name(text[end])) {
      while (end < text.size() && continues_name(text[end])) ++end;
    }
    const auto name = text.substr(at, end - at);
    at = end;
    if (name.empty()) continue;
    const auto rest = braced ? text.substr(end, 2) : std::string();
    const bool has_default = rest.starts_with(":-") || rest.starts_with("-") ||
                             rest.starts_with(":+") || rest.starts_with("+");
    if (!has_default) variables.insert(name);
  }
}

void walk_texts(const Json& value, const std::function<void(const std::string&)>& visit) {
  if (value.is_string()) visit(value.as_string());
  if (value.is_array()) {
    for (const auto& element : value.as_array()) walk_texts(element, visit);
  }
  if (value.is_object()) {
    for (const auto& [key, member] : value.as_object()) walk_texts(member, visit);
  }
}

// A map, or a list of "NAME=value".
std::vector<std::string> local_variables(const Json& environment) {
  std::vector<std::string> local;
  const auto look = [&local](const std::string& name, const Json& value) {
    if (value.is_string() && names_localhost(name, value.as_string())) local.push_back(name);
  };
  if (environment.is_object()) {
    for (const auto& [name, value] : environment.as_object()) look(name, value);
  }
  if (environment.is_array()) {
    for (const auto& entry : environment.as_array()) {
      const auto text = entry.is_string() ? entry.as_string() : "";
      const auto equals = text.find('=');
      if (equals != std::string::npos) look(text.substr(0, equals), Json(text.substr(equals + 1)));
    }
  }
  return local;
}

Result<ComposeService> read_service(const std::string& name, const Json& json) {
  const auto where = "services." + name;
  if (!json.is_object()) return invalid("%s: must be a map, not %s", where, to_string(json.kind()));
  if (json.find("build") != nullptr)
    return invalid("%s.build: there is no build context here; name an image", where);
  if (json.find("extends") != nullptr)
    return invalid("%s.extends: there is no other file here; write the service out", where);
  ComposeService service;
  service.name = name;
  service.image = json.string_or("image", "");
  if (service.image.empty()) return invalid("%s.image: must name an image", where);
  if (const auto* ports = json.find("ports")) {
    auto published = read_ports(*ports);
    if (!published.ok()) return annotate(published.status(), where + ".ports");
    service.ports = *std::move(published);
  }
  if (const auto* environment = json.find("environment"))
    service.local = local_variables(*environment);
  const auto mode = json.string_or("network_mode", "");
  service.shares_network = mode == "host" || mode.starts_with("service:");
  return service;
}

Result<Json> read_document(const std::string& text) {
  GANTRY_TRY_ASSIGN(auto documents, parse_yaml(text));
  if (documents.size() != 1) {
    return invalid("must be one YAML document, not %d", static_cast<int>(documents.size()));
  }
  return std::move(documents.front().value);
}

Result<ComposeOutline> read_outline(const std::string& text) {
  GANTRY_TRY_ASSIGN(const auto document, read_document(text));
  if (document.find("include") != nullptr)
    return invalid("include: there is no other file here; write everything into this one");
  const auto* services = document.find("services");
  if (services == nullptr || !services->is_object() || services->size() == 0)
    return invalid("services: must name at least one service");
  ComposeOutline outline;
  for (const auto& [name, service] : services->as_object()) {
    GANTRY_TRY_ASSIGN(auto read, read_service(name, service));
    outline.services.push_back(std::move(read));
  }
  walk_texts(document,
             [&](const std::string& value) { collect_variables(value, outline.variables); });
  return outline;
}

// Which service has a port already: an address of its own does not meet another one.
struct Claims {
  std::vector<std::pair<PublishedPort, std::string>> all;

  const std::string* holder(const PublishedPort& wanted) const {
    for (const auto& [port, service] : all) {
      const bool meets = port.address.empty() || wanted.address.empty() ||
                         port.address == "0.0.0.0" || wanted.address == "0.0.0.0" ||
                         port.address == wanted.address;
      if (meets && port.port == wanted.port && port.udp == wanted.udp) return &service;
    }
    return nullptr;
  }
};

void check_ports(const ComposeOutline& outline, Problems& problems) {
  Claims claims;
  for (const auto& service : outline.services) {
    for (const auto& port : service.ports) {
      if (const auto* holder = claims.holder(port)) {
        problems.push_back(
            {"inline", Reason::duplicate,
             absl::StrFormat("services.%s.ports: port %d is held by service %s already (WKL-002)",
                             service.name, port.port, *holder)});
        continue;
      }
      claims.all.emplace_back(port, service.name);
    }
  }
}

}  // namespace

// A controller asks for the same few texts at every turn.
Result<ComposeOutline> outline_of(const std::string& text) {
  constexpr size_t kTextMax = 16384, kKeptMax = 64;
  thread_local std::map<std::string, Result<ComposeOutline>> kept;
  if (text.size() > kTextMax) return read_outline(text);
  if (const auto known = kept.find(text); known != kept.end()) return known->second;
  if (kept.size() >= kKeptMax) kept.clear();
  return kept.emplace(text, read_outline(text)).first->second;
}

Problems check_compose(const Compose& compose, const std::set<std::string>& environment) {
  const auto outline = outline_of(compose.text);
  if (!outline.ok()) return {{"inline", Reason::invalid, message_of(outline.status())}};
  Problems problems;
  check_ports(*outline, problems);
  std::vector<std::string> missing;
  std::ranges::set_difference(outline->variables, environment, std::back_inserter(missing));
  if (!missing.empty()) {
    problems.push_back({"inline", Reason::invalid,
                        absl::StrFormat("uses variables that spec.env does not have: %s (WKL-001); "
                                        "a dollar by itself is written $$",
                                        join(missing, ", "))});
  }
  return problems;
}

std::vector<std::string> docker_packages(bool alpine) {
  if (alpine) return {"docker", "docker-cli-compose"};
  return {"docker.io", "docker-cli", "docker-compose", "iptables", "ca-certificates"};
}

TypeInfo describe(Type<Compose>) {
  return object<Compose>(
      "Compose", "Services of Docker Compose, in one project.",
      {
          field<&Compose::text>(
              "inline",
              "A Compose file. ${NAME} stands for a variable of spec.env, and every service has "
              "those variables. Images that are there already are not pulled again. `build`, "
              "`extends` and `include` are not served.",
              required, Length{1, 1 << 20},
              Example{"services: {web: {image: \"registry.lan/wiki:2.5\", ports: [\"80:3000\"]}}"}),
      });
}

}  // namespace gantry::api::v1alpha1
