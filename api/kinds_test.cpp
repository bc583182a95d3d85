#include "api/kinds.h"

#include <set>

#include "api/core/secret.h"
#include "api/meta/types.h"
#include "api/reference.h"
#include "api/v1alpha1/app.h"
#include "pkg/base/golden.h"
#include "pkg/base/testing.h"
#include "pkg/base/text.h"
#include "pkg/schema/json.h"
#include "pkg/schema/reference.h"
#include "pkg/schema/validate.h"

namespace gantry::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<schema::YamlDocument> manifest(const std::string& name) {
  const auto text =
      testing::read_text(std::string(GANTRY_TEST_FOLDER) + "/v1alpha1/testdata/" + name);
  EXPECT_FALSE(text.empty()) << name;
  auto documents = schema::parse_yaml(text);
  EXPECT_TRUE(documents.ok()) << documents.status();
  return *documents;
}

// What is wrong with an object of any kind, as lines.
std::vector<std::string> problems_of(const Json& object) {
  const auto version = object.string_or("apiVersion", "");
  const auto name = object.string_or("kind", "");
  const auto* kind = find_by_kind(version, name);
  if (kind == nullptr) return {unknown_kind_message(version, name)};
  std::vector<std::string> lines;
  for (const auto& problem : schema::validate(*kind->type(), object)) {
    lines.push_back(to_string(problem));
  }
  return lines;
}

TEST(Kinds, AreFoundByWhatPeopleAndProgramsCallThem) {
  EXPECT_EQ(find_by_resource("apps.gantry.dev")->kind, "App");
  EXPECT_EQ(find_by_resource("secrets")->kind, "Secret");
  EXPECT_EQ(find_by_kind("gantry.dev/v1alpha1", "Machine")->plural, "machines");
  for (const auto* word :
       {"pc", "ProxmoxCluster", "proxmoxclusters", "proxmoxclusters.gantry.dev"}) {
    ASSERT_NE(find_by_word(word), nullptr) << word;
    EXPECT_EQ(find_by_word(word)->kind, "ProxmoxCluster");
  }
  EXPECT_EQ(find_by_resource("apps"), nullptr);
  EXPECT_EQ(find_by_kind("v1", "App"), nullptr);
  EXPECT_EQ(find_by_word("pod"), nullptr);
}

TEST(Kinds, SayWhatIsServedInstead) {
  EXPECT_EQ(unknown_kind_message("gantry.dev/v1alpha1", "Backup"),
            "no kind \"Backup\" in apiVersion \"gantry.dev/v1alpha1\"; served are "
            "ProxmoxCluster, MachineClass, Machine, App, Appliance");
  EXPECT_EQ(unknown_kind_message("gantry.dev/v1", "App"),
            "no kind \"App\" in apiVersion \"gantry.dev/v1\"; it is in gantry.dev/v1alpha1");
  EXPECT_EQ(unknown_kind_message("apps/v1", "Deployment"),
            "no apiVersion \"apps/v1\" is served (kind \"Deployment\")");
}

// Every field says what it is, wherever it stands.
void expect_docs(const schema::TypeInfo& type, const std::string& path) {
  for (const auto& field : type.fields) {
    const std::string at = schema::join_path(path, field.name);
    EXPECT_FALSE(field.doc.empty()) << at;
    EXPECT_TRUE(field.doc.empty() || field.doc.back() == '.' || field.doc.ends_with("…")) << at;
    EXPECT_FALSE(field.optional && field.required) << at;
    const auto* inner = field.type();
    while (inner->element != nullptr) inner = inner->element();
    if (inner->kind == schema::Kind::object) expect_docs(*inner, at);
  }
}

TEST(Kinds, HaveEverythingDocumentedAndUniqueNames) {
  std::set<std::string> words;
  for (const auto& kind : all_kinds()) {
    expect_docs(*kind.type(), std::string(kind.kind));
    std::set<std::string_view> own = {kind.plural, kind.singular};
    own.insert(kind.short_names.begin(), kind.short_names.end());
    for (const auto word : own) EXPECT_TRUE(words.insert(std::string(word)).second) << word;
    // Reviews answer in their status, but it is no resource.
    EXPECT_EQ(kind.has_status, kind.stored && kind.type()->field("status") != nullptr) << kind.kind;
    for (const auto& column : kind.columns) {
      EXPECT_NE(column.path.empty(), column.value == nullptr) << column.title;
    }
  }
}

