#pragma once
// Desired: what Proxmox shall hold for a Machine, in Proxmox' own keys and texts.
#include <string>
#include <vector>

#include "api/v1alpha1/machine.h"
#include "api/v1alpha1/machineclass.h"
#include "pkg/pve/client.h"

namespace gantry::controllers::machine {

using api::v1alpha1::Machine;
using api::v1alpha1::MachineClass;

std::string hostname_of(const Machine& machine);
// Those of the Machine, else those of its class.
const std::vector<api::v1alpha1::Network>& networks_of(const Machine& machine,
                                                       const MachineClass& shape);
// "name=eth0,bridge=vmbr0,ip=dhcp,type=veth": the value of net<index>.
std::string network_text(const api::v1alpha1::Network& network, size_t index);

// The keys we own, and their values; an empty value means that the key is to be absent or its
// default. Without description, tags and rootfs, which have rules of their own.
pve::Parameters owned_settings(const Machine& machine, const MachineClass& shape);

// Root disk in whole GiB, as a create call takes it; rounded up.
int64_t root_disk_gib(const MachineClass& shape);

// What the create call of a container from an OS template carries (pve-container: tags may not be
// among them for a token whose rights come from a pool; the mark is added by pve::Writer).
pve::Parameters create_parameters(const Machine& machine, const MachineClass& shape,
                                  const std::string& pool, const std::string& storage,
                                  const std::string& template_volid);
// The same for a clone of a golden container; the rest is configured afterwards.
pve::Parameters clone_parameters(const Machine& machine, const std::string& pool,
                                 const std::string& storage);

}  // namespace gantry::controllers::machine
