#pragma once
// Removal: delete and deletecollection.
#include <vector>

#include "pkg/apiserver/write/writer.h"

namespace gantry::apiserver {

// metav1.DeleteOptions, from the body and the query.
struct DeleteOptions {
  bool dry_run = false;
  store::Removal removal;  // preconditions, and what becomes of the dependents
};

// Invalid (422) `DeleteOptions.meta.k8s.io "" is invalid: …` or BadRequest.
std::optional<ApiError> read_delete_options(const RequestInfo& info, const Json& body,
                                            DeleteOptions& options);

class Remover {
 public:
  Remover(store::Store& store, const api::meta::Kind& kind, const RequestInfo& info, Time now)
      : store_(store), kind_(kind), info_(info), now_(now) {}

  // The object's last state when it is gone; with deletionTimestamp when finalizers keep it. A
  // Namespace goes only when it is empty: nobody loses what is in it by one word.
  Async<Written> remove(DeleteOptions options);
  // All of `objects`; those that somebody else has removed, or replaced by others of their name,
  // are passed over. The first error ends it.
  Async<std::optional<ApiError>> remove_all(std::vector<store::ObjectPtr> objects,
                                            DeleteOptions options);

 private:
  std::optional<ApiError> check_is_empty_namespace() const;

  store::Store& store_;
  const api::meta::Kind& kind_;
  const RequestInfo& info_;
  Time now_;
};

}  // namespace gantry::apiserver
