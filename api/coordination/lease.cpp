#include "api/coordination/lease.h"

#include <limits>

namespace gantry::api::coordination {

using namespace schema;

TypeInfo describe(Type<LeaseSpec>) {
  constexpr int kMax = std::numeric_limits<int>::max();
  return object<LeaseSpec>(
      "LeaseSpec", "Who holds the lease, and until when.",
      {
          field<&LeaseSpec::holder_identity>("holderIdentity", "Who holds it."),
          field<&LeaseSpec::lease_duration_seconds>(
              "leaseDurationSeconds", "How long others wait after renewTime.", Range{1, kMax}),
          field<&LeaseSpec::acquire_time>("acquireTime", "Since when the holder has it.",
                                          format::date_time),
          field<&LeaseSpec::renew_time>("renewTime", "When the holder last renewed it.",
                                        format::date_time),
          field<&LeaseSpec::lease_transitions>("leaseTransitions", "How often it changed hands.",
                                               Range{0, kMax}),
          field<&LeaseSpec::strategy>("strategy",
                                      "How a leader is chosen by coordinated election."),
          field<&LeaseSpec::preferred_holder>("preferredHolder", "Who shall have it next."),
      });
}

TypeInfo describe(Type<Lease>) {
  return object<Lease>("Lease", "A claim to be the one that does something, for a while.",
                       {
                           field<&Lease::api_version>("apiVersion", "coordination.k8s.io/v1."),
                           field<&Lease::kind>("kind", "Lease."),
                           field<&Lease::metadata>("metadata", "What every object has."),
                           field<&Lease::spec>("spec", "Who holds it."),
                       });
}

meta::Kind lease_kind() {
  return {.group = "coordination.k8s.io",
          .version = "v1",
          .kind = "Lease",
          .plural = "leases",
          .singular = "lease",
          .short_names = {},
          .categories = {},
          .namespaced = true,
          .has_status = false,
          .type = &schema::type_of<Lease>,
          .columns = {{"Holder", "string", "Who holds it.", "spec.holderIdentity"}},
          .check_update = nullptr};
}

}  // namespace gantry::api::coordination
