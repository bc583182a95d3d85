#!/usr/bin/env bash
# Bad input and faults, end to end: real PostgreSQL, real gantryd, real kubectl, gantry-lab in memory.
#
#   faults.sh --bin DIR
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
# shellcheck source=deploy/demo/stack.sh
. "$root/deploy/demo/stack.sh"
[ "${1:-}" = --bin ] && [ $# = 2 ] || { echo "usage: faults.sh --bin DIR" >&2; exit 2; }
bin="$(cd "$2" && pwd)"
[ "$(id -u)" = 0 ] || exec sudo -E "$0" --bin "$bin"
trap 'stop_stack' EXIT

class_file="$root/deploy/examples/hello/1-machineclass.yaml"
secret_value=quetzal-7431-unseen
relay_pid=
relay_port=

# ---- helpers ------------------------------------------------------------------------------------

# PATTERN COMMAND…: what it prints has the pattern. No pipe: grep -q would break it early.
says() {
  local pattern=$1 said; shift
  said=$("$@") && grep -qE -- "$pattern" <<<"$said"
}
api() {  # METHOD PATH [BODY]: the answer with its headers
  local token; token=$(sed -n 's/^ *token: *//p' "$KUBECONFIG" | tr -d '"')
  curl -sS -i -N --max-time 20 --cacert "$work/gantryd/ca.pem" -X "$1" "$(ctl_server)$2" \
    -H @- -H 'Content-Type: application/json' ${3:+--data "$3"} <<<"Authorization: Bearer $token"
}
answers() { local status=$1; shift; says "^HTTP/1.1 $status " api "$@"; }
config_map() { jq -nc --arg name "$1" '{apiVersion: "v1", kind: "ConfigMap", metadata: {name: $name}}'; }
config_maps=/api/v1/namespaces/default/configmaps

# What `gantryctl get KIND NAME -o json | jq FILTER` says is true.
is_so() { ctl get "$1" "$2" -o json | jq -e "$3" >/dev/null; }
condition() {  # KIND NAME TYPE STATUS TEXT: reason, code and message hold TEXT
  ctl get "$1" "$2" -o json | jq -e --arg type "$3" --arg status "$4" --arg text "$5" \
    '.status.conditions[] | select(.type == $type and .status == $status) | tojson | contains($text)' \
    >/dev/null
}
described() { says "$3" ctl describe "$1" "$2"; }
guest_count() { lab_guests | jq length; }
ready() { ctl wait "$1" --for=condition=Ready --timeout 1; }

start_relay() {
  [ -n "$relay_port" ] || relay_port=$(free_port)
  local target; target=$(lab url)
  python3 "$here/relay.py" "$relay_port" "${target##*:}" >>"$work/relay.log" 2>&1 &
  relay_pid=$!
  children+=("$relay_pid")
  wait_up 10 "$relay_pid" "$work/relay.log" "the relay" \
    curl -ks -o "$work/relay.answer" "https://127.0.0.1:$relay_port/"
}
stop_relay() { end_process "$relay_pid" 1 KILL; }

apply_cluster() {  # MODE
  jq --arg mode "$1" --arg url "https://127.0.0.1:$relay_port" \
    '(.items[] | select(.kind == "ProxmoxCluster") | .spec) |= (.mode = $mode | .endpoints = [$url])' \
    "$work/cluster.yaml" | ctl apply -f -
}

# Proxmox's own API with Gantry's token: what a person or another tool does.
pve() {  # METHOD PATH [curl's arguments]
  local method=$1 path=$2; shift 2
  curl -fsS --cacert "$work/lab/tls/ca.pem" -X "$method" "$(lab url)/api2/json$path" -H @- "$@" \
    <<<"Authorization: PVEAPIToken=$(lab tokenId)=$(cat "$(lab tokenSecretFile)")"
}

write_app() {
  cat >"$work/app.yaml" <<END
apiVersion: v1
kind: Secret
metadata: {name: page, namespace: default}
stringData: {password: $secret_value}
---
apiVersion: gantry.dev/v1alpha1
kind: App
metadata: {name: hello, namespace: default}
spec:
  machineClassName: small
  replicas: 1
  workload:
    service:
      files:
      - path: /etc/hello.conf
        mode: "0600"
        contentFrom: {secretKeyRef: {name: page, key: password}}
      - path: /etc/systemd/system/hello.service
        content: "[Service]\nExecStart=/bin/sleep infinity\n"
      unit: hello.service
END
}

machine() {  # NAME CLASS: a bare Machine
  jq -n --arg name "$1" --arg class "$2" '{apiVersion: "gantry.dev/v1alpha1", kind: "Machine",
    metadata: {name: $name, namespace: "default"}, spec: {machineClassName: $class}}'
}

