// Secrets in a real database: what is in its files, before and after they are sealed.
#include "pkg/store/sealed/sealed.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "pkg/async/real_clock.h"
#include "pkg/store/cached_store.h"
#include "pkg/store/postgres/postgres_world_test.h"
#include "pkg/store/sealed/keyring.h"

namespace gantry::store::postgres {
namespace {

using gantry::testing::IsOk;
using gantry::testing::IsOkAndHolds;
using ::testing::HasSubstr;
using ::testing::Not;

class Installation {
 public:
  Installation() : process_(loop_, conninfo_) {}
  void create(Backend& backend, const std::string& name, const std::string& value) {
    CachedStore store(loop_.executor(), backend, clock_, random_);
    ASSERT_THAT(loop_.block_on(store.start()), IsOk());
    Json object;
    object.member("metadata").set("name", name);
    object.member("metadata").set("namespace", "default");
    object.member("data").set("password", value);
    EXPECT_THAT(loop_.block_on(store.create("secrets", std::move(object))), IsOk());
    EXPECT_THAT(loop_.block_on(store.stop()), IsOk());
  }
  std::string value_of(Backend& backend, const std::string& name) {
    const auto loaded = loop_.block_on(backend.load());
    if (!loaded.ok()) return message_of(loaded.status());
    for (const auto& entry : loaded->objects)
      if (entry.key.name == name) return entry.text;
    return "gone";
  }
  // All that a dump would hold.
  std::string dump() {
    auto text = testing::shared_server().run(
        "SELECT string_agg(body, ' ') FROM (SELECT body FROM gantry.objects UNION ALL "
        "SELECT body FROM gantry.changes UNION ALL SELECT previous FROM gantry.changes) AS texts",
        database_of(conninfo_));
    return text.ok() ? *text : message_of(text.status());
  }
  Backend& backend() { return process_.database->backend(); }
  async::Loop loop_;
  SystemRandom random_;
  async::RealClock clock_;

 private:
  std::string conninfo_ = fresh_database();
  Process process_;
};

// Whether any file of the server, its log of writes included, holds the text.
bool on_disk(const std::string& text) {
  std::error_code ignored;
  for (const auto& file : std::filesystem::recursive_directory_iterator(
           testing::shared_server().data_folder(), ignored)) {
    if (!file.is_regular_file(ignored)) continue;
    std::ifstream in(file.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    if (bytes.find(text) != std::string::npos) return true;
  }
  return false;
}

TEST(SealedSecrets, AreInNoFileOfTheDatabase) {
  Installation installation;
  const auto ring = make_keyring(installation.random_);
  SealedBackend sealed(installation.backend(), *ring.sealer(), installation.random_);
  const auto planted = installation.random_.suffix(40);
  installation.create(sealed, "db", planted);
  EXPECT_THAT(installation.value_of(sealed, "db"), HasSubstr(planted));
  EXPECT_FALSE(on_disk(planted));
  // The search itself finds what is there.
  const auto plain = installation.random_.suffix(40);
  Installation other;
  other.create(other.backend(), "plain", plain);
  EXPECT_TRUE(on_disk(plain));
}

TEST(SealedSecrets, OfAnOlderGantryAreSealedInRowsAndFeed) {
  Installation installation;
  const auto planted = installation.random_.suffix(40);
  installation.create(installation.backend(), "old", planted);
  EXPECT_THAT(installation.dump(), HasSubstr(planted));
  const auto ring = make_keyring(installation.random_);
  SealedBackend sealed(installation.backend(), *ring.sealer(), installation.random_);
  EXPECT_THAT(installation.loop_.block_on(sealed.seal_all()), IsOkAndHolds(2));
  EXPECT_THAT(installation.dump(), Not(HasSubstr(planted)));
  EXPECT_THAT(installation.value_of(sealed, "old"), HasSubstr(planted));
}

}  // namespace
}  // namespace gantry::store::postgres
