#include "controllers/app/bootstrap/volume_access.h"

#include "pkg/base/testing.h"

namespace gantry::controllers::app {
namespace {

std::string denied(const std::string& words) {
  const auto mounts = read_mounts("node\n/data /srv/data\n/data/cache /srv/cache\n\n");
  EXPECT_EQ(mounts.user, "node");
  const auto* mount = denied_mount(mounts, words);
  return mount == nullptr ? "none" : mount->source;
}

// STO-004.
TEST(DeniedMount, IsTheNearestThatTheWordsName) {
  EXPECT_EQ(denied("mkdir: cannot create directory '/data/x': Permission denied"), "/srv/data");
  EXPECT_EQ(denied("open /data/cache/1: EACCES"), "/srv/cache");
  EXPECT_EQ(denied("chown: /data: Operation not permitted"), "/srv/data");
  EXPECT_EQ(denied("/etc/app.conf: Permission denied"), "none");
  EXPECT_EQ(denied("/data is empty"), "none");
}

TEST(ReadMounts, OfWhatSaysNothingIsNothing) {
  EXPECT_TRUE(read_mounts("").all.empty());
  EXPECT_TRUE(read_mounts("\n\n").all.empty());
}

}  // namespace
}  // namespace gantry::controllers::app
