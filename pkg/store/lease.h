#pragma once
// Leases: who of several daemons may act.
#include <optional>
#include <string>

#include "pkg/async/async.h"
#include "pkg/base/time.h"

namespace gantry::store {

struct LeaseState {
  std::string name;
  std::string holder;
  int64_t epoch = 0;  // +1 whenever the holder changes
  Time renewed_at;    // the database's clock
};

// Kept in the database, by its clock. An older epoch can never write again: fence() below.
class Leases {
 public:
  virtual ~Leases() = default;
  // Takes or renews the lease. OK with our epoch; Held (message names the holder) while another
  // holds it unexpired.
  virtual Async<Result<LeaseState>> acquire(std::string name, std::string holder, Duration ttl) = 0;
  // Gives it up at once, so that the next one need not wait.
  virtual Async<Status> release(std::string name, std::string holder) = 0;
  // From now on every write of this process carries (name, epoch) and is refused with class Held
  // once another has taken the lease. No name lifts it: who does not lead writes what people ask
  // for.
  virtual void fence(std::string name, int64_t epoch) = 0;
};

}  // namespace gantry::store
