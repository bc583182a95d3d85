// Writes over the wire: what clients send, and every byte that they depend on in the answer.
#include "pkg/apiserver/testing.h"

namespace gantry::apiserver {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kMerge = "application/merge-patch+json";
constexpr const char* kStrategic = "application/strategic-merge-patch+json";
constexpr const char* kJsonPatch = "application/json-patch+json";
constexpr const char* kApply = "application/apply-patch+yaml";

class WriteTest : public ServerTest {
 protected:
  const std::string path_ = std::string(kApps) + "/hello";

  // "curl Update status"
  std::vector<std::string> managers(const Json& object) {
    std::vector<std::string> lines;
    const auto* list = object.find_path({"metadata", "managedFields"});
    if (list == nullptr) return lines;
    for (const auto& entry : list->as_array()) {
      auto line = entry.string_or("manager", "") + " " + entry.string_or("operation", "");
      if (entry.find("subresource") != nullptr) line += " " + entry.string_or("subresource", "");
      lines.push_back(line);
    }
    return lines;
  }
  std::string version(const Json& object) { return text(object, {"metadata", "resourceVersion"}); }
  std::string message(const http::Response& response) { return text(json(response), {"message"}); }
};

TEST_F(WriteTest, CreateTellsWhoSetWhat) {
  const auto answer = call("POST", kApps, R"({"apiVersion":"gantry.dev/v1alpha1","kind":"App",
      "metadata":{"generateName":"web-","labels":{"a":"b"}},
      "spec":{"machineClassName":"small","workload":{"service":{"unit":"u.service"}}}})");
  ASSERT_EQ(answer.status, 201) << answer.body;
  const auto created = json(answer);
  const auto& entry = created.find_path({"metadata", "managedFields"})->as_array().at(0);
  // wire.txt, "generateName": containers that are new are named by ".".
  EXPECT_EQ(schema::to_json(entry),
            R"({"apiVersion":"gantry.dev/v1alpha1","fieldsType":"FieldsV1","fieldsV1":)"
            R"({"f:metadata":{"f:generateName":{},"f:labels":{".":{},"f:a":{}}},)"
            R"("f:spec":{".":{},"f:deletion":{".":{},"f:volumes":{}},)"
            R"("f:machineClassName":{},"f:replicas":{},)"
            R"("f:workload":{".":{},"f:service":{".":{},"f:unit":{}}}}},)"
            R"("manager":"curl","operation":"Update","time":"2026-01-01T00:00:00Z"})");
  const auto name = text(created, {"metadata", "name"});
  EXPECT_TRUE(name.starts_with("web-") && name.size() == 9) << name;
}

TEST_F(WriteTest, StatusIsSeededSoThatNobodyTakesTheNewForTheDone) {
  const auto created = json(call("POST", kApps, kHello));
  EXPECT_EQ(schema::to_json(*created.find("status")),
            R"({"conditions":[{"lastTransitionTime":"2026-01-01T00:00:00Z",)"
            R"("message":"has just been created and was not looked at yet","reason":"Pending",)"
            R"("status":"Unknown","type":"Ready"}],"observedGeneration":0})");
}

TEST_F(WriteTest, ServerSideApplyCreatesAndIsThenUnchanged) {
  const auto target = path_ + "?fieldManager=kubectl&force=false";
  const auto created = call("PATCH", target, kHello, kApply);
  ASSERT_EQ(created.status, 201) << created.body;
  EXPECT_THAT(managers(json(created)), ElementsAre("kubectl Apply"));
  clock_.advance(std::chrono::hours(1));
  const auto again = call("PATCH", target, kHello, kApply);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body, created.body) << "same resourceVersion, same times";
}

TEST_F(WriteTest, ApplyTakesYaml) {
  const auto created = call("PATCH", path_ + "?fieldManager=me",
                            "apiVersion: gantry.dev/v1alpha1\nkind: App\nspec:\n"
                            "  machineClassName: small\n"
                            "  workload: {service: {unit: nginx.service}}\n",
                            kApply);
  EXPECT_EQ(created.status, 201) << created.body;
}

