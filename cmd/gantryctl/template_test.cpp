// template build: step by step, once, and on from where it was.
#include "cmd/gantryctl/commands.h"
#include "cmd/gantryctl/pods_fake.h"

namespace gantry::ctl {
namespace {

const store::Resource kMachines = "machines.gantry.dev";
const store::Resource kApps = "apps.gantry.dev";

class Templates : public PodCommands {
 protected:
  Templates() {
    put("machineclasses.gantry.dev", R"({"apiVersion":"gantry.dev/v1alpha1","kind":"MachineClass",
        "metadata":{"name":"small"},"spec":{"clusterName":"home","features":{"nesting":true},
        "os":{"template":"debian-13-standard"}}})");
    pods_.status = 101;
    pods_.said = frame('\3', R"({"metadata":{},"status":"Success"})");
  }
  Status build(bool docker) {
    TemplateOptions options;
    options.name = "gold";
    options.class_name = "small";
    options.docker = docker;
    options.timeout = 60s;
    async::Group group(loop_.executor());
    group.spawn("controllers", [this] { return control(); });
    const auto built = run(build_template(*session_, options, random_));
    group.cancel();
    EXPECT_THAT(run(group.join()), IsOk());
    return built;
  }

  // The controllers' part: Machines of Apps, and everything as its spec says, a second later.
  Async<Status> control() {
    while (true) {
      GANTRY_CO_TRY(co_await clock_.sleep_for(1s));
      for (const auto& app : store_.list(kApps, "default").items) {
        const Json object = app->value;
        GANTRY_CO_TRY(co_await look_after(kApps, object));
      }
      for (const auto& machine : store_.list(kMachines, "default").items) {
        const Json object = machine->value;
        GANTRY_CO_TRY(co_await look_after(kMachines, object));
      }
    }
  }
  Async<Status> look_after(store::Resource resource, Json object) {
    auto& metadata = object.member("metadata");
    metadata.erase("resourceVersion");
    const bool leaves = metadata.find("deletionTimestamp") != nullptr;
    if (resource == kApps && !leaves) GANTRY_CO_TRY(co_await make_machine_of(object));
    if (resource == kApps && leaves) GANTRY_CO_TRY(co_await release_machine());
    if (leaves) metadata.erase("finalizers");
    const auto* power = object.find_path({"spec", "powerState"});
    const bool stopped = power != nullptr && power->as_string() == "Stopped";
    auto& status = object.member("status");
    status.set("vmid", 20007);
    status.set("node", "pve1");
    status.set("power", stopped ? "stopped" : "running");
    Json ready;
    ready.set("type", "Ready");
    ready.set("status", "True");
    ready.set("reason", "R");
    ready.set("message", "");
    ready.set("observedGeneration", metadata.integer_or("generation", 0));
    ready.set("lastTransitionTime", "2026-01-01T00:00:00Z");
    status.set("conditions", Json::Array{ready});
    const auto written = co_await store_.update(resource, store::Part::whole, std::move(object));
    (void)written;  // it may have gone meanwhile
    co_return Status();
  }
  Async<Status> make_machine_of(const Json& app) {
    const store::Key key{kMachines, "default", "gold-0"};
    if (store_.get(key).ok()) co_return Status();
    Json machine = *schema::parse_json(
        R"({"apiVersion":"gantry.dev/v1alpha1","kind":"Machine","metadata":{"namespace":"default",
        "name":"gold-0","labels":{"gantry.dev/template":"gold"},"ownerReferences":[{
        "apiVersion":"gantry.dev/v1alpha1","kind":"App","name":"gold","controller":true}]},
        "spec":{"machineClassName":"small"}})");
    machine.member("metadata")
        .find("ownerReferences")
        ->as_array()[0]
        .set("uid", meta_text(app, "uid"));
    const auto created = co_await store_.create(kMachines, std::move(machine));
    co_return created.status();
  }
  Async<Status> release_machine() {
    const auto found = store_.get({kMachines, "default", "gold-0"});
    if (!found.ok()) co_return Status();
    Json machine = (*found)->value;
    machine.member("metadata").erase("resourceVersion");
    machine.member("metadata").erase("ownerReferences");
    const auto written = co_await store_.update(kMachines, store::Part::whole, std::move(machine));
    co_return written.status();
  }
  bool is_there(const store::Resource& resource, const std::string& name) {
    return store_.get({resource, "default", name}).ok();
  }
};

TEST_F(Templates, APlainOneIsCleanedStoppedAndLeft) {
  ASSERT_THAT(build(false), IsOk());
  ASSERT_EQ(pods_.asked.size(), 1U);
  EXPECT_THAT(pods_.asked[0], AllOf(HasSubstr("pods/gold/exec?command=sh"), HasSubstr("machine-id"),
                                    HasSubstr("ssh_host_")));
  EXPECT_FALSE(is_there(kMachines, "gold"));
  ASSERT_EQ(printed_.size(), 1U);
  EXPECT_THAT(printed_[0],
              AllOf(HasSubstr("\n  pct set 20007 --hostname gold && pct template 20007\n"),
                    HasSubstr("golden: {name: gold}")));
  // Again: there is nothing left to do but to say it.
  ASSERT_THAT(build(false), IsOk());
  EXPECT_EQ(pods_.asked.size(), 1U);
  EXPECT_EQ(printed_.at(1), printed_[0]);
}

TEST_F(Templates, WithDockerIsSetUpByAnAppThatGoesBeforeItIsCleaned) {
  ASSERT_THAT(build(true), IsOk());
  EXPECT_THAT(pods_.asked, ElementsAre(HasSubstr("pods/gold-0/exec?command=sh")));
  EXPECT_FALSE(is_there(kApps, "gold"));
  EXPECT_FALSE(is_there(kMachines, "gold-0"));
  EXPECT_THAT(printed_.at(0), HasSubstr("pct set 20007 --hostname gold --features "
                                        "nesting=1,keyctl=1 && pct template 20007"));
}

TEST_F(Templates, GoesOnWhereItWas) {
  pods_.said = frame('\3', R"({"status":"Failure","message":"no way inside"})");
  EXPECT_THAT(build(false), Fails(ErrorClass::remote, HasSubstr("no way inside")));
  EXPECT_TRUE(is_there(kMachines, "gold"));
  EXPECT_THAT(printed_, ::testing::IsEmpty());
  pods_.said = frame('\3', R"({"metadata":{},"status":"Success"})");
  EXPECT_THAT(build(false), IsOk());
  EXPECT_EQ(printed_.size(), 1U);
}

TEST_F(Templates, LeavesWhatIsSomebodyElsesAlone) {
  put_machine("gold", "True");
  EXPECT_THAT(build(false), Fails(ErrorClass::invalid, HasSubstr("choose another name")));
  EXPECT_TRUE(is_there(kMachines, "gold"));
  EXPECT_THAT(pods_.asked, ::testing::IsEmpty());
}

}  // namespace
}  // namespace gantry::ctl
