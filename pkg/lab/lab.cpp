#include "pkg/lab/lab.h"

#include "pkg/base/check.h"
#include "pkg/lab/command_channel.h"
#include "pkg/lab/http_door.h"
#include "pkg/lab/in_process_client.h"
#include "pkg/lab/model.h"
#include "pkg/lab/recovery.h"
#include "pkg/lab/router.h"

namespace gantry::lab {

Options single_node() {
  Options options;
  NodeOptions node;
  node.name = NodeName("pve1");
  options.nodes.push_back(std::move(node));
  StorageOptions local;
  local.id = StorageId("local");
  local.total = int64_t{250} << 30;
  options.storages.push_back(std::move(local));
  return options;
}

Options cluster_of(int nodes) {
  auto options = single_node();
  options.cluster_name = "lab";
  for (int number = 2; number <= nodes; ++number) {
    NodeOptions node;
    node.name = NodeName("pve" + std::to_string(number));
    node.address = "127.0.0." + std::to_string(number);
    options.nodes.push_back(std::move(node));
  }
  StorageOptions nfs;
  nfs.id = StorageId("nfs");
  nfs.shared = true;
  nfs.total = int64_t{1} << 40;
  options.storages.push_back(std::move(nfs));
  return options;
}

struct Lab::Doors {
  explicit Doors(Model& model) : http(model), channel(model) {}
  HttpDoors http;
  CommandChannel channel;
};

Lab::Lab(Options options, async::Clock& clock, Random& random, Backend& backend,
         Executor executor) {
  GANTRY_CHECK(!options.nodes.empty());
  model_ = std::make_unique<Model>(std::move(options), clock, random, backend, executor);
  doors_ = std::make_unique<Doors>(*model_);
}

Lab::~Lab() = default;

Async<Status> Lab::open() {
  recover(*model_);
  if (model_->options.poll_backend) start_polling(*model_);
  co_return Status();
}

Async<void> Lab::stop() {
  model_->group.stop();
  (void)co_await model_->group.join();
  co_await model_->tasks.stop();
}

std::unique_ptr<pve::Client> Lab::client(std::string token_id) {
  return client(std::move(token_id), model_->options.nodes.front().name);
}

std::unique_ptr<pve::Client> Lab::client(std::string token_id, NodeName node) {
  GANTRY_CHECK(model_->nodes.contains(node));
  return std::make_unique<InProcessClient>(*model_, std::move(token_id), std::move(node));
}

http::Handler& Lab::handler() {
  return handler(model_->options.nodes.front().name);
}

http::Handler& Lab::handler(const NodeName& node) {
  return doors_->http.at(node);
}

guest::Channel& Lab::channel() {
  return doors_->channel;
}

// ---- users
// -----------------------------------------------------------------------------------------

Status Lab::add_user(const std::string& userid, const std::string& password) {
  if (!model_->access.add_user(userid, password)) {
    return already_exists("user '%s' already exists", userid);
  }
  model_->save_access();
  return Status();
}

Result<Token> Lab::add_token(const std::string& userid, const std::string& name, bool privsep,
                             const std::string& secret) {
  auto& users = model_->access.users();
  const auto user = users.find(userid);
  if (user == users.end()) return not_found("no such user ('%s')", userid);
  auto& token = user->second.tokens[name];
  token.privsep = privsep;
  token.secret = secret.empty() ? model_->random.uuid().get() : secret;
  model_->save_access();
  return Token{userid + "!" + name, token.secret};
}

Status Lab::add_role(const std::string& name, const std::set<std::string>& privileges) {
  if (!model_->access.set_role(name, privileges)) {
    return invalid("role '%s' names a privilege that this version does not have", name);
  }
  model_->save_access();
  return Status();
}

Status Lab::grant(const std::string& path, const std::string& who, const std::string& role,
                  bool propagate) {
  if (!model_->access.roles().contains(role)) return not_found("role '%s' does not exist", role);
  model_->access.grant(path, who, role, propagate);
  model_->save_access();
  return Status();
}

Status Lab::revoke(const std::string& path, const std::string& who, const std::string& role) {
  model_->access.revoke(path, who, role);
  model_->save_access();
  return Status();
}

Status Lab::add_pool(const std::string& pool) {
  if (!model_->access.add_pool(pool, "")) return already_exists("pool '%s' already exists", pool);
  model_->save_access();
  return Status();
}

Token Lab::root_token() {
  const auto& tokens = model_->access.users()["root@pam"].tokens;
  if (const auto it = tokens.find("lab"); it != tokens.end()) {
    return {"root@pam!lab", it->second.secret};
  }
  return *add_token("root@pam", "lab", false);
}

void Lab::allow_bridges() {
  model_->access.set_role("GantryBridges", {"Sys.Audit", "Sys.Modify"});
  model_->access.grant("/nodes", "gantry@pve", "GantryBridges", true);
}

Token Lab::set_up_least_privilege(const std::string& pool, const std::string& secret) {
  const std::string user = "gantry@pve";
  auto& access = model_->access;
  access.add_user(user, "");
  access.add_pool(pool, "");
  access.set_role("GantryGuest",
                  {"VM.Allocate", "VM.Audit", "VM.Clone", "VM.Config.CPU", "VM.Config.Disk",
                   "VM.Config.Memory", "VM.Config.Network", "VM.Config.Options", "VM.PowerMgmt",
                   "VM.Snapshot", "VM.Snapshot.Rollback", "VM.Backup", "Pool.Audit"});
  access.set_role("GantryStorage", {"Datastore.AllocateSpace", "Datastore.Audit"});
  access.set_role("GantryNetwork", {"SDN.Use", "SDN.Audit"});
  access.set_role("GantryAudit", {"Sys.Audit"});
  access.grant("/pool/" + pool, user, "GantryGuest", true);
  for (const auto& storage : model_->options.storages) {
    access.grant("/storage/" + storage.id.get(), user, "GantryStorage", true);
  }
  access.grant("/sdn/zones/localnetwork", user, "GantryNetwork", true);
  access.grant("/nodes", user, "GantryAudit", true);
  access.grant("/", user, "GantryAudit", false);
  const auto& tokens = access.users()[user].tokens;
  const auto present = tokens.find("daemon");
  const auto kept = present != tokens.end() && secret.empty() ? present->second.secret : secret;
  auto token = *add_token(user, "daemon", false, kept);
  model_->command_user = token.id;
  return token;
}

// ---- what is there
// ---------------------------------------------------------------------------------

Faults& Lab::faults() {
  return model_->faults;
}

namespace {

GuestRecord to_record(const Model& model, const Guest& guest) {
  GuestRecord record;
  record.vmid = guest.vmid;
  record.node = guest.node;
  record.type = guest.type;
  record.running = guest.running;
  record.config = guest.config.values;
  record.pending = guest.config.pending;
  record.pool = model.access.pool_of(guest.vmid);
  for (const auto& [name, values] : guest.config.snapshots) record.snapshots.insert(name);
  return record;
}

}  // namespace

std::vector<GuestRecord> Lab::guests() const {
  std::vector<GuestRecord> all;
  for (const auto& [vmid, guest] : model_->guests()) all.push_back(to_record(*model_, *guest));
  return all;
}

std::optional<GuestRecord> Lab::find_guest(VmId vmid) const {
  const auto* guest = model_->find_guest(vmid);
  if (guest == nullptr) return std::nullopt;
  return to_record(*model_, *guest);
}

std::vector<VolumeRecord> Lab::volumes() const {
  return model_->volumes.all();
}

size_t Lab::guest_count() const {
  return model_->guests().size();
}

size_t Lab::running_tasks() const {
  return model_->tasks.running();
}

uint64_t Lab::request_count() const {
  return model_->requests;
}

size_t Lab::running_tasks(const NodeName& node, const std::string& who) const {
  return model_->tasks.running(node, who);
}

uint64_t Lab::changes() const {
  return model_->changes;
}

std::set<VmId> Lab::take_changed_guests() {
  return std::exchange(model_->changed_guests, {});
}

std::vector<Lab::Write> Lab::take_writes() {
  return std::exchange(model_->writes, {});
}

}  // namespace gantry::lab
