#include "cmd/gantryctl/manifests.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cmd/gantryctl/kubeconfig.h"
#include "cmd/gantryctl/progress.h"
#include "cmd/gantryctl/watching.h"
#include "pkg/base/testing.h"
#include "pkg/schema/json.h"

namespace gantry::ctl {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Manifests, KnowWhereEachDocumentBegins) {
  const auto manifests = parse_manifests(
      "# a comment\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n"
      "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: b}\n",
      "x.yaml");
  ASSERT_THAT(manifests, IsOk());
  ASSERT_EQ(manifests->size(), 2U);
  EXPECT_THAT(manifests->at(1).source, HasSubstr("x.yaml:"));
}

TEST(Manifests, UnpackLists) {
  const auto manifests = parse_manifests(
      R"({"apiVersion":"v1","kind":"List","items":[
          {"apiVersion":"v1","kind":"Namespace","metadata":{"name":"a"}}]})",
      "x");
  ASSERT_THAT(manifests, IsOk());
  EXPECT_EQ(manifests->size(), 1U);
}

TEST(Manifests, ReadJsonAsProgramsWriteIt) {
  const auto manifests = parse_manifests(
      R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},
          "data":{"face":"\ud83d\ude00"}})",
      "x.json");
  ASSERT_THAT(manifests, IsOk());
  EXPECT_EQ(manifests->at(0).object.find_path({"data", "face"})->as_string(), "\U0001F600");
  // Flow YAML begins like JSON.
  EXPECT_THAT(parse_manifests("{apiVersion: v1, kind: Namespace, metadata: {name: a}}", "x"),
              IsOk());
}

TEST(Manifests, NameFilePositionAndWhatIsWrong) {
  EXPECT_THAT(parse_manifests("a: [1\nb: 2", "x.yaml"),
              Fails(ErrorClass::invalid, AllOf(HasSubstr("x.yaml"), HasSubstr("line "))));
  EXPECT_THAT(parse_manifests("kind: App\n", "x.yaml"),
              Fails(ErrorClass::invalid, HasSubstr("apiVersion")));
  EXPECT_THAT(parse_manifests("apiVersion: gantry.dev/v1alpha1\nkind: Widget\n", "x.yaml"),
              Fails(ErrorClass::invalid, AllOf(HasSubstr("Widget"), HasSubstr("App"))));
  EXPECT_THAT(parse_manifests("apiVersion: v1\nkind: Namespace\n", "x.yaml"),
              Fails(ErrorClass::invalid, HasSubstr("metadata.name")));
  EXPECT_THAT(read_manifests({"/nowhere/x.yaml"}),
              Fails(ErrorClass::invalid, HasSubstr("/nowhere/x.yaml")));
}

constexpr const char* kConfig = R"(
apiVersion: v1
kind: Config
current-context: home
clusters: [{name: c, cluster: {server: "https://gantry.lan:6443"}}]
users: [{name: u, user: {token: secret}}]
contexts: [{name: home, context: {cluster: c, user: u, namespace: apps}}]
)";

TEST(Kubeconfig, NamesServerTokenAndNamespace) {
  const auto config = parse_kubeconfig(kConfig, "");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->endpoint.host, "gantry.lan");
  EXPECT_EQ(config->endpoint.port, 6443);
  EXPECT_EQ(config->token, "secret");
  EXPECT_EQ(config->ns, "apps");
}

TEST(Kubeconfig, RefusesToSkipVerificationAndNamesWhatIsMissing) {
  std::string insecure = kConfig;
  insecure.replace(insecure.find("cluster: {"), 10, "cluster: {insecure-skip-tls-verify: true, ");
  EXPECT_THAT(parse_kubeconfig(insecure, ""),
              Fails(ErrorClass::invalid, HasSubstr("insecure-skip-tls-verify")));
  EXPECT_THAT(parse_kubeconfig(kConfig, "work"), Fails(ErrorClass::invalid, HasSubstr("\"work\"")));
}

// A folder with two kubeconfigs; the first names files beside it.
class KubeconfigFiles : public ::testing::Test {
 protected:
  KubeconfigFiles()
      : folder_(std::filesystem::temp_directory_path() / "gantry-kubeconfigs-XXXXXX") {
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    std::string files = kConfig;
    files.replace(files.find("token: secret"), 13, "tokenFile: token");
    files.replace(files.find("server:"), 7, "certificate-authority: ca.pem, server:");
    write("a", files);
    write("token", "from-a-file\n");
    write("ca.pem", "PEM");
    write("b", R"(
apiVersion: v1
kind: Config
current-context: work
clusters: [{name: c, cluster: {server: "https://other.lan:1"}}]
users: [{name: w, user: {token: work}}]
contexts: [{name: work, context: {cluster: c, user: w}}]
)");
  }
  ~KubeconfigFiles() override {
    unsetenv("KUBECONFIG");
    std::filesystem::remove_all(folder_);
  }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
  }
  std::string folder_;
};

TEST_F(KubeconfigFiles, PathsCountFromTheFileThatNamesThem) {
  const auto config = load_kubeconfig(folder_ + "/a", "");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->token, "from-a-file");
  EXPECT_EQ(config->trust.ca_pem, "PEM");
}

TEST_F(KubeconfigFiles, SeveralAreOneAndTheFirstHasTheWord) {
  setenv("KUBECONFIG", (folder_ + "/none:" + folder_ + "/a:" + folder_ + "/b").c_str(), 1);
  const auto config = load_kubeconfig("", "");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->token, "from-a-file");
  const auto other = load_kubeconfig("", "work");
  ASSERT_THAT(other, IsOk());
  EXPECT_EQ(other->token, "work");
  EXPECT_EQ(other->endpoint.host, "gantry.lan");
}

TEST_F(KubeconfigFiles, AMissingOneSaysWhyAndWhereToGetIt) {
  EXPECT_THAT(load_kubeconfig(folder_ + "/none", ""),
              Fails(ErrorClass::invalid, AllOf(HasSubstr("/none cannot be read: No such file"),
                                               HasSubstr("admin.kubeconfig"))));
  EXPECT_THAT(load_kubeconfig(folder_, ""), Fails(ErrorClass::invalid, HasSubstr(folder_)));
}

TEST(LineSplitter, JoinsPiecesAndCutsLines) {
  LineSplitter splitter;
  EXPECT_THAT(splitter.feed("{\"a\":"), IsEmpty());
  EXPECT_THAT(splitter.feed("1}\n{}\n{"), ElementsAre("{\"a\":1}", "{}"));
  EXPECT_THAT(splitter.feed("}\n"), ElementsAre("{}"));
}

TEST(Progress, TellsEachChangeOnce) {
  const Time began = *from_rfc3339("2026-01-01T00:00:00Z");
  Progress progress(began);
  auto machine = *schema::parse_json(R"({
    "kind": "Machine", "metadata": {"name": "hello-0"},
    "status": {"steps": [
      {"name": "reserve", "state": "Done", "startedAt": "2026-01-01T00:00:00Z",
       "finishedAt": "2026-01-01T00:00:02Z"},
      {"name": "create", "state": "Running", "message": "unpacking"}, {"name": "start"}]}})");
  const auto lines = progress.look(machine, began + std::chrono::seconds(3));
  EXPECT_THAT(lines, ElementsAre(AllOf(HasSubstr("reserve"), HasSubstr("done in 2s")),
                                 AllOf(HasSubstr("3s"), HasSubstr("running: unpacking"))));
  EXPECT_THAT(progress.look(machine, began + std::chrono::seconds(4)), IsEmpty());
}

}  // namespace
}  // namespace gantry::ctl
