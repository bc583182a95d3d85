// Which parameters each call takes. Taken from the schema that pve-manager 9.2.11 and 8.4.1
// publish;
// "?" means optional, "since=9" not known to 8.4. Formats are checked in parameter_format.cpp.
#include <algorithm>

#include "pkg/base/check.h"
#include "pkg/base/text.h"
#include "pkg/lab/lab.h"
#include "pkg/lab/parameters.h"

namespace gantry::lab {
namespace {

// What a variable in a path is, everywhere.
constexpr std::string_view kVariables = R"(
node string format=pve-node
vmid integer 100..999999999 format=pve-vmid
storage string format=pve-storage-id
volume string
upid string
iface string len=2..20
userid string len=..64 format=pve-userid
tokenid string format=~tokenid
roleid string
poolid string format=pve-poolid
)";

// Shared by create and configure.
constexpr std::string_view kGuestOptions = R"(
  arch? string enum=amd64,i386,arm64,armhf,riscv32,riscv64
  cmode? string enum=shell,console,tty
  console? boolean
  cores? integer 1..8192
  cpulimit? number 0..8192
  cpuunits? integer 0..500000
  debug? boolean
  description? string len=..8192
  dev[n]? string
  entrypoint? string since=9
  env? string since=9
  features? string format=features
  hookscript? string format=pve-volume-id
  hostname? string len=..255 format=dns-name
  lock? string enum=backup,create,destroyed,disk,fstrim,migrate,mounted,rollback,snapshot,\
snapshot-delete
  memory? integer 16..
  mp[n]? string format=mp
  nameserver? string format=ip-list
  net[n]? string format=net
  onboot? boolean
  ostype? string enum=debian,devuan,ubuntu,centos,fedora,opensuse,archlinux,alpine,gentoo,nixos,\
unmanaged
  protection? boolean
  rootfs? string format=rootfs
  searchdomain? string format=dns-name-list
  startup? string format=pve-startup-order
  swap? integer 0..
  tags? string format=pve-tag-list
  template? boolean
  timezone? string
  tty? integer 0..6
  unprivileged? boolean
  unused[n]? string
)";

constexpr std::string_view kCalls = R"(
GET /version
GET /cluster/resources
  type? string enum=vm,storage,node,sdn
GET /cluster/status
GET /cluster/nextid
  vmid? integer 100..999999999 format=pve-vmid
GET /cluster/tasks
GET /cluster/ha/status/current
GET /nodes
GET /nodes/{node}/status
GET /nodes/{node}/version
GET /nodes/{node}/network
  type? string enum=bridge,bond,eth,alias,vlan,fabric,OVSBridge,OVSBond,OVSPort,\
OVSIntPort,vnet,any_bridge,any_local_bridge,include_sdn
GET /nodes/{node}/network/{iface}
GET /nodes/{node}/storage
  content? string format=pve-storage-content-list
  enabled? boolean
  format? boolean
  storage? string format=pve-storage-id
  target? string format=pve-node
GET /nodes/{node}/storage/{storage}/status
GET /nodes/{node}/storage/{storage}/content
  content? string format=pve-storage-content-list
  vmid? integer 100..999999999 format=pve-vmid
DELETE /nodes/{node}/storage/{storage}/content/{volume}
  delay? integer 1..30
GET /nodes/{node}/lxc
POST /nodes/{node}/lxc
  @guest
  bwlimit? number 0..
  force? boolean
  ha-managed? boolean since=9
  ignore-unpack-errors? boolean
  ostemplate string len=..255
  password? string len=5..
  pool? string format=pve-poolid
  restore? boolean
  ssh-public-keys? string
  start? boolean
  storage? string format=pve-storage-id
  unique? boolean
  vmid integer 100..999999999 format=pve-vmid
DELETE /nodes/{node}/lxc/{vmid}
  destroy-unreferenced-disks? boolean
  force? boolean
  purge? boolean
GET /nodes/{node}/lxc/{vmid}/config
  current? boolean
  snapshot? string len=..40 format=pve-configid
