#include "api/v1alpha1/app.h"

#include "api/v1alpha1/machine.h"
#include "api/v1alpha1/machineclass.h"
#include "api/v1alpha1/proxmoxcluster.h"
#include "pkg/base/golden.h"
#include "pkg/base/testing.h"
#include "pkg/schema/codec.h"
#include "pkg/schema/json.h"
#include "pkg/schema/validate.h"

namespace gantry::api::v1alpha1 {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

template <class T>
T decode_manifest(const std::string& name, size_t index) {
  const auto text = testing::read_text(std::string(GANTRY_TEST_FOLDER) + "/testdata/" + name);
  const auto documents = schema::parse_yaml(text);
  EXPECT_TRUE(documents.ok()) << documents.status();
  auto object = schema::decode<T>(documents->at(index).value);
  EXPECT_TRUE(object.ok()) << object.status();
  return object.ok() ? *object : T{};
}

TEST(App, IsReadFromItsManifest) {
  const auto app = decode_manifest<App>("3-hello.yaml", 0);
  EXPECT_EQ(app.metadata.name, "hello");
  EXPECT_EQ(app.spec.machine_class_name, "small");
  EXPECT_EQ(app.spec.replicas, 1);
  ASSERT_TRUE(app.spec.workload.service.has_value());
  const auto& service = *app.spec.workload.service;
  EXPECT_THAT(service.packages, ElementsAre("nginx-light"));
  EXPECT_EQ(service.files.at(0).content, "hello from gantry\n");
  EXPECT_EQ(service.files.at(0).mode, "0644");
  EXPECT_EQ(service.unit, "nginx.service");
  ASSERT_TRUE(app.spec.health && app.spec.health->http);
  EXPECT_EQ(app.spec.health->startup, std::chrono::seconds(120));
  EXPECT_EQ(port_number(app.spec, app.spec.health->http->port), 80);
  EXPECT_EQ(port_number(app.spec, {"", 8080}), 8080);
  EXPECT_EQ(port_number(app.spec, {"web", 0}), 0);
}

// What is wrong with an App's spec given as YAML, as "path: message".
std::vector<std::string> wrong_with(const std::string& spec) {
  const auto documents = schema::parse_yaml("{metadata: {name: wiki}}\n---\n" + spec);
  EXPECT_TRUE(documents.ok()) << documents.status();
  if (!documents.ok()) return {"no YAML"};
  Json object = documents->at(0).value;
  Json value = documents->at(1).value;
  value.set("machineClassName", "docker");
  object.set("spec", std::move(value));
  std::vector<std::string> texts;
  for (const auto& problem : schema::validate(*schema::type_of<App>(), object))
    texts.push_back(to_string(problem));
  return texts;
}

TEST(App, DoesNotDependOnItself) {
  const std::string service = "{workload: {service: {unit: a.service}}, dependsOn: [{name: ";
  EXPECT_THAT(wrong_with(service + "db}]}"), IsEmpty());
  EXPECT_THAT(wrong_with(service + "wiki}]}"),
              ElementsAre(HasSubstr("spec.dependsOn[0].name: is this App itself")));
}

TEST(App, HasNoDataToGoBackToWithTwoVersionsAtOnce) {
  const std::string service =
      "{workload: {service: {unit: a.service}}, update: {strategy: BlueGreen}, restore: {id: one, "
      "revision: 1}";
  EXPECT_THAT(wrong_with(service + "}"), IsEmpty());
  EXPECT_THAT(wrong_with(service + ", volumes: [{name: data, path: /srv/data, size: 8Gi}]}"),
              ElementsAre(HasSubstr("spec.restore: with BlueGreen no snapshot of spec.volumes is "
                                    "kept: to put data back, use strategy Recreate")));
}

constexpr const char* kTwoServices = R"(
workload:
  compose:
    inline: |
      services:
        web: {image: "registry.lan/wiki:2", ports: ["80:3000"], environment: {PASS: "${DB_PASS}"}}
        db: {image: "registry.lan/postgres:16", volumes: ["/srv/data/pg:/var/lib/pg"]}
)";

