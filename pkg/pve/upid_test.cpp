#include "pkg/pve/upid.h"

#include "pkg/base/testing.h"

namespace gantry::pve {
namespace {

using testing::Fails;
using ::testing::HasSubstr;
using testing::IsOk;

const std::string kText = "UPID:pve1:00000895:0003C769:6B00BA76:vzstart:999:root@pam!t1:";

TEST(Upid, HasItsParts) {
  const auto parts = parse_upid(Upid(kText));
  ASSERT_THAT(parts, IsOk());
  EXPECT_EQ(parts->node, NodeName("pve1"));
  EXPECT_EQ(parts->pid, 0x895);
  EXPECT_EQ(parts->pstart, 0x3C769);
  EXPECT_EQ(to_unix_seconds(parts->started), 0x6B00BA76);
  EXPECT_EQ(parts->type, "vzstart");
  EXPECT_EQ(parts->id, "999");
  EXPECT_EQ(parts->user, "root@pam!t1");
  EXPECT_EQ(make_upid(*parts), Upid(kText));
}

TEST(Upid, MayHaveNoIdOrAnOddOne) {
  EXPECT_THAT(parse_upid(Upid("UPID:pve1:00000EA6:000438C8:6B00BB98:imgcopy::root@pam!t1:")),
              IsOk());
  const auto disk =
      parse_upid(Upid("UPID:pve1:00000EA1:0004389F:6B00BB98:imgdel:152@local:root@pam!t1:"));
  ASSERT_THAT(disk, IsOk());
  EXPECT_EQ(disk->id, "152@local");
  EXPECT_THAT(parse_upid(Upid("UPID:pve1:00000EA1:10004389F:6B00BB98:vzstart:1:a@b:")), IsOk());
}

TEST(Upid, AnythingElseIsInvalid) {
  for (const char* text :
       {"", "UPID", "UPID:pve1:00000895:0003C769:6B00BA76:vzstart:999:root@pam!t1",
        "upid:pve1:00000895:0003C769:6B00BA76:vzstart:999:root@pam:",
        "UPID:pve1:0000895:0003C769:6B00BA76:vzstart:999:root@pam:",
        "UPID:pve1:0000089G:0003C769:6B00BA76:vzstart:999:root@pam:",
        "UPID:../../x:00000895:0003C769:6B00BA76:vzstart:999:root@pam:",
        "UPID:pve1:00000895:0003C769:6B00BA76:vz start:999:root@pam:",
        "UPID:pve1:00000895:0003C769:6B00BA76:vzstart:999::",
        "UPID:pve1:00000895:0003C769:6B00BA76:vzstart:999:root@pam::"})
    EXPECT_THAT(parse_upid(Upid(text)), Fails(ErrorClass::invalid, HasSubstr("is no UPID")))
        << text;
}

TEST(Task, SucceededWithOkOrWarnings) {
  struct Row {
    const char* exit;
    bool want;
  };
  for (const auto& [exit, want] :
       {Row{"OK", true}, Row{"WARNINGS: 1", true}, Row{"WARNINGS: ", false}, Row{"", false},
        Row{"unexpected status", false}, Row{"WARNINGS: many", false},
        Row{"CT is locked (backup)", false}}) {
    Task task;
    task.exit_status = exit;
    EXPECT_EQ(task.succeeded(), want) << exit;
    task.running = true;
    EXPECT_FALSE(task.succeeded()) << exit;
  }
}

TEST(Task, NamesItsGuest) {
  Task task;
  task.id = "152";
  EXPECT_EQ(guest_of(task), VmId(152));
  task.id = "152@local";
  EXPECT_EQ(guest_of(task), std::nullopt);
  task.id = "";
  EXPECT_EQ(guest_of(task), std::nullopt);
}

}  // namespace
}  // namespace gantry::pve