PUT /nodes/{node}/lxc/{vmid}/config
  @guest
  delete? string format=pve-configid-list
  digest? string len=..40
  revert? string format=pve-configid-list
GET /nodes/{node}/lxc/{vmid}/pending
GET /nodes/{node}/lxc/{vmid}/status/current
POST /nodes/{node}/lxc/{vmid}/status/start
  debug? boolean
  skiplock? boolean
POST /nodes/{node}/lxc/{vmid}/status/stop
  overrule-shutdown? boolean
  skiplock? boolean
POST /nodes/{node}/lxc/{vmid}/status/shutdown
  forceStop? boolean
  timeout? integer 0..
POST /nodes/{node}/lxc/{vmid}/status/reboot
  timeout? integer 0..
GET /nodes/{node}/lxc/{vmid}/interfaces
PUT /nodes/{node}/lxc/{vmid}/resize
  digest? string len=..40
  disk string
  size string format=~size
POST /nodes/{node}/lxc/{vmid}/clone
  bwlimit? number 0..
  description? string
  full? boolean
  hostname? string format=dns-name
  newid integer 100..999999999 format=pve-vmid
  pool? string format=pve-poolid
  snapname? string len=..40 format=pve-configid
  storage? string format=pve-storage-id
  target? string format=pve-node
GET /nodes/{node}/lxc/{vmid}/feature
  feature string enum=snapshot,clone,copy
  snapname? string len=..40 format=pve-configid
POST /nodes/{node}/lxc/{vmid}/template
GET /nodes/{node}/lxc/{vmid}/migrate
  target? string format=pve-node
POST /nodes/{node}/lxc/{vmid}/migrate
  bwlimit? number 0..
  online? boolean
  restart? boolean
  target string format=pve-node
  target-storage? string
  timeout? integer
GET /nodes/{node}/lxc/{vmid}/snapshot
GET /nodes/{node}/qemu
  full? boolean
GET /nodes/{node}/qemu/{vmid}/config
  current? boolean
  snapshot? string len=..40 format=pve-configid
GET /nodes/{node}/tasks
  errors? boolean
  limit? integer 0..
  since? integer
  source? string enum=archive,active,all
  start? integer 0..
  statusfilter? string
  typefilter? string
  until? integer
  userfilter? string
  vmid? integer 100..999999999 format=pve-vmid
GET /nodes/{node}/tasks/{upid}/status
GET /nodes/{node}/tasks/{upid}/log
  download? boolean
  limit? integer 0..
  start? integer 0..
DELETE /nodes/{node}/tasks/{upid}
GET /access/permissions
  path? string
  userid? string
GET /access/users
  enabled? boolean
  full? boolean
POST /access/users
  comment? string len=..2048
  email? string len=..254
  enable? boolean
  expire? integer 0..
  firstname? string len=..1024
  groups? string
  keys? string
  lastname? string len=..1024
  password? string len=8..64
  userid string len=..64 format=pve-userid
GET /access/users/{userid}
DELETE /access/users/{userid}
GET /access/roles
POST /access/roles
  privs? string format=pve-priv-list
  roleid string
GET /access/roles/{roleid}
PUT /access/roles/{roleid}
  append? boolean
  privs? string format=pve-priv-list
GET /access/acl
PUT /access/acl
  delete? boolean
  groups? string
  path string
  propagate? boolean
  roles string
  tokens? string
  users? string
POST /access/ticket
  new-format? boolean
  otp? string
  password string
  path? string len=..64
  privs? string len=..64
  realm? string len=..32
  tfa-challenge? string
  username string len=..64
GET /access/users/{userid}/token
GET /access/users/{userid}/token/{tokenid}
POST /access/users/{userid}/token/{tokenid}
  comment? string
  expire? integer 0..
  privsep? boolean
DELETE /access/users/{userid}/token/{tokenid}
GET /pools
  poolid? string format=pve-poolid
  type? string enum=qemu,lxc,storage
POST /pools
  comment? string
  poolid string format=pve-poolid
GET /pools/{poolid}
  type? string enum=qemu,lxc,storage
