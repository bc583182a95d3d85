#include "controllers/machine/drift.h"

#include <algorithm>

#include "controllers/machine/desired.h"
#include "controllers/machine/identity.h"
#include "pkg/base/text.h"
#include "pkg/pve/property_string.h"

namespace gantry::controllers::machine {
namespace {

using api::v1alpha1::Machine;
using api::v1alpha1::MachineClass;

bool is_network(const std::string& key) {
  return starts_with(key, "net") && parse_integer(key.substr(3)).has_value();
}

// What an absent key means (schema of pve-container).
std::string default_of(const std::string& key) {
  if (key == "memory" || key == "swap") return "512";
  if (key == "cpulimit" || key == "onboot" || key == "protection") return "0";
  return "";
}

bool same_properties(const std::string& want, const std::string& have) {
  const auto wanted = pve::PropertyString::parse(want);
  const auto actual = pve::PropertyString::parse(have);
  if (!wanted.ok() || !actual.ok()) return want == have;
  return pve::agrees(*wanted, *actual);
}

bool same_setting(const std::string& key, const std::string& want, const std::string& have) {
  if (is_network(key)) return same_properties(want, have);
  if (want.empty() && have.empty()) return true;
  const auto wanted = want.empty() ? default_of(key) : want;
  const auto actual = have.empty() ? default_of(key) : have;
  if (const auto a = parse_double(wanted), b = parse_double(actual); a && b) return *a == *b;
  return pve::same_value(wanted, actual);
}

// Keeps a MAC that Proxmox drew: a new one would mean a new DHCP lease and a new address.
std::string with_address(const std::string& want, const std::string& have) {
  auto wanted = pve::PropertyString::parse(want);
  const auto actual = pve::PropertyString::parse(have);
  if (!wanted.ok() || !actual.ok() || wanted->get("hwaddr").has_value()) return want;
  if (const auto address = actual->get("hwaddr")) wanted->set("hwaddr", *address);
  return wanted->format();
}

// Which address it has, or where it counts.
bool changes_address(const std::string& want, const std::string& have) {
  const auto wanted = pve::PropertyString::parse(want);
  const auto actual = pve::PropertyString::parse(have);
  if (!wanted.ok() || !actual.ok()) return true;
  for (const char* key : {"ip", "bridge", "tag"})
    if (wanted->get(key) != actual->get(key)) return true;
  return false;
}

class Comparison {
 public:
  Comparison(const Guest& guest, const std::string& address_conflict)
      : guest_(guest), address_conflict_(address_conflict) {}

  void setting(const std::string& key, const std::string& want) {
    const auto have = guest_.config.find(key).value_or("");
    if (same_setting(key, want, have)) return;
    if (is_network(key) && !address_conflict_.empty() && changes_address(want, have)) {
      add({.key = key,
           .want = want,
           .have = have,
           .repair = Repair::held,
           .why = address_conflict_,
           .code = kAddressConflict});
      return;
    }
    add({.key = key, .want = want, .have = have});
    if (want.empty()) {
      drifts_.remove.push_back(key);
    } else {
      drifts_.set[key] = is_network(key) ? with_address(want, have) : want;
    }
  }

  // pve-container 9.2: a token may change `nesting`, and only while the other flags stay the same.
  void features(const std::string& want) {
    const auto have = guest_.config.find("features").value_or("");
    const auto wanted = parse_flags(want);
    auto flags = parse_flags(have);
    for (const char* flag : {"keyctl", "fuse"}) {
      if (is_set(wanted, flag) == is_set(flags, flag)) continue;
      add({.key = "features",
           .want = want,
           .have = have,
           .repair = Repair::held,
           .why = absl::StrFormat("%s can be changed by root@pam only: clone a golden container "
                                  "that has it",
                                  flag),
           .code = "CON-005"});
      return;
    }
    if (is_set(wanted, "nesting") == is_set(flags, "nesting")) return;
    add({.key = "features", .want = want, .have = have});
    flags.erase("nesting");
    if (is_set(wanted, "nesting")) flags.set("nesting", "1");
    if (flags.entries().empty()) {
      drifts_.remove.emplace_back("features");
    } else {
      drifts_.set["features"] = flags.format();
    }
  }

