#!/usr/bin/env bash
# The whole story on this machine: a private PostgreSQL, gantry-lab with real containers, gantryd.
#
#   demo.sh --bin DIR          live; goes on until Ctrl-C
#   demo.sh --bin DIR --once   unattended: apply, break, repair, crash, try, delete; exits 0 or 1
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
# When the start that is done began.
started_at() {
  ctl get machine hello-0 -o json |
    jq -r '.status.steps[] | select(.name == "start" and .state == "Done") | .startedAt'
}
started_since() { local at; at=$(started_at) && [ -n "$at" ] && [ "$at" != "$1" ]; }

# What a person is shown to try, a command a line.
offered() {
  cat <<EOF
gantryctl get machines -A -w
gantryctl describe app hello
kubectl get apps
gantry-lab control --state $work/lab crash $(vmid)    # and watch it come back
gantryctl delete app hello
EOF
}

# UID: it needs these two to try them. They stay unreadable for everybody else.
hand_over() { chown "$1" "$KUBECONFIG" "$work/lab/control.token"; }

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
  ctl progress proxmoxcluster/lab app/hello machines --timeout 600 || die "the App is not ready"
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
  local id before; id=$(vmid); before=$(started_at)
  lab_do crash "$id" >/dev/null
  within 60 "the restart of the dead container" started_since "$before"
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

# As whoever called sudo, else as nobody, who may not enter the folder that they were built in.
what_is_offered_works() {
  local uid=${SUDO_UID:-65534} gid=${SUDO_GID:-65534} line limit code
  chapter "what the live demo offers to try, as user $uid"
  hand_over "$uid"
  install -D -m 755 -t "$work/bin" "$bin/gantryctl" "$bin/gantry-lab"
  offered >"$work/offered"
  while read -r line; do
    say "\$ $line"
    case $line in *" -w") limit=3 ;; *) limit=200 ;; esac
    code=0
    setpriv --reuid="$uid" --regid="$gid" --clear-groups env PATH="$work/bin:$PATH" HOME=/nonexistent \
      timeout "$limit" sh -c "$line" >"$work/said" 2>&1 </dev/null || code=$?
    # A watch ends when its time is up.
    [ "$code" = 0 ] || [ "$limit $code" = "3 124" ] || die "exit code $code: $(cat "$work/said")"
    [ -s "$work/said" ] || die "it said nothing"
  done <"$work/offered"
}

# The last of what was offered has deleted it.
nothing_is_left_of_it() {
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
  what_is_offered_works
  nothing_is_left_of_it
  stop_stack
  nothing_is_left || die "something is left behind"
  chapter "the whole story went well"
  exit 0
fi

[ -z "${SUDO_UID:-}" ] || hand_over "$SUDO_UID"
chapter "it runs"
cat <<EOF
   open     http://$(address)/
   try      export KUBECONFIG=$KUBECONFIG PATH=$bin:\$PATH
$(offered | sed 's/^/            /')
   stop     Ctrl-C: stops and removes everything
EOF
ctl events -A -w &
children+=($!)
wait $!
