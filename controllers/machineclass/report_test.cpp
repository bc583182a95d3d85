#include "controllers/machineclass/report.h"

#include <gmock/gmock.h>

#include "api/meta/condition.h"
#include "pkg/base/testing.h"

namespace gantry::controllers::machineclass {
namespace {

using api::meta::ConditionStatus;
using ::testing::HasSubstr;
using ::testing::StartsWith;
namespace placement = inventory::placement;

constexpr int64_t kGiB = int64_t{1} << 30;

struct ReportScene {
  MachineClass shape;
  Findings findings;
  ReportScene() {
    shape.spec.os = api::v1alpha1::OsTemplate{"debian-12-standard", {}};
    shape.spec.resources.memory = schema::Quantity("1Gi");
    findings.now = from_unix_seconds(1'800'000'000);
    auto snapshot = std::make_shared<inventory::Snapshot>();
    pve::NodeRow node;
    node.name = NodeName("pve1");
    node.status = "online";
    node.memory_total = 8 * kGiB;
    node.memory_used = 2 * kGiB;
    snapshot->nodes[node.name] = node;
    findings.snapshot = snapshot;
    findings.candidates.nodes = {{node.name, placement::Verdict::allowed, "", ""}};
    pve::StorageRow storage;
    storage.id = StorageId("local");
    storage.node = node.name;
    storage.available = 40 * kGiB;
    findings.candidates.root_disks = {{storage, placement::Verdict::allowed, "", ""}};
    findings.templates.found = {{"pve1", "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst"}};
  }
  std::string said(std::string_view type) {
    report(shape, findings);
    const auto* found = api::meta::find_condition(shape.status.conditions, type);
    if (found == nullptr) return "absent";
    const char* status = found->status == ConditionStatus::yes  ? "True"
                         : found->status == ConditionStatus::no ? "False"
                                                                : "Unknown";
    return status + (found->code.empty() ? std::string() : " " + found->code);
  }
  // As last reported.
  std::string message(std::string_view type) const {
    const auto* found = api::meta::find_condition(shape.status.conditions, type);
    return found == nullptr ? "absent" : found->message;
  }
};

TEST(Report, CountsTheRoomThatIsLeft) {
  ReportScene scene;
  EXPECT_EQ(scene.said("Ready"), "True");
  EXPECT_EQ(scene.shape.status.capacity, 5);  // 40 GiB of disk, 8 each
  scene.shape.spec.placement.max_per_node = 3;
  scene.findings.machines_on[NodeName("pve1")] = 1;
  EXPECT_EQ(scene.said("CapacityAvailable"), "True");
  EXPECT_EQ(scene.shape.status.capacity, 2);
}

TEST(Report, CountsNoRoomTwiceAndNoneWhereTheTemplateIsMissing) {
  ReportScene scene;
  auto snapshot = std::make_shared<inventory::Snapshot>(*scene.findings.snapshot);
  auto second = snapshot->nodes.at(NodeName("pve1"));
  second.name = NodeName("pve2");
  snapshot->nodes[second.name] = second;
  scene.findings.snapshot = snapshot;
  scene.findings.candidates.nodes.push_back({second.name, placement::Verdict::allowed, "", ""});
  scene.findings.candidates.root_disks[0].row.shared = true;
  scene.findings.candidates.root_disks.push_back(scene.findings.candidates.root_disks[0]);
  scene.findings.candidates.root_disks[1].row.node = second.name;
  scene.findings.templates.found.push_back({"pve2", "local:vztmpl/debian-12-standard_12.7-1"});
  EXPECT_EQ(scene.said("CapacityAvailable"), "True");
  EXPECT_EQ(scene.shape.status.capacity, 5);  // the one shared storage
  scene.findings.candidates.root_disks[0].row.shared = false;
  scene.findings.candidates.root_disks[1].row.shared = false;
  EXPECT_EQ(scene.said("CapacityAvailable"), "True");
  EXPECT_EQ(scene.shape.status.capacity, 10);
  scene.findings.templates.found.pop_back();
  EXPECT_EQ(scene.said("CapacityAvailable"), "True");
  EXPECT_EQ(scene.shape.status.capacity, 5);
  // The node that has the template is full.
  scene.findings.candidates.root_disks[0].row.available = 0;
  EXPECT_EQ(scene.said("CapacityAvailable"), "False TPL-001");
  EXPECT_EQ(scene.shape.status.capacity, 0);
}

TEST(Report, EachShortageHasItsConditionAndCode) {
  ReportScene full;
  full.findings.candidates.root_disks[0].row.available = kGiB;
  EXPECT_EQ(full.said("CapacityAvailable"), "False STO-001");
  EXPECT_EQ(api::meta::find_condition(full.shape.status.conditions, "Ready")->message,
            "no storage has the space for 8 GiB more: local on pve1: 1 GiB free");
  ReportScene demanding;
  auto& storage = demanding.findings.candidates.root_disks[0];
  storage.verdict = placement::Verdict::refused;
  storage.full = true;
  storage.why = "1 GiB free, not storage.avail > quantity(\"20Gi\")";
  EXPECT_EQ(demanding.said("SelectorResolved"), "False STO-001");
  EXPECT_EQ(demanding.said("CapacityAvailable"), "False STO-001");
  ReportScene bare;
  bare.findings.templates.found.clear();
  EXPECT_EQ(bare.said("TemplatesReady"), "False TPL-001");
  EXPECT_EQ(bare.said("Stalled"), "True TPL-001");
  ReportScene unmatched;
  unmatched.findings.candidates.root_disks[0].verdict = placement::Verdict::refused;
  EXPECT_EQ(unmatched.said("SelectorResolved"), "False CEL-001");
  ReportScene unsure;
  unsure.findings.candidates.nodes[0].verdict = placement::Verdict::unknown;
  EXPECT_EQ(unsure.said("SelectorResolved"), "Unknown CEL-005");
  ReportScene broken;
  broken.findings.selectors = with_code(make_error(ErrorClass::invalid, "1:1: no"), "CEL-003");
  EXPECT_EQ(broken.said("Stalled"), "True CEL-003");
}

// CEL-002.
TEST(Report, AMisspelledNameIsTold) {
  ReportScene scene;
  auto& storage = scene.findings.candidates.root_disks[0];
  storage.verdict = placement::Verdict::refused;
  storage.hint = "'Local' not found, did you mean 'local'?";
  EXPECT_EQ(scene.said("SelectorResolved"), "False CEL-002");
  EXPECT_THAT(scene.message("Stalled"), StartsWith("'Local' not found, did you mean 'local'? 1/1"));
  ReportScene node;
  node.findings.candidates.nodes[0].verdict = placement::Verdict::refused;
  EXPECT_EQ(node.said("SelectorResolved"), "False MC-003");
  node.findings.candidates.nodes[0].hint = "'pve' not found, did you mean 'pve1'?";
  EXPECT_EQ(node.said("SelectorResolved"), "False CEL-002");
  ReportScene source;
  source.findings.templates.found.clear();
  source.findings.candidates.template_sources = {
      {storage.row, placement::Verdict::refused, "", "'nsf' not found, did you mean 'nfs'?"}};
  EXPECT_EQ(source.said("TemplatesReady"), "False CEL-002");
}

// CEL-004.
TEST(Report, OfSeveralStoragesTheOrderIsTold) {
  ReportScene scene;
  auto other = scene.findings.candidates.root_disks[0];
  other.row.id = StorageId("fast");
  other.row.available = 50 * kGiB;
  scene.findings.candidates.root_disks.push_back(other);
  EXPECT_EQ(scene.said("SelectorResolved"), "True CEL-004");
  EXPECT_THAT(scene.message("SelectorResolved"), HasSubstr("taken: fast before local on pve1;"));
  EXPECT_EQ(scene.said("Ready"), "True");
  scene.findings.candidates.root_disks[1].verdict = placement::Verdict::refused;
  EXPECT_EQ(scene.said("SelectorResolved"), "True");
}

// MC-004.
TEST(Report, AClassOfWhichThereAreAsManyAsMayBeIsUsedUp) {
  ReportScene scene;
  scene.shape.spec.placement.max_per_node = 2;
  scene.findings.machines = 2;
  scene.findings.machines_on[NodeName("pve1")] = 2;
  EXPECT_EQ(scene.said("CapacityAvailable"), "False MC-004");
  EXPECT_EQ(scene.message("CapacityAvailable"),
            "2 of 2 used: maxPerNode is 2, nodes that match: 1");
}

// TPL-005.
TEST(Report, ATemplateThatIsNotOfferedComesWithThoseThatAre) {
  ReportScene scene;
  scene.shape.spec.os->name = "debian-12-standard_12.2-1";
  scene.findings.templates.found.clear();
  scene.findings.templates.offered = {"debian-12-standard_12.7-1_amd64.tar.zst",
                                      "debian-12-standard_12.12-1_amd64.tar.zst",
                                      "alpine-3.22-default_20250617_amd64.tar.xz"};
  EXPECT_EQ(scene.said("TemplatesReady"), "False TPL-005");
  EXPECT_EQ(scene.message("TemplatesReady"),
            "template debian-12-standard_12.2-1 is on no node that matches; candidates: "
            "debian-12-standard_12.12-1_amd64.tar.zst, debian-12-standard_12.7-1_amd64.tar.zst");
  scene.shape.spec.os->name = "fedora-42";
  EXPECT_EQ(scene.said("TemplatesReady"), "False TPL-001");
}

TEST(Report, ATemplateThatCouldNotBeReadIsStillThere) {
  ReportScene scene;
  EXPECT_EQ(scene.said("TemplatesReady"), "True");
  scene.findings.templates.found.clear();
  scene.findings.templates.unread = {NodeName("pve1")};
  EXPECT_EQ(scene.said("TemplatesReady"), "True");
  EXPECT_EQ(scene.shape.status.templates.size(), 1u);
  scene.shape.status.templates.clear();
  EXPECT_EQ(scene.said("TemplatesReady"), "Unknown CON-006");
}

TEST(Report, WhatIsOldSaysOfWhenItIs) {
  ReportScene scene;
  scene.findings.is_old = true;
  EXPECT_EQ(scene.said("Ready"), "True");
  EXPECT_EQ(api::meta::find_condition(scene.shape.status.conditions, "Ready")->message,
            "as of " + to_rfc3339(scene.findings.snapshot->observed_at) +
                ": the cluster cannot be observed now");
}

TEST(NewestTemplate, ComparesVersionsAsNumbersAndNamesAsWords) {
  EXPECT_EQ(newest_template({"local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst",
                             "local:vztmpl/debian-12-standard_12.12-1_amd64.tar.zst",
                             "local:vztmpl/debian-12-standardplus_99_amd64.tar.zst"},
                            "debian-12-standard"),
            "local:vztmpl/debian-12-standard_12.12-1_amd64.tar.zst");
  EXPECT_EQ(newest_template({"local:vztmpl/alpine-3.22.tar.xz"}, "debian"), std::nullopt);
}

}  // namespace
}  // namespace gantry::controllers::machineclass
