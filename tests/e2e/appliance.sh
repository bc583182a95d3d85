#!/usr/bin/env bash
# An Appliance on real LXC: Apps in a network of their own, native and Compose, reached by name
# through its DNS and its proxy from a client in a namespace of its own; and what breaks in it and in
# them comes back by itself.
#
#   appliance.sh --bin DIR
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
# shellcheck source=deploy/demo/stack.sh
. "$root/deploy/demo/stack.sh"
# shellcheck source=tests/e2e/docker_template.sh
. "$here/docker_template.sh"
# shellcheck source=tests/e2e/registry.sh
. "$here/registry.sh"
[ "${1:-}" = --bin ] && [ $# = 2 ] || { echo "usage: appliance.sh --bin DIR" >&2; exit 2; }
bin="$(cd "$2" && pwd)"
[ "$(id -u)" = 0 ] || exec sudo -E "$0" --bin "$bin"
client=
end() {
  if [ -n "$client" ]; then
    ip netns del "$client" 2>/dev/null || true
    rm -rf "/etc/netns/$client"
  fi
  stop_stack
}
trap 'end' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

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
wiki_says() { [ "$(fetch wiki.apps.lan/cgi-bin/page)" = "tag 1, pass open, db says $1" ]; }

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

# Two services and a volume; their images come from outside, through the Appliance's NAT.
write_wiki() {
  jq -n --arg registry "$registry" '
    {apiVersion: "gantry.dev/v1alpha1", kind: "App", metadata: {name: "wiki", namespace: "default"},
     spec: {
       machineClassName: "docker", replicas: 1,
       networks: [{applianceRef: {name: "lan", namespace: "gantry-system"}}],
       workload: {compose: {inline: (
         "services:\n" +
         "  web: {image: \"\($registry)/site:1\", ports: [\"80:3000\"], restart: always, init: true}\n" +
         "  db:\n    image: \"\($registry)/site:1\"\n    command: [start-db]\n" +
         "    restart: always\n    init: true\n    volumes: [\"/srv/data:/data\"]\n")}},
       env: [{name: "PASS", value: "open"}],
       files: [{path: "/etc/docker/certs.d/\($registry)/ca.crt",
                configMapKeyRef: {name: "registry", key: "ca.crt"}}],
       volumes: [{name: "data", path: "/srv/data", size: "1Gi"}], deletion: {volumes: "Delete"},
       ports: [{name: "http", port: 80}],
       expose: [{host: "wiki.apps.lan", port: "http"}],
       health: {http: {port: "http", path: "/cgi-bin/page"}, startupSeconds: 120, intervalSeconds: 3}}}'
}
write_registry_authority() {
  jq -n --rawfile ca "$work/registry/ca.pem" '
    {apiVersion: "v1", kind: "ConfigMap", metadata: {name: "registry", namespace: "default"},
     data: {"ca.crt": $ca}}'
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

# ---- the story ------------------------------------------------------------------------------------

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

apps_are_reached_by_name() {
  chapter "two Apps, one needs the other"
  write_app site "this is site" | ctl apply -f -
  write_app shop "this is shop" site | ctl apply -f -
  within 400 "site" app_ready site
  within 200 "shop" app_ready shop
  local address; address=$(lease_of site-0)
  resolves site-0.default.apps.lan "$address" || die "site-0 has another address than $address"
  ask host -W 2 "$address" 10.20.0.1 | grep "site-0.default.apps.lan" >/dev/null || die "no PTR record"
  within 180 "site through the proxy" says site.apps.lan "this is site"
  within 180 "shop through the proxy" says shop.apps.lan "this is shop"
  local url; url=$(ctl get app site -o json | jq -r .status.url)
  [ "$url" = https://site.apps.lan/ ] || die "the URL of site is $url"
  ask curl -sS --max-time 5 -o /dev/null -w '%{http_code} %{redirect_url}\n' http://site.apps.lan/ |
    grep "308 https://site.apps.lan/" >/dev/null || die "HTTP is not led to HTTPS"
  [ "$(lab_guest "$(vmid_of site-0)" |
    jq -r '.config.net0 | contains("bridge=gantry-lan")')" = true ] || die "site is elsewhere"
  say "site $address, shop $(lease_of shop-0)"
}

# Asks for site again and again; one line a failure.
poll() { while :; do fetch site.apps.lan/ >/dev/null 2>>"$work/failures" || true; sleep 0.1; done; }

a_new_route_disturbs_nobody() {
  chapter "one more App, while somebody uses the others"
  : >"$work/failures"
  poll & local poller=$!
  children+=("$poller")
  write_app news "this is news" | ctl apply -f -
  within 300 "news through the proxy" says news.apps.lan "this is news"
  end_process "$poller" 1
  [ ! -s "$work/failures" ] || die "requests failed: $(sort "$work/failures" | uniq -c)"
}

# Beside the old one: its process, as the kernel knows it, is the same until it goes.
pid_of() { lxc-info -P "$work/lab/lxc" -n "$(container "$(vmid_of "$1")")" -pH; }
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
has_proven() { [ "$(status_of "$1" currentRevision)" = "$(status_of "$1" revision)" ]; }
has_one_set() {  # APP SLOT
  [ "$(status_of "$1" 'machines | length')" = 1 ] && [ "$(status_of "$1" activeSlot)" = "$2" ]
}

an_update_beside_the_old_one_disturbs_nobody() {
  chapter "BlueGreen: an update, while somebody uses it, with gantryd killed at the switch"
  local old; old=$(vmid_of site-0)
  : >"$work/failures"
  poll & local poller=$!
  children+=("$poller")
  write_blue_green "this is site 2" | ctl apply -f -
  within 300 "the switch" is_green site
  kill_daemon
  start_daemon
  within 180 "the end of the old one" has_one_set site Green
  within 60 "the new one through the proxy" says site.apps.lan "this is site 2"
  lab_guests | jq -e --argjson old "$old" 'all(.[]; .vmid != $old)' >/dev/null ||
    die "the old container is left"
  chapter "BlueGreen: an update that does not come up"
  local pid; pid=$(pid_of site-0-green)
  write_blue_green "this is site 3" missing.service | ctl apply -f -
  within 300 "its end" is_rolled_back site
  within 180 "one set" has_one_set site Green
  [ "$(pid_of site-0-green)" = "$pid" ] || die "the container that serves was started again"
  says site.apps.lan "this is site 2" || die "the old version is not served any more"
  write_blue_green "this is site" | ctl apply -f -
  within 300 "the next one" has_one_set site Blue
  within 60 "site through the proxy" says site.apps.lan "this is site"
  end_process "$poller" 1
  [ ! -s "$work/failures" ] || die "requests failed: $(sort "$work/failures" | uniq -c)"
}

# Data in a volume, which the page shows.
write_diary() {  # TEXT [UNIT]
  write_blue_green "$1" "${2:-nginx.service}" | jq '
    .metadata.name = "diary" | .spec.expose[0].host = "diary.apps.lan" |
    .spec.workload.service.commands =
      [{name: "link", run: ["ln", "-sfn", "/srv/data", "/var/www/html/data"]}] |
    .spec.volumes = [{name: "data", path: "/srv/data", size: "1Gi"}] |
    .spec.deletion = {volumes: "Delete"}'
}
# Asks for it again and again, for half a minute each time; one line a failure.
poll_diary() {
  while :; do
    ask curl -fsS --max-time 30 --cacert "$work/ca.pem" https://diary.apps.lan/data/value \
      >/dev/null 2>>"$work/failures" || true
    sleep 0.1
  done
}

data_changes_its_container_while_requests_wait() {
  chapter "BlueGreen with a volume: requests wait for half a minute at most"
  write_diary "this is diary" | ctl apply -f -
  within 300 "diary through the proxy" says diary.apps.lan "this is diary"
  in_app diary-0 sh -c 'echo kept >/srv/data/value'
  within 60 "its data" says diary.apps.lan/data/value kept
  within 60 "its first revision" has_proven diary
  : >"$work/failures"
  poll_diary & local poller=$!
  children+=("$poller")
  write_diary "this is diary 2" | ctl apply -f -
  within 400 "the switch" is_green diary
  within 180 "the end of the old one" has_one_set diary Green
  says diary.apps.lan "this is diary 2" || die "the new version is not served"
  says diary.apps.lan/data/value kept || die "the data is lost"
  end_process "$poller" 1
  [ ! -s "$work/failures" ] || die "requests failed: $(sort "$work/failures" | uniq -c)"
  ctl get events -o json | jq -r '.items[] | select(.message | contains("diary")) |
    "\(.lastTimestamp) \(.involvedObject.name) \(.reason): \(.message)"' | tail -40
  chapter "… and a version that does not come up gives it back, with gantryd killed on the way"
  write_diary "this is diary 3" missing.service | ctl apply -f -
  within 300 "the hand-over" told "HandingOver: the volumes go to diary-0:"
  kill_daemon
  start_daemon
  within 300 "its end" is_rolled_back diary
  within 180 "one set" has_one_set diary Green
  says diary.apps.lan "this is diary 2" || die "the old version is not served any more"
  says diary.apps.lan/data/value kept || die "the data is lost"
  ctl delete app diary
}

two_services_and_a_volume() {
  chapter "a Compose App of two services, with its data in a volume"
  ctl apply -f "$work/class.yaml"
  write_registry_authority | ctl apply -f -
  write_wiki | ctl apply -f -
  within 400 "wiki" app_ready wiki
  within 180 "wiki through the proxy" wiki_says fresh
  in_app wiki-0 sh -c 'echo kept >/srv/data/value'
  within 10 "what was written" wiki_says kept
}

what_breaks_in_apps_comes_back() {
  chapter "stop nginx in an App's container, Docker in another's"
  in_app site-0 systemctl stop nginx.service
  in_app wiki-0 systemctl stop docker.service docker.socket
  within 180 "site through the proxy" says site.apps.lan "this is site"
  within 60 "the event" told "site-0: unit: starting nginx.service"
  within 180 "wiki through the proxy" wiki_says kept
  chapter "destroy an App's container behind Gantry's back"
  local address; address=$(lease_of shop-0)
  lab_do destroy "$(vmid_of shop-0)" >/dev/null
  within 30 "its end" sh -c "! lxc-info -P '$work/lab/lxc' -n '$(container "$(vmid_of shop-0)")'"
  within 400 "shop through the proxy" says shop.apps.lan "this is shop"
  [ "$(lease_of shop-0)" = "$address" ] || die "shop-0 was at $address and is at $(lease_of shop-0)"
}

# The lab's containers have no disk that could be full; a folder of theirs can.
a_full_disk_stops_nothing_and_passes() {
  chapter "the Appliance's disk is full, while one more App comes"
  within 180 "site through the proxy" says site.apps.lan "this is site"
  inside sh -c 'cp -a /etc/gantry /run/kept &&
    mount -t tmpfs -o size=256k,mode=755 none /etc/gantry && cp -a /run/kept/. /etc/gantry/'
  inside sh -c 'cat /dev/zero >/etc/gantry/filler' 2>/dev/null || true
  write_app late "this is late" | ctl apply -f -
  within 240 "a word about it" tells_of_a_full_disk
  says site.apps.lan "this is site" || die "a full disk has stopped what ran"
  say "$(condition DNSReady message)"
  inside rm /etc/gantry/filler
  within 300 "late through the proxy" says late.apps.lan "this is late"
  within 180 "the Appliance" serves
}
tells_of_a_full_disk() { [[ "$(condition DNSReady message)" == *"No space left"* ]]; }

what_breaks_comes_back() {
  chapter "kill dnsmasq"
  inside systemctl kill -s KILL dnsmasq.service
  within 180 "names" resolves site.apps.lan 10.20.0.1
  within 60 "the event" told "Repaired: names: starting dnsmasq.service"
  chapter "flush nftables"
  inside nft flush ruleset
  within 180 "the packet filter" inside nft list table ip gantry
  within 60 "the event" told "Repaired: filter: loading the packet filter and NAT, which are missing"
  inside nft list table ip gantry | grep masquerade >/dev/null || die "no NAT"
  chapter "turn forwarding off"
  inside sysctl -q -w net.ipv4.ip_forward=0
  within 180 "forwarding" sh -c "[ \$(lxc-attach -P '$work/lab/lxc' \
    -n '$(container "$(apl .status.vmid)")' -- sysctl -n net.ipv4.ip_forward) = 1 ]"
  chapter "corrupt the proxy's configuration"
  inside sh -c 'echo "}{" >/etc/gantry/caddy.json; systemctl restart caddy.service' || true
  within 180 "site through the proxy" says site.apps.lan "this is site"
  within 60 "the event" told "Repaired: proxy: writing /etc/gantry/caddy.json"
  within 180 "the Appliance" serves
}

apps_outlive_it() {
  chapter "the Appliance's container dies, and gantryd with it"
  local vmid pid; vmid=$(vmid_of site-0)
  pid=$(lxc-info -P "$work/lab/lxc" -n "$(container "$vmid")" -pH)
  lab_do crash "$(apl .status.vmid)" >/dev/null
  kill_daemon
  start_daemon
  within 180 "site through the proxy" says site.apps.lan "this is site"
  [ "$(lxc-info -P "$work/lab/lxc" -n "$(container "$vmid")" -pH)" = "$pid" ] ||
    die "site's container was started again"
}

it_goes_last() {
  chapter "delete: not while somebody needs it"
  ctl delete appliance lan -n gantry-system --no-wait
  within 60 "InUse" sh -c "KUBECONFIG='$KUBECONFIG' '$bin/gantryctl' get appliance lan \
    -n gantry-system -o json | jq -e '.status.conditions[] | select(.reason == \"InUse\")'"
  says site.apps.lan "this is site" || die "it does not serve any more"
  ctl delete app site shop news wiki late --timeout 180
  within 180 "its end" sh -c "! KUBECONFIG='$KUBECONFIG' '$bin/gantryctl' get appliance lan \
    -n gantry-system"
  [ "$(lab_guests | jq length)" = 0 ] || die "containers are left: $(lab_guests)"
  ip -o link show type bridge | grep " $(lab instance)b" >/dev/null && die "the bridge is left"
  true
}

chapter "a registry, a lab with real containers, gantryd"
template=$(docker_template)
start_database
start_lab lxc --with-network --template "$template" \
  --packages nginx-light,nftables,dnsmasq,bind9-host,curl,caddy
start_registry
start_daemon
write_class
an_appliance_comes_up
apps_are_reached_by_name
a_new_route_disturbs_nobody
an_update_beside_the_old_one_disturbs_nobody
data_changes_its_container_while_requests_wait
two_services_and_a_volume
what_breaks_comes_back
what_breaks_in_apps_comes_back
a_full_disk_stops_nothing_and_passes
apps_outlive_it
it_goes_last
end
client=
nothing_is_left || die "something is left behind"
chapter "the whole story went well"
