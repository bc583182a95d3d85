#pragma once
// Creation and restore as workers do them.
// Source: pve-container PVE/API2/LXC.pm (create_vm), PVE/LXC/Create.pm; answers of a real 9.2.
#include <map>
#include <memory>
#include <string>

#include "pkg/lab/model.h"
#include "pkg/lab/property.h"

namespace gantry::lab {

// What a create task works on.
struct Creation {
  NodeName node;
  VmId vmid;
  Caller caller;
  std::map<std::string, std::string> options;  // as they will stand in the config, disks not yet
  std::map<std::string, NewDisk> disks;        // rootfs, mp0 … → where and how large
  std::string volume;                          // local:vztmpl/debian-12….tar.zst
  std::string template_name;                   // debian-12….tar.zst
  std::string pool;
  bool start = false;
  bool ha_managed = false;
  int64_t bytes_per_second = 0;  // bwlimit; 0: none
  // ---- of a restore, whose `volume` is a backup; `options` are the given ones only
  std::string storage;      // where disks go that are not given
  bool overwrites = false;  // the container was there before
  bool unique = false;      // new hardware addresses
};
using CreationPtr = std::shared_ptr<Creation>;

Job make_create_job(Model& model, CreationPtr creation);
Job make_restore_job(Model& model, CreationPtr creation);

// What both do: see that the root disk's storage has room for what is unpacked (thin: what is used
// counts, not what was asked for); names the disks and logs what formatting them prints; puts the
// config there, and the guest into its pool; starts it by a task of its own and hands it to HA.
Status check_room(const Model& model, const Creation& creation, int64_t bytes, Worker& worker);
void allocate_disks(Model& model, Creation& creation, Worker& worker);
void write_whole(Model& model, const Creation& creation);
void follow_up(Model& model, const Creation& creation, Worker& worker);

}  // namespace gantry::lab
