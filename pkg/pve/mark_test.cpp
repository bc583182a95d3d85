#include "pkg/pve/mark.h"

#include "pkg/base/testing.h"

namespace gantry::pve {
namespace {

const Uid kUid("6f0c1c2e-8f5b-4a53-9d0b-6a1d0f1e2b3c");
const Mark kMark{"home-1", kUid, 3};
const std::string kLine =
    "gantry:v1 installation=home-1 uid=6f0c1c2e-8f5b-4a53-9d0b-6a1d0f1e2b3c epoch=3";

TEST(Mark, IsOneLineOfTheDescription) {
  EXPECT_EQ(to_description_line(kMark), kLine);
}

TEST(Mark, IsFoundWhateverPeopleWriteAroundIt) {
  EXPECT_EQ(find_mark(kLine), kMark);
  EXPECT_EQ(find_mark(kLine + "\n"), kMark);  // Proxmox adds the newline
  EXPECT_EQ(find_mark("my web server\n\n" + kLine + "\r\nask Anna first"), kMark);
  EXPECT_EQ(find_mark("note: " + kLine + " (do not remove)"), kMark);
  EXPECT_EQ(find_mark("gantry:v1 epoch=3  uid=" + kUid.get() + " colour=red installation=home-1"),
            kMark);
  EXPECT_EQ(find_mark(kLine + "\n" + kLine), kMark);
}

TEST(Mark, IsNotFoundWhenDamaged) {
  EXPECT_EQ(find_mark(""), std::nullopt);
  EXPECT_EQ(find_mark("gantry:v1"), std::nullopt);
  EXPECT_EQ(find_mark("gantry:v1 uid=1234"), std::nullopt);
  EXPECT_EQ(find_mark("gantry:v1\ninstallation=home-1 uid=1 epoch=3"), std::nullopt);
  EXPECT_EQ(find_mark("gantry:v1 installation=home-1 uid=a epoch=x"), std::nullopt);
  EXPECT_EQ(find_mark("gantry:v1 installation=home-1 uid=a uid=b epoch=1"), std::nullopt);
  EXPECT_EQ(find_mark("gantry:v1 installation= uid=a epoch=1"), std::nullopt);
  EXPECT_EQ(find_mark("xgantry:v1 installation=home-1 uid=a epoch=1"), std::nullopt);
  EXPECT_EQ(find_mark("gantry:v10 installation=home-1 uid=a epoch=1"), std::nullopt);
}

TEST(Mark, TwoThatDifferProveNothing) {
  EXPECT_EQ(find_mark(kLine + "\ngantry:v1 installation=home-1 uid=other epoch=3"), std::nullopt);
}

TEST(Mark, IsAddedOrReplacedAndEverythingElseKept) {
  EXPECT_EQ(with_mark("", kMark), kLine);
  EXPECT_EQ(with_mark("hello\nworld\n", kMark), "hello\nworld\n" + kLine);
  EXPECT_EQ(with_mark("a\ngantry:v1 installation=x uid=y epoch=1 (keep)\nb\n", kMark),
            "a\n" + kLine + " (keep)\nb\n");
  EXPECT_EQ(with_mark("gantry:v1 uid=torn\n" + kLine, kMark), kLine + "\n");
  const auto once = with_mark("text", kMark);
  EXPECT_EQ(with_mark(once, kMark), once);
  EXPECT_EQ(find_mark(once), kMark);
}

TEST(Tag, CarriesTheUid) {
  EXPECT_EQ(to_tag(kUid), "gantry-" + kUid.get());
  EXPECT_EQ(find_tag({"web", to_tag(kUid)}), kUid);
  EXPECT_EQ(find_tag({"web", "gantry", "gantry-lab"}), std::nullopt);
}

TEST(Tag, TwoOfThemProveNothing) {
  const Uid other("00000000-0000-4000-8000-000000000000");
  EXPECT_EQ(find_tag({to_tag(other), to_tag(kUid)}), std::nullopt);
}

}  // namespace
}  // namespace gantry::pve
