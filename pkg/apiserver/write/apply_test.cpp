// Server-side apply and the account of who set what, in the forms of the wire.
#include "pkg/apiserver/write/apply.h"

#include "api/v1alpha1/app.h"
#include "pkg/base/testing.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;
using schema::ManagerOperation;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const schema::TypeInfo& app_type() {
  return *schema::type_of<api::v1alpha1::App>();
}

Json json(const std::string& text) {
  auto parsed = schema::parse_json(text);
  EXPECT_THAT(parsed, IsOk()) << text;
  return parsed.ok() ? *parsed : Json();
}

// Keeps one App as the server would, and counts seconds.
class ApplyTest : public ::testing::Test {
 protected:
  schema::ManagedEntry manager(const std::string& name, ManagerOperation operation) {
    schema::ManagedEntry entry;
    entry.manager = name;
    entry.operation = operation;
    entry.api_version = "gantry.dev/v1alpha1";
    entry.time = from_unix_seconds(1'790'000'000 + ++seconds_);
    return entry;
  }
  // The messages of conflicts; the object changes when there are none.
  std::vector<std::string> apply(const std::string& name, const std::string& spec,
                                 bool force = false) {
    auto applied = server_side_apply(app_type(), object_, json(R"({"spec":)" + spec + "}"),
                                     manager(name, ManagerOperation::apply), force);
    EXPECT_THAT(applied, IsOk());
    std::vector<std::string> conflicts;
    for (const auto& conflict : applied->conflicts)
      conflicts.push_back(conflict.manager + ": " + conflict.path);
    if (conflicts.empty()) object_ = std::move(applied->object);
    return conflicts;
  }
  void update(const std::string& name, const std::string& spec) {
    auto before = object_;
    before.member("metadata").erase("managedFields");
    auto after = before;
    merge_patch(after, json(R"({"spec":)" + spec + "}"));
    set_managed_fields(after, track_update(app_type(), managed_fields_of(object_), before, after,
                                           manager(name, ManagerOperation::update)));
    object_ = std::move(after);
  }
  std::string spec() const { return schema::to_json(*object_.find("spec")); }
  // "kubectl Apply .spec.image .spec.replicas"
  std::vector<std::string> owners() const {
    std::vector<std::string> lines;
    for (const auto& entry : managed_fields_of(object_)) {
      auto line = entry.manager;
      line += entry.operation == ManagerOperation::apply ? " Apply" : " Update";
      for (const auto& path : paths_of(entry.fields)) line += " " + path;
      lines.push_back(line);
    }
    return lines;
  }

  Json object_ = Json::object();
  int seconds_ = 0;
};

TEST_F(ApplyTest, OwnsWhatItSaysAndTakesBackWhatItNoLongerSays) {
  EXPECT_THAT(apply("kubectl", R"({"machineClassName":"small","replicas":2})"), IsEmpty());
  EXPECT_THAT(owners(), ElementsAre("kubectl Apply .spec.machineClassName .spec.replicas"));
  EXPECT_THAT(apply("kubectl", R"({"machineClassName":"small"})"), IsEmpty());
  EXPECT_EQ(spec(), R"({"machineClassName":"small"})");
  EXPECT_THAT(owners(), ElementsAre("kubectl Apply .spec.machineClassName"));
}

TEST_F(ApplyTest, AFieldWithTwoOwnersStaysUntilBothGiveItUp) {
  apply("a", R"({"replicas":2,"suspend":true})");
  EXPECT_THAT(apply("b", R"({"replicas":2})"), IsEmpty()) << "they agree";
  apply("a", R"({"suspend":true})");
  EXPECT_EQ(spec(), R"({"replicas":2,"suspend":true})");
  apply("b", R"({"suspend":true})");
  EXPECT_EQ(spec(), R"({"suspend":true})");
}

TEST_F(ApplyTest, ConflictsAreToldAsKubernetesTellsThem) {
  apply("kubectl", R"({"machineClassName":"small","replicas":1})");
  update("kubectl-replace", R"({"replicas":3})");
  EXPECT_THAT(owners(), ElementsAre("kubectl Apply .spec.machineClassName",
                                    "kubectl-replace Update .spec.replicas"));
  auto applied = server_side_apply(app_type(), object_, json(R"({"spec":{"replicas":5}})"),
                                   manager("kubectl", ManagerOperation::apply), false);
  ASSERT_THAT(applied, IsOk());
  // wire.txt, "SSA conflict".
  EXPECT_EQ(schema::to_json(apply_conflict(applied->conflicts).to_json()),
            R"({"apiVersion":"v1","code":409,"details":{"causes":[{"field":".spec.replicas",)"
            R"("message":"conflict with \"kubectl-replace\" using gantry.dev/v1alpha1",)"
            R"("reason":"FieldManagerConflict"}]},"kind":"Status","message":"Apply failed with 1 )"
            R"(conflict: conflict with \"kubectl-replace\" using gantry.dev/v1alpha1: )"
            R"(.spec.replicas","metadata":{},"reason":"Conflict","status":"Failure"})");
}

TEST_F(ApplyTest, SeveralConflictsAreListedByManager) {
  apply("flux", R"({"replicas":1,"ports":[{"name":"http","port":80}]})");
  update("kubectl-edit", R"({"suspend":true})");
  auto applied =
      server_side_apply(app_type(), object_, json(R"({"spec":{"replicas":5,"suspend":false,
                                 "ports":[{"name":"http","port":81}]}})"),
                        manager("argocd", ManagerOperation::apply), false);
  ASSERT_THAT(applied, IsOk());
  EXPECT_EQ(apply_conflict(applied->conflicts).message,
            "Apply failed with 3 conflicts: conflicts with \"flux\":\n"
            "- .spec.ports[name=\"http\"].port\n- .spec.replicas\n"
            "conflicts with \"kubectl-edit\" using gantry.dev/v1alpha1:\n- .spec.suspend");
}

