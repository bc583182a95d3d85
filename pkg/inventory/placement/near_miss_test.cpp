#include "pkg/inventory/placement/near_miss.h"

#include "pkg/base/testing.h"

namespace gantry::inventory::placement {
namespace {

Json storage(const std::string& name, const std::string& type) {
  return Json(
      Json::Object{{"name", name}, {"type", type}, {"content", Json::Array{"rootdir", "images"}}});
}

std::string miss(const std::string& text) {
  const auto selector = cel::Selector::compile(text);
  EXPECT_THAT(selector, testing::IsOk()) << text;
  return find_near_miss(*selector, "storage",
                        {storage("local", "dir"), storage("local-zfs", "zfspool")});
}

// CEL-002.
TEST(NearMiss, SaysWhatALetterOrItsCaseHasHidden) {
  EXPECT_EQ(miss("storage.name == 'local-zsf'"),
            "'local-zsf' not found, did you mean 'local-zfs'?");
  EXPECT_EQ(miss("storage.active && storage.type == 'ZFSpool'"),
            "'ZFSpool' not found, did you mean 'zfspool'?");
  EXPECT_EQ(miss("storage.content.exists(c, c == 'rootdirs')"),
            "'rootdirs' not found, did you mean 'rootdir'?");
  EXPECT_EQ(miss("storage.type in ['nfs', 'zfspol']"),
            "'zfspol' not found, did you mean 'zfspool'?");
}

TEST(NearMiss, IsSilentWhereTheTextIsThereOrNothingIsLikeIt) {
  EXPECT_EQ(miss("storage.name == 'local' && storage.avail > 5"), "");
  EXPECT_EQ(miss("storage.name == 'ceph-ssd'"), "");
  EXPECT_EQ(miss("storage.type in ['zfspol', 'dir']"), "");
  EXPECT_EQ(miss("storage.name != 'local-zsf'"), "");
  EXPECT_EQ(miss("storage.shared"), "");
}

}  // namespace
}  // namespace gantry::inventory::placement
