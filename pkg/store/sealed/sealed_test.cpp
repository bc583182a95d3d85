#include "pkg/store/sealed/sealed.h"

#include <filesystem>
#include <fstream>

#include <sys/stat.h>

#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"
#include "pkg/store/cached_store.h"
#include "pkg/store/memory/memory.h"
#include "pkg/store/sealed/keyring.h"

namespace gantry::store {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;
using gantry::testing::IsOkAndHolds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kPlanted = "c3Vycm91bmQgdGhlIGNhc3RsZQ==";

class SealedTest : public ::testing::Test {
 protected:
  template <class T>
  T run(Async<T> operation) {
    return loop_.block_on(clock_, std::move(operation));
  }
  std::unique_ptr<SealedBackend> backend() {
    return std::make_unique<SealedBackend>(database_.backend(), *ring_.sealer(), random_);
  }
  std::unique_ptr<CachedStore> store_on(Backend& backend) {
    return std::make_unique<CachedStore>(loop_.executor(), backend, clock_, random_);
  }
  static Json secret(const std::string& name) {
    Json object;
    object.member("metadata").set("name", name);
    object.member("metadata").set("namespace", "default");
    object.member("metadata").member("annotations").set("last-applied", kPlanted);
    object.member("data").set("password", kPlanted);
    return object;
  }
  void write(Backend& backend, const std::string& name) {
    const auto store = store_on(backend);
    ASSERT_THAT(run(store->start()), IsOk());
    EXPECT_THAT(run(store->create("secrets", secret(name))), IsOk());
    EXPECT_THAT(run(store->stop()), IsOk());
  }
  Result<std::string> password(Backend& backend, const std::string& name) {
    const auto store = store_on(backend);
    const auto started = run(store->start());
    if (!started.ok()) return started;
    const auto object = store->get({"secrets", "default", name});
    const std::string found =
        object.ok() ? (*object)->value.find_path({"data", "password"})->as_string() : "gone";
    (void)run(store->stop());
    return found;
  }
  int plain_rows() const {
    int count = 0;
    for (const auto& [key, row] : disk_.image.objects)
      count += row.text.find(kPlanted) != row.text.npos;
    for (const auto& entry : disk_.image.feed)
      count += entry.text.find(kPlanted) != entry.text.npos;
    return count;
  }

  async::Loop loop_;
  async::SimulatedClock clock_{from_unix_seconds(1'800'000'000)};
  SeededRandom random_{7};
  memory::Disk disk_{clock_};
  memory::Database database_{disk_};
  Keyring ring_ = make_keyring(random_);
};

TEST_F(SealedTest, TheDatabaseNeverSeesASecretAndReadersDo) {
  const auto sealed = backend();
  write(*sealed, "db");
  EXPECT_EQ(plain_rows(), 0);
  EXPECT_EQ(disk_.image.objects.size(), 1U);
  EXPECT_THAT(password(*sealed, "db"), IsOkAndHolds(kPlanted));
  EXPECT_THAT(run(holds_sealed(database_.backend())), IsOkAndHolds(true));
}

TEST_F(SealedTest, WhatIsOnlyInTheChangeLogNeedsItsKeyToo) {
  EXPECT_THAT(run(holds_sealed(database_.backend())), IsOkAndHolds(false));
  const auto sealed = backend();
  write(*sealed, "db");
  const auto store = store_on(*sealed);
  ASSERT_THAT(run(store->start()), IsOk());
  EXPECT_THAT(run(store->remove({"secrets", "default", "db"}, {})), IsOk());
  EXPECT_THAT(run(store->stop()), IsOk());
  ASSERT_TRUE(disk_.image.objects.empty());
  EXPECT_THAT(run(holds_sealed(database_.backend())), IsOkAndHolds(true));
}

TEST_F(SealedTest, PlainRowsAreReadAndThenSealedInPlace) {
  write(database_.backend(), "old");
  ASSERT_EQ(plain_rows(), 2) << "the row and its change";
  const auto revision = disk_.image.revision;
  const auto sealed = backend();
  EXPECT_THAT(password(*sealed, "old"), IsOkAndHolds(kPlanted));
  EXPECT_THAT(run(sealed->seal_all()), IsOkAndHolds(2));
  EXPECT_EQ(plain_rows(), 0);
  EXPECT_EQ(disk_.image.revision, revision);
  EXPECT_THAT(password(*sealed, "old"), IsOkAndHolds(kPlanted));
  EXPECT_THAT(run(sealed->seal_all()), IsOkAndHolds(0)) << "once is enough";
}

TEST_F(SealedTest, ARotatedKeySealsAnewAndTheOldOneMayGo) {
  write(*backend(), "db");
  rotate(ring_, random_);
  EXPECT_THAT(run(backend()->seal_all()), IsOkAndHolds(2));
  ring_.keys.erase("key-1");
  EXPECT_THAT(password(*backend(), "db"), IsOkAndHolds(kPlanted));
}

TEST_F(SealedTest, WithoutItsKeyNothingStartsAndNothingIsChanged) {
  write(*backend(), "db");
  const auto before = disk_.image.objects;
  ring_ = make_keyring(random_);
  ring_.keys["other"] = std::exchange(ring_.keys["key-1"], std::string(32, 'x'));
  ring_.keys.erase("key-1");
  ring_.current = "other";
  const auto lost = backend();
  EXPECT_THAT(password(*lost, "db"),
              Fails(ErrorClass::invalid, AllOf(HasSubstr("secrets default/db"), HasSubstr("key-1"),
                                               Not(HasSubstr(kPlanted)))));
  EXPECT_FALSE(run(lost->seal_all()).ok());
  EXPECT_EQ(disk_.image.objects.begin()->second.text, before.begin()->second.text);
}

TEST_F(SealedTest, AWrongKeyOfTheSameNameAndAMovedRowAreRefused) {
  write(*backend(), "db");
  auto moved = disk_.image.objects.begin()->second;
  disk_.image.objects[{"secrets", "default", "other"}] = moved;
  EXPECT_THAT(password(*backend(), "db"),
              Fails(ErrorClass::permission, HasSubstr("default/other")));
  disk_.image.objects.erase({"secrets", "default", "other"});
  ring_ = make_keyring(random_);
  EXPECT_THAT(password(*backend(), "db"),
              Fails(ErrorClass::permission, HasSubstr("restore the key")));
}

TEST(Keyring, IsReadBackAndRefusedWhenOthersMayReadIt) {
  SeededRandom random(3);
  const auto path = ::testing::TempDir() + "keyring_" + random.suffix(8);
  EXPECT_THAT(load_keyring(path), Fails(ErrorClass::not_found));
  auto ring = make_keyring(random);
  rotate(ring, random);
  ASSERT_THAT(save_keyring(path, ring), IsOk());
  const auto read = load_keyring(path);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->keys, ring.keys);
  EXPECT_EQ(read->current, "key-2");
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  EXPECT_THAT(load_keyring(path), Fails(ErrorClass::invalid, HasSubstr("chmod 600")));
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  std::ofstream(path) << "current: key-1\nkeys:\n  key-1: c2hvcnQ=\n";
  EXPECT_THAT(load_keyring(path),
              Fails(ErrorClass::invalid, AllOf(HasSubstr(path), Not(HasSubstr("c2hvcnQ")))));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace gantry::store
