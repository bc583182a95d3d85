#include "controllers/machineclass/reconciler.h"

#include "api/meta/condition.h"
#include "pkg/base/testing.h"
#include "pkg/runtime/testing.h"
#include "pkg/schema/codec.h"
#include "pkg/schema/json.h"
#include "pkg/store/typed.h"

namespace gantry::controllers::machineclass {
namespace {

using namespace std::chrono_literals;
using testing::IsOk;

class NoClusters final : public inventory::Clusters {
 public:
  inventory::ClusterPtr find(const ClusterName&) const override { return nullptr; }
  std::vector<inventory::ClusterPtr> all() const override { return {}; }
};

Json object(const std::string& text) {
  return *schema::parse_json(text);
}

class ReconcilerTest : public ::testing::Test {
 protected:
  ReconcilerTest() {
    const auto shape = object(R"({"apiVersion": "gantry.dev/v1alpha1", "kind": "MachineClass",
      "metadata": {"name": "small"}, "spec": {"clusterName": "home"}})");
    const auto machine = object(R"({"apiVersion": "gantry.dev/v1alpha1", "kind": "Machine",
      "metadata": {"name": "web", "namespace": "default"},
      "spec": {"machineClassName": "small"}})");
    EXPECT_THAT(run(world_.store.create(kClasses, shape)), IsOk());
    EXPECT_THAT(run(world_.store.create(kMachines, machine)), IsOk());
    reconciler_.connect(controller_);
    world_.start([this] { return controller_.run(); });
    world_.run_for(1s);
  }
  ~ReconcilerTest() override { world_.finish(); }

  Result<store::ObjectPtr> run(Async<Result<store::ObjectPtr>> operation) {
    return world_.loop.block_on(world_.clock, std::move(operation));
  }
  void remove(const store::Key& key) {
    EXPECT_THAT(run(world_.store.remove(key, store::Removal())), IsOk());
    world_.run_for(20s);
  }
  bool is_there() const { return world_.store.get({kClasses, "", "small"}).ok(); }

  runtime::TestWorld world_;
  NoClusters clusters_;
  Reconciler reconciler_{Dependencies{world_.store, clusters_, world_.clock}};
  runtime::Controller controller_{"machineclass", kClasses, reconciler_, world_.environment()};
};

TEST_F(ReconcilerTest, AClassStaysForAsLongAsMachinesNameIt) {
  remove({kClasses, "", "small"});
  ASSERT_TRUE(is_there());
  const auto shape = store::get<MachineClass>(world_.store, {kClasses, "", "small"});
  ASSERT_THAT(shape, IsOk());
  const auto* deleting = api::meta::find_condition(shape->status.conditions, "Deleting");
  ASSERT_NE(deleting, nullptr);
  EXPECT_EQ(deleting->message, "waits until no Machine names it; as yet 1");
  remove({kMachines, "default", "web"});
  EXPECT_FALSE(is_there());
}

TEST_F(ReconcilerTest, AClassThatNobodyNeedsGoesAtOnce) {
  remove({kMachines, "default", "web"});
  EXPECT_TRUE(is_there());
  remove({kClasses, "", "small"});
  EXPECT_FALSE(is_there());
}

// It is of no use to anybody, but its container is there until its Machine has gone.
TEST_F(ReconcilerTest, ADeletedClassEndsItsProbeAndGoesAfterIt) {
  remove({kMachines, "default", "web"});
  const auto shape = store::get<MachineClass>(world_.store, {kClasses, "", "small"});
  ASSERT_THAT(shape, IsOk());
  auto probe = make_probe(*shape, "x");
  probe.metadata.finalizers = {"gantry.dev/machine"};
  EXPECT_THAT(run(world_.store.create(kMachines, schema::encode(probe))), IsOk());
  remove({kClasses, "", "small"});
  EXPECT_TRUE(is_there());
  const store::Key key{kMachines, kProbeNamespace, "small-flag-probe"};
  auto kept = store::get<api::v1alpha1::Machine>(world_.store, key);
  ASSERT_THAT(kept, IsOk());
  EXPECT_TRUE(kept->metadata.deleting());
  kept->metadata.finalizers.clear();
  EXPECT_THAT(run(world_.store.update(kMachines, store::Part::main, schema::encode(*kept))),
              IsOk());
  world_.run_for(20s);
  EXPECT_FALSE(is_there());
}

// Whoever has a Machine of that name keeps it.
TEST_F(ReconcilerTest, AMachineOfAProbesNameThatIsSomebodysCountsAsHis) {
  const auto his = object(R"({"apiVersion": "gantry.dev/v1alpha1", "kind": "Machine",
    "metadata": {"name": "small-flag-probe", "namespace": "gantry-system"},
    "spec": {"machineClassName": "small"}})");
  EXPECT_THAT(run(world_.store.create(kMachines, his)), IsOk());
  remove({kMachines, "default", "web"});
  remove({kClasses, "", "small"});
  EXPECT_TRUE(is_there());
  const auto kept = store::get<api::v1alpha1::Machine>(
      world_.store, {kMachines, kProbeNamespace, "small-flag-probe"});
  ASSERT_THAT(kept, IsOk());
  EXPECT_FALSE(kept->metadata.deleting());
}

}  // namespace
}  // namespace gantry::controllers::machineclass