TEST_F(WriteTest, ApplyConflictsAndForce) {
  (void)call("PATCH", path_ + "?fieldManager=flux", kHello, kApply);
  agent_ = "kubectl/v1.32.0";
  ASSERT_EQ(
      call("PATCH", path_ + "?fieldManager=kubectl-scale", R"({"spec":{"replicas":3}})", kMerge)
          .status,
      200);
  auto wanted = *schema::parse_json(kHello);
  wanted.member("spec").set("replicas", 2);
  const auto refused = call("PATCH", path_ + "?fieldManager=flux", schema::to_json(wanted), kApply);
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(message(refused),
            "Apply failed with 1 conflict: conflict with \"kubectl-scale\" using "
            "gantry.dev/v1alpha1: .spec.replicas");
  const auto forced =
      call("PATCH", path_ + "?fieldManager=flux&force=true", schema::to_json(wanted), kApply);
  ASSERT_EQ(forced.status, 200) << forced.body;
  EXPECT_THAT(managers(json(forced)), ElementsAre("flux Apply"));
}

TEST_F(WriteTest, ApplySaysWhatIsWrongWithTheRequest) {
  EXPECT_EQ(message(call("PATCH", path_, kHello, kApply)),
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required "
            "for apply patch");
  EXPECT_EQ(message(call("PATCH", path_ + "?force=true", "{}", kMerge)),
            "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for "
            "non-apply patch");
  auto body = *schema::parse_json(kHello);
  body.member("metadata").set("managedFields", Json::array());
  const auto managed = call("PATCH", path_ + "?fieldManager=a", schema::to_json(body), kApply);
  EXPECT_EQ(managed.status, 400);
  EXPECT_EQ(message(managed), "metadata.managedFields must be nil");
  EXPECT_EQ(call("PATCH", path_ + "/status?fieldManager=a", kHello, kApply).status, 404);
}

// What kubectl 1.32 does when it passes from client-side to server-side apply (csaupgrade).
TEST_F(WriteTest, KubectlMovesItsFieldsWithAJsonPatch) {
  (void)call("POST", std::string(kApps) + "?fieldManager=kubectl-client-side-apply", kHello);
  auto object = json(call("GET", path_));
  const auto entry = R"([{"op":"replace","path":"/metadata/managedFields","value":[
      {"manager":"kubectl","operation":"Apply","apiVersion":"gantry.dev/v1alpha1",
       "time":"2026-01-01T00:00:00Z","fieldsType":"FieldsV1",
       "fieldsV1":{"f:spec":{"f:replicas":{}}}}]},
      {"op":"replace","path":"/metadata/resourceVersion","value":")" +
                     version(object) + "\"}]";
  const auto moved = call("PATCH", path_, entry, kJsonPatch);
  ASSERT_EQ(moved.status, 200) << moved.body;
  EXPECT_THAT(managers(json(moved)), ElementsAre("kubectl Apply"));
  EXPECT_EQ(call("PATCH", path_, entry, kJsonPatch).status, 409) << "the version is a lock";
}

TEST_F(WriteTest, StatusHasManagersOfItsOwn) {
  (void)call("POST", kApps, kHello);
  const auto patched =
      call("PATCH", path_ + "/status", R"({"status":{"readyReplicas":1}})", kMerge);
  ASSERT_EQ(patched.status, 200);
  EXPECT_THAT(managers(json(patched)), ElementsAre("curl Update", "curl Update status"));
  const auto applied =
      call("PATCH", path_ + "/status?fieldManager=probe",
           R"({"apiVersion":"gantry.dev/v1alpha1","kind":"App","metadata":{"name":"hello"},
          "status":{"url":"http://x"}})",
           kApply);
  ASSERT_EQ(applied.status, 200) << applied.body;
  EXPECT_EQ(text(json(applied), {"status", "url"}), "http://x");
  EXPECT_EQ(json(applied).find_path({"status", "readyReplicas"})->as_integer(), 1);
}

TEST_F(WriteTest, AnAppliedStatusOwnsNothingElse) {
  (void)call("POST", kApps, kHello);
  const auto applied =
      json(call("PATCH", path_ + "/status?fieldManager=probe",
                R"({"apiVersion":"gantry.dev/v1alpha1","kind":"App","metadata":{"labels":{"x":"y"}},
          "spec":{"replicas":7},"status":{"url":"http://x"}})",
                kApply));
  EXPECT_EQ(applied.find_path({"metadata", "labels"}), nullptr);
  const auto& entry = applied.find_path({"metadata", "managedFields"})->as_array().at(0);
  EXPECT_EQ(schema::to_json(*entry.find("fieldsV1")), R"({"f:status":{"f:url":{}}})");
}

