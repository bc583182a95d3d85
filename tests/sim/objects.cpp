#include "tests/sim/objects.h"

#include "pkg/base/text.h"
#include "pkg/schema/codec.h"

namespace gantry::sim {

using namespace std::chrono_literals;
using api::v1alpha1::MachineClassSpec;
using api::v1alpha1::ProxmoxClusterSpec;

Json cluster_object(const std::function<void(ProxmoxClusterSpec&)>& edit) {
  api::v1alpha1::ProxmoxCluster cluster;
  cluster.metadata.name = "home";
  cluster.spec.endpoints = {"https://pve1.lan:8006"};
  cluster.spec.credentials.secret_ref = {"pve-home", "gantry-system"};
  cluster.spec.vmid_range = {20000, 20199};
  cluster.spec.pool = "gantry";
  cluster.spec.poll = 10s;
  cluster.spec.mode = api::v1alpha1::ClusterMode::enforce;
  if (edit) edit(cluster.spec);
  return schema::encode(cluster);
}

Json class_object(const std::function<void(MachineClassSpec&)>& edit) {
  api::v1alpha1::MachineClass shape;
  shape.metadata.name = "small";
  shape.spec.cluster_name = "home";
  shape.spec.os = api::v1alpha1::OsTemplate{"debian-12-standard", {}};
  shape.spec.resources.cores = 2;
  shape.spec.root_disk.storage_selector = R"(storage.name == "local")";
  shape.spec.node_selector = "node.online";
  api::v1alpha1::Network network;
  network.bridge = "vmbr0";
  shape.spec.networks = {network};
  shape.spec.features.nesting = true;
  shape.spec.stopped_by_person_hold = 10min;
  if (edit) edit(shape.spec);
  return schema::encode(shape);
}

Json golden_class_object(bool keyctl) {
  auto object = class_object([keyctl](MachineClassSpec& spec) {
    spec.os.reset();
    spec.features.keyctl = keyctl;
    spec.golden = api::v1alpha1::GoldenTemplate{"golden-debian"};
  });
  object.member("metadata").set("name", "golden");
  return object;
}

Json secret_object(const lab::Token& token) {
  Json secret = Json::object();
  secret.set("apiVersion", "v1");
  secret.set("kind", "Secret");
  secret.member("metadata").set("name", "pve-home");
  secret.member("metadata").set("namespace", "gantry-system");
  secret.member("data").set("tokenId", base64_encode(token.id));
  secret.member("data").set("tokenSecret", base64_encode(token.secret));
  return secret;
}

Json values_object(const std::string& kind, const std::string& name) {
  Json object = Json::object();
  object.set("apiVersion", "v1");
  object.set("kind", kind);
  object.member("metadata").set("name", name);
  object.member("metadata").set("namespace", "default");
  return object;
}

Json machine_object(const std::string& name) {
  Json object = Json::object();
  object.set("apiVersion", "gantry.dev/v1alpha1");
  object.set("kind", "Machine");
  object.member("metadata").set("name", name);
  object.member("metadata").set("namespace", "default");
  object.member("spec").set("machineClassName", "small");
  return object;
}

bool is_bad(const std::string& page) {
  return page.starts_with("bad");
}

std::string compose_text(const std::string& tag) {
  return absl::StrFormat("services: {%s: {image: \"%s%s\", ports: [\"80:3000\"]}}\n", kService,
                         kImage, tag);
}

void attach(Json& spec) {
  Json network = Json::object();
  network.member("applianceRef").set("name", "lan");
  spec.member("networks").push_back(std::move(network));
}

Json appliance_object() {
  return schema::parse_yaml(R"(
apiVersion: gantry.dev/v1alpha1
kind: Appliance
metadata: {name: lan, namespace: default}
spec:
  machineClassName: small
  network:
    bridge: gantry-lan
    cidr: 10.20.0.0/24
    gateway: 10.20.0.1
    uplink: {bridge: vmbr0}
    dhcp: {range: {from: 10.20.0.100, to: 10.20.0.250}}
    dns: {domain: apps.lan}
    proxy: {tls: Internal}
)")
      ->front()
      .value;
}

Json app_object(const std::string& name, int replicas, const std::string& page) {
  Json object = Json::object();
  object.set("apiVersion", "gantry.dev/v1alpha1");
  object.set("kind", "App");
  object.member("metadata").set("name", name);
  object.member("metadata").set("namespace", "default");
  auto& spec = object.member("spec");
  spec.set("machineClassName", "small");
  spec.set("replicas", replicas);
  Json file = Json::object();
  file.set("path", kPagePath);
  file.set("content", page);
  auto& service = spec.member("workload").member("service");
  service.member("packages").push_back("hello");
  service.member("files").push_back(std::move(file));
  service.set("unit", kUnit);
  Json port = Json::object();
  port.set("name", "http");
  port.set("port", 80);
  spec.member("ports").push_back(std::move(port));
  auto& probe = spec.member("health").member("http");
  probe.set("port", "http");
  probe.set("path", "/");
  return object;
}

}  // namespace gantry::sim