# ---- the story ----------------------------------------------------------------------------------

refused() {  # TEXT, the manifest on standard input: exit code 1, the message has TEXT
  local said code=0
  said=$(ctl apply -f - 2>&1) || code=$?
  [ "$code" = 1 ] || die "expected exit code 1 and '$1', got $code: $said"
  grep -qF -- "$1" <<<"$said" || die "the message should say '$1': $said"
}
app_with() { printf 'apiVersion: gantry.dev/v1alpha1\nkind: %s\nmetadata: {name: bad}\n%s\n' "$1" "$2"; }
class_with() { sed "s/name: small/name: bad/; $1" "$class_file"; }

bad_input_is_refused() {
  chapter "bad input: refused with its place, nothing stored"
  local workload='workload: {service: {unit: a.service}}'
  app_with App 'spec: {machineClassName: small' | refused "line 5, column 1"
  app_with Appp 'spec: {}' | refused 'no kind "Appp"'
  app_with App "spec: {machineClassName: small, replicaz: 2, $workload}" | refused "spec.replicaz"
  app_with App "spec: {machineClassName: small, replicas: two, $workload}" | refused "spec.replicas"
  class_with 's/512Mi/12Q/' | refused "spec.resources.memory"
  class_with 's/node.online &&/node.online \&\& \&\&/' | refused "spec.nodeSelector"
  class_with 's/node.online &&/node.online \&\& \&\&/' | refused "1:16: found"
  class_with 's/storage.type in .*")/type == "dir"/' | refused "did you mean storage.type?"
  local kind
  for kind in apps machineclasses; do
    [ "$(ctl get $kind -o json | jq '.items | length')" = 0 ] || die "it was stored"
  done
  local code=0
  sed "s/:$daemon_port/:1/" "$KUBECONFIG" >"$work/wrong.kubeconfig"
  ctl --kubeconfig "$work/wrong.kubeconfig" get apps 2>"$work/said" || code=$?
  [ "$code" = 2 ] || die "a server that is not there: exit code 2 expected, not $code"
  grep -q "CON-018: cannot reach https://.*:1: .*; is gantryd running?" "$work/said" ||
    die "a server that is not there: $(cat "$work/said")"
}

strangers_are_there_first() {
  chapter "foreign guests on the VMIDs we would take"
  local id
  for id in 20000 20001; do
    pve POST "/nodes/$(lab node)/lxc" -o "$work/created" -d vmid=$id -d hostname=stranger-$id \
      -d pool="$(lab pool)" --data-urlencode rootfs=local:1 \
      --data-urlencode "ostemplate=local:vztmpl/$(lab templates | jq -r '.[1]')"
  done
  within 20 "two foreign guests" sh -c "'$bin/gantry-lab' control --state '$work/lab' tasks |
    jq -e 'map(select(.running)) | length == 0'"
  strangers >"$work/strangers"
  [ "$(guest_count)" = 2 ] || die "the foreign guests were not made: $(lab_guests)"
}
strangers() { lab_guests | jq -S 'map(select(.vmid < 20002))'; }
strangers_are_untouched() {
  diff <(strangers) "$work/strangers" || die "a foreign guest was touched"
}

