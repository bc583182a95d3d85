#pragma once
// memory::Database: the durable interfaces over a Disk, for tests and simulation.
#include <memory>
#include <optional>

#include "pkg/store/database.h"
#include "pkg/store/memory/disk.h"

namespace gantry::store::memory {

// Which lease this process writes under.
struct Fence {
  std::string name;
  int64_t epoch = 0;
};

// One process's connection; several may share a Disk. Keeps every contract of
// pkg/store/conformance. Durable as far as the Disk is.
class Database final : public store::Database {
 public:
  explicit Database(Disk& disk);
  ~Database() override;
  store::Backend& backend() override;
  store::Guests& guests() override;
  store::Leases& leases() override;
  std::string installation() const override;

 private:
  class BackendDoor;
  class GuestsDoor;
  class LeasesDoor;
  Disk& disk_;
  std::optional<Fence> fence_;
  std::unique_ptr<BackendDoor> backend_;
  std::unique_ptr<GuestsDoor> guests_;
  std::unique_ptr<LeasesDoor> leases_;
};

// Held when another has taken the lease.
Status check_fence(const Disk& disk, const std::optional<Fence>& fence);

}  // namespace gantry::store::memory
