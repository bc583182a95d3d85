# shellcheck shell=bash
# Starts and stops what the demo and the end-to-end tests run on. Sourced; needs $bin.
#
# A folder $work holds everything; each part is stopped by its pid, never by name.

# A signal ends the script, and its EXIT trap cleans up: Ctrl-C, a closed terminal, kill.
trap 'exit 130' INT
trap 'exit 129' HUP
trap 'exit 143' TERM

work=
postgres_pid=
lab_pid=
lab_lines_pid=  # shows its log while it starts
lab_bridge=
daemon_pid=
daemon_port=
daemon_flags=()  # further ones
children=()

# ---- telling the story ---------------------------------------------------------------------------

began=$SECONDS
chapter() { printf '\n\033[1m== %s\033[0m  (%d s)\n' "$*" $((SECONDS - began)); }
say() { printf '   %s\n' "$*"; }
die() {
  printf '\n\033[31mFAILED: %s\033[0m\n' "$*" >&2
  show_what_is_known >&2
  exit 1
}

# What did not start says why in its log, which goes with the folder.
failed_to_start() {
  printf '\n\033[31mFAILED: %s\033[0m\n--- the end of %s\n' "$1" "$2" >&2
  tail -n 40 "$2" >&2
  exit 1
}

show_what_is_known() {
  local kind log
  if [ -n "$daemon_pid" ]; then
    ctl get proxmoxclusters,machineclasses 2>/dev/null || true
    for kind in proxmoxclusters machineclasses appliances apps machines; do
      ctl describe $kind 2>/dev/null || true
    done
  fi
  [ -n "$work" ] || return 0
  for log in "$work"/*.log; do
    echo "--- the end of $log"
    tail -n 40 "$log"
  done
}

# Waits until a command succeeds: within SECONDS, WHAT for the message.
within() {
  local limit=$1 what=$2 until=$((SECONDS + $1))
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $until ] || die "$what did not happen within $limit s"
    sleep 0.3
  done
}

make_work() {
  [ -n "$work" ] && return
  work=$(mktemp -d "${TMPDIR:-/tmp}/gantry-demo-XXXXXX")
  # Unprivileged containers reach their root file systems below it.
  umask 022
  chmod 755 "$work"
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# LIMIT PID LOG WHAT COMMAND…: waits until a command succeeds. When the process has ended before, or
# the time (s) is up, it shows the end of its log.
wait_up() {
  local limit=$1 pid=$2 log=$3 what=$4 until=$((SECONDS + $1))
  shift 4
  until "$@" >/dev/null 2>&1; do
    kill -0 "$pid" 2>/dev/null || failed_to_start "$what has ended" "$log"
    [ $SECONDS -lt $until ] || failed_to_start "$what is not ready after $limit s" "$log"
    sleep 0.1
  done
}

# SIGTERM (or another signal), then SIGKILL after LIMIT seconds.
end_process() {
  local pid=$1 limit=$2 signal=${3:-TERM}
  kill -0 "$pid" 2>/dev/null || return 0
  kill -"$signal" "$pid" 2>/dev/null || true
  local tries=$((limit * 10))
  while kill -0 "$pid" 2>/dev/null && [ $((tries -= 1)) -gt 0 ]; do sleep 0.1; done
  kill -0 "$pid" 2>/dev/null && kill -9 "$pid" 2>/dev/null
  wait "$pid" 2>/dev/null || true
}

# ---- PostgreSQL: initdb in a folder of its own, a socket and no port, an unprivileged user -------

postgres_bin() {
  local folder
  for folder in /usr/lib/postgresql/*/bin; do :; done
  [ -x "$folder/initdb" ] || { echo "PostgreSQL is not installed" >&2; return 1; }
  echo "$folder"
}

# initdb refuses root. Replaces the shell that calls it: use it in a subshell.
exec_as_postgres() {
  local user=postgres
  id "$user" >/dev/null 2>&1 || user=nobody
  cd "$work/postgres"
  exec setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups -- "$@"
}

start_database() {
  make_work
  local pg user=postgres; pg=$(postgres_bin)
  id "$user" >/dev/null 2>&1 || user=nobody
  install -d -o "$user" -m 755 "$work/postgres"
  (exec_as_postgres "$pg/initdb" -D "$work/postgres/data" -U gantry -A trust -E UTF8 \
    --locale=C.UTF-8 >"$work/initdb.log" 2>&1) ||
    failed_to_start "PostgreSQL's initdb has failed" "$work/initdb.log"
  start_postgres
  sql "create database gantry" postgres
}

start_postgres() {
  local pg; pg=$(postgres_bin)
  (exec_as_postgres "$pg/postgres" -D "$work/postgres/data" -c listen_addresses= \
    -c unix_socket_directories="$work/postgres" >>"$work/postgres.log" 2>&1) &
  postgres_pid=$!
  wait_up 30 "$postgres_pid" "$work/postgres.log" PostgreSQL sql "select 1" postgres
}

sql() { "$(postgres_bin)/psql" -h "$work/postgres" -U gantry -d "${2:-gantry}" -qAt -c "$1"; }

# ---- gantry-lab ---------------------------------------------------------------------------------

