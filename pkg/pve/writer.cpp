#include "pkg/pve/writer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "pkg/base/text.h"

namespace gantry::pve {
namespace {

Status held(std::string_view reason, std::string_view text) {
  return error(ErrorClass::held, "%s: %s", reason, text);
}

std::string guest_at(NodeName node, VmId vmid) {
  return absl::StrFormat("guest %d on %s", vmid.get(), node.get());
}

std::vector<std::string> split_tags(std::string_view text) {
  std::string list(text);
  std::ranges::replace_if(
      list, [](char c) { return c == ',' || c == ' '; }, ';');
  auto tags = split(list, ';');
  std::erase(tags, "");
  return tags;
}

// Is the guest with that config the one that our row speaks of?
Status compare(const GuestConfig& config, const OwnedGuest& row, std::string_view installation) {
  const auto lock = config.find("lock");
  // pve-container: until the template is unpacked the config holds nothing but its lock.
  if (lock == "create" && config.values.size() == 1 && row.create_task)
    return held("CreateUnfinished", "its create task has not ended, or died before the end");
  if (const auto mark = find_mark(config.find("description").value_or(""))) {
    const bool same = mark->uid == row.uid && mark->installation == installation;
    // Our row counts on before each create: only an older copy of it can be behind.
    if (same && mark->epoch > row.epoch) {
      return with_code(held("DatabaseRestored",
                            absl::StrFormat("its description names epoch %d, our row %d: our "
                                            "database is older than this guest",
                                            mark->epoch, row.epoch)),
                       "SAF-014");
    }
    if (same) return Status();
    return held("OwnershipUnproven",
                absl::StrFormat("its description names uid %s of installation %s, our row uid %s",
                                mark->uid.get(), mark->installation, row.uid.get()));
  }
  const auto tag = find_tag(split_tags(config.find("tags").value_or("")));
  if (tag && to_tag(*tag) == to_tag(row.uid)) return Status();
  return held("OwnershipUnproven", "neither its description nor its tags carry our mark");
}

// Without one a write would be tied to nothing.
Status check_digest(const std::string& digest, NodeName node, VmId vmid) {
  if (!digest.empty()) return Status();
  return held("DigestMissing", "Proxmox has sent the config of " + guest_at(node, vmid) +
                                   " without its digest: it may be changed before our write");
}

// Keys that a create or clone must not carry: they would overwrite another guest, or fail for a
// token whose rights come from the pool (tags are checked against /vms/{id}, which is in no pool
// yet: 403 on a 9.2 server).
constexpr std::array<std::string_view, 8> kNotAtCreate{"vmid", "newid",    "force", "restore",
                                                       "tags", "skiplock", "lock",  "unique"};

Status check_create(const Parameters& parameters) {
  for (const auto key : kNotAtCreate)
    if (parameters.contains(std::string(key)))
      return invalid("'%s' must not be given when a guest is created", key);
  return Status();
}

// Keeps our mark through a change of the description or the tags.
void keep_mark(Parameters& set, std::vector<std::string>& remove, const Mark& mark) {
  if (std::erase(remove, "description") > 0) set.try_emplace("description", "");
  if (const auto it = set.find("description"); it != set.end())
    it->second = with_mark(it->second, mark);
  if (std::erase(remove, "tags") > 0) set.try_emplace("tags", "");
  if (const auto it = set.find("tags"); it != set.end()) {
    auto tags = split_tags(it->second);
    if (std::ranges::find(tags, to_tag(mark.uid)) == tags.end()) tags.push_back(to_tag(mark.uid));
    it->second = join(tags, ";");
  }
}

}  // namespace

Writer::Writer(ClusterName cluster, std::string installation, Client& client, Ownership& ownership,
               Gate gate)
    : cluster_(std::move(cluster)),
      installation_(std::move(installation)),
      client_(client),
      ownership_(ownership),
      gate_(std::move(gate)) {}

Async<Result<OwnedGuest>> Writer::row_of(VmId vmid, Uid uid) {
  auto found = co_await ownership_.find(cluster_, vmid);
  if (!found.ok())
    co_return annotate(found.status(), absl::StrFormat("row of guest %d", vmid.get()));
  if (!found->has_value())
    co_return held("OwnershipUnproven", absl::StrFormat("guest %d has no row of ours", vmid.get()));
  if ((*found)->uid != uid)
    co_return held("OwnershipUnproven", absl::StrFormat("the row of guest %d belongs to uid %s",
                                                        vmid.get(), (*found)->uid.get()));
  co_return std::move(**found);
}

Async<Result<std::string>> Writer::admit(NodeName node, VmId vmid, Uid uid, bool destructive) {
  GANTRY_CO_TRY(gate_(destructive));
  GANTRY_CO_TRY_ASSIGN(const auto row, co_await row_of(vmid, uid));
  auto config = co_await client_.guest_config(node, vmid);
  if (!config.ok())
    co_return annotate(config.status(), "proof of ownership of " + guest_at(node, vmid));
  const auto compared = compare(*config, row, installation_);
  if (!compared.ok()) {
    // The reason stays in front: conditions are made from it.
    const auto text = message_of(compared) + " (" + guest_at(node, vmid) + ")";
    auto refusal = make_error(ErrorClass::held, text);
    const auto code = catalogue_code(compared);
    co_return code.has_value() ? with_code(std::move(refusal), *code) : std::move(refusal);
  }
  // The gate may have closed while we looked.
  GANTRY_CO_TRY(gate_(destructive));
  co_return std::move(config->digest);
}

Async<Status> Writer::prove(NodeName node, VmId vmid, Uid uid) {
  GANTRY_CO_TRY_ASSIGN(const auto row, co_await row_of(vmid, uid));
  auto config = co_await client_.guest_config(node, vmid);
  if (!config.ok())
    co_return annotate(config.status(), "proof of ownership of " + guest_at(node, vmid));
  co_return compare(*config, row, installation_);
}

Async<Result<Upid>> Writer::create_guest(NodeName node, VmId vmid, Uid uid, Parameters parameters) {
  GANTRY_CO_TRY(gate_(false));
  GANTRY_CO_TRY(check_create(parameters));
  GANTRY_CO_TRY_ASSIGN(const auto row, co_await row_of(vmid, uid));
  if (row.create_task)
    co_return held("CreateAlreadySent", absl::StrFormat("guest %d was created by %s", vmid.get(),
                                                        row.create_task->get()));
  GANTRY_CO_TRY(gate_(false));
  const Mark mark{installation_, uid, row.epoch};
  parameters["description"] = with_mark(parameters["description"], mark);
  co_return co_await client_.create_guest(node, vmid, std::move(parameters));
}

Async<Result<Upid>> Writer::clone_guest(NodeName node, VmId source, VmId vmid, Uid uid,
                                        Parameters parameters) {
  GANTRY_CO_TRY(gate_(false));
  GANTRY_CO_TRY(check_create(parameters));
  GANTRY_CO_TRY_ASSIGN(const auto row, co_await row_of(vmid, uid));
  if (row.create_task)
    co_return held("CreateAlreadySent", absl::StrFormat("guest %d was created by %s", vmid.get(),
                                                        row.create_task->get()));
  GANTRY_CO_TRY(gate_(false));
  // Always given: a clone copies its source's description, and with it another guest's mark.
  const Mark mark{installation_, uid, row.epoch};
  parameters["description"] = with_mark(parameters["description"], mark);
  co_return co_await client_.clone_guest(node, source, vmid, std::move(parameters));
}

Async<Status> Writer::configure_guest(NodeName node, VmId vmid, Uid uid, Parameters set,
                                      std::vector<std::string> remove) {
  // pve-container 9.2 takes any rootfs of a running container as "pending"; start and even destroy
  // fail from then on.
  if (set.contains("rootfs")) co_return invalid("rootfs must not be configured: use resize");
  if (set.contains("lock")) co_return invalid("a lock must not be configured");
  GANTRY_CO_TRY_ASSIGN(auto digest, co_await admit(node, vmid, uid, false));
  GANTRY_CO_TRY(check_digest(digest, node, vmid));
  GANTRY_CO_TRY_ASSIGN(const auto row, co_await row_of(vmid, uid));
  const Mark mark{installation_, uid, row.epoch};
  keep_mark(set, remove, mark);
  // The digest ties the write to the config that was proven.
  co_return co_await client_.configure_guest(node, vmid, std::move(set), std::move(remove),
                                             std::move(digest));
}

Async<Result<Upid>> Writer::resize_guest(NodeName node, VmId vmid, Uid uid, std::string disk,
                                         std::string size) {
  GANTRY_CO_TRY_ASSIGN(const auto digest, co_await admit(node, vmid, uid, false));
  co_return co_await client_.resize_guest(node, vmid, std::move(disk), std::move(size));
}

Async<Result<Upid>> Writer::give_volume(NodeName node, VolumeGift gift, Uid from_uid, Uid to_uid) {
  GANTRY_CO_TRY_ASSIGN(auto from_digest, co_await admit(node, gift.from, from_uid, true));
  GANTRY_CO_TRY_ASSIGN(auto to_digest, co_await admit(node, gift.to, to_uid, true));
  GANTRY_CO_TRY(check_digest(from_digest, node, gift.from));
  GANTRY_CO_TRY(check_digest(to_digest, node, gift.to));
  const bool is_same = from_digest == gift.from_digest && to_digest == gift.to_digest;
  if (!is_same) {
    co_return error(ErrorClass::conflict, "guest %d or %d has been changed since it was looked at",
                    gift.from.get(), gift.to.get());
  }
  co_return co_await client_.give_volume(node, std::move(gift));
}

Async<Result<Upid>> Writer::migrate_guest(NodeName node, VmId vmid, Uid uid, NodeName target,
                                          bool restart) {
  GANTRY_CO_TRY_ASSIGN(const auto digest, co_await admit(node, vmid, uid, true));
  co_return co_await client_.migrate_guest(node, vmid, std::move(target), restart);
}

Async<Result<Upid>> Writer::start_guest(NodeName node, VmId vmid, Uid uid) {
  GANTRY_CO_TRY_ASSIGN(const auto digest, co_await admit(node, vmid, uid, false));
  co_return co_await client_.start_guest(node, vmid);
}

Async<Result<Upid>> Writer::stop_guest(NodeName node, VmId vmid, Uid uid) {
  GANTRY_CO_TRY_ASSIGN(const auto digest, co_await admit(node, vmid, uid, true));
  co_return co_await client_.stop_guest(node, vmid);
}

Async<Result<Upid>> Writer::shutdown_guest(NodeName node, VmId vmid, Uid uid, Duration timeout) {
  GANTRY_CO_TRY_ASSIGN(const auto digest, co_await admit(node, vmid, uid, true));
  co_return co_await client_.shutdown_guest(node, vmid, timeout);
}

Async<Result<Upid>> Writer::destroy_guest(NodeName node, VmId vmid, Uid uid,
                                          DestroyOptions options) {
  GANTRY_CO_TRY_ASSIGN(const auto digest, co_await admit(node, vmid, uid, true));
  co_return co_await client_.destroy_guest(node, vmid, options);
}

bool is_own_snapshot(const Snapshot& snapshot, const std::string& installation, const Uid& uid) {
  const auto mark = find_mark(snapshot.description);
  return snapshot.name.starts_with(kSnapshotPrefix) && mark.has_value() && mark->uid == uid &&
         mark->installation == installation;
}

Async<Result<Upid>> Writer::take_snapshot(NodeName node, VmId vmid, Uid uid, std::string name,
                                          std::string description) {
  if (!name.starts_with(kSnapshotPrefix))
    co_return invalid("a snapshot of ours is called %s…, not '%s'", kSnapshotPrefix, name);
  GANTRY_CO_TRY_ASSIGN(const auto digest, co_await admit(node, vmid, uid, false));
  GANTRY_CO_TRY_ASSIGN(const auto row, co_await row_of(vmid, uid));
  const Mark mark{installation_, uid, row.epoch};
  description = with_mark(description, mark);
  co_return co_await client_.take_snapshot(node, vmid, std::move(name), std::move(description));
}

Async<Status> Writer::admit_snapshot(NodeName node, VmId vmid, Uid uid, std::string name) {
  GANTRY_CO_TRY_ASSIGN(const auto digest, co_await admit(node, vmid, uid, true));
  GANTRY_CO_TRY_ASSIGN(const auto all, co_await client_.snapshots(node, vmid));
  const auto found = std::ranges::find(all, name, &Snapshot::name);
  if (found == all.end()) co_return not_found("%s has no snapshot %s", guest_at(node, vmid), name);
  if (!is_own_snapshot(*found, installation_, uid))
    co_return held("SnapshotForeign", absl::StrFormat("snapshot %s of %s does not carry our mark",
                                                      name, guest_at(node, vmid)));
  // The gate may have closed while we looked.
  co_return gate_(true);
}

Async<Result<Upid>> Writer::delete_snapshot(NodeName node, VmId vmid, Uid uid, std::string name) {
  GANTRY_CO_TRY(co_await admit_snapshot(node, vmid, uid, name));
  co_return co_await client_.delete_snapshot(node, vmid, std::move(name));
}

Async<Result<Upid>> Writer::roll_back_guest(NodeName node, VmId vmid, Uid uid,
                                            std::string snapshot) {
  GANTRY_CO_TRY(co_await admit_snapshot(node, vmid, uid, snapshot));
  co_return co_await client_.roll_back_guest(node, vmid, std::move(snapshot));
}

// It may stop the guest.
Async<Result<Upid>> Writer::back_up_guest(NodeName node, VmId vmid, Uid uid, StorageId storage,
                                          std::string notes) {
  GANTRY_CO_TRY_ASSIGN(const auto digest, co_await admit(node, vmid, uid, true));
  co_return co_await client_.back_up_guest(node, vmid, std::move(storage), std::move(notes));
}

}  // namespace gantry::pve
