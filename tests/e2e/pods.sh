#!/usr/bin/env bash
# Containers as Pods, with a kubectl that speaks WebSocket: logs, exec, cp and top on real LXC; and
# the same, and more, with gantryctl.
#
#   pods.sh --bin DIR
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
# shellcheck source=deploy/demo/stack.sh
. "$root/deploy/demo/stack.sh"
[ "${1:-}" = --bin ] && [ $# = 2 ] || { echo "usage: pods.sh --bin DIR" >&2; exit 2; }
bin="$(cd "$2" && pwd)"
[ "$(id -u)" = 0 ] || exec sudo -E "$0" --bin "$bin"
kubectl="$("$root/tests/conformance/kubectl/fetch.sh" | head -n 1)/kubectl-1.32"
[ -x "$kubectl" ] || { echo "SKIPPED: no kubectl that speaks WebSocket could be had"; exit 0; }
trap 'stop_stack' EXIT

k() { timeout 60 "$kubectl" "$@"; }
# Proxmox' own API with Gantry's token.
pve() {  # METHOD PATH [curl's arguments]
  local method=$1 path=$2; shift 2
  curl -fsS --cacert "$work/lab/tls/ca.pem" -X "$method" "$(lab url)/api2/json$path" -H @- "$@" \
    <<<"Authorization: PVEAPIToken=$(lab tokenId)=$(cat "$(lab tokenSecretFile)")"
}
is_equal() { [ "$1" = "$2" ] || die "expected \"$2\", got \"$1\""; }

chapter "a web server in a real container"
start_database
start_lab lxc --packages nginx-light --packages curl
# What containers reach of gantryd, which listens on the loopback.
bridge_address=$(ip -4 -o address show dev "$lab_bridge" | sed -n 's/.* inet \([0-9.]*\).*/\1/p')
daemon_port=$(free_port)
callback_port=$(free_port)
python3 "$here/relay.py" "$callback_port" "$daemon_port" "$bridge_address" 2>>"$work/relay.log" &
relay=$!
children+=("$relay")
daemon_flags=(--callback-url "https://$bridge_address:$callback_port")
start_daemon
ctl apply -f "$work/cluster.yaml" -f "$root/deploy/examples/hello"
ctl progress app/hello machines --timeout 240 || die "the App is not ready"
pod=hello-0

chapter "exec: output, exit codes, standard input"
is_equal "$(k exec $pod -- cat /var/www/html/index.html)" "hello from gantry"
is_equal "$(k exec $pod -- sh -c 'echo out; echo err >&2' 2>/dev/null)" out
is_equal "$(k exec $pod -- sh -c 'echo out; echo err >&2' 2>&1 >/dev/null)" err
code=0
k exec $pod -- sh -c 'exit 7' 2>/dev/null || code=$?
is_equal $code 7
is_equal "$(printf 'one\ntwo\n' | k exec -i $pod -- sort -r)" $'two\none'
# What a shell would make something of stays as it is.
# shellcheck disable=SC2016
is_equal "$(k exec $pod -- printf '%s' '$(id) `id` "; id')" '$(id) `id` "; id'
is_equal "$(k exec $pod -- head -c 3000000 /dev/zero | wc -c)" 3000000

chapter "exec -it: a shell at a terminal"
# script(1) is kubectl's own terminal; a person types one thing after the other.
at_terminal() {  # COMMAND WHAT-IS-TYPED…
  local command=$1 typed; shift
  { sleep 2; for typed in "$@"; do printf '%s' "$typed"; sleep 1; done; sleep 2; } |
    timeout 60 script -qec "stty cols 101 rows 33; $command" /dev/null
}
shell="$kubectl exec -it $pod -- sh"
code=0
at_terminal "$shell" $'stty size\r' $'tty\r' $'exit 5\r' >"$work/said" 2>&1 || code=$?
is_equal $code 5
grep -q '^33 101' "$work/said" || die "the terminal has another size: $(cat "$work/said")"
grep -q '^/dev/' "$work/said" || die "there is no terminal: $(cat "$work/said")"
# Control-C ends what runs, not the shell.
at_terminal "$shell" $'sleep 100\r' $'\x03' $'echo over; exit 0\r' >"$work/said" 2>&1 ||
  die "the shell did not survive Control-C: $(cat "$work/said")"
grep -q '^over' "$work/said" || die "the shell did not go on after Control-C: $(cat "$work/said")"
# Whoever leaves hangs up.
{ sleep 30; } | timeout 5 script -qec "$kubectl exec -it $pod -- sleep 7777" /dev/null >/dev/null 2>&1 || true
gone() { ! k exec $pod -- pgrep -f 'sleep 7777' >/dev/null; }
within 20 "the end of what ran at a terminal that was left" gone

chapter "cp: there and back"
head -c 1000000 /dev/urandom >"$work/there"
k cp "$work/there" "$pod:/tmp/there"
k cp "$pod:/tmp/there" "$work/back" >/dev/null
cmp "$work/there" "$work/back" || die "cp changed the file"

chapter "logs: of the App's unit, the last, followed"
k exec $pod -- systemctl restart nginx
k logs $pod >"$work/logs"
grep -q 'nginx' "$work/logs" || die "nothing of nginx is in: $(head -c 300 "$work/logs")"
is_equal "$(k logs $pod --tail=1 | wc -l)" 1
k logs $pod --tail=1 --timestamps | grep -qE '^20[0-9-]+T' || die "no timestamps"
k logs -f $pod --tail=1 >"$work/followed" 2>&1 &
follower=$!
children+=("$follower")
within 10 "a line" test -s "$work/followed"
before=$(wc -l <"$work/followed")
k exec $pod -- systemctl restart nginx
grown() { [ "$(wc -l <"$work/followed")" -gt "$before" ]; }
within 15 "the lines of the restart" grown
kill "$follower"

chapter "a container calls back: heard once, and nobody sees the token"
report=/var/lib/gantry/callback/report
heard() { k get machine $pod -o jsonpath='{.metadata.annotations.gantry\.dev/callback}'; }
code=0
k exec $pod -- $report 2>"$work/said" || code=$?
is_equal "$code: $(cat "$work/said")" "127: neither curl nor GNU wget is here: Gantry looks when it is due"$'\n'"command terminated with exit code 127"
k exec $pod -- sh -c 'apt-get update && apt-get install -y --no-install-recommends curl' \
  >"$work/said" 2>&1 || die "curl cannot be installed: $(tail -n 3 "$work/said")"
is_equal "$(heard)" ""
k exec $pod -- $report || die "the callback was refused"
first=$(heard)
[ "${first:-0}" -gt 1700000000000 ] || die "no attempt was noted: \"$first\""
k exec $pod -- $report || die "a callback that comes twice is an error"
is_equal "$(heard)" "$first"
k exec $pod -- sh -c 'sed -i s/gantrycb_/gantrycb_9/ /var/lib/gantry/callback/curl.conf'
! k exec $pod -- $report 2>/dev/null || die "a token that was made up is heard"
token=$(k exec $pod -- sed -n 's/.*Bearer \(.*\)"/\1/p' /var/lib/gantry/callback/curl.conf)
[ -n "$token" ] || die "no token is there"
secret=${token##*_}
! grep -qF "$secret" "$work/gantryd.log" "$work/audit.log" || die "the token is in a log"

chapter "a container that cannot call back is told, and stays ready"
kill_daemon
start_daemon
asked() { grep -q '"code":405.*/machines/hello-0/callback".*"verb":"get"' "$work/audit.log"; }
within 90 "the container has asked whether we are there" asked
says() { k get app hello -o jsonpath="{.status.conditions[?(@.type==\"$1\")].$2}"; }
is_equal "$(says CallbackReachable code)" ""
kill "$relay"
kill_daemon
start_daemon
is_told() { [ "$(says CallbackReachable code)" = BST-002 ]; }
within 90 "the container cannot reach us" is_told
grep -q "^hello-0: curl: (7) .*; polling instead$" <<<"$(says CallbackReachable message)" ||
  die "$(says CallbackReachable message)"
is_equal "$(says Ready status)" True

chapter "top"
measured() { k top pod $pod >"$work/said" 2>&1; }
within 60 "figures" measured
grep -qE "^$pod +[0-9]+m +[1-9][0-9]*Mi" "$work/said" || die "$(cat "$work/said")"

chapter "the same with gantryctl, without kubectl"
is_equal "$(ctl exec machine/$pod -- cat /var/www/html/index.html </dev/null)" "hello from gantry"
is_equal "$(ctl exec app/hello -- sh -c 'echo out; echo err >&2' 2>&1 >/dev/null </dev/null)" err
code=0
ctl exec machine/$pod -- sh -c 'exit 7' </dev/null || code=$?
is_equal $code 7
is_equal "$(printf 'one\ntwo\n' | ctl exec machine/$pod -- sort -r)" $'two\none'
is_equal "$(head -c 3000000 /dev/zero | ctl exec machine/$pod -- wc -c)" 3000000
is_equal "$(ctl exec machine/$pod -- printf '%s' '[a] -- "; id' </dev/null)" '[a] -- "; id'
is_equal "$(ctl logs app/hello --tail 1 | wc -l)" 1
: >"$work/followed"  # what was followed before says nothing
"$bin/gantryctl" logs -f machine/$pod --tail 1 >"$work/followed" 2>&1 &
follower=$!
children+=("$follower")
within 10 "a line" test -s "$work/followed"
before=$(wc -l <"$work/followed")
ctl exec machine/$pod -- systemctl restart nginx </dev/null
within 15 "the lines of the restart" grown
kill "$follower"
used() {
  ctl stats app/hello >"$work/said"
  grep -qE "^$pod +running +[0-9.]+ +[1-9].* MiB / .* [1-9][0-9.]* [KM]iB +[1-9][0-9.]* [KM]iB +[0-9ms]+ ago" \
    "$work/said"
}
within 90 "figures of all kinds" used

chapter "suspend, resume, scale, stop, start"
ctl suspend app/hello --timeout 120
is_equal "$(ctl get machine $pod -o json | grep -o '"power": *"[a-z]*"' | tr -d ' ')" '"power":"stopped"'
ctl resume app/hello --timeout 240
k exec $pod -- systemctl is-active nginx >/dev/null || die "nginx does not run after resume"
code=0
ctl stop machine/$pod 2>"$work/said" || code=$?
is_equal $code 1
grep -q "suspend app/hello" "$work/said" || die "$(cat "$work/said")"
ctl scale app/hello --replicas 2 --timeout 240
is_equal "$(ctl logs app/hello --tail 1 | grep -c '^\[hello-[01]\] ')" 2
ctl scale app/hello --replicas 1 --timeout 120
code=0
ctl --kubeconfig /dev/null suspend app/hello 2>/dev/null || code=$?
is_equal $code 2

chapter "a golden template: built, left to a person, cloned"
ctl template build gold --class small --timeout 240 >"$work/said" || die "no template was built"
gold=$(sed -n 's/.*pct set \([0-9]*\) --hostname gold && pct template \1$/\1/p' "$work/said")
[ -n "$gold" ] || die "no command is told: $(cat "$work/said")"
is_equal "$(ctl template build gold --class small)" "$(cat "$work/said")"
! ctl get machine gold >/dev/null 2>&1 || die "the Machine is still there"
# What the person types.
pve PUT "/nodes/$(lab node)/lxc/$gold/config" --data hostname=gold >/dev/null
pve POST "/nodes/$(lab node)/lxc/$gold/template" >/dev/null
ctl get machineclass small -o json | jq 'del(.status, .spec.os) | .spec.golden = {name: "gold"} |
  .metadata = {name: "cloned"}' | ctl apply -f -
printf '%s\n' 'apiVersion: gantry.dev/v1alpha1' 'kind: Machine' 'metadata: {name: copy}' \
  'spec: {machineClassName: cloned}' | ctl apply -f -
ctl wait machine/copy --for condition=Ready --timeout 120
ids=$(for one in machine/copy app/hello; do ctl exec $one -- cat /etc/machine-id </dev/null; done)
is_equal "$(sort -u <<<"$ids" | grep -c .)" 2
is_equal "$(ctl exec machine/copy -- hostname </dev/null)" copy
ctl delete machine copy
ctl delete machineclass cloned
ctl delete configmap template-gold
pve DELETE "/nodes/$(lab node)/lxc/$gold" >/dev/null

chapter "restart: once"
started() { k exec $pod -- systemctl show --property=InvocationID --value nginx; }
before=$(started)
ctl restart app/hello --timeout 120
after=$(started)
[ "$before" != "$after" ] || die "nginx was not restarted"
sleep 5
is_equal "$(started)" "$after"

chapter "who may only look may read logs, and not run anything"
k create serviceaccount looker
k create rolebinding looks --clusterrole=view --serviceaccount=default:looker
token=$(k create token looker)
looker() { k --kubeconfig /dev/null --server "$(ctl_server)" \
  --certificate-authority "$work/gantryd/ca.pem" --token "$token" "$@"; }
looker logs $pod --tail=1 >/dev/null || die "the log was refused"
! looker exec $pod -- true >"$work/said" 2>&1 || die "exec was allowed"
grep -qi 'forbidden' "$work/said" || die "$(cat "$work/said")"

chapter "delete"
ctl delete app hello --timeout 120
stop_stack
nothing_is_left || die "something is left behind"
chapter "the whole story went well"
