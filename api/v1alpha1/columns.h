#pragma once
// Columns that several kinds show.
#include "pkg/schema/columns.h"

namespace gantry::api::v1alpha1 {

inline schema::Column ready_column() {
  return {"Ready", "string", "Whether it is as wanted.", "status.conditions[type=Ready].status"};
}
inline schema::Column reason_column() {
  return {"Reason", "string", "Why it is ready or not.", "status.conditions[type=Ready].reason"};
}
inline schema::Column message_column() {
  return {"Message", "string", "What it says about itself.",
          "status.conditions[type=Ready].message", 1};
}

}  // namespace gantry::api::v1alpha1
