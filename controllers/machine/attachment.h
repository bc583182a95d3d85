#pragma once
// Attachment: where the networks of a Machine that name an Appliance are plugged in. Pure.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/v1alpha1/appliance.h"
#include "api/v1alpha1/machine.h"
#include "pkg/pve/types.h"

namespace gantry::controllers::machine {

struct Attachment {
  // Those that were given, each with its bridge and MAC address; without a bridge while it cannot
  // be told: then what the container has stays as it is.
  std::vector<api::v1alpha1::Network> networks;
  bool any = false;  // at least one of them names an Appliance
  // Who answers for names there; absent when nobody is known to.
  std::optional<api::v1alpha1::Dns> dns;
  std::optional<NodeName> node;  // the bridge of one of them is there and nowhere else
  // Why a container cannot be made yet; empty when it can.
  std::string waits_for;
  // Where it is instead of in its Appliance's network; empty when it is there.
  std::string fallback;
  std::string where;  // "10.20.0.100 in gantry-system/lan"
};

// The Appliance of that namespace and name; NotFound, or Schema.
using FindAppliance =
    std::function<Result<api::v1alpha1::Appliance>(const std::string& ns, const std::string& name)>;

// `config`: of its container, where that is there and ours. One that has been put on the uplink's
// bridge stays there as long as its network allows that: moving it back is a person's decision.
Attachment attach(const api::v1alpha1::Machine& machine,
                  const std::vector<api::v1alpha1::Network>& networks,
                  const pve::GuestConfig* config, const FindAppliance& find);

}  // namespace gantry::controllers::machine
