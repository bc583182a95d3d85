#pragma once
// Bridge: what to do about an Appliance's bridge on one node. Pure.
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "api/v1alpha1/appliance.h"
#include "pkg/pve/types.h"

namespace gantry::controllers::appliance {

struct CreateBridge {};
struct ApplyBridge {};   // what we have written waits to be applied
struct DeleteBridge {};  // of ours, nobody is on it any more
using BridgeStep = std::variant<std::monostate, CreateBridge, ApplyBridge, DeleteBridge>;

struct BridgeView {
  bool ready = false;
  bool ours = false;  // it carries our mark: we may remove it, and it reaches this node only
  BridgeStep step;
  std::string reason, message, code;
};

// `network` as read from the node; `uid` the Appliance's. A bridge of somebody else is used as it
// is (it may lead anywhere) and never changed.
BridgeView judge_bridge(const std::string& bridge, const NodeName& node,
                        const pve::NodeNetwork& network, const std::string& installation,
                        const Uid& uid);
// The same on the way out: step DeleteBridge while it is there and ours; ready once it is gone, or
// somebody else's.
BridgeView judge_removal(const std::string& bridge, const NodeName& node,
                         const pve::NodeNetwork& network, const std::string& installation,
                         const Uid& uid);

// The list that a status keeps: the bridge of the node where the container is, then those of nodes
// where we have begun one before. They are forgotten only with the Appliance.
std::vector<api::v1alpha1::ApplianceBridge> remembered(
    const std::vector<api::v1alpha1::ApplianceBridge>& before,
    api::v1alpha1::ApplianceBridge current);

// What a person must type where our token may not: one command for the node's shell.
std::string bridge_command(const std::string& bridge, const NodeName& node);
std::string removal_command(const std::string& bridge, const NodeName& node);

}  // namespace gantry::controllers::appliance
