#include "pkg/store/postgres/postgres_world_test.h"

namespace gantry::store::postgres {
namespace {

[[maybe_unused]] const bool registered =
    conformance::register_tests("Postgres", [] { return std::make_unique<PostgresWorld>(); });

}  // namespace
}  // namespace gantry::store::postgres

// libpqxx 6.4 forgets the PGresult of a statement during which its connection broke.
extern "C" const char* __lsan_default_suppressions();  // NOLINT(bugprone-reserved-identifier)
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libpqxx-6.4.so\n";
}