TEST_F(WriteTest, AppliedSecretsLoseTheKeysThatAreNoLongerSaid) {
  const std::string secret = "/api/v1/namespaces/default/secrets/s?fieldManager=a";
  const std::string head = R"({"apiVersion":"v1","kind":"Secret","stringData":)";
  ASSERT_EQ(call("PATCH", secret, head + R"({"a":"1","b":"2"}})", kApply).status, 201);
  const auto less = json(call("PATCH", secret, head + R"({"a":"1"}})", kApply));
  EXPECT_EQ(schema::to_json(*less.find("data")), R"({"a":"MQ=="})");
}

TEST_F(WriteTest, StrategicMergeMergesListsByKeyAndIsUnchangedWithTheSame) {
  (void)call("POST", kApps, kHello);
  const auto added = call("PATCH", path_,
                          R"({"spec":{"$setElementOrder/ports":[{"name":"ssh"},{"name":"http"}],
                  "ports":[{"name":"ssh","port":22}]}})",
                          kStrategic);
  ASSERT_EQ(added.status, 200) << added.body;
  EXPECT_EQ(schema::to_json(*json(added).find_path({"spec", "ports"})),
            R"([{"name":"ssh","port":22},{"name":"http","port":80}])");
  const auto same =
      call("PATCH", path_,
           R"({"spec":{"$setElementOrder/ports":[{"name":"ssh"},{"name":"http"}]}})", kStrategic);
  EXPECT_EQ(same.body, added.body);
}

TEST_F(WriteTest, PatchesSayWhichTypesThereAre) {
  (void)call("POST", kApps, kHello);
  const auto refused = call("PATCH", path_, "{}", "application/json");
  EXPECT_EQ(refused.status, 415);
  EXPECT_THAT(message(refused), HasSubstr("application/apply-patch+yaml"));
  const auto misfit = call("PATCH", path_, R"([{"op":"remove","path":"/spec/none"}])", kJsonPatch);
  EXPECT_EQ(misfit.status, 422);
  EXPECT_EQ(message(misfit),
            "App.gantry.dev \"hello\" is invalid: patch: Invalid value: operation 0 of the patch: "
            "path \"/spec/none\" does not exist");
  EXPECT_EQ(call("PATCH", path_, "[]", kMerge).status, 400);
}

TEST_F(WriteTest, PutWithoutAVersionReplacesAndWithAnOldOneConflicts) {
  const auto created = json(call("POST", kApps, kHello));
  auto body = *schema::parse_json(kHello);
  body.member("spec").set("replicas", 2);
  body.member("status").set("readyReplicas", 9);
  const auto replaced = call("PUT", path_, schema::to_json(body));
  ASSERT_EQ(replaced.status, 200) << replaced.body;
  EXPECT_EQ(json(replaced).find_path({"status", "readyReplicas"}), nullptr);
  EXPECT_EQ(json(replaced).find_path({"metadata", "generation"})->as_integer(), 2);
  body.member("metadata").set("resourceVersion", version(created));
  EXPECT_EQ(call("PUT", path_, schema::to_json(body)).status, 409);
  const auto same = json(replaced);
  EXPECT_EQ(version(json(call("PUT", path_, schema::to_json(same)))), version(same));
}

TEST_F(WriteTest, WhatNamesNoVersionKeepsWhatSomebodyElseWroteMeanwhile) {
  (void)call("POST", kApps, kHello);
  const auto labelled = R"({"metadata":{"labels":{"a":"b"}}})";
  const auto scale = R"({"apiVersion":"autoscaling/v1","kind":"Scale","spec":{"replicas":3}})";
  const auto unversioned = R"({"metadata":{"resourceVersion":null,"labels":{"c":"d"}}})";
  const auto answers =
      together({request("PATCH", path_, labelled, kMerge), request("PUT", path_ + "/scale", scale),
                request("PATCH", path_, unversioned, kMerge)});
  for (const auto& answer : answers) EXPECT_EQ(answer.status, 200) << answer.body;
  const auto app = json(call("GET", path_));
  EXPECT_EQ(text(app, {"metadata", "labels", "a"}), "b");
  EXPECT_EQ(text(app, {"metadata", "labels", "c"}), "d");
  EXPECT_EQ(app.find_path({"spec", "replicas"})->as_integer(), 3);
}

