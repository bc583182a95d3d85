#pragma once
// Databases of the shared private server for the tests of this folder.
#include <gtest/gtest.h>

#include "pkg/async/loop.h"
#include "pkg/async/real_clock.h"
#include "pkg/base/testing.h"
#include "pkg/store/conformance/world.h"
#include "pkg/store/postgres/postgres.h"
#include "pkg/store/postgres/testing/private_server.h"

namespace gantry::store::postgres {

inline std::string fresh_database() {
  auto conninfo = testing::shared_server().create_database();
  EXPECT_THAT(conninfo, gantry::testing::IsOk());
  return conninfo.ok() ? *conninfo : "";
}

inline std::string database_of(const std::string& conninfo) {
  return conninfo.substr(conninfo.rfind('=') + 1);
}

inline PostgresOptions options_for(const std::string& conninfo) {
  PostgresOptions options;
  options.conninfo = conninfo;
  return options;
}

// One process: its threads and its database.
struct Process {
  async::BlockingPool pool{"postgres", 4, 64};
  std::unique_ptr<Database> database;

  Process(async::Loop& loop, const std::string& conninfo) {
    auto opened = loop.block_on(open(options_for(conninfo), pool));
    EXPECT_THAT(opened, gantry::testing::IsOk());
    if (opened.ok()) database = *std::move(opened);
  }
};

class PostgresWorld final : public conformance::World {
 public:
  PostgresWorld() : conninfo_(emptied_database()) {}
  Database& first() override { return *first_.database; }
  Database& second() override { return *second_.database; }
  async::Clock& clock() override { return clock_; }
  void trim_feed(int64_t revision) override {
    const auto id = std::to_string(revision);
    const auto sql = "DELETE FROM gantry.changes WHERE revision <= " + id +
                     "; UPDATE gantry.meta SET trimmed_to = " + id;
    EXPECT_THAT(testing::shared_server().run(sql, database_of(conninfo_)), gantry::testing::IsOk());
  }
  const std::string& conninfo() const { return conninfo_; }

 private:
  // The same one for each world: to empty it is much faster than to make another.
  static std::string emptied_database() {
    static const auto conninfo = fresh_database();
    EXPECT_THAT(
        testing::shared_server().run("DROP SCHEMA IF EXISTS gantry CASCADE", database_of(conninfo)),
        gantry::testing::IsOk());
    return conninfo;
  }

  std::string conninfo_;
  async::RealClock clock_;
  Process first_{loop(), conninfo_};
  Process second_{loop(), conninfo_};
};

}  // namespace gantry::store::postgres
