#include "pkg/store/postgres/postgres_world_test.h"

namespace gantry::store::postgres {
namespace {

[[maybe_unused]] const bool registered =
    conformance::register_tests("Postgres", [] { return std::make_unique<PostgresWorld>(); });

}  // namespace
}  // namespace gantry::store::postgres