TEST(Kinds, KnowTheirOwnApiVersionByDefault) {
  for (const auto& kind : all_kinds()) {
    Json object = Json::object();
    schema::fill_defaults(*kind.type(), object);
    EXPECT_EQ(object.string_or("apiVersion", ""), kind.api_version());
    EXPECT_EQ(object.string_or("kind", ""), kind.kind);
    EXPECT_EQ(object.find("status"), nullptr) << kind.kind;
  }
}

TEST(Manifests, OfThisVersionAreRight) {
  for (const auto* name : {"1-cluster.yaml", "2-machineclass.yaml", "3-hello.yaml",
                           "4-appliance.yaml", "5-wiki.yaml"}) {
    for (const auto& document : manifest(name)) {
      EXPECT_THAT(problems_of(document.value), IsEmpty()) << name;
      Json filled = document.value;
      schema::fill_defaults(
          *find_by_kind(filled.string_or("apiVersion", ""), filled.string_or("kind", ""))->type(),
          filled);
      EXPECT_THAT(problems_of(filled), IsEmpty()) << name;
    }
  }
}

struct Edit {
  const char* name;
  const char* file;
  size_t document;
  const char* patch;
  const char* problem;
};

std::ostream& operator<<(std::ostream& out, const Edit& edit) {
  return out << edit.name;
}

class BadManifest : public ::testing::TestWithParam<Edit> {};