TEST_F(WriteTest, APutIsJudgedAgainstTheVersionThatItReplaces) {
  const std::string secrets = "/api/v1/namespaces/default/secrets";
  const auto secret = R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},
                          "stringData":{"a":"1"}})";
  (void)call("POST", secrets, secret);
  const auto answers = together({request("PATCH", secrets + "/s", R"({"immutable":true})", kMerge),
                                 request("PUT", secrets + "/s",
                                         R"({"apiVersion":"v1","kind":"Secret","metadata":
                                            {"name":"s"},"stringData":{"a":"2"}})")});
  EXPECT_EQ(answers[0].status, 200) << answers[0].body;
  EXPECT_EQ(answers[1].status, 422) << answers[1].body;
}

// Of two processes on one database each hears of the other's writes a moment later.
TEST_F(WriteTest, ACacheThatIsBehindDeniesNothing) {
  store::memory::Database database(disk_);
  SeededRandom random(2);
  store::CachedStore other(loop_.executor(), database.backend(), clock_, random);
  ASSERT_TRUE(run(other.start()).ok());
  disk_.latency = std::chrono::milliseconds(10);
  const std::string maps = "/api/v1/namespaces/default/configmaps";
  auto map = *schema::parse_json(R"({"apiVersion":"v1","kind":"ConfigMap",
                                     "metadata":{"name":"m","namespace":"default"}})");
  ASSERT_TRUE(run(other.create("configmaps", map)).ok());
  EXPECT_EQ(call("PATCH", maps + "/m", R"({"data":{"a":"1"}})", kMerge).status, 200);

  ASSERT_TRUE(run(other.sync()).ok());
  map.member("data").set("a", "2");
  const auto newer = run(other.update("configmaps", store::Part::whole, map));
  ASSERT_TRUE(newer.ok());
  EXPECT_EQ(call("PUT", maps + "/m", schema::to_json((*newer)->value)).status, 200);

  ASSERT_TRUE(run(other.remove({"configmaps", "default", "m"}, {})).ok());
  EXPECT_EQ(call("POST", maps, schema::to_json(map)).status, 201);

  ASSERT_TRUE(
      run(other.create("namespaces",
                       *schema::parse_json(
                           R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"new"}})")))
          .ok());
  map.member("metadata").set("namespace", "new");
  EXPECT_EQ(call("POST", "/api/v1/namespaces/new/configmaps", schema::to_json(map)).status, 201);
  EXPECT_EQ(call("DELETE", maps + "/nobody").status, 404);
  disk_.latency = {};
  ASSERT_TRUE(run(other.stop()).ok());
}

TEST_F(WriteTest, PutOfAStatusNeedsNoSpec) {
  (void)call("POST", kApps, kHello);
  const auto put = call("PUT", path_ + "/status",
                        R"({"apiVersion":"gantry.dev/v1alpha1","kind":"App",
                            "metadata":{"name":"hello"},"status":{"readyReplicas":1}})");
  ASSERT_EQ(put.status, 200) << put.body;
  EXPECT_EQ(text(json(put), {"spec", "machineClassName"}), "small");
}