TEST(AppSpec, TakesACompleteComposeApp) {
  EXPECT_THAT(wrong_with(std::string(kTwoServices) + R"(
env: [{name: DB_PASS, valueFrom: {secretKeyRef: {name: db, key: password}}}]
files:
- {path: /etc/app.conf, configMapKeyRef: {name: conf, key: app.conf}, mode: "0640"}
- {path: /etc/app.key, secretKeyRef: {name: key, key: pem}}
- {path: /etc/motd, content: hello}
ports: [{name: http, port: 80}]
health: {http: {path: /, port: http}}
)"),
              IsEmpty());
}

TEST(AppSpec, NamesThePlaceOfWhatIsWrong) {
  const std::string service = "{workload: {service: {unit: a.service}}, ";
  const auto compose = [](const std::string& text) {
    return "{workload: {compose: {inline: " + text + "}}}";
  };
  const std::pair<std::string, std::string> rows[] = {
      {kTwoServices,
       "spec.workload.compose.inline: uses variables that spec.env does not have: DB_PASS"},
      {compose("'services: {a: {image: x, ports: [\"80:1\"]}, b: {image: y, ports: [\"80:2\"]}}'"),
       "services.b.ports: port 80 is held by service a already (WKL-002)"},
      {compose("'services: [a'"), "spec.workload.compose.inline: line 1, column"},
      {compose("'{}'"), "services: must name at least one service"},
      {compose("'services: {a: {}}'"), "services.a.image: must name an image"},
      {compose("'services: {a: {build: .}}'"), "services.a.build: there is no build context"},
      {compose("'include: [b.yaml]'"), "include: there is no other file"},
      {compose("'services: {a: {image: x, ports: [\"99999:1\"]}}'"),
       "services.a.ports: must be a port, or first-last"},
      {"{workload: {compose: {inline: 'services: {a: {image: x, ports: [\"127.0.0.1:80:1\"]}}'}},"
       " ports: [{name: http, port: 80}]}",
       "spec.ports[0].port: is published on 127.0.0.1 only"},
      {"{workload: {}}", "spec.workload: must have one of service, compose"},
      {service + "ports: [{name: a, port: 80}, {name: b, port: 80}]}",
       "spec.ports[1].port: is the number of port a already"},
      {service + "files: [{path: /a}]}",
       "spec.files[0]: must have one of content, configMapKeyRef, secretKeyRef"},
      {service + "files: [{path: a, content: b}]}", "spec.files[0].path"},
      {service + "files: [{path: /a, content: b, mode: 9}]}", "spec.files[0].mode"},
      {"{workload: {service: {files: [{path: /a, content: b}]}}, files: [{path: /a, content: c}]}",
       "spec.files[0].path: is written by spec.workload.service.files already"},
      {service + "expose: [{host: a.lan, port: web}]}",
       "spec.expose[0].port: must name one of spec.ports (there is none), not \"web\""},
      {service + "expose: [{host: a.lan, port: 80}]}",
       "spec.expose: needs a network with applianceRef"},
      {service + "networks: [{applianceRef: {name: lan}, ip: 10.0.0.2/24}]}",
       "spec.networks[0].applianceRef: must stand without ip, mac and vlan"},
      {service + "networks: [{bridge: vmbr0, fallback: Uplink}]}",
       "spec.networks[0].fallback: belongs to applianceRef"},
      {service + "volumes: [{name: a, path: /etc/x, size: 1Gi}]}", "spec.volumes[0].path: must be"},
      {service + "volumes: [{name: a, path: /srv/a, size: 1500Mi}]}",
       "spec.volumes[0].size: must be a whole number of Gi, not 1500Mi"},
      {service + "volumes: [{name: a, path: /srv, size: 1Gi}, {name: b, path: /srv/b, size: 1Gi}]}",
       "spec.volumes[1].path: lies in volume a, or that in it"},
      {service + "volumes: [{name: a, path: /srv/a, size: 1Gi, storageSelector: 'storage.x'}]}",
       "spec.volumes[0].storageSelector: must be a CEL expression"},
      {service + "networks: [{}]}", "spec.networks[0]: must have one of bridge, applianceRef"},
  };
  for (const auto& [spec, want] : rows) {
    EXPECT_THAT(wrong_with(spec), ::testing::Contains(HasSubstr(want))) << spec;
  }
}

