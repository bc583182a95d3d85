#pragma once
// Rows that more than one file of handlers writes.
#include "pkg/lab/model.h"

namespace gantry::lab {

// A row of a task list: the exit text stands in `status` there.
Json task_row(const TaskRecord& task);
// A row of GET /nodes and /cluster/resources; without Sys.Audit only that the node is there.
Json node_row(const Model& model, const Caller& caller, const NodeName& name);
// Datastore.Audit or Datastore.AllocateSpace on /storage/{id}.
Refusal access_to_storage(const Model& model, const Caller& caller, const std::string& storage);

}  // namespace gantry::lab