TEST_F(WriteTest, DryRunGoesTheWholeWayAndStoresNothing) {
  const auto made = call("POST", std::string(kApps) + "?dryRun=All", kHello);
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(json(made).find_path({"metadata", "generation"})->as_integer(), 1);
  EXPECT_EQ(call("GET", path_).status, 404);
  EXPECT_EQ(call("PATCH", path_ + "?dryRun=All&fieldManager=a", kHello, kApply).status, 201);
  EXPECT_EQ(call("GET", path_).status, 404);
  const auto created = json(call("POST", kApps, kHello));
  const auto patched =
      json(call("PATCH", path_ + "?dryRun=All", R"({"spec":{"replicas":4}})", kMerge));
  const auto told = call("PATCH", path_ + "?dryRun=All", R"({"spec":{"replicas":4}})", kMerge);
  EXPECT_THAT(told.headers.find("Warning")->second,
              HasSubstr("spec.replicas: containers are added, or the last ones go"));
  EXPECT_EQ(patched.find_path({"spec", "replicas"})->as_integer(), 4);
  EXPECT_EQ(patched.find_path({"metadata", "generation"})->as_integer(), 2);
  EXPECT_EQ(version(patched), version(created));
  EXPECT_EQ(call("DELETE", path_, R"({"dryRun":["All"]})").status, 200);
  EXPECT_EQ(json(call("GET", path_)), created);
  EXPECT_EQ(message(call("POST", std::string(kApps) + "?dryRun=Some", kHello)),
            "CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: \"Some\": "
            "supported values: \"All\"");
}

// WKL-006: stored all the same, and said each time.
TEST_F(WriteTest, WhatIsProbablyNotMeantIsWarnedOf) {
  const std::string app = R"({"apiVersion":"gantry.dev/v1alpha1","kind":"App",
      "metadata":{"name":"hello"},"spec":{"machineClassName":"small",
      "env":[{"name":"DB","value":"postgres://w:secret@localhost/w"}],
      "workload":{"compose":{"inline":"services: {db: {image: a}, web: {image: b}}"}}}})";
  for (const auto& made : {call("POST", kApps, app), call("PUT", path_, app)}) {
    EXPECT_LT(made.status, 300) << made.body;
    ASSERT_TRUE(made.headers.contains("Warning"));
    EXPECT_THAT(made.headers.find("Warning")->second,
                AllOf(HasSubstr("spec.env[DB]: names localhost"), HasSubstr("WKL-006"),
                      Not(HasSubstr("secret"))));
  }
}

TEST_F(WriteTest, FieldValidationIsOneOfThree) {
  const auto refused = call("POST", std::string(kApps) + "?fieldValidation=Some", kHello);
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(message(refused), HasSubstr("fieldValidation: Unsupported value: \"Some\""));
}

TEST_F(WriteTest, UnknownFieldsOfAPatchAreNamedShortly) {
  (void)call("POST", kApps, kHello);
  const auto refused = call("PATCH", path_, R"({"spec":{"replics":2}})", kMerge);
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(message(refused),
            "App.gantry.dev \"hello\" is invalid: spec.replics: Unknown field: is not a field of "
            "AppSpec; did you mean replicas?");
  const auto warned =
      call("PATCH", path_ + "?fieldValidation=Warn", R"({"spec":{"replics":2}})", kMerge);
  EXPECT_EQ(warned.status, 200);
  EXPECT_EQ(warned.headers.find("Warning")->second, "299 - \"unknown field \\\"spec.replics\\\"\"");
}

TEST_F(WriteTest, ScalesInTheWordsOfAutoscaling) {
  (void)call("POST", kApps, kHello);
  const auto patched =
      call("PATCH", path_ + "/scale?fieldManager=kubectl", R"({"spec":{"replicas":5}})", kMerge);
  ASSERT_EQ(patched.status, 200) << patched.body;
  const auto scale = json(patched);
  EXPECT_EQ(text(scale, {"kind"}), "Scale");
  EXPECT_EQ(text(scale, {"apiVersion"}), "autoscaling/v1");
  EXPECT_EQ(scale.find_path({"spec", "replicas"})->as_integer(), 5);
  const auto app = json(call("GET", path_));
  EXPECT_EQ(app.find_path({"spec", "replicas"})->as_integer(), 5);
  EXPECT_THAT(managers(app), ElementsAre("curl Update", "kubectl Update scale"));
  auto wanted = scale;
  wanted.member("spec").set("replicas", 2);
  EXPECT_EQ(call("PUT", path_ + "/scale", schema::to_json(wanted)).status, 200);
  EXPECT_EQ(call("PUT", path_ + "/scale", schema::to_json(wanted)).status, 409) << "stale";
  EXPECT_EQ(json(call("GET", path_ + "/scale")).find_path({"spec", "replicas"})->as_integer(), 2);
  EXPECT_EQ(call("PATCH", path_ + "/scale", R"({"spec":{"replicas":-1}})", kMerge).status, 422);
  EXPECT_EQ(call("PATCH", path_ + "/scale", R"({"spec":{"replicas":"many"}})", kMerge).status, 422);
  EXPECT_EQ(call("GET", "/api/v1/namespaces/default/secrets/x/scale").status, 404);
  EXPECT_THAT(call("GET", "/apis/gantry.dev/v1alpha1").body, HasSubstr("\"name\":\"apps/scale\""));
}

