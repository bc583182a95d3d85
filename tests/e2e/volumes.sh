#!/usr/bin/env bash
# Data in a volume, on real LXC: it outlives an update, one that is taken back by itself, a crash, a
# rollback that a person asks for, and the App.
#
#   volumes.sh --bin DIR
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
# shellcheck source=deploy/demo/stack.sh
. "$root/deploy/demo/stack.sh"
[ "${1:-}" = --bin ] && [ $# = 2 ] || { echo "usage: volumes.sh --bin DIR" >&2; exit 2; }
bin="$(cd "$2" && pwd)"
[ "$(id -u)" = 0 ] || exec sudo -E "$0" --bin "$bin"
trap 'stop_stack' EXIT

# nginx serves the volume; which version it is it says itself.
write_app() {  # VERSION [a line for nginx' configuration]
  jq -n --arg version "$1" --arg more "${2:-}" '
    {apiVersion: "gantry.dev/v1alpha1", kind: "App", metadata: {name: "site", namespace: "default"},
     spec: {
       machineClassName: "small", replicas: 1,
       workload: {service: {
         packages: ["nginx-light"],
         files: [{path: "/etc/nginx/sites-enabled/default", content: (
           "server {\n  listen 80 default_server;\n  root /srv/data;\n" +
           "  location = /version { return 200 \"\($version)\\n\"; }\n  \($more)\n}\n")}],
         unit: "nginx.service"}},
       volumes: [{name: "data", path: "/srv/data", size: "1Gi"}],
       update: {bakeSeconds: 2},
       ports: [{name: "http", port: 80}],
       health: {http: {port: "http", path: "/version"}, startupSeconds: 20, intervalSeconds: 2}}}'
}

site() { ctl get app site -o json | jq -r "$1"; }
ready() { site '.status.conditions[] | select(.type == "Ready") | "\(.status) \(.reason)"'; }
# … and proven good, which is what a rollback goes back to.
is_ready() {
  [ "$(ready)" = "True AllReplicasReady" ] &&
    [ "$(site '.status.currentRevision == .status.revision')" = true ]
}
is_rolled_back() { [ "$(ready)" = "False RolledBack" ]; }
fetch() { curl -fsS --max-time 3 "http://$(site '.status.machines[0].address')/$1"; }
serves() { [ "$(fetch version) $(fetch value)" = "$1 kept" ]; }
vmid() { ctl get machine site-0 -o json | jq -r '.status.vmid'; }
# A command in the container, past Gantry.
inside() { lxc-attach -P "$work/lab/lxc" -n "$(lab instance)-$id" -- "$@"; }

same_container() {
  [ "$(vmid)" = "$id" ] || die "it is another container: $(vmid)"
  [ "$(lab_guests | jq length)" = 1 ] || die "there are others: $(lab_guests)"
}

it_comes_up() {
  chapter "apply: a container with a disk of its own for data"
  ctl apply -f "$work/cluster.yaml" -f "$root/deploy/examples/hello/1-machineclass.yaml"
  write_app 1 | ctl apply -f -
  ctl progress app/site machines --timeout 240 || die "the App is not ready"
  id=$(vmid)
  inside mountpoint -q /srv/data || die "/srv/data is no disk"
  inside sh -c 'echo kept >/srv/data/value'
  within 90 "the first good revision" is_ready
  serves 1 || die "it serves $(fetch version), $(fetch value)"
  say "$(lab_guest "$id" | jq -r .config.mp0)"
}

an_update_keeps_it() {
  chapter "an update"
  write_app 2 | ctl apply -f -
  within 120 "the new version" serves 2
  within 90 "Ready" is_ready
  same_container
}

a_failed_update_is_taken_back() {
  chapter "an update that cannot run, and kill -9 in the middle of it"
  write_app 3 nonsense | ctl apply -f -
  within 120 "the failure" sh -c \
    "KUBECONFIG='$KUBECONFIG' '$bin/gantryctl' events --for app/site | grep -q BootstrapFailed"
  kill_daemon
  start_daemon
  within 240 "the rollback" is_rolled_back
  within 120 "the version before" serves 2
  same_container
  ctl history app/site
  ctl history app/site | grep -q RolledBack || die "the history does not tell it"
}

a_crash_keeps_it() {
  chapter "the container dies"
  lab_do crash "$id" >/dev/null
  within 120 "the version that was good" serves 2
  same_container
}

a_person_goes_back() {
  chapter "gantryctl rollback app/site --to 1"
  ctl rollback app/site --to 1
  within 120 "the first version" serves 1
  within 90 "Ready" is_ready
  same_container
}

it_outlives_its_app() {
  chapter "delete: the data stays, in a container that is stopped"
  ctl delete app site --timeout 180
  ctl get events -o json | jq -e '.items[] | select(.reason == "Retained")' >/dev/null ||
    die "no event says that it was left"
  [ "$(lab_guest "$id" | jq -r .running)" = false ] || die "it runs: $(lab_guest "$id")"
  local value; value=$(find "$work/lab" -path "*vm-$id-disk-*/value" -exec cat {} +)
  [ "$value" = kept ] || die "the data is: $value"
}

chapter "a lab with real containers, gantryd"
start_database
start_lab lxc
start_daemon
it_comes_up
an_update_keeps_it
a_failed_update_is_taken_back
a_crash_keeps_it
a_person_goes_back
it_outlives_its_app
stop_stack
nothing_is_left || die "something is left behind"
chapter "the whole story went well"
