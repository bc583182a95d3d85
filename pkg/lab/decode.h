#pragma once
// The model's answers as pve types. Strict: the model wrote them. (Reading what a real server may
// send is pkg/pve/http's business.)
#include "pkg/base/json.h"
#include "pkg/pve/types.h"

namespace gantry::lab {

pve::Version decode_version(const Json& data);
pve::Permissions decode_permissions(const Json& data);
pve::ClusterStatus decode_cluster_status(const Json& data);
pve::Resources decode_resources(const Json& data);
pve::StorageRow decode_storage(const Json& row, const NodeName& node);
pve::Volume decode_volume(const Json& row);
pve::NetworkInterface decode_network_interface(const Json& row);
pve::GuestConfig decode_config(const Json& data);
pve::PendingChange decode_pending(const Json& row);
pve::GuestStatus decode_status(const Json& data);
pve::GuestInterface decode_interface(const Json& row);
pve::Snapshot decode_snapshot(const Json& row);
// Both the status of one task and a row of a list.
pve::Task decode_task(const Json& row);

}  // namespace gantry::lab
