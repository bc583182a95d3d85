#include "pkg/base/copy_on_write.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

namespace gantry {
namespace {

using Texts = CopyOnWrite<std::vector<std::string>>;

TEST(CopyOnWrite, CopiesShareUntilOneIsChanged) {
  Texts first({"a"});
  Texts second = first;
  EXPECT_EQ(&first.read(), &second.read());
  second.change().emplace_back("b");
  EXPECT_THAT(first.read(), ::testing::ElementsAre("a"));
  EXPECT_THAT(second.read(), ::testing::ElementsAre("a", "b"));
}

TEST(CopyOnWrite, WhatWasHandedOutChangesOnlyItsOwner) {
  Texts first({"a"});
  auto& kept = first.write();
  const Texts copy = first;
  kept.emplace_back("late");
  EXPECT_THAT(first.read(), ::testing::ElementsAre("a", "late"));
  EXPECT_THAT(copy.read(), ::testing::ElementsAre("a"));
}

TEST(CopyOnWrite, IsEmptyAndUsableOnceMovedFrom) {
  Texts first({"a"});
  const Texts second = std::move(first);
  EXPECT_THAT(first.read(), ::testing::IsEmpty());  // NOLINT(bugprone-use-after-move)
  first.change().emplace_back("again");
  EXPECT_THAT(first.read(), ::testing::ElementsAre("again"));
  EXPECT_THAT(second.read(), ::testing::ElementsAre("a"));
}

TEST(CopyOnWrite, MayBeAssignedAPartOfItself) {
  struct Tree {
    CopyOnWrite<std::vector<Tree>> children;
  };
  Tree tree;
  tree.children.change().resize(2);
  tree.children.change()[1].children.change().resize(3);
  tree.children = tree.children.read()[1].children;
  EXPECT_EQ(tree.children.read().size(), 3U);
}

TEST(CopyOnWrite, CopiesInOtherThreadsAreTheirs) {
  Texts first({"a"});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([copy = first]() mutable {
      for (int n = 0; n < 1000; ++n) {
        Texts another = copy;
        another.change().emplace_back("b");
        copy = std::move(another);
      }
      EXPECT_EQ(copy.read().size(), 1001U);
    });
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(first.read(), ::testing::ElementsAre("a"));
}

}  // namespace
}  // namespace gantry
