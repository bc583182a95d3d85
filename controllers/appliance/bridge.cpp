#include "controllers/appliance/bridge.h"

#include "pkg/base/text.h"
#include "pkg/pve/mark.h"
#include "pkg/pve/writer.h"

namespace gantry::controllers::appliance {

using api::v1alpha1::ApplianceBridge;

namespace {

bool carries_our_mark(const pve::NetworkInterface& found, const std::string& installation,
                      const Uid& uid) {
  const auto mark = pve::find_mark(found.comments);
  return mark && mark->uid == uid && mark->installation == installation;
}

BridgeView view(std::string reason, std::string message, std::string code, BridgeStep step = {}) {
  BridgeView made;
  made.reason = std::move(reason);
  made.message = std::move(message);
  made.code = std::move(code);
  made.step = step;
  return made;
}

}  // namespace

BridgeView judge_bridge(const std::string& bridge, const NodeName& node,
                        const pve::NodeNetwork& network, const std::string& installation,
                        const Uid& uid) {
  const auto where = bridge + " on " + node.get();
  const auto* found = network.find(bridge);
  if (found == nullptr) {
    if (!network.changes.empty())
      return view("PendingNetworkChanges",
                  where +
                      " is missing, and changes of somebody else wait to be applied there: apply "
                      "or revert them first",
                  "APL-002");
    return view("BridgeMissing", "creating " + where, "APL-002", CreateBridge{});
  }
  if (found->type != "bridge" && found->type != "OVSBridge")
    return view("BridgeDrift", where + " is of type " + found->type + ", not a bridge", "APL-003");
  const bool ours = carries_our_mark(*found, installation, uid);
  if (found->active) {
    auto ready = view("BridgeReady", where, "");
    ready.ready = true;
    ready.ours = ours;
    return ready;
  }
  if (ours && !network.changes.empty() && pve::is_only_about(network.changes, bridge)) {
    auto waits = view("BridgeMissing", "applying " + where, "APL-002", ApplyBridge{});
    waits.ours = true;
    return waits;
  }
  return view("BridgeMissing", where + " is configured, but not there: apply the node's network",
              "APL-002");
}

BridgeView judge_removal(const std::string& bridge, const NodeName& node,
                         const pve::NodeNetwork& network, const std::string& installation,
                         const Uid& uid) {
  const auto where = bridge + " on " + node.get();
  const auto* found = network.find(bridge);
  if (found == nullptr) {
    const bool waits = !network.changes.empty() && pve::is_only_about(network.changes, bridge);
    if (waits) return view("Deleting", "removing " + where, "", ApplyBridge{});
  } else if (carries_our_mark(*found, installation, uid)) {
    return view("Deleting", "removing " + where, "", DeleteBridge{});
  }
  BridgeView gone;
  gone.ready = true;
  return gone;
}

std::vector<ApplianceBridge> remembered(const std::vector<ApplianceBridge>& before,
                                        ApplianceBridge current) {
  std::vector<ApplianceBridge> all = {std::move(current)};
  for (auto bridge : before) {
    const bool is_anothers = bridge.ready && !bridge.local;  // used as it is, and left alone
    if (bridge.node == all.front().node || is_anothers) continue;
    bridge.ready = bridge.local = false;
    bridge.message = "the container is elsewhere now: removed with the Appliance";
    all.push_back(std::move(bridge));
  }
  return all;
}

std::string bridge_command(const std::string& bridge, const NodeName& node) {
  return absl::StrFormat(
      "pvesh create /nodes/%1$s/network --iface %2$s --type bridge --autostart 1 && "
      "pvesh set /nodes/%1$s/network",
      node.get(), bridge);
}

std::string removal_command(const std::string& bridge, const NodeName& node) {
  return absl::StrFormat("pvesh delete /nodes/%1$s/network/%2$s && pvesh set /nodes/%1$s/network",
                         node.get(), bridge);
}

}  // namespace gantry::controllers::appliance
