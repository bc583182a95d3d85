#!/usr/bin/env bash
# Updates beside the old version, on real LXC: a client of the Appliance's proxy notices none of
# them, nor those that go wrong; those with data are in handover.sh.
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

# Beside the old one: its process, as the kernel knows it, is the same until it goes.
pid_of() { lxc-info -P "$work/lab/lxc" -n "$(container "$(vmid_of "$1")")" -pH; }

an_app_is_there() {
  chapter "an App, reached by name"
  write_app site "this is site" | ctl apply -f -
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

begin
an_app_is_there
an_update_beside_the_old_one_disturbs_nobody
all_goes site
end_well
