#include "controllers/gc/plan.h"

#include "pkg/base/testing.h"

namespace gantry::controllers::gc {
namespace {

using ::testing::HasSubstr;
using enum Presence;

Owner owner(const char* uid, Presence presence) {
  Owner made;
  made.reference.uid = Uid(uid);
  made.reference.kind = "App";
  made.reference.name = "hello";
  made.presence = presence;
  return made;
}
Observed owned_by(std::vector<Owner> owners) {
  Observed observed;
  observed.owners = std::move(owners);
  return observed;
}
Observed deleting(const char* finalizer, std::vector<Dependent> dependents) {
  Observed observed;
  observed.deleting = true;
  observed.finalizers = {"gantry.dev/app", finalizer};
  observed.dependents = std::move(dependents);
  return observed;
}
const store::Key kOne{"machines.gantry.dev", "default", "hello-0"};
const store::Key kTwo{"machines.gantry.dev", "default", "hello-1"};

std::string name_of(const std::optional<Step>& step) {
  struct Names {
    std::string operator()(const Delete& s) {
      return s.dependents == store::Dependents::foreground ? "delete in foreground" : "delete";
    }
    std::string operator()(const DropOwners& s) {
      std::string text = "drop";
      for (const auto& uid : s.owners) text += " " + uid.get();
      return text;
    }
    std::string operator()(const CollectDependents& s) { return "collect" + keys(s.dependents); }
    std::string operator()(const Orphan& s) { return "orphan" + keys(s.dependents); }
    std::string operator()(const RemoveFinalizer& s) { return "release " + s.name; }
    std::string keys(const std::vector<store::Key>& all) {
      std::string text;
      for (const auto& key : all) text += " " + key.name;
      return text;
    }
  };
  return step ? std::visit(Names(), *step) : "nothing";
}

struct Row {
  const char* situation;
  Observed observed;
  const char* want;
};

TEST(Plan, AnswersEverySituationWithTheRightStep) {
  const std::vector<Row> rows{
      {"nobody ever owned it", owned_by({}), "nothing"},
      {"its owner is there", owned_by({owner("a", present)}), "nothing"},
      {"its owner is gone", owned_by({owner("a", absent)}), "delete"},
      {"all its owners are gone", owned_by({owner("a", absent), owner("b", absent)}), "delete"},
      {"one of its owners is gone", owned_by({owner("a", absent), owner("b", present)}), "drop a"},
      {"its owner waits for it", owned_by({owner("a", waiting)}), "delete in foreground"},
      {"one waits for it, one wants it", owned_by({owner("a", waiting), owner("b", present)}),
       "drop a"},
      {"an owner that cannot be told", owned_by({owner("a", unknown)}), "nothing"},
      {"one is gone, of one it cannot be told", owned_by({owner("a", absent), owner("b", unknown)}),
       "nothing"},
      {"is being deleted, nothing else", deleting("x/y", {{kOne, true, false}}), "nothing"},
      {"waits for one that was not asked to go",
       deleting("foregroundDeletion", {{kOne, true, false}, {kTwo, true, true}}),
       "collect hello-0"},
      {"waits for one on its way", deleting("foregroundDeletion", {{kOne, true, true}}), "nothing"},
      {"waits for nobody who blocks", deleting("foregroundDeletion", {{kOne, false, false}}),
       "release foregroundDeletion"},
      {"waits for nobody", deleting("foregroundDeletion", {}), "release foregroundDeletion"},
      {"leaves them behind", deleting("orphan", {{kOne, true, false}, {kTwo, false, false}}),
       "orphan hello-0 hello-1"},
      {"has left them behind", deleting("orphan", {}), "release orphan"},
  };
  for (const auto& row : rows) EXPECT_EQ(name_of(plan(row.observed)), row.want) << row.situation;
}

TEST(WhatBlocks, NamesFinalizersAndDependents) {
  EXPECT_EQ(what_blocks(deleting("foregroundDeletion", {{kOne, true, true}})),
            "waits for gantry.dev/app, foregroundDeletion; still there: machines.gantry.dev "
            "default/hello-0");
  std::vector<Dependent> many(9, Dependent{kOne, true, true});
  EXPECT_THAT(what_blocks(deleting("x", many)), HasSubstr("and 4 more"));
}

}  // namespace
}  // namespace gantry::controllers::gc