TEST_F(ApplyTest, ForceTakesTheFieldsOver) {
  apply("a", R"({"replicas":1,"suspend":true})");
  EXPECT_THAT(apply("b", R"({"replicas":2})"), ElementsAre("\"a\": .spec.replicas"));
  EXPECT_THAT(apply("b", R"({"replicas":2})", true), IsEmpty());
  EXPECT_THAT(owners(), ElementsAre("a Apply .spec.suspend", "b Apply .spec.replicas"));
}

TEST_F(ApplyTest, ListsAreSharedByKey) {
  apply("a", R"({"ports":[{"name":"http","port":80}]})");
  EXPECT_THAT(apply("b", R"({"ports":[{"name":"ssh","port":22}]})"), IsEmpty());
  EXPECT_EQ(spec(), R"({"ports":[{"name":"http","port":80},{"name":"ssh","port":22}]})");
  apply("a", R"({"ports":[]})");
  EXPECT_EQ(spec(), R"({"ports":[{"name":"ssh","port":22}]})");
}

TEST_F(ApplyTest, NothingNewChangesNothing) {
  apply("a", R"({"ports":[{"name":"http","port":80}],"replicas":2})");
  update("b", R"({"suspend":true})");
  const auto before = object_;
  apply("a", R"({"replicas":2,"ports":[{"port":80,"name":"http"}]})");
  EXPECT_EQ(object_, before) << "times included: the resourceVersion stays";
  update("b", R"({"suspend":true})");
  EXPECT_EQ(object_, before);
}

TEST_F(ApplyTest, AnUpdateOwnsWhatItChangesAndNothingElse) {
  apply("a", R"({"replicas":2,"suspend":false})");
  update("b", R"({"replicas":3,"suspend":false})");
  EXPECT_THAT(owners(), ElementsAre("a Apply .spec.suspend", "b Update .spec.replicas"));
  update("b", R"({"replicas":null})");
  EXPECT_THAT(owners(), ElementsAre("a Apply .spec.suspend"));
}

TEST_F(ApplyTest, ManyUpdatersBecomeOne) {
  for (int i = 0; i < 15; ++i)
    update("program-" + std::to_string(i), R"({"env":[{"name":"E)" + std::to_string(i) + R"("}]})");
  for (int i = 0; i < 15; ++i)
    update("other-" + std::to_string(i), R"({"workload":{"x)" + std::to_string(i) + R"(":1}})");
  const auto entries = managed_fields_of(object_);
  EXPECT_EQ(entries.size(), kUpdateManagersMax);
  EXPECT_EQ(entries.front().manager, kAncientChanges);
}

TEST_F(ApplyTest, ListsThatCannotBeSharedAreRefused) {
  EXPECT_THAT(server_side_apply(app_type(), object_, json(R"({"spec":{"ports":[{"port":80}]}})"),
                                manager("a", ManagerOperation::apply), false),
              Fails(ErrorClass::invalid, HasSubstr("spec.ports[0]: must have name")));
}

// kubectl apply, then kubectl apply --server-side: no conflict with itself, but with others.
TEST_F(ApplyTest, KubectlPassesFromClientSideApply) {
  object_ = json(R"({"metadata":{"annotations":{
    "kubectl.kubernetes.io/last-applied-configuration":
      "{\"metadata\":{\"annotations\":{}},\"spec\":{\"replicas\":2,\"suspend\":true}}\n"}}})");
  update("kubectl-client-side-apply", R"({"replicas":2,"suspend":true})");
  update("kubectl-scale", R"({"replicas":4})");
  EXPECT_THAT(apply("kubectl", R"({"replicas":5,"suspend":false})"),
              ElementsAre("\"kubectl-scale\" using gantry.dev/v1alpha1: .spec.replicas"));
  EXPECT_THAT(apply("kubectl", R"({"suspend":false})"), IsEmpty());
  const auto* applied = object_.find_path(
      {"metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"});
  ASSERT_NE(applied, nullptr);
  EXPECT_EQ(applied->as_string(), "{\"spec\":{\"suspend\":false}}\n")
      << "kubectl without --server-side can go on from here";
  EXPECT_THAT(apply("flux", R"({"suspend":true})"), ElementsAre("\"kubectl\": .spec.suspend"));
}

TEST(ChosenEntries, AreTheClientsOwnUnlessItSaysNothingOfSense) {
  const auto current = json(R"({"metadata":{"managedFields":[{"manager":"a","operation":"Update",
                                "fieldsV1":{"f:spec":{}}}]}})");
  EXPECT_EQ(chosen_entries(current, json(R"({"metadata":{}})")).at(0).manager, "a");
  EXPECT_EQ(chosen_entries(current, json(R"({"metadata":{"managedFields":[{"x":1}]}})")).size(),
            1U);
  EXPECT_EQ(chosen_entries(current, json(R"({"metadata":{"managedFields":[
              {"manager":"b","operation":"Apply","fieldsV1":{"f:spec":{}}}]}})"))
                .at(0)
                .manager,
            "b");
  EXPECT_THAT(chosen_entries(current, json(R"({"metadata":{"managedFields":[{}]}})")), IsEmpty());
}

}  // namespace
}  // namespace gantry::apiserver