TEST(Volumes, GrowAndNeverShrinkMoveOrGo) {
  const auto after = [](const std::string& volumes) {
    const auto before =
        *schema::parse_json(R"({"spec":{"volumes":[{"name":"a","path":"/srv/a","size":"8Gi"}]}})");
    const auto now = *schema::parse_json(R"({"spec":{"volumes":)" + volumes + "}}");
    std::vector<std::string> problems;
    for (const auto& problem : check_volume_update(before, now))
      problems.push_back(to_string(problem));
    return problems;
  };
  EXPECT_THAT(after(R"([{"name":"a","path":"/srv/a","size":"9Gi"}])"), IsEmpty());
  EXPECT_THAT(after(R"([{"name":"a","path":"/srv/a","size":"8192Mi"}])"), IsEmpty());
  EXPECT_THAT(after(R"([{"name":"a","path":"/srv/a","size":"7Gi"}])"),
              ElementsAre("spec.volumes[a].size: cannot be made smaller (it is 8Gi)"));
  EXPECT_THAT(after(R"([{"name":"a","path":"/srv/b","size":"8Gi"}])"),
              ElementsAre("spec.volumes[a].path: cannot be changed (it is /srv/a)"));
  EXPECT_THAT(after("[]"), ElementsAre(HasSubstr("spec.volumes[a]: cannot be taken away")));
}

TEST(Compose, KnowsPortsAndVariables) {
  const auto outline = outline_of(R"(
services:
  a: {image: "x:${TAG:-1}", ports: ["8000-8001:80", "53:53/udp", "[::1]:81:81", 90, "80"]}
  b:
    image: y
    command: "echo $$HOME ${WHO} $WHAT"
    ports: [{target: 80, published: "443", protocol: tcp}, "${PORT}:80"]
)");
  ASSERT_TRUE(outline.ok()) << outline.status();
  std::vector<std::string> ports;
  for (const auto& service : outline->services) {
    for (const auto& port : service.ports) {
      ports.push_back(absl::StrFormat("%s %s:%d%s", service.name, port.address, port.port,
                                      port.udp ? "/udp" : ""));
    }
  }
  EXPECT_THAT(ports, ElementsAre("a :8000", "a :8001", "a :53/udp", "a ::1:81", "b :443"));
  EXPECT_THAT(outline->variables, ::testing::UnorderedElementsAre("PORT", "WHAT", "WHO"));
}

TEST(MachineClass, IsReadFromItsManifest) {
  const auto spec = decode_manifest<MachineClass>("2-machineclass.yaml", 0).spec;
  EXPECT_EQ(spec.cluster_name, "home");
  ASSERT_TRUE(spec.os.has_value());
  EXPECT_EQ(spec.os->name, "debian-12-standard");
  EXPECT_THAT(spec.os->source.storage_selector, HasSubstr("vztmpl"));
  EXPECT_EQ(spec.resources.cores, 2);
  EXPECT_EQ(spec.resources.memory.bytes(), 1LL << 30);
  EXPECT_EQ(spec.resources.swap.bytes(), 256LL << 20);
  EXPECT_EQ(spec.root_disk.size.bytes(), 8LL << 30);
  EXPECT_EQ(spec.networks.at(0).ip, "dhcp");
  EXPECT_TRUE(spec.features.nesting);
  EXPECT_EQ(spec.placement.max_per_node, 20);
  EXPECT_TRUE(spec.start_on_boot);
  EXPECT_TRUE(spec.unprivileged);
  EXPECT_EQ(spec.stopped_by_person_hold, std::chrono::hours(1));
}

