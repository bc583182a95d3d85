#pragma once
// What a change of a field does to containers that are there, in the words that people are told.
// What Proxmox changes while a container runs: pve-container PVE/LXC/Config.pm
// (vmconfig_hotplug_pending).
#include "pkg/schema/schema.h"

namespace gantry::api::v1alpha1 {

inline constexpr schema::OnChange kHot{"changed while containers run"};
inline constexpr schema::OnChange kRestart{"takes effect at the next start of each container"};
inline constexpr schema::OnChange kMove{"the container is moved, which restarts it"};
inline constexpr schema::OnChange kNewOnly{
    "for new containers; those that are there stay as they are"};
inline constexpr schema::OnChange kReclass{
    "containers take on what can be changed while they run; the rest is for new ones"};
inline constexpr schema::OnChange kGrow{
    "grown while containers run; smaller is refused, as it would destroy data"};
inline constexpr schema::OnChange kVolumes{
    "added and grown while containers run; nothing is ever replaced, and what is left out stays"};
inline constexpr schema::OnChange kHandover{
    "volumes change their container, once both are stopped; nothing is copied"};
inline constexpr schema::OnChange kRollout{"a new revision, handed out as spec.update says"};
inline constexpr schema::OnChange kRouted{"the proxy is given the new names; nothing is restarted"};
inline constexpr schema::OnChange kRestore{
    "containers are stopped, and their data is put back once for each id"};
inline constexpr schema::OnChange kPower{"containers are stopped or started"};
inline constexpr schema::OnChange kCount{
    "containers are added, or the last ones go; deletion.volumes decides about their data"};

}  // namespace gantry::api::v1alpha1