TEST_F(WriteTest, ASubresourceIsNotDeleted) {
  (void)call("POST", kApps, kHello);
  EXPECT_EQ(call("DELETE", path_ + "/status").status, 405);
  EXPECT_EQ(call("GET", path_).status, 200);
}

TEST_F(WriteTest, DeleteChecksItsPreconditions) {
  const auto created = json(call("POST", kApps, kHello));
  const auto refused = call("DELETE", path_, R"({"preconditions":{"uid":"abc"}})");
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(message(refused), HasSubstr("the UID in the precondition (abc) does not match"));
  EXPECT_EQ(call("DELETE", path_, R"({"preconditions":{"resourceVersion":"1"}})").status, 409);
  // What is not understood guards nothing: it is refused.
  for (const auto* unclear :
       {R"({"preconditions":{"resourceVersion":41}})", R"({"preconditions":[]})",
        R"({"preconditions":{"uid":5}})", R"({"preconditions":{"UID":"abc"}})",
        R"({"precondition":{"uid":"abc"}})"})
    EXPECT_EQ(call("DELETE", path_, unclear).status, 400) << unclear;
  const auto done = call("DELETE", path_,
                         R"({"kind":"DeleteOptions","apiVersion":"v1",
      "propagationPolicy":"Background","preconditions":{"uid":")" +
                             text(created, {"metadata", "uid"}) + "\"}}");
  EXPECT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(text(json(done), {"details", "uid"}), text(created, {"metadata", "uid"}));
}

TEST_F(WriteTest, ForegroundAndOrphanKeepTheObjectForTheGarbageCollector) {
  (void)call("POST", kApps, kHello);
  const auto foreground = call("DELETE", path_, R"({"propagationPolicy":"Foreground"})");
  EXPECT_EQ(foreground.status, 200);
  const auto waiting = json(foreground);
  EXPECT_EQ(schema::to_json(*waiting.find_path({"metadata", "finalizers"})),
            R"(["foregroundDeletion"])");
  EXPECT_NE(text(waiting, {"metadata", "deletionTimestamp"}), "");
  const auto orphan = json(call("DELETE", path_ + "?propagationPolicy=Orphan"));
  EXPECT_EQ(schema::to_json(*orphan.find_path({"metadata", "finalizers"})), R"(["orphan"])");
  const auto removed = call("PATCH", path_, R"({"metadata":{"finalizers":null}})", kMerge);
  EXPECT_EQ(removed.status, 200) << removed.body;
  EXPECT_EQ(call("GET", path_).status, 404);
  EXPECT_EQ(message(call("DELETE", path_ + "?propagationPolicy=All")),
            "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: "
            "\"All\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"");
}

TEST_F(WriteTest, LimitsAreToldWithTheirNumbers) {
  (void)call("POST", kApps, kHello);
  std::string many = "[";
  for (int i = 0; i <= 10'000; ++i)
    many += std::string(i == 0 ? "" : ",") + R"({"op":"test","path":"/kind","value":"App"})";
  const auto operations = call("PATCH", path_, many + "]", kJsonPatch);
  EXPECT_EQ(operations.status, 413);
  EXPECT_EQ(message(operations),
            "The allowed maximum operations in a JSON patch is 10000, got 10001");
  std::string deep;
  for (int i = 0; i < 300; ++i) deep += R"({"a":)";
  EXPECT_EQ(call("PATCH", path_, deep + "1" + std::string(300, '}'), kMerge).status, 400);
  const auto secrets = std::string("/api/v1/namespaces/default/secrets");
  ASSERT_EQ(call("POST", secrets, R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"}})")
                .status,
            201);
  const std::string half(1'400'000, 'A');
  EXPECT_EQ(call("PATCH", secrets + "/s", R"({"data":{"a":")" + half + "\"}}", kMerge).status, 200);
  const auto grown = call("PATCH", secrets + "/s",
                          R"({"data":{"b":")" + half + R"(","c":")" + half + "\"}}", kMerge);
  EXPECT_EQ(grown.status, 413) << grown.body.substr(0, 200);
  EXPECT_EQ(text(json(grown), {"reason"}), "RequestEntityTooLarge");
}

TEST_F(WriteTest, AnOwnerThatDoesNotExistIsNotNamed) {
  auto body = *schema::parse_json(kHello);
  body.member("metadata").set("name", "child");
  auto& owners = body.member("metadata").member("ownerReferences");
  owners = *schema::parse_json(R"([{"apiVersion":"gantry.dev/v1alpha1","kind":"App",
                                   "name":"hello","uid":"a-backup-knew-it"}])");
  const auto refused = call("POST", kApps, schema::to_json(body));
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(message(refused), HasSubstr("metadata.ownerReferences[0]: Invalid value: App "
                                          "\"hello\" with uid a-backup-knew-it does not exist"));
  const auto parent = json(call("POST", kApps, kHello));
  owners.as_array()[0].set("uid", text(parent, {"metadata", "uid"}));
  EXPECT_EQ(call("POST", kApps, schema::to_json(body)).status, 201);
  (void)call("DELETE", path_);
  EXPECT_EQ(
      call("PATCH", std::string(kApps) + "/child", R"({"spec":{"replicas":2}})", kMerge).status,
      200)
      << "what is there already may be changed";
  body.member("metadata").set("name", "foreign");
  owners.as_array()[0].set("apiVersion", "apps/v1");
  EXPECT_EQ(call("POST", kApps, schema::to_json(body)).status, 201) << "nobody can tell";
}