TEST(ProxmoxCluster, IsReadFromItsManifest) {
  const auto spec = decode_manifest<ProxmoxCluster>("1-cluster.yaml", 1).spec;
  EXPECT_THAT(spec.endpoints, ElementsAre("https://pve1.lan:8006", "https://pve2.lan:8006"));
  EXPECT_EQ(spec.credentials.secret_ref.ns, "gantry-system");
  ASSERT_TRUE(spec.command_channel.has_value());
  EXPECT_EQ(spec.command_channel->ssh.secret_ref.name, "pve-ssh");
  EXPECT_EQ(spec.vmid_range.end, 29999);
  EXPECT_EQ(spec.mode, ClusterMode::enforce);
  EXPECT_EQ(spec.limits.tasks_per_node, 4);
}

TEST(ProxmoxCluster, StartsInObserve) {
  EXPECT_EQ(ProxmoxClusterSpec{}.mode, ClusterMode::observe);
  Json cluster = *schema::parse_json(R"({"spec":{}})");
  schema::fill_defaults(*schema::type_of<ProxmoxCluster>(), cluster);
  EXPECT_EQ(*cluster.find_path({"spec", "mode"}), Json("Observe"));
  EXPECT_EQ(*cluster.find_path({"spec", "limits", "requestsPerSecond"}), Json(20));
}

TEST(Commands, AreListsOrTexts) {
  CommandLine line;
  const auto read = [&](std::string_view text) {
    schema::Problems problems;
    schema::read(*schema::type_of<CommandLine>(), &line, schema::parse_yaml(text)->front().value,
                 schema::Input::strict, "run", problems);
    return problems;
  };
  EXPECT_THAT(read("[id, wiki]"), IsEmpty());
  EXPECT_THAT(line.argv(), ElementsAre("id", "wiki"));
  EXPECT_EQ(schema::to_json(schema::encode(line)), R"(["id","wiki"])");
  EXPECT_THAT(read("test -e /etc/a && true"), IsEmpty());
  EXPECT_THAT(line.argv(), ElementsAre("/bin/sh", "-c", "test -e /etc/a && true"));
  for (const auto* wrong : {"[]", "['']", "{a: b}", "''", "[1]", "3"}) {
    EXPECT_EQ(read(wrong).size(), 1u) << wrong;
  }
}

TEST(Machine, KeepsItsClassIdAndAdoption) {
  const auto before = *schema::parse_json(R"({"spec":{"machineClassName":"a","vmid":100}})");
  const auto after = *schema::parse_json(
      R"({"spec":{"machineClassName":"b","vmid":101,"adoption":{"vmid":5},"powerState":"Stopped"}})");
  std::vector<std::string> paths;
  for (const auto& problem : schema::check_immutable(*schema::type_of<Machine>(), before, after)) {
    paths.push_back(problem.path);
  }
  EXPECT_THAT(paths, ElementsAre("spec.machineClassName", "spec.vmid", "spec.adoption"));
}

TEST(MachineStatus, LeavesOutWhatIsNotKnown) {
  EXPECT_EQ(schema::to_json(schema::encode(MachineStatus{})), "{}");
  MachineStatus status;
  status.steps.push_back({});
  status.steps[0].name = "create";
  status.steps[0].state = StepState::running;
  status.repairs.push_back(*from_rfc3339("2026-11-21T05:00:00Z"));
  EXPECT_EQ(
      schema::to_json(schema::encode(status)),
      R"({"repairs":["2026-11-21T05:00:00Z"],"steps":[{"name":"create","state":"Running"}]})");
}

TEST(AppStatus, AlwaysCounts) {
  EXPECT_EQ(schema::to_json(schema::encode(AppStatus{})), R"({"readyReplicas":0,"replicas":0})");
}

}  // namespace
}  // namespace gantry::api::v1alpha1