observe_mode_holds() {
  chapter "mode Observe holds, Enforce goes on; foreign guests are never touched"
  apply_cluster Observe
  ctl apply -f "$class_file"
  ctl apply -f "$work/app.yaml"
  within 20 "Held in mode Observe" condition machine hello-0 Held True ObserveMode
  sleep 2
  [ "$(guest_count)" = 2 ] || die "something was created in mode Observe: $(lab_guests)"
  apply_cluster Enforce
  within 60 "the App" ready app/hello
  is_so machine hello-0 '.status.vmid == 20002' || die "another VMID was expected"
  strangers_are_untouched
}

kubectl_works() {
  chapter "stock kubectl"
  export HOME="$work"  # its cache
  local said
  says '^apps .*gantry.dev/v1alpha1' kubectl api-resources || die "kubectl api-resources"
  says '^app.gantry.dev/hello *True' kubectl get apps,machines,pc,mc || die "kubectl get"
  says '^  machineClassName: small' kubectl get app hello -o yaml || die "kubectl get -o yaml"
  says 'machineClassName.*-required-' kubectl explain app.spec || die "kubectl explain"
  kubectl wait app/hello --for=condition=Ready --timeout=5s || die "kubectl wait"
  says 'Machine Class Name: *small' kubectl describe app hello || die "kubectl describe"
  config_map shown >"$work/shown.json"
  says created kubectl apply -f "$work/shown.json" || die "kubectl apply: created"
  says unchanged kubectl apply -f "$work/shown.json" || die "kubectl apply: unchanged"
  kubectl get configmaps -w --output-watch-events >"$work/watched" 2>&1 &
  local watch=$!; children+=("$watch")
  within 10 "the watch's first event" grep -q 'ADDED *shown' "$work/watched"
  kubectl delete configmap shown --timeout=10s || die "kubectl delete"
  within 10 "the deletion in kubectl get -w" grep -q 'DELETED *shown' "$work/watched"
  end_process "$watch" 1
  said=$(app_with App 'spec: {machineClassName: small, replicaz: 2, workload: {}}' |
    kubectl apply -f - 2>&1) && die "kubectl: an unknown field was accepted"
  grep -q spec.replicaz <<<"$said" || die "kubectl: the unknown field's path is missing: $said"
}

an_address_has_one_holder() {
  chapter "two Machines ask for one fixed address at once: one gets it"
  fixed() { machine "$1" small | jq '.spec.networks = [{bridge: "vmbr0", ip: "192.0.2.10/24"}]'; }
  local one two refused="" holder=first
  fixed first | ctl apply -f - >"$work/first" 2>&1 & one=$!
  fixed second | ctl apply -f - >"$work/second" 2>&1 & two=$!
  wait "$one" || { refused=first; holder=second; }
  wait "$two" || refused+=second
  [ "$refused" = first ] || [ "$refused" = second ] ||
    die "one was to be refused: $(cat "$work/first" "$work/second")"
  grep -qF "address 192.0.2.10 on vmbr0 of ProxmoxCluster lab is held by Machine default/$holder" \
    "$work/$refused" || die "$(cat "$work/$refused")"
  ctl delete machine "$holder" --timeout 60
  [ "$(guest_count)" = 3 ] || die "a container is left: $(lab_guests)"
}

own_reason_each() {
  chapter "template missing, storage full: a reason and code each"
  sed 's/name: small/name: lost/; s/debian-12-standard/debian-99-none/' "$class_file" | ctl apply -f -
  sed 's/name: small/name: roomy/' "$class_file" | ctl apply -f -
  lab_do fill local 266000000000 >"$work/said"
  # /cluster/resources is 10 s behind: until then there is room, as far as anybody knows.
  within 40 "the full storage in the inventory" described machineclass roomy StorageFull
  machine untemplated lost | ctl apply -f -
  machine unstored roomy | ctl apply -f -
  within 30 "TPL-005 with what there is" described machine untemplated TPL-005
  within 30 "STO-001" described machine unstored STO-001
  [ "$(guest_count)" = 3 ] || die "a container was made"
  lab_do fill local 0 >"$work/said"
  ctl delete machine untemplated unstored --timeout 60
  [ "$(guest_count)" = 3 ] || die "a container is left: $(lab_guests)"
}