  void mark(const pve::Mark& mark) {
    const auto description = guest_.config.find("description").value_or("");
    if (pve::find_mark(description) != mark) {
      add({.key = "description",
           .want = pve::to_description_line(mark),
           .have = std::string(trim(description))});
      drifts_.set["description"] = pve::with_mark(description, mark);
    }
    const auto text = guest_.config.find("tags").value_or("");
    auto tags = split_tags(text);
    const auto ours = pve::to_tag(mark.uid);
    std::erase_if(tags, [&ours](const std::string& tag) { return is_mark(tag) && tag != ours; });
    const bool has = std::ranges::find(tags, ours) != tags.end();
    if (has && tags.size() == split_tags(text).size()) return;
    if (!has) tags.push_back(ours);
    add({.key = "tags", .want = ours, .have = text});
    drifts_.set["tags"] = join(tags, ";");
  }

  void root_disk(int64_t gib) {
    const auto rootfs =
        pve::PropertyString::parse(guest_.config.find("rootfs").value_or(""), "volume");
    if (!rootfs.ok()) return;
    const auto text = rootfs->get("size").value_or("");
    const auto size = pve::parse_size(text);
    const int64_t wanted = gib << 30;
    if (!size.has_value() || *size == wanted) return;
    Drift drift{
        .key = "rootfs", .want = std::to_string(gib) + "G", .have = text, .repair = Repair::resize};
    if (*size > wanted) {
      drift.repair = Repair::held;
      drift.why = "a disk cannot be made smaller";
    }
    add(std::move(drift));
  }

  // What was written but waits for a start.
  void pending() {
    for (const auto& change : guest_.pending) {
      if (!change.pending.has_value() && !change.deletes) continue;
      if (change.key == "rootfs" || known(change.key)) continue;
      if (!owned_.contains(change.key)) continue;
      add({.key = change.key,
           .want = change.deletes ? "" : *change.pending,
           .have = change.value.value_or(""),
           .repair = Repair::restart,
           .why = "takes effect at the next start"});
    }
  }

  void own(const std::string& key) { owned_.insert(key); }
  Drifts take() { return std::move(drifts_); }

 private:
  static bool is_mark(const std::string& tag) { return pve::find_tag({tag}).has_value(); }
  static pve::PropertyString parse_flags(const std::string& text) {
    auto parsed = pve::PropertyString::parse(text);
    return parsed.ok() ? *std::move(parsed) : pve::PropertyString();
  }
  static bool is_set(const pve::PropertyString& flags, const char* flag) {
    return pve::same_value(flags.get(flag).value_or("0"), "1");
  }
  bool known(const std::string& key) const {
    return std::ranges::find(drifts_.all, key, &Drift::key) != drifts_.all.end();
  }
  void add(Drift drift) { drifts_.all.push_back(std::move(drift)); }

  const Guest& guest_;
  const std::string& address_conflict_;
  std::set<std::string> owned_;
  Drifts drifts_;
};

}  // namespace

bool Drifts::has(Repair repair) const {
  return std::ranges::find(all, repair, &Drift::repair) != all.end();
}

Drifts find_drift(const Machine& machine, const MachineClass& shape, const store::GuestRow& row,
                  const std::string& installation, const Guest& guest,
                  const std::string& address_conflict) {
  Comparison comparison(guest, address_conflict);
  for (const auto& [key, want] : owned_settings(machine, shape)) {
    comparison.own(key);
    if (key == "features") {
      comparison.features(want);
    } else {
      comparison.setting(key, want);
    }
  }
  comparison.mark({installation, row.uid, row.epoch});
  comparison.root_disk(root_disk_gib(shape));
  comparison.pending();
  return comparison.take();
}

}  // namespace gantry::controllers::machine
