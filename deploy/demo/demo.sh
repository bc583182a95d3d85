#!/usr/bin/env bash
# The whole story on this machine: a private PostgreSQL, gantry-lab with real containers, gantryd.
#
#   demo.sh --bin DIR          live; goes on until Ctrl-C
#   demo.sh --bin DIR --once   unattended: apply, break, repair, crash, delete; exits 0 or 1
#
# Everything lives in one temporary folder and is removed at the end, whatever happens.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=deploy/demo/stack.sh
. "$here/stack.sh"

once=no
bin=
while [ $# -gt 0 ]; do
  case "$1" in
    --bin) bin="$(cd "$2" && pwd)"; shift ;;
    --once) once=yes ;;
    *) echo "usage: demo.sh --bin DIR [--once]" >&2; exit 2 ;;
  esac
  shift
done
[ -x "$bin/gantryd" ] || { echo "demo: build first: ./dev build" >&2; exit 2; }
[ "$(id -u)" = 0 ] || exec sudo -E "$0" --bin "$bin" $([ "$once" = yes ] && echo --once)

trap 'stop_stack' EXIT

address() { ctl get app hello -o json | jq -r '.status.machines[0].address // empty'; }
app_answers() { [ "$(curl -fsS --max-time 3 "http://$(address)/")" = "hello from gantry" ]; }
vmid() { ctl get machine hello-0 -o json | jq -r '.status.vmid // empty'; }
app_ready() { ctl wait app/hello --for=condition=Ready --timeout 1; }
uptime_of() { lab_guest "$1" | jq -r '.uptime // 0'; }

apply_hello() {
  ctl apply -f "$work/cluster.yaml"
  ctl apply -f "$here/../examples/hello"
}

start_story() {
  chapter "a private PostgreSQL, a lab with real containers, gantryd"
  start_database; say "PostgreSQL in $work/postgres"
  start_lab; say "gantry-lab at $(lab url), bridge $(lab bridge) with $(lab subnet)"
  start_daemon; say "gantryd at $(ctl_server)"
  chapter "apply"
  apply_hello
  chapter "what happens"
  ctl progress proxmoxcluster/lab app/hello machines --timeout 240 || die "the App is not ready"
  within 30 "the App's answer" app_answers
  say "$(curl -fsS "http://$(address)/") <- http://$(address)/"
}

one_container() {
  local count
  count=$(lab_guests | jq length)
  [ "$count" = 1 ] || die "expected exactly one container, found $count"
}

killed_container_is_repaired() {
  chapter "kill the container behind Gantry's back"
  local id; id=$(vmid)
  lab_do crash "$id" >/dev/null
  within 60 "the restart of the dead container" sh -c \
    "KUBECONFIG='$KUBECONFIG' '$bin/gantryctl' events --for machine/hello-0 | grep -qi 'restart\|start'"
  within 120 "the App's answer" app_answers
  within 60 "Ready" app_ready
  one_container
  [ "$(vmid)" = "$id" ] || die "it was replaced instead of started"
  say "started again as $id; the App answers"
}

changed_config_is_repaired() {
  chapter "change its config behind Gantry's back"
  local id; id=$(vmid)
  lab_do edit "$id" memory 256 >/dev/null
  within 60 "the drift's repair" sh -c \
    "'$bin/gantry-lab' control --state '$work/lab' guest $id | jq -e '.config.memory == \"512\"'"
  ctl events --for machine/hello-0 | grep -iE 'differs|drift' || die "the drift was not reported"
  within 60 "Ready" app_ready
  say "memory is 512 again"
}

crash_during_creation() {
  chapter "kill -9 gantryd in the middle of a creation"
  ctl get app hello -o json | jq '.spec.replicas = 2 | del(.status)' >"$work/two.json"
  ctl apply -f "$work/two.json"
  within 60 "the second container's creation" sh -c \
    "'$bin/gantry-lab' control --state '$work/lab' tasks | jq -e 'map(select(.type == \"vzcreate\" and .running)) | length > 0'"
  kill_daemon
  say "killed while Proxmox creates; starting it again"
  start_daemon
  within 180 "two ready replicas" sh -c \
    "KUBECONFIG='$KUBECONFIG' '$bin/gantryctl' get app hello -o json | jq -e '.status.readyReplicas == 2'"
  local count; count=$(lab_guests | jq length)
  [ "$count" = 2 ] || die "expected exactly two containers, found $count"
  say "exactly one container a replica"
}

delete_leaves_nothing() {
  chapter "delete"
  ctl delete app hello --timeout 180
  [ "$(lab_guests | jq length)" = 0 ] || die "a container is left: $(lab_guests)"
  [ "$(lab_volumes | jq length)" = 0 ] || die "a disk is left: $(lab_volumes)"
  local rows; rows=$(sql "select count(*) from guests where released_at is null")
  [ "$rows" = 0 ] || die "a VMID row is left"
  say "container, disk and VMID row are gone"
}

bad_input_is_refused() {
  chapter "bad input"
  local said
  said=$(printf 'apiVersion: gantry.dev/v1alpha1\nkind: App\nmetadata: {name: bad\n' | ctl apply -f - 2>&1) &&
    die "broken YAML was accepted"
  say "$said"
  said=$(sed 's/memory: 512Mi/memory: 12Q/' "$here/../examples/hello/1-machineclass.yaml" | ctl apply -f - 2>&1) &&
    die "a bad quantity was accepted"
  say "$said"
}

start_story
if [ "$once" = yes ]; then
  killed_container_is_repaired
  changed_config_is_repaired
  crash_during_creation
  bad_input_is_refused
  delete_leaves_nothing
  stop_stack
  nothing_is_left || die "something is left behind"
  chapter "the whole story went well"
  exit 0
fi

chapter "it runs"
cat <<EOF
   open     http://$(address)/
   try      export KUBECONFIG=$KUBECONFIG PATH=$bin:\$PATH
            gantryctl get apps,machines -A -w
            gantryctl describe app hello
            kubectl get apps
            gantry-lab control --state $work/lab crash $(vmid)    # and watch it come back
            gantryctl delete app hello
   stop     Ctrl-C: stops and removes everything
EOF
ctl events -A -w &
children+=($!)
wait $!
