// /nodes/{node}/storage/{storage}/{content,upload,download-url}, /nodes/{node}/aplinfo.
// Source: pve-storage PVE/API2/Storage/{Content,Status}.pm, pve-manager PVE/API2/Nodes.pm; answers
// of a real 9.2. An upload's form has no file here, and there is no network to download from.
#include "pkg/base/text.h"
#include "pkg/lab/model.h"
#include "pkg/lab/router.h"
#include "pkg/lab/row.h"

namespace gantry::lab {
namespace {

using namespace std::chrono_literals;

// "local:…" also where the storage's name was left out.
std::string volid_of(const Call& call) {
  const auto volume = call.params.get("volume");
  if (volume.find(':') != std::string::npos) return volume;
  return call.params.get("storage") + ":" + volume;
}

Refusal refuse_storage(const Model& model, const NodeName& node, const std::string& id) {
  const auto* storage = model.volumes.find_storage(id);
  if (storage == nullptr) return died("storage '" + id + "' does not exist");
  if (model.volumes.is_on(*storage, node)) return std::nullopt;
  return died("storage '" + id + "' is not available on node '" + node.get() + "'");
}

// ---- one volume ----

// A missing volume is no failure, and a guest's own disk is no exception (both observed).
Async<Status> remove_volume(Model& model, NodeName node, std::string volid, Worker& worker) {
  const auto* storage = model.volumes.find_storage(storage_of(volid));
  const auto* volume = model.volumes.find(node, volid);
  const auto* file = model.volumes.find_file(node, volid);
  if (file != nullptr) {
    if (file->is_protected) {
      co_return failed("cannot remove protected archive '" + path_of(*storage, volid) + "'");
    }
    model.volumes.remove_file(node, volid);
    auto name = volid;
    (void)co_await model.backend.forget(std::move(name));
  } else if (volume == nullptr) {
    worker.log("disk image '" + path_of(*storage, volid) + "' does not exist");
  } else {
    ContainerSpec spec;
    spec.node = node;
    spec.vmid = volume->vmid;
    spec.rootfs = VolumeSpec{"rootfs", volid, volume->size};
    const LogSink quiet = [](std::string) {};
    GANTRY_CO_TRY(co_await model.backend.destroy(spec, quiet));
    model.volumes.remove(node, volid);
    model.save_volumes();
  }
  worker.log("Removed volume '" + volid + "'");
  co_return Status();
}

// Who may back a guest up may also remove its backups.
Refusal check_delete(Model& model, const Call& call, const FileVolume* file) {
  const auto path = "/storage/" + storage_of(volid_of(call));
  const bool backs_up =
      file != nullptr && file->content == "backup" &&
      model.access.may(call.caller, path, "Datastore.AllocateSpace") &&
      model.access.may(call.caller, "/vms/" + std::to_string(file->vmid.get()), "VM.Backup");
  if (backs_up) return std::nullopt;
  return model.access.check(call.caller, path, {"Datastore.Allocate"});
}

Reply delete_content(Model& model, const Call& call) {
  const auto node = call.node();
  const auto volid = volid_of(call);
  const auto id = storage_of(volid);
  const auto* file = model.volumes.find_file(node, volid);
  if (auto no = check_delete(model, call, file); no.has_value()) return std::move(*no);
  if (auto no = refuse_storage(model, node, id); no.has_value()) return std::move(*no);
  const auto* volume = model.volumes.find(node, volid);
  Job job;
  job.type = "imgdel";
  job.id = id;
  if (volume != nullptr) job.id = std::to_string(volume->vmid.get()) + "@" + id;
  if (file != nullptr && file->vmid.get() > 0) job.id = std::to_string(file->vmid.get()) + "@" + id;
  job.work = [&model, node, volid](Worker& worker) {
    return remove_volume(model, node, volid, worker);
  };
  return done(model.tasks.start(node, call.caller, std::move(job)).get());
}

Reply get_content(Model& model, const Call& call) {
  const auto volid = volid_of(call);
  const auto id = storage_of(volid);
  if (auto no = refuse_storage(model, call.node(), id); no.has_value()) return std::move(*no);
  Row row;
  row.set("path", path_of(*model.volumes.find_storage(id), volid));
  if (const auto* file = model.volumes.find_file(call.node(), volid); file != nullptr) {
    row.set("size", file->size).set("used", file->size).set("format", file->format);
    row.set("notes", file->notes).set("protected", file->is_protected ? 1 : 0);
    return done(std::move(row));
  }
  const auto* volume = model.volumes.find(call.node(), volid);
  if (volume == nullptr) return died("volume_size_info on '" + volid + "' failed");
  row.set("size", volume->size).set("used", volume->used).set("format", volume->format);
  return done(std::move(row));
}

Reply set_content(Model& model, const Call& call) {
  auto* file = model.volumes.find_file(call.node(), volid_of(call));
  if (file == nullptr) return died("volume '" + volid_of(call) + "' does not exist");
  if (call.params.has("notes")) file->notes = call.params.get("notes");
  if (call.params.has("protected")) file->is_protected = call.params.flag("protected");
  return done();
}

// A disk image without a config that names it; `size` in KiB unless it says M or G.
Reply allocate_content(Model& model, const Call& call) {
  const auto id = call.params.get("storage");
  if (auto no = refuse_storage(model, call.node(), id); no.has_value()) return std::move(*no);
  auto size = call.params.get("size");
  if (size.back() != 'M' && size.back() != 'G') size += 'K';
  const auto kilo = size.substr(0, size.size() - 1);
  const auto shift = size.back() == 'G' ? 30 : size.back() == 'M' ? 20 : 10;
  const auto volume =
      model.volumes.allocate(call.node(), *model.volumes.find_storage(id), call.params.vmid(),
                             parse_integer(kilo).value_or(0) << shift, model.clock.now());
  model.save_volumes();
  return done(volume.volid);
}

// ---- files that are brought ----

struct Arrival {
  NodeName node;
  std::string storage, content, name, url;
  std::string volid() const { return storage + ":" + content + "/" + name; }
};

Refusal check_arrival(const Model& model, const Arrival& arrival) {
  if (auto no = refuse_storage(model, arrival.node, arrival.storage); no.has_value()) return no;
  const auto* storage = model.volumes.find_storage(arrival.storage);
  if (!storage->content.contains(arrival.content)) {
    return died("storage '" + arrival.storage + "' is not configured for content-type '" +
                arrival.content + "'");
  }
  bool known = arrival.content == "iso" &&
               (arrival.name.ends_with(".iso") || arrival.name.ends_with(".img"));
  for (const char* ending : {".tar.gz", ".tar.xz", ".tar.zst"}) {
    known = known || (arrival.content == "vztmpl" && arrival.name.ends_with(ending));
  }
  if (known) return std::nullopt;
  return bad_parameter("filename", "wrong file extension");
}

Arrival arrival_of(const Call& call) {
  return {call.node(), call.params.get("storage"), call.params.get("content"),
          call.params.get("filename"), call.params.get("url")};
}

Async<Status> upload_work(Model& model, Arrival arrival, Worker& worker) {
  const auto path = path_of(*model.volumes.find_storage(arrival.storage), arrival.volid());
  worker.log("starting file import from: /var/tmp/pveupload-" + model.random.uuid().get());
  worker.log("target node: " + arrival.node.get());
  worker.log("target file: " + path);
  worker.log("file size is: 0");
  worker.log("command: cp -- /var/tmp/pveupload '" + path + "'");
  GANTRY_CO_TRY(co_await model.clock.sleep_for(200ms));
  const auto* storage = model.volumes.find_storage(arrival.storage);
  if (storage == nullptr) co_return failed("storage '" + arrival.storage + "' does not exist");
  FileVolume file;
  file.volid = arrival.volid();
  file.content = arrival.content;
  file.format = arrival.name.substr(arrival.name.rfind('.') + 1);
  file.created = model.clock.now();
  model.volumes.add_file(arrival.node, *storage, std::move(file));
  worker.log("finished file import successfully");
  co_return Status();
}

Reply upload(Model& model, const Call& call) {
  const auto arrival = arrival_of(call);
  if (auto no = check_arrival(model, arrival); no.has_value()) return std::move(*no);
  Job job;
  job.type = "imgcopy";
  job.work = [&model, arrival](Worker& worker) { return upload_work(model, arrival, worker); };
  return done(model.tasks.start(arrival.node, call.caller, std::move(job)).get());
}

std::string host_of(const std::string& url) {
  const auto begin = url.find("://") + 3;
  const auto host = url.substr(begin, url.find('/', begin) - begin);
  const bool secure = starts_with(url, "https");
  return host.find(':') == std::string::npos ? host + (secure ? ":443" : ":80") : host;
}

Async<Status> download_work(Model& model, Arrival arrival, Worker& worker) {
  const auto path = path_of(*model.volumes.find_storage(arrival.storage), arrival.volid());
  worker.log("downloading " + arrival.url + " to " + path);
  worker.log("--" + log_time(model.clock.now()) + "--  " + arrival.url);
  GANTRY_CO_TRY(co_await model.clock.sleep_for(300ms));
  co_return failed("download failed: Connecting to " + host_of(arrival.url) +
                   "... failed: Connection refused.");
}

Reply start_download(Model& model, const Call& call, const Arrival& arrival) {
  Job job;
  job.type = "download";
  job.id = arrival.name;
  job.work = [&model, arrival](Worker& worker) { return download_work(model, arrival, worker); };
  return done(model.tasks.start(arrival.node, call.caller, std::move(job)).get());
}

// A download lets its caller probe the node's own network.
Refusal check_download(const Model& model, const Call& call) {
  const auto path = "/storage/" + call.params.get("storage");
  auto no = model.access.check(call.caller, path, {"Datastore.AllocateTemplate"});
  if (no.has_value()) return no;
  const auto no_audit = model.access.check(call.caller, "/", {"Sys.Audit", "Sys.Modify"});
  if (!no_audit.has_value()) return std::nullopt;
  return model.access.check(call.caller, "/nodes/" + call.node().get(), {"Sys.AccessNetwork"});
}

Reply download(Model& model, const Call& call) {
  if (auto no = check_download(model, call); no.has_value()) return std::move(*no);
  const auto arrival = arrival_of(call);
  if (auto no = check_arrival(model, arrival); no.has_value()) return std::move(*no);
  return start_download(model, call, arrival);
}

// The templates that are here already are what the appliance list knows.
Reply list_appliances(Model& model, const Call&) {
  Json rows = Json::array();
  for (const auto& [name, bytes] : model.backend.templates()) {
    const auto package = name.substr(0, name.find('_'));
    const auto version = name.substr(package.size() + 1);
    Row row;
    row.set("template", name).set("package", package).set("type", "lxc");
    row.set("version", version.substr(0, version.find('_'))).set("architecture", "amd64");
    row.set("section", "system").set("os", package.substr(0, package.rfind('-')));
    row.set("headline", package).set("description", package);
    row.set("location", "http://download.proxmox.com/images/system/" + name);
    rows.push_back(std::move(row));
  }
  return done(std::move(rows));
}

Reply download_appliance(Model& model, const Call& call) {
  const auto name = call.params.get("template");
  if (!model.backend.templates().contains(name)) {
    return bad_parameter("template", "no such template");
  }
  const Arrival arrival{call.node(), call.params.get("storage"), "vztmpl", name,
                        "http://download.proxmox.com/images/system/" + name};
  if (auto no = check_arrival(model, arrival); no.has_value()) return std::move(*no);
  return start_download(model, call, arrival);
}

}  // namespace

void add_content_routes(std::vector<Route>& routes) {
  const std::string one = "/nodes/{node}/storage/{storage}";
  routes.push_back({"POST", one + "/content", allocate_content});
  routes.push_back({"GET", one + "/content/{volume}", get_content});
  routes.push_back({"PUT", one + "/content/{volume}", set_content});
  routes.push_back({"DELETE", one + "/content/{volume}", delete_content});
  routes.push_back({"POST", one + "/upload", upload});
  routes.push_back({"POST", one + "/download-url", download});
  routes.push_back({"GET", "/nodes/{node}/aplinfo", list_appliances});
  routes.push_back({"POST", "/nodes/{node}/aplinfo", download_appliance});
}

}  // namespace gantry::lab
