#include <functional>

#include "pkg/base/testing.h"
#include "pkg/inventory/completeness.h"
#include "pkg/inventory/presence.h"
#include "pkg/inventory/privileges.h"
#include "pkg/inventory/vanish.h"
#include "pkg/pve/mark.h"

namespace gantry::inventory {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const NodeName kNode("pve1");

pve::GuestRow guest(int64_t vmid) {
  pve::GuestRow row;
  row.vmid = VmId(vmid);
  row.node = kNode;
  row.status = "running";
  return row;
}

Uid uid(int64_t number) {
  return Uid(absl::StrFormat("00000000-0000-4000-8000-%012d", number));
}

OwnedGuest owned(int64_t vmid) {
  OwnedGuest guest;
  guest.vmid = VmId(vmid);
  guest.uid = uid(vmid);
  guest.established = true;
  return guest;
}

// What judge() looks at; everything is well until a row changes it.
struct Picture {
  Snapshot snapshot;
  std::vector<FailedCall> failures;
  std::vector<std::string> undecodable;
  std::vector<OwnedGuest> ours;
  std::optional<ClusterIdentity> identity;

  Picture() {
    snapshot.cluster.name = "home";
    snapshot.cluster.quorate = true;
    snapshot.cluster.members.push_back({kNode, true, true, ""});
    snapshot.nodes[kNode].name = kNode;
    snapshot.nodes[kNode].status = "online";
    snapshot.guests[VmId(100)] = guest(100);
  }
  Verdict judged() const { return judge(snapshot, failures, undecodable, ours, identity); }
};

struct Row {
  const char* name;
  std::function<void(Picture&)> arrange;
  bool complete, quorate, canary;
  ErrorClass error;
  const char* code;
};

const Row kRows[] = {
    {"a node that could not be asked",
     [](Picture& p) {
       p.failures.push_back({"running tasks of node pve1",
                             with_code(make_error(ErrorClass::transport, "595"), "CON-011")});
     },
     false, true, true, ErrorClass::transport, "CON-011"},
    {"a cluster that does not answer",
     [](Picture& p) {
       p.snapshot = Snapshot();
       p.failures.push_back({"cluster status", make_error(ErrorClass::timeout, "no answer")});
     },
     false, false, true, ErrorClass::timeout, "CON-001"},
    {"refused credentials",
     [](Picture& p) {
       p.failures.push_back({"x", make_error(ErrorClass::auth, "401")});
     },
     false, true, true, ErrorClass::auth, "CON-002"},
    {"an answer that could not be decoded",
     [](Picture& p) { p.undecodable.push_back("no identity in {}"); }, false, true, true,
     ErrorClass::schema, "CON-007"},
    {"no quorum", [](Picture& p) { p.snapshot.cluster.quorate = false; }, true, false, true,
     ErrorClass::held, "CON-010"},
    {"a missing privilege",
     [](Picture& p) { p.snapshot.missing_privileges.insert("/pool/gantry: VM.Audit"); }, true, true,
     false, ErrorClass::permission, "CON-004"},
    {"none of our guests is listed",
     [](Picture& p) {
       p.ours = {owned(200), owned(201)};
     },
     true, true, false, ErrorClass::held, "CON-004"},
    {"an online member that is not in the resources",
     [](Picture& p) {
       p.snapshot.cluster.members.push_back({NodeName("pve2"), true, false, ""});
     },
     false, true, true, ErrorClass::remote, "CON-006"},
    {"a node that is online and offline",
     [](Picture& p) { p.snapshot.nodes[kNode].status = "offline"; }, false, true, true,
     ErrorClass::remote, "CON-006"},
    {"a guest on a node that nobody knows",
     [](Picture& p) { p.snapshot.guests[VmId(100)].node = NodeName("pve7"); }, false, true, true,
     ErrorClass::remote, "CON-006"},
    {"another cluster behind the same address",
     [](Picture& p) {
       p.identity = ClusterIdentity{"office", {NodeName("pve1")}};
     },
     false, true, true, ErrorClass::held, "CON-009"},
    {"a cluster of that name with other nodes",
     [](Picture& p) {
       p.identity = ClusterIdentity{"home", {NodeName("other")}};
     },
     false, true, true, ErrorClass::held, "CON-009"},
};

TEST(Judge, EveryDoubtHasItsFlagClassAndCode) {
  for (const auto& row : kRows) {
    Picture picture;
    row.arrange(picture);
    const auto verdict = picture.judged();
    EXPECT_EQ(verdict.complete, row.complete) << row.name;
    EXPECT_EQ(verdict.quorate, row.quorate) << row.name;
    EXPECT_EQ(verdict.canary_passed, row.canary) << row.name;
    ASSERT_FALSE(verdict.problem.ok()) << row.name;
    EXPECT_EQ(error_class(verdict.problem), row.error) << row.name;
    EXPECT_EQ(catalogue_code(verdict.problem), row.code) << row.name;
  }
}

TEST(Judge, WhatOnlyAPersonCanMendSaysHow) {
  Picture lost;
  lost.snapshot.missing_privileges.insert("/pool/gantry: VM.Audit");
  EXPECT_THAT(message_of(lost.judged().problem), HasSubstr("role.sh"));
  lost.snapshot.grant = "pveum acl modify /pool/gantry --users gantry@pve --roles GantryGuests";
  EXPECT_THAT(message_of(lost.judged().problem), HasSubstr("there: pveum acl modify /pool/gantry"));
  Picture gone;
  gone.ours = {owned(200), owned(201)};
  EXPECT_THAT(message_of(gone.judged().problem), HasSubstr("delete their Machines"));
}

TEST(Judge, NothingIsWrongWhenNothingIsWrong) {
  Picture picture;
  picture.ours = {owned(100), owned(101)};
  picture.identity = ClusterIdentity{"home", {kNode}};
  const auto verdict = picture.judged();
  EXPECT_TRUE(verdict.complete && verdict.quorate && verdict.canary_passed);
  EXPECT_TRUE(verdict.problem.ok());
}

TEST(Judge, AnOfflineNodeIsKnownToBeOffline) {
  Picture picture;
  picture.snapshot.cluster.members.push_back({NodeName("pve2"), false, false, ""});
  picture.snapshot.nodes[NodeName("pve2")].status = "offline";
  EXPECT_TRUE(picture.judged().complete);
}

TEST(Judge, WhatNeverExistedOrIsLeavingIsNotMissed) {
  Picture picture;
  picture.ours = {owned(200), owned(201), owned(202)};
  for (auto& guest : picture.ours) guest.established = false;
  EXPECT_TRUE(picture.judged().canary_passed);
  for (auto& guest : picture.ours) guest.established = guest.leaving = true;
  EXPECT_TRUE(picture.judged().canary_passed);
  picture.ours = {owned(200)};  // no other guest to bear witness
  EXPECT_TRUE(picture.judged().canary_passed);
}

TEST(Vanish, TripsAtMoreThanFiveAndMoreThanAFifth) {
  struct Case {
    int owned, gone;
    bool want;
  };
  for (const auto& [count, gone, want] :
       {Case{10, 5, false}, Case{10, 6, true}, Case{6, 6, true}, Case{30, 6, false},
        Case{29, 6, true}, Case{100, 20, false}, Case{100, 21, true}, Case{0, 0, false}}) {
    Snapshot snapshot;
    std::vector<OwnedGuest> ours;
    for (int i = 0; i < count; ++i) {
      ours.push_back(owned(1000 + i));
      if (i >= gone) snapshot.guests[VmId(1000 + i)] = guest(1000 + i);
    }
    const auto guard = vanished(snapshot, ours);
    EXPECT_EQ(guard.tripped, want) << count << " " << gone;
    EXPECT_EQ(guard.vanished, static_cast<size_t>(gone));
    EXPECT_EQ(guard.owned, static_cast<size_t>(count));
  }
}

TEST(Vanish, ForeignGuestsOnOurIdsCountAsGone) {
  Snapshot snapshot;
  std::vector<OwnedGuest> ours{owned(1), owned(2), owned(3)};
  for (const int64_t id : {1, 2, 3}) snapshot.guests[VmId(id)] = guest(id);
  snapshot.guests[VmId(1)].type = pve::GuestType::qemu;
  snapshot.guests[VmId(2)].tags = {pve::to_tag(uid(77))};
  snapshot.guests[VmId(3)].tags = {"web", pve::to_tag(uid(3))};
  EXPECT_EQ(vanished(snapshot, ours).vanished, 2u);
  for (auto& guest : ours) guest.leaving = true;
  EXPECT_EQ(vanished(snapshot, ours).owned, 0u);
}

// Witness of a cycle at that second.
Witness witness(int second, bool trustworthy = true) {
  Witness result;
  result.at = Time{std::chrono::seconds(second)};
  result.trustworthy = trustworthy;
  result.problem = trustworthy ? "" : "no quorum";
  result.asked = {kNode};
  return result;
}
Witness lists(Witness witness) {
  witness.listed.insert(VmId(100));
  return witness;
}
Witness busy(Witness witness) {
  witness.busy.insert(VmId(100));
  return witness;
}
Witness not_asked(Witness witness) {
  witness.asked.clear();
  return witness;
}

struct PresenceRow {
  const char* name;
  std::deque<Witness> witnesses;
  Presence want;
  const char* reason;
};

const PresenceRow kPresence[] = {
    {"nothing observed", {}, Presence::unknown, "nothing has been observed"},
    {"listed", {lists(witness(0))}, Presence::present, "listed"},
    {"listed in an untrustworthy cycle", {lists(witness(0, false))}, Presence::present, "listed"},
    {"one cycle is no proof", {witness(0)}, Presence::unknown, "no second complete cycle"},
    {"two too close", {witness(0), witness(19)}, Presence::unknown, "no second complete cycle"},
    {"two 20 s apart",
     {witness(0), witness(20)},
     Presence::absent,
     "two complete cycles 20s apart"},
    {"several", {witness(0), witness(5), witness(10), witness(25)}, Presence::absent, "apart"},
    {"doubt in between is no evidence",
     {witness(0), witness(5, false), witness(20)},
     Presence::absent,
     "20s apart"},
    {"the newest in doubt",
     {witness(0), witness(20), witness(25, false)},
     Presence::unknown,
     "not to be trusted: no quorum"},
    {"the oldest in doubt", {witness(0, false), witness(20)}, Presence::unknown, "no second"},
    {"seen in between",
     {witness(0), lists(witness(10)), witness(20)},
     Presence::unknown,
     "still listed 10s ago"},
    {"seen in between by a doubtful cycle",
     {witness(0), lists(witness(10, false)), witness(20)},
     Presence::unknown,
     "still listed"},
    {"a task on it now", {witness(0), busy(witness(20))}, Presence::unknown, "a task on it ran"},
    {"a task on it then", {busy(witness(0)), witness(20)}, Presence::unknown, "a task on it ran"},
    {"long ago it was there",
     {lists(witness(0)), witness(30), witness(50)},
     Presence::absent,
     "apart"},
};

TEST(PresenceOf, AbsenceIsProvenOrUnknown) {
  for (const auto& row : kPresence) {
    const auto answer = presence_of(row.witnesses, VmId(100), std::nullopt);
    EXPECT_EQ(answer.presence, row.want) << row.name;
    EXPECT_THAT(answer.reason, HasSubstr(row.reason)) << row.name;
  }
}

TEST(PresenceOf, ACreateThatMayRunUnseenKeepsItUnknown) {
  const std::deque<Witness> unseen{witness(0), not_asked(witness(20))};
  EXPECT_EQ(presence_of(unseen, VmId(100), std::nullopt).presence, Presence::absent);
  EXPECT_EQ(presence_of(unseen, VmId(100), kNode).presence, Presence::unknown);
  EXPECT_EQ(presence_of({witness(0), witness(20)}, VmId(100), kNode).presence, Presence::absent);
}

TEST(ForgetOld, KeepsWhatAnAnswerNeeds) {
  std::deque<Witness> witnesses;
  for (int second = 0; second <= 600; second += 5) {
    witnesses.push_back(witness(second));
    forget_old(witnesses);
  }
  EXPECT_THAT(witnesses, SizeIs(5));  // 580 … 600
  EXPECT_EQ(presence_of(witnesses, VmId(1), std::nullopt).presence, Presence::absent);
  for (int second = 601; second <= 900; ++second) {
    witnesses.push_back(witness(second, false));
    forget_old(witnesses);
  }
  EXPECT_LE(witnesses.size(), 64u);
}

TEST(Privileges, TheLeastPrivilegeTokenHasThemAll) {
  const pve::Permissions permissions{
      {"/", {"Sys.Audit"}},
      {"/nodes", {"Sys.Audit"}},
      {"/pool/gantry",
       {"VM.Allocate", "VM.Audit", "VM.Clone", "VM.Config.CPU", "VM.Config.Disk",
        "VM.Config.Memory", "VM.Config.Network", "VM.Config.Options", "VM.PowerMgmt",
        "Pool.Audit"}},
      {"/storage/local", {"Datastore.AllocateSpace", "Datastore.Audit"}},
      {"/sdn/zones/localnetwork", {"SDN.Use", "SDN.Audit"}}};
  EXPECT_THAT(missing_privileges(privilege_needs("gantry", true), permissions), IsEmpty());
}

TEST(Privileges, AFreshTokenHasNothing) {
  const auto missing = missing_privileges(privilege_needs("gantry", true), {});
  EXPECT_THAT(missing, Contains("/pool/gantry: VM.Audit"));
  EXPECT_THAT(missing, Contains("/: Sys.Audit"));
  EXPECT_THAT(missing, Contains("/sdn/zones/*: SDN.Use"));
  EXPECT_THAT(missing_privileges(privilege_needs("gantry", false), {}), SizeIs(5));
}

TEST(Privileges, PropagateDownwardsButNotFromTheRoot) {
  const std::vector<Need> needs{{"/pool/gantry", "VM.Audit"}};
  EXPECT_THAT(missing_privileges(needs, {{"/pool", {"VM.Audit"}}}), IsEmpty());
  EXPECT_THAT(missing_privileges(needs, {{"/", {"VM.Audit"}}}), SizeIs(1));
  // An ACL below replaces what would come from above.
  EXPECT_THAT(
      missing_privileges(needs, {{"/pool", {"VM.Audit"}}, {"/pool/gantry", {"Pool.Audit"}}}),
      ElementsAre("/pool/gantry: VM.Audit"));
}

}  // namespace
}  // namespace gantry::inventory
