#pragma once
// Answers of the REST API ("data" of each) into the types of types.h.
//
// Lenient: an odd optional field is noted in `odd` and left out. A row whose identity cannot be
// read makes the list incomplete: kDataLoss (class Schema, CON-007) saying which rows; of
// /cluster/resources the readable rows are kept and the others listed in Resources::undecodable.
#include <string>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/base/status.h"
#include "pkg/pve/http/fields.h"
#include "pkg/pve/types.h"

namespace gantry::pve {

Result<Version> decode_version(const Json& data, Oddities& odd);
Result<Permissions> decode_permissions(const Json& data, Oddities& odd);
Result<ClusterStatus> decode_cluster_status(const Json& data, Oddities& odd);
Result<Resources> decode_resources(const Json& data, Oddities& odd);
// Rows of GET /nodes/{node}/storage; their node is left empty.
Result<std::vector<StorageRow>> decode_storages(const Json& data, Oddities& odd);
Result<std::vector<Volume>> decode_volumes(const Json& data, Oddities& odd);
Result<std::vector<std::string>> decode_bridges(const Json& data, Oddities& odd);
Result<std::vector<NetworkInterface>> decode_interfaces(const Json& data, Oddities& odd);

Result<GuestConfig> decode_guest_config(const Json& data, Oddities& odd);
Result<std::vector<PendingChange>> decode_guest_pending(const Json& data, Oddities& odd);
Result<GuestStatus> decode_guest_status(const Json& data, Oddities& odd);
Result<std::vector<GuestInterface>> decode_guest_interfaces(const Json& data, Oddities& odd);

Result<std::vector<Snapshot>> decode_snapshots(const Json& data, Oddities& odd);
Result<bool> decode_feature(const Json& data, Oddities& odd);

Result<Upid> decode_upid(const Json& data, Oddities& odd);
// GET …/tasks/{upid}/status.
Result<Task> decode_task(const Json& data, Oddities& odd);
// GET /nodes/{node}/tasks.
Result<std::vector<Task>> decode_tasks(const Json& data, Oddities& odd);
Result<std::vector<std::string>> decode_task_log(const Json& data, Oddities& odd);

// A Schema error with its catalogue code.
Status schema_error(std::string_view message);
// The rows of a list, or a Schema error naming `what`. null is no list.
Result<const Json::Array*> rows_of(const Json& data, std::string_view what);
// OK, or the Schema error of a list with rows that could not be read.
Status all_read(const std::vector<std::string>& undecodable, std::string_view what);

}  // namespace gantry::pve
