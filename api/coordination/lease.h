#pragma once
#include <optional>
#include <string>

#include "api/meta/kind.h"
#include "api/meta/types.h"

namespace gantry::api::coordination {

// Times are MicroTime: RFC 3339 with microseconds, kept as written.
struct LeaseSpec {
  std::optional<std::string> holder_identity;
  std::optional<int> lease_duration_seconds;
  std::optional<std::string> acquire_time;
  std::optional<std::string> renew_time;
  std::optional<int> lease_transitions;
  std::optional<std::string> strategy;
  std::optional<std::string> preferred_holder;
};
// coordination.k8s.io/v1 Lease.
struct Lease {
  std::string api_version = "coordination.k8s.io/v1";
  std::string kind = "Lease";
  meta::ObjectMeta metadata;
  LeaseSpec spec;
};

schema::TypeInfo describe(schema::Type<LeaseSpec>);
schema::TypeInfo describe(schema::Type<Lease>);
meta::Kind lease_kind();

}  // namespace gantry::api::coordination
