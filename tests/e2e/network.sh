# What the stories of an Appliance share: it on real LXC, Apps in its network, and a client in a
# namespace of its own. Sourced after stack.sh; sets no traps.

client=
# Ends it all; for a trap.
end() {
  if [ -n "$client" ]; then
    ip netns del "$client" 2>/dev/null || true
    rm -rf "/etc/netns/$client"
  fi
  stop_stack
}

# ---- what is asked --------------------------------------------------------------------------------

apl() { ctl get appliance lan -n gantry-system -o json | jq -r "$1"; }
condition() { apl ".status.conditions[] | select(.type == \"$1\") | .${2:-status}"; }
serves() { [ "$(condition Ready)" = True ]; }
app_ready() {
  [ "$(ctl get app "$1" -o json |
    jq -r '.status.conditions[] | select(.type == "Ready") | .status')" = True ]
}
lease_of() { apl ".status.leases[] | select(.machine == \"$1\" and .releasedAt == null) | .address"; }
told() { ctl get events -A -o json | jq -e --arg text "$1" \
  '.items[] | select((.reason + ": " + .message) | contains($text))'; }
vmid_of() { ctl get machine "$1" -o json | jq .status.vmid; }
container() { echo "$(lab instance)-$1"; }
# A command in the Appliance's container, past Gantry; and in an App's.
inside() { lxc-attach -P "$work/lab/lxc" -n "$(container "$(apl .status.vmid)")" -- "$@"; }
in_app() { lxc-attach -P "$work/lab/lxc" -n "$(container "$(vmid_of "$1")")" -- "${@:2}"; }
ask() { ip netns exec "$client" "$@"; }
resolves() { [ "$(ask host -W 2 "$1" 10.20.0.1 | awk '/has address/ { print $4; exit }')" = "$2" ]; }
fetch() { ask curl -fsS --max-time 5 --cacert "$work/ca.pem" "https://$1"; }
says() { [ "$(fetch "$1")" = "$2" ]; }

# ---- what is wanted -------------------------------------------------------------------------------

write_app() {  # NAME TEXT [ANOTHER APP THAT IT NEEDS]
  jq -n --arg name "$1" --arg text "$2" --arg needs "${3:-}" '
    {apiVersion: "gantry.dev/v1alpha1", kind: "App", metadata: {name: $name, namespace: "default"},
     spec: {
       machineClassName: "small", replicas: 1,
       networks: [{applianceRef: {name: "lan", namespace: "gantry-system"}}],
       workload: {service: {
         packages: ["nginx-light"],
         files: [{path: "/var/www/html/index.html", content: ($text + "\n")}],
         unit: "nginx.service"}},
       ports: [{name: "http", port: 80}],
       expose: [{host: ($name + ".apps.lan"), port: "http"}],
       dependsOn: (if $needs == "" then [] else [{kind: "App", name: $needs}] end),
       health: {http: {port: "http", path: "/"}, startupSeconds: 60, intervalSeconds: 3}}}'
}

# A machine of its own on the Appliance's bridge, with its name server.
make_client() {
  local bridge
  bridge=$(ip -o link show type bridge | awk -F': ' -v start="$(lab instance)b" \
    'index($2, start) == 1 { print $2; exit }')
  [ -n "$bridge" ] || die "the bridge is not there"
  client="gantry-client-$$"
  ip netns add "$client"
  ip link add "gc$$" type veth peer name eth0 netns "$client"
  ip link set "gc$$" master "$bridge" up
  ask ip link set lo up
  ask ip addr add 10.20.0.90/24 dev eth0
  ask ip link set eth0 up
  ask ip route add default via 10.20.0.1
  install -d "/etc/netns/$client"
  echo "nameserver 10.20.0.1" >"/etc/netns/$client/resolv.conf"
}

an_appliance_comes_up() {
  chapter "apply: a bridge, a container, and what runs in it"
  ctl apply -f "$work/cluster.yaml" -f "$root/deploy/examples/hello/1-machineclass.yaml"
  ctl apply -f "$root/deploy/examples/appliance/1-appliance.yaml"
  within 400 "the Appliance" serves
  ctl get appliances -A
  apl .status.certificateAuthority >"$work/ca.pem"
  make_client
  within 20 "its own name" resolves gateway.apps.lan 10.20.0.1
}

# Asks for site again and again; one line a failure.
poll() { while :; do fetch site.apps.lan/ >/dev/null 2>>"$work/failures" || true; sleep 0.1; done; }

# ---- updates beside the old version ----------------------------------------------------------------

write_blue_green() {  # TEXT [UNIT]
  write_app site "$1" | jq --arg unit "${2:-nginx.service}" '
    .spec.workload.service.unit = $unit | .spec.health.startupSeconds = 20 |
    .spec.update = {strategy: "BlueGreen", bakeSeconds: 5}'
}
status_of() { ctl get app "$1" -o json | jq -r ".status.$2"; }  # APP FIELD
is_rolled_back() {
  [ "$(status_of "$1" 'conditions[] | select(.type == "Ready") | .reason')" = RolledBack ]
}
is_green() { [ "$(status_of "$1" activeSlot)" = Green ]; }
has_one_set() {  # APP SLOT
  [ "$(status_of "$1" 'machines | length')" = 1 ] && [ "$(status_of "$1" activeSlot)" = "$2" ]
}

# ---- how such a story begins and ends --------------------------------------------------------------

begin() {
  chapter "a lab with real containers, gantryd"
  start_database
  start_lab lxc --with-network --packages nginx-light,nftables,dnsmasq,bind9-host,curl,caddy
  start_daemon
  an_appliance_comes_up
}
all_goes() {  # APP
  chapter "delete"
  ctl delete app "$1" --timeout 180
  ctl delete appliance lan -n gantry-system --timeout 180
  [ "$(lab_guests | jq length)" = 0 ] || die "containers are left: $(lab_guests)"
}
end_well() {
  end
  client=
  nothing_is_left || die "something is left behind"
  chapter "the whole story went well"
}
