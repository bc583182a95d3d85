#!/usr/bin/env bash
# Updates beside the old version, on real LXC: a client of the Appliance's proxy notices none of
# them, with data or without, nor those that go wrong.
#
#   updates.sh --bin DIR
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
# shellcheck source=deploy/demo/stack.sh
. "$root/deploy/demo/stack.sh"
# shellcheck source=tests/e2e/network.sh
. "$here/network.sh"
[ "${1:-}" = --bin ] && [ $# = 2 ] || { echo "usage: updates.sh --bin DIR" >&2; exit 2; }
bin="$(cd "$2" && pwd)"
[ "$(id -u)" = 0 ] || exec sudo -E "$0" --bin "$bin"
trap 'end' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

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

apps_are_there() {
  chapter "two Apps, one with a volume, reached by name"
  write_app site "this is site" | ctl apply -f -
  write_diary "this is diary" | ctl apply -f -
  within 400 "site" app_ready site
  within 180 "site through the proxy" says site.apps.lan "this is site"
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
}

all_goes() {
  chapter "delete"
  ctl delete app site diary --timeout 180
  ctl delete appliance lan -n gantry-system --timeout 180
  [ "$(lab_guests | jq length)" = 0 ] || die "containers are left: $(lab_guests)"
}

chapter "a lab with real containers, gantryd"
start_database
start_lab lxc --with-network --packages nginx-light,nftables,dnsmasq,bind9-host,curl,caddy
start_daemon
an_appliance_comes_up
apps_are_there
an_update_beside_the_old_one_disturbs_nobody
data_changes_its_container_while_requests_wait
all_goes
end
client=
nothing_is_left || die "something is left behind"
chapter "the whole story went well"
