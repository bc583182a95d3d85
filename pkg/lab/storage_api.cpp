// /storage, /nodes/{node}/storage/**.
// Source: pve-storage PVE/API2/Storage/{Status,Content}.pm; answers of a real 9.2.
#include "pkg/base/text.h"
#include "pkg/lab/kept_settings.h"
#include "pkg/lab/router.h"
#include "pkg/lab/row.h"
#include "pkg/lab/task_rows.h"

namespace gantry::lab {
namespace {

std::string content_of(const StorageOptions& storage) {
  return join({storage.content.begin(), storage.content.end()}, ",");
}

std::string missing(const std::string& storage) {
  return "storage '" + storage + "' does not exist";
}

Json status_object(const Model& model, const NodeName& node, const StorageOptions& storage) {
  const auto space = model.volumes.space(node, storage);
  Row row;
  row.set("type", storage.type).set("content", content_of(storage));
  row.set("shared", storage.shared ? 1 : 0).set("enabled", 1).set("active", 1);
  row.set("total", space.total).set("used", space.used).set("avail", space.total - space.used);
  return row;
}

Reply list_storages(Model& model, const Call& call) {
  const auto node = call.node();
  const auto content = call.params.get("content");
  Json rows = Json::array();
  for (const auto& storage : model.options.storages) {
    const auto& id = storage.id.get();
    if (!model.volumes.is_on(storage, node)) continue;
    if (call.params.has("storage") && call.params.get("storage") != id) continue;
    if (!content.empty() && !storage.content.contains(content)) continue;
    if (access_to_storage(model, call.caller, id).has_value()) continue;
    Json row = status_object(model, node, storage);
    const auto total = row.integer_or("total", 0);
    const auto used = static_cast<double>(row.integer_or("used", 0));
    row.set("storage", id);
    row.set("used_fraction", total > 0 ? used / static_cast<double>(total) : 0.0);
    rows.push_back(std::move(row));
  }
  return done(std::move(rows));
}

Reply get_storage_status(Model& model, const Call& call) {
  const auto* storage = model.volumes.find_storage(call.params.get("storage"));
  const auto node = call.node();
  if (storage == nullptr || !model.volumes.is_on(*storage, node)) {
    return bad_parameter("storage", "No such storage.");
  }
  return done(status_object(model, node, *storage));
}

std::string template_format(const std::string& name) {
  if (name.ends_with(".tar.zst")) return "tzst";
  if (name.ends_with(".tar.xz")) return "txz";
  return "tgz";
}

void add_templates(const Model& model, const StorageOptions& storage, Json& rows) {
  if (!storage.content.contains("vztmpl")) return;
  for (const auto& [name, bytes] : model.backend.templates()) {
    Row row;
    row.set("volid", storage.id.get() + ":vztmpl/" + name).set("content", "vztmpl");
    row.set("format", template_format(name)).set("size", bytes).set("ctime", 0);
    rows.push_back(std::move(row));
  }
}

Json disk_row(const DiskVolume& volume) {
  Row row;
  row.set("volid", volume.volid).set("content", "rootdir").set("format", volume.format);
  row.set("size", volume.size).set("used", volume.used).set("vmid", volume.vmid.get());
  row.set("parent", nullptr).set("ctime", to_unix_seconds(volume.created));
  return row;
}

Json file_row(const FileVolume& file) {
  Row row;
  row.set("volid", file.volid).set("content", file.content).set("format", file.format);
  row.set("size", file.size).set("ctime", to_unix_seconds(file.created));
  if (file.content == "backup") row.set("vmid", file.vmid.get()).set("subtype", "lxc");
  if (!file.notes.empty()) row.set("notes", file.notes);
  if (file.is_protected) row.set("protected", 1);
  return row;
}

// A backup is shown to who may make one of its guest, other files to everybody who sees the
// storage.
void add_files(const Model& model, const Call& call, const StorageOptions& storage, Json& rows) {
  const auto content = call.params.get("content");
  const auto vmid = call.params.integer("vmid", 0);
  const auto path = "/storage/" + storage.id.get();
  for (const auto& file : model.volumes.files_on(call.node(), storage)) {
    if (!content.empty() && content != file.content) continue;
    if (vmid != 0 && file.vmid.get() != vmid) continue;
    const bool may_see =
        file.content != "backup" || model.access.may(call.caller, path, "Datastore.Allocate") ||
        model.access.may(call.caller, "/vms/" + std::to_string(file.vmid.get()), "VM.Backup");
    if (may_see) rows.push_back(file_row(file));
  }
}

// A disk is shown to who may allocate on the storage or audit its guest.
bool may_see(const Model& model, const Call& call, const std::string& storage, VmId vmid) {
  return model.access.may(call.caller, "/storage/" + storage, "Datastore.Allocate") ||
         model.access.may(call.caller, "/vms/" + std::to_string(vmid.get()), "VM.Audit");
}

Reply list_content(Model& model, const Call& call) {
  const auto id = call.params.get("storage");
  const auto node = call.node();
  const auto* storage = model.volumes.find_storage(id);
  if (storage == nullptr) return died(missing(id));
  if (!model.volumes.is_on(*storage, node)) {
    return died("storage '" + id + "' is not available on node '" + node.get() + "'");
  }
  const auto content = call.params.get("content");
  const auto vmid = call.params.integer("vmid", 0);
  Json rows = Json::array();
  if (vmid == 0 && (content.empty() || content == "vztmpl")) add_templates(model, *storage, rows);
  add_files(model, call, *storage, rows);
  if (!content.empty() && content != "rootdir" && content != "images") {
    return done(std::move(rows));
  }
  for (const auto& volume : model.volumes.on_storage(node, *storage)) {
    if (vmid != 0 && volume.vmid.get() != vmid) continue;
    if (may_see(model, call, id, volume.vmid)) rows.push_back(disk_row(volume));
  }
  return done(std::move(rows));
}

Json storage_object(const StorageOptions& storage) {
  Row row;
  row.set("storage", storage.id.get()).set("type", storage.type);
  row.set("content", content_of(storage)).set("shared", storage.shared ? 1 : 0);
  if (storage.type == "dir") row.set("path", path_of(storage, ":"));
  std::vector<std::string> nodes;
  for (const auto& node : storage.nodes) nodes.push_back(node.get());
  if (!nodes.empty()) row.set("nodes", join(nodes, ","));
  return row;
}

Reply list_definitions(Model& model, const Call& call) {
  Json rows = Json::array();
  for (const auto& storage : model.options.storages) {
    if (access_to_storage(model, call.caller, storage.id.get()).has_value()) continue;
    if (call.params.has("type") && call.params.get("type") != storage.type) continue;
    rows.push_back(storage_object(storage));
  }
  return done(std::move(rows));
}

Reply create_definition(Model& model, const Call& call) {
  const auto id = call.params.get("storage");
  const auto type = call.params.get("type");
  if (model.volumes.find_storage(id) != nullptr) {
    return died("create storage failed: storage ID '" + id + "' already defined");
  }
  if (type == "dir" && !call.params.has("path")) {
    return bad_parameter("path", "property is missing and it is not optional");
  }
  StorageOptions storage;
  storage.id = StorageId(id);
  storage.type = type;
  storage.shared = call.params.flag("shared", type == "nfs" || type == "cifs" || type == "cephfs");
  storage.total = int64_t{250} << 30;
  storage.content.clear();
  for (const auto& content : split(call.params.get("content", "rootdir,images"), ',')) {
    storage.content.insert(content);
  }
  for (const auto& node : split(call.params.get("nodes"), ',')) {
    if (!node.empty()) storage.nodes.emplace_back(node);
  }
  storage.added = true;
  model.options.storages.push_back(std::move(storage));
  save_storages(model);
  Row answer;
  answer.set("storage", id).set("type", type);
  return done(std::move(answer));
}

Reply get_definition(Model& model, const Call& call) {
  const auto id = call.params.get("storage");
  const auto* storage = model.volumes.find_storage(id);
  if (storage == nullptr) return died(missing(id));
  return done(storage_object(*storage));
}

}  // namespace

Refusal access_to_storage(const Model& model, const Caller& caller, const std::string& storage) {
  return model.access.check_any(caller, "/storage/" + storage,
                                {"Datastore.Audit", "Datastore.AllocateSpace"});
}

void add_storage_routes(std::vector<Route>& routes) {
  const std::string one = "/nodes/{node}/storage/{storage}";
  routes.push_back({"GET", "/storage", list_definitions});
  routes.push_back({"GET", "/storage/{storage}", get_definition});
  routes.push_back({"GET", "/nodes/{node}/storage", list_storages});
  routes.push_back({"GET", one + "/status", get_storage_status});
  routes.push_back({"GET", one + "/content", list_content});
  routes.push_back({"POST", "/storage", create_definition});
}

}  // namespace gantry::lab