# lxc (real containers, as root) or memory (records of them), and more options for the lab.
start_lab() {
  make_work
  : >"$work/lab.log"
  "$bin/gantry-lab" --backend "${1:-lxc}" --state "$work/lab" --listen 127.0.0.1:0 "${@:2}" \
    >>"$work/lab.log" 2>&1 &
  lab_pid=$!
  # The first run builds the template and the package repository: minutes, in which its log tells.
  tail -n +1 -f "$work/lab.log" &
  lab_lines_pid=$!
  wait_up 1800 "$lab_pid" "$work/lab.log" gantry-lab test -e "$work/lab/lab.json"
  end_process "$lab_lines_pid" 1
  lab_lines_pid=
  lab_bridge=$(jq -r '.bridge // empty' "$work/lab/lab.json")
  write_cluster
}

lab() { jq -r --arg key "$1" '.[$key]' "$work/lab/lab.json"; }

# The manifests that tell gantryd about the lab.
write_cluster() {
  jq -n --slurpfile lab "$work/lab/lab.json" --rawfile token "$(lab tokenSecretFile)" \
    --rawfile key "$(lab sshKeyFile)" '
    $lab[0] as $lab |
    {apiVersion: "v1", kind: "List", items: [
      {apiVersion: "v1", kind: "Secret", metadata: {name: "pve-lab", namespace: "gantry-system"},
       stringData: {tokenId: $lab.tokenId, tokenSecret: ($token | rtrimstr("\n"))}},
      {apiVersion: "v1", kind: "Secret", metadata: {name: "pve-ssh", namespace: "gantry-system"},
       stringData: {privateKey: $key}},
      {apiVersion: "gantry.dev/v1alpha1", kind: "ProxmoxCluster", metadata: {name: "lab"},
       spec: {
         endpoints: [$lab.url], tls: {fingerprint: $lab.fingerprint},
         credentials: {secretRef: {name: "pve-lab", namespace: "gantry-system"}},
         commandChannel: {ssh: {
           user: $lab.sshUser, port: $lab.sshPort, knownHosts: $lab.knownHosts,
           hosts: {($lab.node): "127.0.0.1"},
           secretRef: {name: "pve-ssh", namespace: "gantry-system"}}},
         vmidRange: {start: 20000, end: 29999}, pool: $lab.pool, mode: "Enforce", pollSeconds: 2}}]}' \
    >"$work/cluster.yaml"
  chmod 600 "$work/cluster.yaml"
}

lab_do() { "$bin/gantry-lab" control --state "$work/lab" "$@"; }
lab_guests() { lab_do guests; }
lab_guest() { lab_do guest "$1"; }
lab_volumes() { lab_do volumes; }

# ---- gantryd ------------------------------------------------------------------------------------

start_daemon() {
  [ -n "$daemon_port" ] || daemon_port=$(free_port)
  "$bin/gantryd" --data "$work/gantryd" --listen "127.0.0.1:$daemon_port" \
    --database "host=$work/postgres user=gantry dbname=gantry" \
    --audit-log "$work/audit.log" "${daemon_flags[@]}" >>"$work/gantryd.log" 2>&1 &
  daemon_pid=$!
  export KUBECONFIG="$work/gantryd/admin.kubeconfig"
  wait_up 30 "$daemon_pid" "$work/gantryd.log" gantryd daemon_ready
}

ctl_server() { echo "https://127.0.0.1:$daemon_port"; }
daemon_ready() {
  [ -e "$KUBECONFIG" ] &&
    curl -fsS --cacert "$work/gantryd/ca.pem" "$(ctl_server)/readyz"
}
kill_daemon() {
  kill -9 "$daemon_pid"
  wait "$daemon_pid" 2>/dev/null || true
}

ctl() { "$bin/gantryctl" "$@"; }

# ---- the end ------------------------------------------------------------------------------------

stop_stack() {
  local pid
  # A second Ctrl-C must not end this half-way.
  trap '' INT HUP TERM
  # Nobody may be left to read it: the terminal may be closed.
  [ -z "$daemon_pid$lab_pid$postgres_pid" ] || say "stopping…" 2>/dev/null || true
  for pid in "${children[@]}"; do end_process "$pid" 1; done
  children=()
  [ -z "$lab_lines_pid" ] || end_process "$lab_lines_pid" 1
  [ -z "$daemon_pid" ] || end_process "$daemon_pid" 12
  [ -z "$lab_pid" ] || end_process "$lab_pid" 20
  [ -z "$work" ] || [ ! -d "$work/lab" ] || "$bin/gantry-lab" cleanup --state "$work/lab" || true
  # "Fast": does not wait for its clients to leave.
  [ -z "$postgres_pid" ] || end_process "$postgres_pid" 10 INT
  daemon_pid= lab_pid= lab_lines_pid= postgres_pid=
  [ -z "$work" ] || [ -n "${KEEP_WORK:-}" ] || rm -rf "$work"
}

# After stop_stack: no process, mount or bridge names our folder any more.
nothing_is_left() {
  if grep -q "$work" /proc/mounts; then
    echo "a mount is left below $work" >&2
    return 1
  fi
  if [ -n "$lab_bridge" ] && ip link show dev "$lab_bridge" >/dev/null 2>&1; then
    echo "the bridge $lab_bridge is left" >&2
    return 1
  fi
  if [ -e "$work" ] && [ -z "${KEEP_WORK:-}" ]; then
    echo "$work is left" >&2
    return 1
  fi
  if pgrep -f "$work" >/dev/null; then
    echo "processes are left:" >&2
    pgrep -af "$work" >&2
    return 1
  fi
}
