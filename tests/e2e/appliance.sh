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
# shellcheck source=tests/e2e/network.sh
. "$here/network.sh"
[ "${1:-}" = --bin ] && [ $# = 2 ] || { echo "usage: appliance.sh --bin DIR" >&2; exit 2; }
bin="$(cd "$2" && pwd)"
[ "$(id -u)" = 0 ] || exec sudo -E "$0" --bin "$bin"
trap 'end' EXIT

# ---- what is wanted -------------------------------------------------------------------------------

wiki_says() { [ "$(fetch wiki.apps.lan/cgi-bin/page)" = "tag 1, pass open, db says $1" ]; }
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

# ---- the story ------------------------------------------------------------------------------------

# All at once: the slowest is set up while the others are looked at.
apps_are_wanted() {
  chapter "two Apps, one needs the other, and a Compose App of two services"
  write_app site "this is site" | ctl apply -f -
  write_app shop "this is shop" site | ctl apply -f -
  ctl apply -f "$work/class.yaml"
  write_registry_authority | ctl apply -f -
  write_wiki | ctl apply -f -
}

apps_are_reached_by_name() {
  chapter "they are reached by name"
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

two_services_and_a_volume() {
  chapter "the Compose App, with its data in a volume"
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
apps_are_wanted
apps_are_reached_by_name
a_new_route_disturbs_nobody
two_services_and_a_volume
what_breaks_comes_back
what_breaks_in_apps_comes_back
a_full_disk_stops_nothing_and_passes
apps_outlive_it
it_goes_last
end_well
