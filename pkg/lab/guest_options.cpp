#include "pkg/lab/guest_options.h"

#include "pkg/base/text.h"
#include "pkg/lab/property.h"

namespace gantry::lab {
namespace {

// check_vm_perm: what holds on the pool is enough, else it must hold on the guest.
Refusal check_on_guest(const OptionCheck& check, const std::string& privilege) {
  const auto& access = check.model.access;
  if (!check.pool.empty() && access.may(check.caller, "/pool/" + check.pool, privilege)) {
    return std::nullopt;
  }
  return access.check(check.caller, "/vms/" + std::to_string(check.vmid.get()), {privilege});
}

Refusal check_disk(const OptionCheck& check, const std::string& key, const std::string* value) {
  if (auto no = check_on_guest(check, "VM.Config.Disk"); no.has_value()) return no;
  if (value == nullptr) return std::nullopt;
  const auto parts = parse_properties(*find_property_format(key_family(key), true), *value);
  const auto volume = parts.find("volume");
  const auto volid = volume == parts.end() ? "" : volume->second;
  if (!volid.empty() && volid.front() == '/') {
    const char* kind = starts_with(volid, "/dev/") ? "device" : "bind";
    return not_permitted(std::string("(mount point type ") + kind +
                         " is only allowed for root@pam)");
  }
  const auto disk = parse_new_disk(volid);
  if (!disk.has_value()) return std::nullopt;
  return check.model.access.check(check.caller, "/storage/" + disk->storage,
                                  {"Datastore.AllocateSpace"});
}

struct FeatureChange {
  bool nesting = false, other = false;
};

FeatureChange change_of(const Properties& before, const Properties& after) {
  FeatureChange change;
  const auto get = [](const Properties& features, const std::string& name) {
    const auto it = features.find(name);
    return it == features.end() ? std::string() : it->second;
  };
  auto names = before;
  names.insert(after.begin(), after.end());
  for (const auto& [name, value] : names) {
    if (get(before, name) == get(after, name)) continue;
    (name == "nesting" ? change.nesting : change.other) = true;
  }
  return change;
}

// Even root's token is refused: the test is for the user root@pam (observed).
Refusal check_features(const OptionCheck& check, const std::string* value) {
  if (!check.unprivileged) {
    return not_permitted(
        "(changing feature flags for privileged container is only allowed for root@pam)");
  }
  const auto& format = *find_property_format("features", true);
  Properties before, after;
  if (check.old_config != nullptr) {
    before = parse_properties(format, check.old_config->get("features"));
  }
  if (value != nullptr) after = parse_properties(format, *value);
  const auto change = change_of(before, after);
  if (change.other) {
    return not_permitted("(changing feature flags (except nesting) is only allowed for root@pam)");
  }
  if (!change.nesting) return std::nullopt;
  return check_on_guest(check, "VM.Allocate");
}

std::string privilege_of(const std::string& key) {
  if (key == "cores" || key == "cpulimit" || key == "cpuunits") return "VM.Config.CPU";
  if (key == "memory" || key == "swap") return "VM.Config.Memory";
  if (key == "nameserver" || key == "searchdomain" || key == "hostname") return "VM.Config.Network";
  return "VM.Config.Options";
}

}  // namespace

Refusal check_bridge(const Model& model, const Caller& caller, const std::string& net) {
  auto parts = parse_properties(*find_property_format("net", true), net);
  if (parts["bridge"].empty()) return std::nullopt;
  std::string path = "/sdn/zones/localnetwork/" + parts["bridge"];
  if (!parts["tag"].empty()) path += "/" + parts["tag"];
  return model.access.check(caller, path, {"SDN.Use"});
}

Refusal check_option(const OptionCheck& check, const std::string& key, const std::string* value) {
  if (check.caller.is_root_user()) return std::nullopt;
  const auto family = key_family(key);
  if (is_volume_key(key)) return check_disk(check, key, value);
  if (key == "features") return check_features(check, value);
  if (key == "hookscript") {
    return not_permitted("(changing the hookscript is only allowed for root@pam)");
  }
  if (family == "dev") {
    return not_permitted("(configuring device passthrough is only allowed for root@pam)");
  }
  if (family == "net") {
    if (auto no = check_on_guest(check, "VM.Config.Network"); no.has_value()) return no;
    return value == nullptr ? std::nullopt : check_bridge(check.model, check.caller, *value);
  }
  if (key == "tags") {
    // Checked on the guest alone, which at a create is in no pool yet (observed).
    return check.model.access.check(check.caller, "/vms/" + std::to_string(check.vmid.get()),
                                    {"VM.Config.Options"});
  }
  return check_on_guest(check, privilege_of(key));
}

std::string stored_value(Model& model, const std::string& key, const std::string& value,
                         const std::string* old) {
  if (key == "tags") return normalised_tags(value);
  if (key == "description") {
    auto text = value;
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
  }
  const auto family = key_family(key);
  const auto* format = find_property_format(family, model.is_modern());
  if (format == nullptr) return value;
  auto parts = parse_properties(*format, value);
  if (family == "net") {
    if (parts["hwaddr"].empty() && old != nullptr) {
      parts["hwaddr"] = parse_properties(*format, *old)["hwaddr"];
    }
    if (parts["hwaddr"].empty()) parts["hwaddr"] = model.new_hwaddr();
    parts.try_emplace("type", "veth");
  }
  return print_properties(*format, parts);
}

}  // namespace gantry::lab
