// Writer's part for bridges. Source: pve-manager PVE/API2/Network.pm, PVE/INotify.pm.
#include <algorithm>
#include <utility>

#include "pkg/base/text.h"
#include "pkg/pve/writer.h"

namespace gantry::pve {
namespace {

Status held(const NodeName& node, std::string_view reason, const std::string& text) {
  return error(ErrorClass::held, "%s: on node %s %s", reason, node.get(), text);
}

Status foreign_changes(const NodeName& node) {
  return held(node, "PendingNetworkChanges",
              "network changes that are not ours wait to be applied: apply or revert them first");
}

// "auto vmbr0", "iface vmbr0 inet static" → vmbr0.
std::string_view interface_of(std::string_view line) {
  for (const std::string_view word : {"auto ", "iface ", "allow-hotplug "}) {
    if (!starts_with(line, word)) continue;
    line.remove_prefix(word.size());
    return line.substr(0, line.find_first_of(" \t"));
  }
  return "";
}

}  // namespace

const NetworkInterface* NodeNetwork::find(const std::string& name) const {
  const auto it = std::ranges::find(interfaces, name, &NetworkInterface::name);
  return it == interfaces.end() ? nullptr : &*it;
}

bool is_only_about(std::string_view changes, std::string_view interface) {
  std::string_view stanza;  // the interface that the lines are about
  for (const auto& text : split(std::string(changes), '\n')) {
    const std::string_view line = text;
    if (line.empty() || starts_with(line, "---") || starts_with(line, "+++")) continue;
    if (starts_with(line, "@@")) {
      stanza = "";
      continue;
    }
    const auto body = line.substr(1);
    if (const auto named = interface_of(body); !named.empty())
      stanza = named == interface ? interface : std::string_view("another");
    const bool changed = line[0] == '+' || line[0] == '-';
    if (changed && !trim(body).empty() && stanza != interface) return false;
  }
  return true;
}

Async<Status> Writer::create_bridge(NodeName node, std::string name, Uid owner) {
  GANTRY_CO_TRY(gate_(false));
  GANTRY_CO_TRY_ASSIGN(const auto network, co_await client_.network(node));
  if (!network.changes.empty()) co_return foreign_changes(node);
  if (network.find(name) != nullptr)
    co_return make_error(ErrorClass::already_exists, name + " exists on node " + node.get());
  GANTRY_CO_TRY(gate_(false));
  Parameters parameters;
  parameters["type"] = "bridge";
  parameters["autostart"] = "1";
  parameters["comments"] = to_description_line(Mark{installation_, owner, 0});
  co_return co_await client_.create_interface(node, std::move(name), std::move(parameters));
}

Async<Status> Writer::delete_bridge(NodeName node, std::string name, Uid owner) {
  GANTRY_CO_TRY(gate_(true));
  GANTRY_CO_TRY_ASSIGN(const auto network, co_await client_.network(node));
  if (!network.changes.empty()) co_return foreign_changes(node);
  const auto* bridge = network.find(name);
  if (bridge == nullptr) co_return Status();
  const auto mark = find_mark(bridge->comments);
  if (!mark || mark->uid != owner || mark->installation != installation_)
    co_return held(node, "OwnershipUnproven", name + " does not carry our mark");
  if (!trim(bridge->ports).empty())
    co_return held(node, "OwnershipUnproven",
                   name + " has got ports, " + bridge->ports + ": remove it by hand");
  GANTRY_CO_TRY(gate_(true));
  co_return co_await client_.delete_interface(node, std::move(name));
}

Async<Status> Writer::apply_bridge(NodeName node, std::string name) {
  GANTRY_CO_TRY(gate_(false));
  GANTRY_CO_TRY_ASSIGN(const auto network, co_await client_.network(node));
  // An earlier call has been executed since the caller looked.
  if (network.changes.empty()) co_return Status();
  if (!is_only_about(network.changes, name)) co_return foreign_changes(node);
  GANTRY_CO_TRY(gate_(false));
  const auto task = co_await client_.apply_network(std::move(node));
  co_return task.status();
}

}  // namespace gantry::pve