lost_privilege_is_named() {
  chapter "a privilege is lost"
  lab_do mask gantry@pve VM.Audit yes >"$work/said"
  within 60 "Authorized=False with the privilege" condition pc lab Authorized False VM.Audit
  machine waiting small | ctl apply -f -
  sleep 3
  [ "$(guest_count)" = 3 ] || die "something was created or deleted"
  lab_do mask gantry@pve VM.Audit no >"$work/said"
  within 60 "the cluster, with the privilege again" ready proxmoxcluster/lab
  within 60 "the Machine that waited" ready machine/waiting
}

proxmox_gone() {
  chapter "Proxmox cannot be reached"
  local seen; seen=$(ctl get machine hello-0 -o json | jq -c '[.status.vmid, .status.node, .status.addresses]')
  stop_relay
  within 30 "Reachable=False" condition pc lab Reachable False CON-001
  machine later small | ctl apply -f -
  ctl delete machine waiting --timeout 1 2>"$work/said" && die "it was deleted without Proxmox"
  sleep 3
  [ "$(guest_count)" = 4 ] || die "something was created or deleted: $(lab_guests)"
  [ "$(ctl get machine hello-0 -o json | jq -c '[.status.vmid, .status.node, .status.addresses]')" = "$seen" ] ||
    die "the last known state is gone"
  is_so machine hello-0 '.status.lastObservedAt != null' || die "the state has no age"
  within 20 "what is not seen is unknown" condition machine hello-0 Observed Unknown "last seen running"
  within 10 "the App that cannot be seen is not down" condition app hello Available Unknown "hello-0"
  start_relay
  within 60 "the cluster" ready proxmoxcluster/lab
  within 60 "the Machine that waited" ready machine/later
  within 60 "the deletion" sh -c "! KUBECONFIG='$KUBECONFIG' '$bin/gantryctl' get machine waiting"
}

kill_database() {
  local others; mapfile -t others < <(pgrep -P "$postgres_pid")
  kill -9 "$postgres_pid" "${others[@]}"
  wait "$postgres_pid" 2>/dev/null || true
}

database_gone() {
  chapter "PostgreSQL is killed"
  kill_database
  local said; said=$(api POST $config_maps "$(config_map during)")
  grep -q '^HTTP/1.1 503' <<<"$said" || die "503 expected: $said"
  grep -qi '^Retry-After: [0-9]' <<<"$said" || die "Retry-After expected: $said"
  answers 200 GET $config_maps || die "reads should go on"
  says '^Warning: 299 ' api GET $config_maps || die "what is read should say that it may be old"
  ctl get app hello -o json >"$work/said" || die "reads should go on"
  answers 503 GET /readyz || die "/readyz should say so"
  answers 200 GET /livez || die "/livez should not care"
  start_postgres
  within 30 "a write" answers 201 POST $config_maps "$(config_map back)"
  answers 404 GET $config_maps/during || die "the refused write is there"
  within 10 "/readyz" daemon_ready
}

acknowledged_stays() {
  chapter "kill -9 of daemon and database after an acknowledged write"
  answers 201 POST $config_maps "$(config_map kept)" || die "the write"
  kill_daemon
  kill_database
  start_postgres
  start_daemon
  answers 200 GET $config_maps/kept || die "an acknowledged write is lost"
}

metrics_are_well_formed() {
  chapter "metrics"
  local code
  code=$(curl -sS -o "$work/said" -w '%{http_code}' --cacert "$work/gantryd/ca.pem" "$(ctl_server)/metrics")
  [ "$code" = 401 ] || die "metrics without a token: 401 expected, not $code"
  api GET /metrics | sed '1,/^\r$/d' >"$work/metrics"
  promtool check metrics <"$work/metrics" >"$work/said" 2>&1 || die "promtool: $(cat "$work/said")"
}

delete_leaves_strangers() {
  chapter "delete: only the foreign guests are left"
  within 60 "the App" ready app/hello
  kubectl delete app hello --timeout=60s || die "kubectl delete app"
  kubectl delete machine later --timeout=60s || die "kubectl delete machine"
  [ "$(guest_count)" = 2 ] || die "a container is left: $(lab_guests)"
  strangers_are_untouched
}

