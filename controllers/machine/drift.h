#pragma once
// Drift: where a container differs from what it shall be, and how that is put right.
#include <string>
#include <vector>

#include "controllers/machine/observation.h"
#include "pkg/pve/client.h"

namespace gantry::controllers::machine {

// The codes of an address that no DHCP server gives, and of one that somebody else has.
inline constexpr const char* kNoAddress = "DNS-007";
inline constexpr const char* kAddressConflict = "DNS-008";

enum class Repair {
  set,      // PUT config: takes effect at once, or when it is started next
  resize,   // a task of its own
  restart,  // written already, takes effect at the next start
  held,     // not put right by us; `why` says why
};
struct Drift {
  std::string key{};  // Proxmox' own
  std::string want{}, have{};
  Repair repair = Repair::set;
  std::string why{};
  std::string code{};  // of the failure catalogue, for held
};

struct Drifts {
  std::vector<Drift> all;
  // What a PUT would carry for those with Repair::set.
  pve::Parameters set;
  std::vector<std::string> remove;
  bool has(Repair repair) const;
};

// Compares by meaning, not by text: Proxmox re-serialises and adds keys. Only keys that we own are
// looked at; others are people's business. `address_conflict`: who has an address that is wanted,
// or
// ""; it is not taken then.
Drifts find_drift(const api::v1alpha1::Machine& machine, const api::v1alpha1::MachineClass& shape,
                  const store::GuestRow& row, const std::string& installation, const Guest& guest,
                  const std::string& address_conflict = "");

}  // namespace gantry::controllers::machine
