// The privileges and built-in roles of pve-access-control 8 and 9 (PVE/AccessControl.pm,
// $privgroups): what each role of the real server holds, as far as containers are concerned.
#include "pkg/base/text.h"
#include "pkg/lab/access.h"
#include "pkg/lab/lab.h"

namespace gantry::lab {
namespace {

using Names = std::set<std::string>;

Names words(std::string_view text) {
  const auto parts = split(text, ' ');
  return Names(parts.begin(), parts.end());
}

Names vm_user() {
  return words("VM.Audit VM.Backup VM.Config.CDROM VM.Config.Cloudinit VM.Console VM.PowerMgmt");
}

Names vm_admin(PveVersion version) {
  Names all = words(
      "VM.Allocate VM.Clone VM.Config.CPU VM.Config.Disk VM.Config.HWType VM.Config.Memory "
      "VM.Config.Network VM.Config.Options VM.Migrate VM.Snapshot VM.Snapshot.Rollback");
  all.merge(vm_user());
  all.merge(version == PveVersion::v8_4
                ? words("VM.Monitor")
                : words("VM.GuestAgent.Audit VM.GuestAgent.FileRead VM.GuestAgent.FileSystemMgmt "
                        "VM.GuestAgent.FileWrite VM.GuestAgent.Unrestricted VM.Replicate"));
  return all;
}

Names storage_admin() {
  return words(
      "Datastore.Allocate Datastore.AllocateSpace Datastore.AllocateTemplate Datastore.Audit");
}

Names auditor() {
  return words("Datastore.Audit Mapping.Audit Pool.Audit SDN.Audit Sys.Audit VM.Audit");
}

}  // namespace

std::set<std::string> builtin_privileges(PveVersion version) {
  Names all = words(
      "Group.Allocate Mapping.Audit Mapping.Modify Mapping.Use Permissions.Modify Pool.Allocate "
      "Pool.Audit Realm.Allocate Realm.AllocateUser SDN.Allocate SDN.Audit SDN.Use "
      "Sys.AccessNetwork Sys.Audit Sys.Console Sys.Incoming Sys.Modify Sys.PowerMgmt Sys.Syslog "
      "User.Modify");
  all.merge(storage_admin());
  all.merge(vm_admin(version));
  return all;
}

std::map<std::string, std::set<std::string>> builtin_roles(PveVersion version) {
  std::map<std::string, Names> roles;
  roles["Administrator"] = builtin_privileges(version);
  roles["NoAccess"] = {};
  roles["PVEAuditor"] = auditor();
  roles["PVEDatastoreAdmin"] = storage_admin();
  roles["PVEDatastoreUser"] = words("Datastore.AllocateSpace Datastore.Audit");
  roles["PVEPoolAdmin"] = words("Pool.Allocate Pool.Audit");
  roles["PVEPoolUser"] = words("Pool.Audit");
  roles["PVESDNAdmin"] = words("SDN.Allocate SDN.Audit SDN.Use");
  roles["PVESDNUser"] = words("SDN.Audit SDN.Use");
  roles["PVESysAdmin"] = words("Sys.Audit Sys.Console Sys.Syslog");
  roles["PVETemplateUser"] = words("VM.Audit VM.Clone");
  roles["PVEUserAdmin"] = words("Group.Allocate Realm.AllocateUser User.Modify");
  roles["PVEVMAdmin"] = vm_admin(version);
  roles["PVEVMUser"] = vm_user();
  auto admin = builtin_privileges(version);
  for (const char* name : {"Permissions.Modify", "Sys.Modify", "Sys.PowerMgmt", "Sys.Incoming",
                           "Sys.AccessNetwork", "Realm.Allocate"}) {
    admin.erase(name);
  }
  roles["PVEAdmin"] = std::move(admin);
  return roles;
}

}  // namespace gantry::lab
