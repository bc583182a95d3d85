#pragma once
// Actors: users who write objects, people who act past Gantry, and everything that fails beneath
// it. Each act() is one deed, drawn from the seed.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/swarm.h"

namespace gantry::sim {

// A Machine that is wanted, or nullopt.
std::optional<std::string> pick_machine(const World& world, Random& random);

// kubectl apply, scale, edit and delete, at the worst moment.
class UserActor {
 public:
  UserActor(World& world, const Swarm& swarm, Random& random)
      : world_(world), swarm_(swarm), random_(random) {}
  void act();
  void create();
  // Everything goes, the Appliance first, which then waits for all who need it.
  void leave();
  // Whose version does not come up gets one that does; false when there was none.
  bool mend_versions();
  // … and the other way round.
  bool spoil_versions();
  // Those with data get another version; false when there was none.
  bool renew_versions();
  // … and their data is to be as one of the versions before has left it.
  void put_all_data_back();

 private:
  void act_on_machine(const std::string& name);
  void move(const std::string& name);
  void create_app(const std::string& name, int replicas);
  std::string some_page(bool compose);
  std::vector<std::string> some_needs(const std::string& name);
  void change_page(const std::string& name, const std::string& page);
  void change_needs(const std::string& name);
  void act_on_app(const std::string& name);
  bool act_on_data(const std::string& name);
  bool act_on_version(const std::string& name);
  bool put_data_back(const std::string& name);
  void delete_app(const std::string& name, store::Dependents dependents);
  void edit_class();
  World& world_;
  const Swarm& swarm_;
  Random& random_;
  int created_ = 0, restores_ = 0;
};

// What root@pam does in the web interface or on a shell.
class PersonActor {
 public:
  PersonActor(World& world, const Swarm& swarm, Random& random)
      : world_(world), swarm_(swarm), random_(random) {}
  void act();
  // What a condition asks a person to do: unlock what dead workers left, remove unfinished creates.
  void tidy_up();

 private:
  void put_stranger();
  void act_on(const std::string& name, const lab::GuestRecord& guest);
  void spoil(const std::string& name, const lab::GuestRecord& guest);
  void break_inside_appliance();
  void detach_volume(const lab::GuestRecord& guest);
  void take_snapshot(const lab::GuestRecord& guest);
  void manage(VmId vmid, const std::string& state);
  void unmanage_what_goes();
  void remove_half_made();
  void remove_half_made_probe();
  void destroy_several();
  void stop_through_proxmox(NodeName node, VmId vmid);
  void give_up_what_is_gone();
  void begin_with_empty_volumes();
  bool others_are_there(const std::string& victim) const;
  void say(const std::string& what, VmId vmid);
  World& world_;
  const Swarm& swarm_;
  Random& random_;
};

// Machines, networks and rights that fail and come back.
class Misfortune {
 public:
  Misfortune(World& world, const Swarm& swarm, Random& random)
      : world_(world), swarm_(swarm), random_(random) {}
  void act();
  // Gives everything back.
  void end();

 private:
  void crash();
  void outage();
  void lose_node();
  std::map<VmId, NodeName> managed_on(const NodeName& node) const;
  void lose_sight();
  void hide_some();
  void show_hidden();
  void stand_still();
  void cut_off();
  void set_clock();
  void change_mode();
  void restore_older();
  bool has_newer_container(const store::memory::Image& database) const;
  void kill_all();
  void start_with(store::memory::Image database);
  void wait(int64_t seconds_max);
  void note(const std::string& what);
  Host& some_host();
  World& world_;
  const Swarm& swarm_;
  Random& random_;
  std::vector<std::string> hidden_;  // paths
  std::optional<store::memory::Image> older_;
};

}  // namespace gantry::sim
