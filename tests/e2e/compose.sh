#!/usr/bin/env bash
# A compose App on real LXC: two services in an unprivileged Debian 13, their image in a registry of
# our own, a Secret, a bad update, kills of gantryd, Docker stopped behind our back.
#
#   compose.sh --bin DIR
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
# shellcheck source=deploy/demo/stack.sh
. "$root/deploy/demo/stack.sh"
# shellcheck source=tests/e2e/docker_template.sh
. "$here/docker_template.sh"
# shellcheck source=tests/e2e/registry.sh
. "$here/registry.sh"
[ "${1:-}" = --bin ] && [ $# = 2 ] || { echo "usage: compose.sh --bin DIR" >&2; exit 2; }
bin="$(cd "$2" && pwd)"
[ "$(id -u)" = 0 ] || exec sudo -E "$0" --bin "$bin"
trap 'stop_stack' EXIT

# With everything that a .env file could trip over, and what must be nowhere else.
secret_value='quetzal-7431 "$HOME" \ #'"'"'unseen'

# ---- what is applied ----------------------------------------------------------------------------

# The image's tag is all that updates change.
write_app() {  # TAG
  jq -n --arg tag "$1" --arg registry "$registry" '
    {apiVersion: "gantry.dev/v1alpha1", kind: "App", metadata: {name: "site", namespace: "default"},
     spec: {
       machineClassName: "docker", replicas: 1,
       workload: {compose: {inline: (
         "services:\n" +
         "  web: {image: \"\($registry)/site:\($tag)\", ports: [\"80:3000\"], restart: always, init: true}\n" +
         "  db:\n    image: \"\($registry)/site:\($tag)\"\n    command: [start-db]\n" +
         "    restart: always\n    init: true\n    volumes: [\"/srv/data:/data\"]\n")}},
       env: [{name: "PASS", valueFrom: {secretKeyRef: {name: "site", key: "password"}}}],
       files: [{path: "/etc/docker/certs.d/\($registry)/ca.crt",
                configMapKeyRef: {name: "registry", key: "ca.crt"}}],
       volumes: [{name: "data", path: "/srv/data", size: "1Gi"}], deletion: {volumes: "Delete"},
       update: {bakeSeconds: 3},
       ports: [{name: "http", port: 80}],
       health: {http: {port: "http", path: "/cgi-bin/page"}, startupSeconds: 60, intervalSeconds: 2}}}'
}
apply_values() {
  jq -n --arg value "$secret_value" --rawfile ca "$work/registry/ca.pem" '
    {apiVersion: "v1", kind: "List", items: [
      {apiVersion: "v1", kind: "Secret", metadata: {name: "site", namespace: "default"},
       stringData: {password: $value}},
      {apiVersion: "v1", kind: "ConfigMap", metadata: {name: "registry", namespace: "default"},
       data: {"ca.crt": $ca}}]}' | ctl apply -f -
}

# ---- what is so ---------------------------------------------------------------------------------

is_so() { ctl get app site -o json | jq -e "$1" >/dev/null; }
is_ready() { is_so '.status.conditions[] | select(.type == "Ready") | .status == "True"'; }
condition() { ctl get app site -o json | jq -r '.status.conditions[] | select(.type == "Ready") | .code // ""'; }
address() { ctl get app site -o json | jq -r '.status.machines[0].address // empty'; }
vmid() { ctl get machine site-0 -o json | jq -r '.status.vmid // empty'; }
page() { curl -fsS --max-time 5 "http://$(address)/cgi-bin/page"; }
says() { [ "$(page)" = "tag $1, pass $secret_value, db says $2" ]; }
# A command in the container, past Gantry.
inside() {
  local state=$work/lab name; name=$(lab instance)-$(vmid)
  lxc-attach -P "$state/lxc" -n "$name" -- "$@"
}
has_code() { [ "$(condition)" = "$1" ]; }
starts_of_db() {
  inside docker inspect --format '{{.State.StartedAt}}' site-db-1
}

# ---- the story ----------------------------------------------------------------------------------

an_app_comes_up() {
  chapter "apply: two services in a container of their own"
  ctl apply -f "$work/cluster.yaml" -f "$work/class.yaml"
  apply_values
  write_app 1 | ctl apply -f -
  ctl progress app/site machines --timeout 240 || die "the App is not ready"
  within 60 "the first good revision" is_so .status.currentRevision
  says 1 fresh || die "the page is: $(page)"
  say "$(page | cut -c1-60)…"
  inside sh -c 'echo kept >/srv/data/value'
  says 1 kept || die "the page is: $(page)"
}

nothing_is_done_twice() {
  chapter "kill -9 gantryd: it looks again, and changes nothing"
  local before; before=$(starts_of_db)
  kill_daemon
  start_daemon
  within 60 "Ready" is_ready
  sleep 3
  [ "$(starts_of_db)" = "$before" ] || die "the services were started again"
}

a_bad_tag_stops_nothing() {
  chapter "an update with a tag that does not exist"
  local before; before=$(starts_of_db)
  write_app nonsense | ctl apply -f -
  within 180 "the rollback" has_code ROL-001
  says 1 kept || die "it does not serve any more: $(page)"
  ctl history app/site
  [ "$(starts_of_db)" = "$before" ] || die "the services were stopped"
  say "$(ctl get app site -o json | jq -r '.status.conditions[] | select(.type == "Ready") | .message' | cut -c1-150)"
}

an_update_goes_through() {
  chapter "an update that is right, with gantryd killed in the middle of it"
  write_app 2 | ctl apply -f -
  for _ in 1 2 3 4; do
    sleep 1.3
    kill_daemon
    start_daemon
  done
  within 120 "the new page" says 2 kept
  within 60 "Ready" is_ready
}

docker_is_started_again() {
  chapter "Docker stopped behind our back"
  inside systemctl stop docker.service docker.socket
  within 120 "the page" says 2 kept
  within 60 "Ready" is_ready
}

nobody_tells_the_secret() {
  chapter "the secret is nowhere but in its container"
  local told=quetzal-7431
  {
    ctl get apps,machines,events -A -o json
    cat "$work/gantryd.log" "$work/lab.log"
    lab_do tasks
    lab_guest "$(vmid)"
    curl -fsS --cacert "$work/gantryd/ca.pem" "$(ctl_server)/metrics" || true
    ps -eo args
  } >"$work/told"
  ! grep -qF "$told" "$work/told" || die "it is told: $(grep -F "$told" "$work/told" | cut -c1-300)"
  grep -q site-0 "$work/told" || die "nothing was told at all"
}

chapter "a registry, a lab with real containers, gantryd"
template=$(docker_template)
start_database
start_lab lxc --template "$template"
start_registry
start_daemon
write_class
an_app_comes_up
nothing_is_done_twice
a_bad_tag_stops_nothing
an_update_goes_through
docker_is_started_again
nobody_tells_the_secret
chapter "delete"
ctl delete app site --timeout 120
[ "$(lab_guests | jq length)" = 0 ] || die "a container is left"
stop_stack
nothing_is_left || die "something is left behind"
chapter "the whole story went well"