GET /storage
  type? string enum=btrfs,cephfs,cifs,dir,esxi,iscsi,iscsidirect,lvm,lvmthin,nfs,pbs,rbd,zfs,zfspool
GET /storage/{storage}
)";

// The lines of a block; a backslash at the end joins the next one.
std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  bool joins = false;
  for (const auto& line : split(text, '\n')) {
    if (joins) {
      lines.back() += line;
    } else {
      lines.push_back(line);
    }
    joins = !line.empty() && line.back() == '\\';
    if (joins) lines.back().pop_back();
  }
  return lines;
}

// "16..", "1..8192", "..255".
std::pair<std::optional<double>, std::optional<double>> parse_range(std::string_view text) {
  const auto dots = text.find("..");
  return {parse_double(text.substr(0, dots)), parse_double(text.substr(dots + 2))};
}

Parameter::Type parse_type(std::string_view text) {
  if (text == "integer") return Parameter::Type::integer;
  if (text == "number") return Parameter::Type::number;
  if (text == "boolean") return Parameter::Type::boolean;
  GANTRY_CHECK(text == "string");
  return Parameter::Type::string;
}

void apply_limit(Parameter& parameter, const std::string& word) {
  if (starts_with(word, "format=")) {
    parameter.format = word.substr(7);
  } else if (starts_with(word, "enum=")) {
    parameter.choices = split(std::string_view(word).substr(5), ',');
  } else if (starts_with(word, "len=")) {
    const auto [low, high] = parse_range(std::string_view(word).substr(4));
    if (low.has_value()) parameter.min_length = static_cast<size_t>(*low);
    if (high.has_value()) parameter.max_length = static_cast<size_t>(*high);
  } else if (word == "since=9") {
    parameter.since_9 = true;
  } else {
    std::tie(parameter.minimum, parameter.maximum) = parse_range(word);
  }
}

Parameter parse_parameter(std::string_view line) {
  const auto words = split(trim(line), ' ');
  GANTRY_CHECK(words.size() >= 2);
  Parameter parameter;
  parameter.name = words[0];
  if (parameter.name.back() == '?') {
    parameter.optional = true;
    parameter.name.pop_back();
  }
  parameter.type = parse_type(words[1]);
  for (size_t i = 2; i < words.size(); ++i) apply_limit(parameter, words[i]);
  return parameter;
}

std::vector<Parameter> parse_block(std::string_view text) {
  std::vector<Parameter> all;
  for (const auto& line : lines_of(text)) {
    if (!trim(line).empty()) all.push_back(parse_parameter(line));
  }
  return all;
}

// The variables of a path template.
std::vector<Parameter> variables_of(const std::string& path) {
  static const std::vector<Parameter> known = parse_block(kVariables);
  std::vector<Parameter> all;
  for (const auto& segment : split(path, '/')) {
    if (!starts_with(segment, "{")) continue;
    const auto name = segment.substr(1, segment.size() - 2);
    const auto it = std::find_if(known.begin(), known.end(),
                                 [&](const auto& parameter) { return parameter.name == name; });
    GANTRY_CHECK(it != known.end());
    all.push_back(*it);
  }
  return all;
}

}  // namespace

SchemaTable make_schema_table(PveVersion version) {
  static const std::vector<Parameter> guest = parse_block(kGuestOptions);
  SchemaTable table;
  std::string call;
  std::vector<Parameter> parameters;
  const auto finish = [&] {
    if (!call.empty()) table.emplace(call, Schema(std::move(parameters), version));
    parameters.clear();
  };
  for (const auto& line : lines_of(kCalls)) {
    if (line.empty()) continue;
    if (line.front() != ' ') {
      finish();
      call = line;
      parameters = variables_of(line.substr(line.find(' ') + 1));
    } else if (trim(line) == "@guest") {
      parameters.insert(parameters.end(), guest.begin(), guest.end());
    } else {
      parameters.push_back(parse_parameter(line));
    }
  }
  finish();
  return table;
}

}  // namespace gantry::lab
