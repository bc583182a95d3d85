#!/usr/bin/env bash
# The stack that all stories stand on: whoever ends one early, and twice, finds nothing left, and
# what does not start says why. gantry-lab in memory.
#
#   ending.sh --bin DIR
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
# shellcheck source=deploy/demo/stack.sh
. "$root/deploy/demo/stack.sh"
[ "${1:-}" = --bin ] && [ $# = 2 ] || { echo "usage: ending.sh --bin DIR" >&2; exit 2; }
bin="$(cd "$2" && pwd)"
[ "$(id -u)" = 0 ] || exec sudo -E "$0" --bin "$bin"

said=$(mktemp)
story=
trap '[ -z "$story" ] || end_process "$story" 60; rm -f "$said"' EXIT

# Starts a story with a process group of its own, as a terminal does; bash gives a script's
# background jobs an ignored SIGINT, which they could not trap. $story is its pid.
begin() {  # COMMANDS
  bin="$bin" setsid env --default-signal=INT bash -euc \
    ". '$root/deploy/demo/stack.sh'; trap stop_stack EXIT; make_work; say \"\$work\"; $1" \
    >"$said" 2>&1 &
  story=$!
}
folder() { work=$(grep -om1 '/[^ ]*gantry-demo-[A-Za-z0-9]*' "$said"); }
has_ended() { ! kill -0 "$story" 2>/dev/null; }
told() { grep -qF -- "$1" "$said"; }

ended_twice() {  # SIGNAL EXIT-CODE
  chapter "SIG$1, and again while it stops"
  # One that does not listen makes the stop last a second.
  begin 'start_database; start_lab memory; start_daemon
    env --ignore-signal=INT,HUP,TERM sleep 600 & children+=("$!")
    say "it runs"; sleep 600'
  within 60 "the stack" told "it runs"
  folder
  kill -"$1" -- "-$story"
  within 5 "the stop" told "stopping"
  kill -"$1" -- "-$story"
  within 60 "the end" has_ended
  local code=0
  wait "$story" || code=$?
  [ "$code" = "$2" ] || die "exit code $code instead of $2: $(cat "$said")"
  nothing_is_left || die "something is left behind"
}

# WHAT IT SAYS, COMMANDS, WHAT IT SHOWS OF THE LOG
does_not_start() {
  begin "$2"
  within 60 "the end" has_ended
  ! wait "$story" || die "it began"
  told "FAILED: $1" || die "it should say '$1', not: $(cat "$said")"
  told "$3" || die "it should show '$3', not: $(cat "$said")"
  folder
  nothing_is_left || die "something is left behind"
}

ended_twice INT 130
ended_twice TERM 143
ended_twice HUP 129
chapter "what does not start"
does_not_start "PostgreSQL's initdb has failed" \
  'postgres_bin() { echo "$work/postgres"; }; start_database' "No such file or directory"
does_not_start "gantry-lab has ended" 'start_lab memory --nodes 65' "--nodes"
does_not_start "gantryd has ended" \
  'start_database; daemon_flags=(--secrets-key /nonexistent/key); start_daemon' "/nonexistent/key"
chapter "all of it went well"