TEST_P(BadManifest, IsRefusedWithPathAndWhatWouldBeRight) {
  Json object = manifest(GetParam().file).at(GetParam().document).value;
  merge_patch(object, schema::parse_yaml(GetParam().patch)->front().value);
  EXPECT_THAT(problems_of(object), ElementsAre(HasSubstr(GetParam().problem)));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadManifest,
    ::testing::Values(
        Edit{"UnknownField", "3-hello.yaml", 0, "spec: {replica: 2}",
             "spec.replica: is not a field of AppSpec; did you mean replicas?"},
        Edit{"UnknownMetadata", "3-hello.yaml", 0, "metadata: {label: {}}",
             "metadata.label: is not a field of ObjectMeta; did you mean labels?"},
        Edit{"WrongType", "3-hello.yaml", 0, "spec: {replicas: two}",
             "spec.replicas: must be an integer, not string"},
        Edit{"TooMany", "3-hello.yaml", 0, "spec: {replicas: 101}",
             "spec.replicas: must be between 0 and 100, not 101"},
        Edit{"NoSuchPort", "3-hello.yaml", 0, "spec: {health: {http: {port: web}}}",
             "spec.health.http.port: must name one of spec.ports (http), not \"web\""},
        Edit{"TwoProbes", "3-hello.yaml", 0, "spec: {health: {tcp: {port: 80}}}",
             "spec.health: must have only one of http, tcp"},
        Edit{"ModeWithoutQuotes", "3-hello.yaml", 0,
             "spec: {workload: {service: {files: [{path: /a, content: b, mode: 0644}]}}}",
             "files[0].mode: must be a string: put the integer into quotes"},
        Edit{"FileWithoutContent", "3-hello.yaml", 0,
             "spec: {workload: {service: {files: [{path: /a}]}}}",
             "files[0]: must have one of content, contentFrom"},
        Edit{"SameFileTwice", "3-hello.yaml", 0,
             "spec: {workload: {service: {files: [{path: /a, content: b}, {path: /a, content: "
             "c}]}}}",
             "files[1].path: must be given once"},
        Edit{"OptionAsPackage", "3-hello.yaml", 0,
             "spec: {workload: {service: {packages: ['--force-yes']}}}",
             "packages[0]: must be the name of a Debian package"},
        Edit{"EmptyCommand", "3-hello.yaml", 0,
             "spec: {workload: {service: {commands: [{run: []}]}}}",
             "commands[0].run: must be a list of strings"},
        Edit{"NoWorkload", "3-hello.yaml", 0, "spec: {workload: {service: null}}",
             "spec.workload: must have one of service, compose"},
        Edit{"LongName", "3-hello.yaml", 0,
             "metadata: {name: a23456789-123456789-123456789-123456789-123456789-123}",
             "metadata.name: must be at most 52"},
        Edit{"DottedName", "3-hello.yaml", 0, "metadata: {name: a.b}", "metadata.name: must be"},
        Edit{"ValueAndSource", "3-hello.yaml", 0,
             "spec: {env: [{name: A, value: b, valueFrom: {secretKeyRef: {name: s, key: k}}}]}",
             "spec.env[0].valueFrom: must not be set together with value"},
        Edit{"BadQuantity", "2-machineclass.yaml", 0, "spec: {resources: {memory: 12Q}}",
             "spec.resources.memory: must be a quantity"},
        Edit{"HalfMemory", "2-machineclass.yaml", 0, "spec: {resources: {memory: 1000000k}}",
             "spec.resources.memory: must be a whole number of Mi, not 1000000k"},
        Edit{"HalfDisk", "2-machineclass.yaml", 0, "spec: {rootDisk: {size: 2500Mi}}",
             "spec.rootDisk.size: must be a whole number of Gi"},
        Edit{"Privileged", "2-machineclass.yaml", 0, "spec: {unprivileged: false}",
             "spec.unprivileged: must be true"},
        Edit{"KeyctlWithoutGolden", "2-machineclass.yaml", 0, "spec: {features: {keyctl: true}}",
             "spec.features.keyctl: can be set by root@pam only"},
        Edit{"OsAndGolden", "2-machineclass.yaml", 0, "spec: {golden: {name: docker}}",
             "spec: must have only one of os, golden"},
        Edit{"GatewayWithDhcp", "2-machineclass.yaml", 0,
             "spec: {networks: [{bridge: vmbr0, gateway: 192.0.2.1}]}",
             "spec.networks[0].gateway: must not be set with ip: dhcp"},
        Edit{"BareType", "2-machineclass.yaml", 0,
             "spec: {rootDisk: {storageSelector: 'type == \"dir\"'}}",
             "spec.rootDisk.storageSelector: must be a CEL expression that yields true or false: "
             "1:"},
        Edit{"StorageInNodeSelector", "2-machineclass.yaml", 0,
             "spec: {nodeSelector: 'storage.active'}",
             "spec.nodeSelector: must be a CEL expression that yields true or false: 1:1"},
        Edit{"SelectorOfNumber", "2-machineclass.yaml", 0, "spec: {nodeSelector: node.cores}",
             "spec.nodeSelector: must be a CEL expression that yields true or false"},
        Edit{"BrokenTemplateSelector", "2-machineclass.yaml", 0,
             "spec: {os: {source: {storageSelector: 'storage.active &&'}}}",
             "spec.os.source.storageSelector: must be a CEL expression"},
        Edit{"BlankSelector", "2-machineclass.yaml", 0, "spec: {nodeSelector: ' '}",
             "spec.nodeSelector: must be a CEL expression"},
        Edit{"EmptyClusterName", "2-machineclass.yaml", 0, "spec: {clusterName: ''}",
             "spec.clusterName: must not be empty"},
        Edit{"NoTls", "1-cluster.yaml", 1, "spec: {tls: {fingerprint: null}}",
             "spec.tls: must have one of fingerprint, caBundle"},
        Edit{"ShortPin", "1-cluster.yaml", 1, "spec: {tls: {fingerprint: 'AA:BB:...'}}",
             "spec.tls.fingerprint: must be the SHA-256 fingerprint"},
        Edit{"PlainHttp", "1-cluster.yaml", 1, "spec: {endpoints: ['http://pve1.lan:8006']}",
             "spec.endpoints[0]: must be https://host[:port]"},
        Edit{"NoEndpoints", "1-cluster.yaml", 1, "spec: {endpoints: []}",
             "spec.endpoints: must have between 1 and 32 elements, not 0"},
        Edit{"BackwardRange", "1-cluster.yaml", 1, "spec: {vmidRange: {end: 1000}}",
             "spec.vmidRange.end: must be at least start, 20000, not 1000"},
        Edit{"SmallIds", "1-cluster.yaml", 1, "spec: {vmidRange: {start: 99}}",
             "spec.vmidRange.start: must be between 100 and 999999999, not 99"},
        Edit{"UnknownMode", "1-cluster.yaml", 1, "spec: {mode: observe}",
             "spec.mode: must be one of Observe, Enforce, not \"observe\""},
        Edit{"NoHostKeys", "1-cluster.yaml", 1, "spec: {commandChannel: {ssh: {knownHosts: null}}}",
             "spec.commandChannel.ssh.knownHosts: must be given"},
        Edit{"SecretWithoutBase64", "1-cluster.yaml", 0, "data: {a: 'top secret'}",
             "data.a: must be base64 (use stringData for plain text)"}),
    [](const auto& row) { return row.param.name; });

TEST(Reference, IsWhatTheDeclarationsSay) {
  const std::string folder = "../docs/reference/";
  for (const auto& kind : all_kinds()) {
    EXPECT_GOLDEN(folder + std::string(kind.singular) + ".md", reference_page(kind));
  }
  EXPECT_GOLDEN(folder + "README.md", reference_index());
  EXPECT_GOLDEN(
      folder + "metadata.md",
      "# metadata\n" + schema::reference(*schema::type_of<meta::ObjectMeta>(), "metadata", 2));
}

}  // namespace
}  // namespace gantry::api