what_is_ended_is_not_done() {
  chapter "a gantryctl that is ended has not done what it was to do"
  local waiting code=0
  ! ctl wait app/nothing --for=condition=Ready 2>"$work/said" || die "nothing is Ready"
  grep -q 'not found' "$work/said" || die "what is not there: $(cat "$work/said")"
  "$bin/gantryctl" wait proxmoxcluster/lab --for=condition=Never --timeout 30 2>"$work/said" &
  waiting=$!
  sleep 1
  kill -TERM "$waiting"
  wait "$waiting" || code=$?
  [ "$code" = 143 ] || die "exit code 143 expected, not $code"
}

secrets_stay_secret() {
  chapter "secrets are in no log, event, argument or config"
  ps axww -o args >"$work/seen.ps"
  ctl get events -A -o yaml >"$work/seen.events"
  ctl describe app hello >"$work/seen.describe"
  lab_guests >"$work/seen.guests"
  local secret place
  for secret in "$(cat "$(lab tokenSecretFile)")" "$secret_value"; do
    for place in "$work"/seen.* "$work/gantryd.log" "$work/lab.log" "$work/lab/pve/nodes"; do
      [ -e "$place" ] || die "$place is not there to be searched"
      ! grep -rqF -- "$secret" "$place" || die "a secret is in $place"
    done
  done
}

sigterm_ends() {
  chapter "SIGTERM, with a watch open"
  local watch
  api GET "/api/v1/namespaces?watch=1" >"$work/watch.answer" &
  watch=$!
  within 5 "the watch's first event" grep -q ADDED "$work/watch.answer"
  local since=$SECONDS tries=100
  kill -TERM "$daemon_pid"
  while kill -0 "$daemon_pid" 2>/dev/null && [ $((tries -= 1)) -gt 0 ]; do sleep 0.1; done
  ! kill -0 "$daemon_pid" 2>/dev/null || die "gantryd has not ended within 10 s"
  wait "$daemon_pid" || die "gantryd ended with exit code $?"
  wait "$watch" || die "the watch was cut instead of ended: curl says $?"
  ! grep -q "connections were cut" "$work/gantryd.log" || die "connections were cut"
  daemon_pid=
  say "ended after $((SECONDS - since)) s"
}

sigterm_ends_without_database() {
  chapter "SIGTERM, while PostgreSQL hangs in the middle of a write"
  start_daemon
  local processes; mapfile -t processes < <(pgrep -P "$postgres_pid"; echo "$postgres_pid")
  kill -STOP "${processes[@]}"
  api POST $config_maps "$(config_map hanging)" >"$work/write.answer" 2>&1 &
  local write=$! since=$SECONDS tries=100
  sleep 1
  kill -TERM "$daemon_pid"
  while kill -0 "$daemon_pid" 2>/dev/null && [ $((tries -= 1)) -gt 0 ]; do sleep 0.1; done
  kill -CONT "${processes[@]}"
  ! kill -0 "$daemon_pid" 2>/dev/null || die "gantryd has not ended within 10 s"
  wait "$daemon_pid" || true
  wait "$write" || true
  ! grep -q '^HTTP/1.1 201' "$work/write.answer" || die "a write that hangs was acknowledged"
  daemon_pid=
  say "ended after $((SECONDS - since)) s"
}

chapter "PostgreSQL, a lab in memory, gantryd"
start_database
start_lab memory
start_relay
start_daemon
write_app
bad_input_is_refused
strangers_are_there_first
observe_mode_holds
kubectl_works
an_address_has_one_holder
own_reason_each
lost_privilege_is_named
proxmox_gone
database_gone
acknowledged_stays
metrics_are_well_formed
what_is_ended_is_not_done
secrets_stay_secret
delete_leaves_strangers
sigterm_ends
sigterm_ends_without_database
stop_stack
nothing_is_left || die "something is left behind"
chapter "all of it went well"