TEST_F(WriteTest, DeletesWhatItsSelectorChooses) {
  for (const auto* name : {"a", "b", "c"}) {
    auto body = *schema::parse_json(kHello);
    body.member("metadata").set("name", name);
    body.member("metadata").member("labels").set("keep", *name == 'b' ? "yes" : "no");
    ASSERT_EQ(call("POST", kApps, schema::to_json(body)).status, 201);
  }
  ASSERT_EQ(call("DELETE", std::string(kApps) + "?labelSelector=keep%3Dno").status, 200);
  const auto left = json(call("GET", kApps));
  ASSERT_EQ(left.find("items")->size(), 1U);
  EXPECT_EQ(text(left.find("items")->as_array()[0], {"metadata", "name"}), "b");
}

TEST_F(WriteTest, YamlGoesInAndOut) {
  const auto created = call("POST", kApps,
                            "apiVersion: gantry.dev/v1alpha1\nkind: App\nmetadata: {name: y}\n"
                            "spec:\n  machineClassName: small\n"
                            "  workload: {service: {unit: nginx.service}}\n",
                            "application/yaml", "application/yaml");
  ASSERT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(created.headers.find("Content-Type")->second, "application/yaml");
  EXPECT_THAT(created.body, HasSubstr("\n  machineClassName: small\n"));
}

TEST_F(WriteTest, EventsTakeStrategicMergePatches) {
  const std::string events = "/api/v1/namespaces/default/events";
  ASSERT_EQ(call("POST", events,
                 R"({"apiVersion":"v1","kind":"Event","metadata":{"name":"e"},
                     "involvedObject":{"kind":"App","name":"x","namespace":"default"},
                     "reason":"R","message":"m","type":"Normal","count":1})")
                .status,
            201);
  const auto counted = call("PATCH", events + "/e",
                            R"({"count":2,"lastTimestamp":"2026-01-01T00:00:05Z"})", kStrategic);
  ASSERT_EQ(counted.status, 200) << counted.body;
  EXPECT_EQ(json(counted).find("count")->as_integer(), 2);
}

// As python3-kubernetes does.
TEST_F(WriteTest, TypedClientsMayLeaveOutWhatThePathSays) {
  const auto made =
      call("POST", "/api/v1/namespaces/default/configmaps", R"({"metadata": {"name": "py"}})");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(json(made).string_or("kind", ""), "ConfigMap");
  EXPECT_EQ(call("POST", kApps, R"({"metadata": {"name": "py"}})").status, 400);
}

}  // namespace
}  // namespace gantry::apiserver
