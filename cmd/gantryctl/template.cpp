// template build: an ordinary container, set up, cleaned, stopped and left to a person with root.
#include <absl/strings/str_format.h>

#include "api/kinds.h"
#include "api/v1alpha1/compose.h"
#include "cmd/gantryctl/commands.h"
#include "cmd/gantryctl/containers.h"
#include "cmd/gantryctl/waiting.h"
#include "pkg/base/text.h"

namespace gantry::ctl {
namespace {

// On all that a build makes: its name.
constexpr const char* kLabel = "gantry.dev/template";

// What must not be in two containers at once, or is of no use in a template. sshd of a systemd
// makes no host keys by itself: a unit does at the first start of each clone.
constexpr const char* kClean = R"(set -e
if command -v apt-get >/dev/null; then apt-get clean; rm -rf /var/lib/apt/lists/*; fi
rm -rf /var/cache/apk/* /var/lib/gantry /root/.bash_history /root/.ash_history
if command -v ssh-keygen >/dev/null && [ -d /run/systemd/system ]; then
  cat >/etc/systemd/system/gantry-host-keys.service <<'UNIT'
[Unit]
Description=Make the ssh host keys that are missing
Before=ssh.service ssh.socket sshd.service
[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -A
[Install]
WantedBy=multi-user.target
UNIT
  systemctl -q enable gantry-host-keys.service
fi
rm -f /etc/ssh/ssh_host_* /var/lib/dbus/machine-id
if command -v journalctl >/dev/null; then journalctl -q --rotate --vacuum-time=1s || true; fi
if [ -e /etc/machine-id ]; then : >/etc/machine-id; fi
)";

Where place_of(Session& session, std::string_view resource, const std::string& name) {
  Where where;
  where.kind = api::find_by_resource(resource);
  where.ns = session.namespace_for(*where.kind);
  where.name = name;
  return where;
}

Json head_of(const Where& where, const std::string& build) {
  Json object;
  object.set("apiVersion", where.kind->api_version());
  object.set("kind", std::string(where.kind->kind));
  auto& metadata = object.member("metadata");
  metadata.set("name", where.name);
  if (!where.ns.empty()) metadata.set("namespace", where.ns);
  metadata.member("labels").set(kLabel, build);
  return object;
}

// The object, or null where there is none. Invalid when it is somebody else's.
Async<Result<Json>> find_ours(Session& session, Where where, std::string build) {
  auto found = co_await session.api.get(path_of(where), kJson);
  if (!found.ok() && error_class(found.status()) == ErrorClass::not_found) co_return Json();
  if (!found.ok()) co_return found.status();
  const auto* label = found->find_path({"metadata", "labels", kLabel});
  if (label != nullptr && label->is_string() && label->as_string() == build) co_return found;
  co_return invalid("%s is there and not of a build of that name: choose another name",
                    label_of(where));
}

Async<Status> create(Session& session, Where where, Json object) {
  where.name.clear();
  auto path = path_of(where) + "?fieldManager=gantryctl";
  const auto made = co_await session.api.send("POST", std::move(path), kJson, std::move(object));
  co_return made.status();
}

Async<Status> change(Session& session, Where where, Json patch) {
  auto path = path_of(where) + "?fieldManager=gantryctl";
  const auto made = co_await session.api.send("PATCH", std::move(path),
                                              "application/merge-patch+json", std::move(patch));
  co_return made.status();
}

// Deletes what was seen, and nothing that has changed since.
Async<Status> erase(Session& session, Where where, const Json& seen, const char* propagation,
                    Duration timeout) {
  Json body;
  body.set("propagationPolicy", propagation);
  auto& same = body.member("preconditions");
  same.set("uid", meta_text(seen, "uid"));
  same.set("resourceVersion", meta_text(seen, "resourceVersion"));
  const auto deleted = co_await session.api.send("DELETE", path_of(where), kJson, std::move(body));
  const bool gone = !deleted.ok() && error_class(deleted.status()) == ErrorClass::not_found;
  if (!deleted.ok() && !gone) co_return deleted.status();
  co_return co_await wait_until_gone(session, where, "", timeout);
}

Async<Result<std::string>> look_for_owners(Session& session, Where where) {
  auto object = co_await session.api.get(path_of(where), kJson);
  if (!object.ok()) co_return object.status();
  const auto* owners = object->find_path({"metadata", "ownerReferences"});
  if (owners == nullptr || owners->size() == 0) co_return std::string();
  co_return std::string("it still has an owner");
}

// One build, step by step; each looks first whether it has been taken already.
class Build {
 public:
  Build(Session& session, TemplateOptions options, Random& random)
      : session_(session),
        options_(std::move(options)),
        random_(random),
        app_(place_of(session, "apps.gantry.dev", options_.name)),
        // That of an App has a number.
        machine_(place_of(session, "machines.gantry.dev",
                          options_.docker ? options_.name + "-0" : options_.name)),
        record_(place_of(session, "configmaps", "template-" + options_.name)) {}

  Async<Status> run() {
    GANTRY_CO_TRY_ASSIGN(auto record, co_await find_ours(session_, record_, options_.name));
    if (record.is_null()) {
      GANTRY_CO_TRY(co_await set_up());
      GANTRY_CO_TRY(co_await clean_and_stop());
      GANTRY_CO_TRY_ASSIGN(record, co_await write_down());
    }
    GANTRY_CO_TRY(co_await release());
    const auto* data = record.find("data");
    session_.print(data == nullptr ? "" : data->string_or("told", ""));
    co_return Status();
  }

 private:
  // A container of that class, with its runtime, that nobody but us looks after any more.
  Async<Status> set_up() {
    GANTRY_CO_TRY_ASSIGN(const auto app, co_await find_ours(session_, app_, options_.name));
    GANTRY_CO_TRY_ASSIGN(const auto machine, co_await find_ours(session_, machine_, options_.name));
    if (app.is_null() && machine.is_null()) {
      GANTRY_CO_TRY_ASSIGN(auto object, co_await object_to_make());
      const auto where = options_.docker ? app_ : machine_;
      GANTRY_CO_TRY(co_await create(session_, where, std::move(object)));
      session_.note(label_of(where) + " created");
    }
    if (!options_.docker || (app.is_null() && !machine.is_null())) co_return Status();
    session_.note("installing the runtime: gantryctl progress app/" + options_.name);
    GANTRY_CO_TRY(co_await wait_ready(app_));
    session_.note("the runtime is there");
    GANTRY_CO_TRY_ASSIGN(const auto ready, co_await find_ours(session_, app_, options_.name));
    GANTRY_CO_TRY(co_await erase(session_, app_, ready, "Orphan", options_.timeout));
    const Look look = [this] { return look_for_owners(session_, machine_); };
    co_return co_await wait_until(session_, label_of(machine_), look, options_.timeout);
  }

  Async<Result<Json>> object_to_make() {
    const auto where = place_of(session_, "machineclasses.gantry.dev", options_.class_name);
    const auto shape = co_await session_.api.get(path_of(where), kJson);
    if (!shape.ok()) co_return shape.status();
    auto object = head_of(options_.docker ? app_ : machine_, options_.name);
    auto& spec = object.member("spec");
    spec.set("machineClassName", options_.class_name);
    if (!options_.docker) co_return object;
    const auto* nesting = shape->find_path({"spec", "features", "nesting"});
    if (nesting == nullptr || !nesting->is_bool() || !nesting->as_bool())
      co_return invalid("Docker needs a class with features: {nesting: true}; %s has not",
                        options_.class_name);
    const auto* os = shape->find_path({"spec", "os", "template"});
    const bool alpine = os != nullptr && os->is_string() && os->as_string().starts_with("alpine");
    Json packages = Json::array();
    for (const auto& package : api::v1alpha1::docker_packages(alpine)) packages.push_back(package);
    auto& service = spec.member("workload").member("service");
    service.set("packages", std::move(packages));
    service.set("unit", "docker.service");
    co_return object;
  }

  Async<Status> wait_ready(Where where) {
    const Look look = [this, &where] { return look_for_ready(session_, where); };
    co_return co_await wait_until(session_, label_of(where), look, options_.timeout);
  }

  // It is told to stop only once it is clean.
  Async<Status> clean_and_stop() {
    GANTRY_CO_TRY_ASSIGN(const auto machine, co_await find_ours(session_, machine_, options_.name));
    const auto* power = machine.find_path({"spec", "powerState"});
    const bool stopped = power != nullptr && power->is_string() && power->as_string() == "Stopped";
    if (!stopped) {
      GANTRY_CO_TRY(co_await wait_ready(machine_));
      session_.note("cleaning: host keys, machine id, package caches");
      GANTRY_CO_TRY(co_await clean());
      Json patch;
      patch.member("spec").set("powerState", "Stopped");
      GANTRY_CO_TRY(co_await change(session_, machine_, std::move(patch)));
    }
    co_return co_await wait_ready(machine_);
  }

  Async<Status> clean() {
    std::string said;
    Session quiet = session_;
    quiet.write = [&said](bool, std::string_view bytes) { said += bytes; };
    ExecRequest request;
    request.command.emplace_back("sh");
    request.command.emplace_back("-c");
    request.command.emplace_back(kClean);
    GANTRY_CO_TRY_ASSIGN(const int code,
                         co_await exec(quiet, machine_, std::move(request), random_));
    if (code == 0) co_return Status();
    co_return error(ErrorClass::remote, "cleaning %s failed (%d): %s", label_of(machine_), code,
                    std::string(trim(said)));
  }

  // From here on the container is known without the Machine.
  Async<Result<Json>> write_down() {
    GANTRY_CO_TRY_ASSIGN(const auto machine, co_await find_ours(session_, machine_, options_.name));
    const auto* status = machine.find("status");
    const auto vmid = status == nullptr ? 0 : status->integer_or("vmid", 0);
    if (vmid == 0) co_return invalid("%s has no container any more", label_of(machine_));
    auto record = head_of(record_, options_.name);
    auto& data = record.member("data");
    data.set("vmid", std::to_string(vmid));
    data.set("class", options_.class_name);
    data.set("told", told(vmid, status->string_or("node", "")));
    GANTRY_CO_TRY(co_await create(session_, record_, record));
    co_return record;
  }

  std::string told(int64_t vmid, const std::string& node) const {
    const std::string flags = options_.docker ? " --features nesting=1,keyctl=1" : "";
    const std::string features =
        options_.docker ? "\n    features: {nesting: true, keyctl: true}" : "";
    return absl::StrFormat(
        "Container %d on %s is clean and stopped, and is no longer Gantry's. Once, as root@pam on "
        "%s:\n\n  pct set %d --hostname %s%s && pct template %d\n\nThen a MachineClass can name "
        "it, instead of os:\n\n  spec:\n    golden: {name: %s}%s",
        vmid, node, node, vmid, options_.name, flags, vmid, options_.name, features);
  }

  // The container stays; that Retain has arrived is looked at before anything is deleted.
  Async<Status> release() {
    GANTRY_CO_TRY_ASSIGN(auto machine, co_await find_ours(session_, machine_, options_.name));
    if (machine.is_null()) co_return Status();
    Json patch;
    patch.member("spec").set("deletionPolicy", "Retain");
    GANTRY_CO_TRY(co_await change(session_, machine_, std::move(patch)));
    GANTRY_CO_TRY_ASSIGN(machine, co_await find_ours(session_, machine_, options_.name));
    const auto* policy = machine.find_path({"spec", "deletionPolicy"});
    if (policy == nullptr || !policy->is_string() || policy->as_string() != "Retain")
      co_return error(ErrorClass::conflict, "somebody else changes %s: try again",
                      label_of(machine_));
    co_return co_await erase(session_, machine_, machine, "Background", options_.timeout);
  }

  Session& session_;
  TemplateOptions options_;
  Random& random_;
  Where app_, machine_, record_;
};

}  // namespace

Async<Status> build_template(Session& session, TemplateOptions options, Random& random) {
  Build build(session, std::move(options), random);
  co_return co_await build.run();
}

}  // namespace gantry::ctl
