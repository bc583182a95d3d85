#!/usr/bin/env bash
# Updates beside the old version, on real LXC, of an App with a volume: its data changes the container
# while requests to the Appliance's proxy wait, and changes back when the new version does not come up.
#
#   handover.sh --bin DIR
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
# shellcheck source=deploy/demo/stack.sh
. "$root/deploy/demo/stack.sh"
# shellcheck source=tests/e2e/network.sh
. "$here/network.sh"
[ "${1:-}" = --bin ] && [ $# = 2 ] || { echo "usage: handover.sh --bin DIR" >&2; exit 2; }
bin="$(cd "$2" && pwd)"
[ "$(id -u)" = 0 ] || exec sudo -E "$0" --bin "$bin"
trap 'end' EXIT

has_proven() { [ "$(status_of "$1" currentRevision)" = "$(status_of "$1" revision)" ]; }

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

an_app_is_there() {
  chapter "an App with a volume, reached by name"
  write_diary "this is diary" | ctl apply -f -
  within 300 "diary through the proxy" says diary.apps.lan "this is diary"
  in_app diary-0 sh -c 'echo kept >/srv/data/value'
  within 60 "its data" says diary.apps.lan/data/value kept
  within 60 "its first revision" has_proven diary
}

data_changes_its_container_while_requests_wait() {
  chapter "BlueGreen with a volume: requests wait for half a minute at most"
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
}

data_comes_back_from_a_version_that_fails() {
  chapter "a version that does not come up gives it back, with gantryd killed on the way"
  write_diary "this is diary 3" missing.service | ctl apply -f -
  within 300 "the hand-over" told "HandingOver: the volumes go to diary-0:"
  kill_daemon
  start_daemon
  within 300 "its end" is_rolled_back diary
  within 180 "one set" has_one_set diary Green
  says diary.apps.lan "this is diary 2" || die "the old version is not served any more"
  says diary.apps.lan/data/value kept || die "the data is lost"
}

begin
an_app_is_there
data_changes_its_container_while_requests_wait
data_comes_back_from_a_version_that_fails
all_goes diary
end_well
