#pragma once
// Database: the three durable interfaces of one process's connection, together.
#include <string>

#include "pkg/store/backend.h"
#include "pkg/store/guests.h"
#include "pkg/store/lease.h"

namespace gantry::store {

// Drivers: postgres::open(), memory::Database.
class Database {
 public:
  virtual ~Database() = default;
  virtual Backend& backend() = 0;
  virtual Guests& guests() = 0;
  virtual Leases& leases() = 0;
  // Made once, when the database was first set up: the `installation=` of our mark on containers.
  virtual std::string installation() const = 0;
};

}  // namespace gantry::store
