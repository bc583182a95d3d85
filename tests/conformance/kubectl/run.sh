#!/usr/bin/env bash
# Stock clients against a real gantryd: each kubectl through every area of areas/, then the Python
# client and plain HTTP. Real PostgreSQL, gantry-lab in memory.
#
#   run.sh --bin DIR [AREA…]
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../../.." && pwd)"
# shellcheck source=deploy/demo/stack.sh
. "$root/deploy/demo/stack.sh"
# shellcheck source=tests/conformance/kubectl/expect.sh
. "$here/expect.sh"
[ "${1:-}" = --bin ] && [ $# -ge 2 ] || { echo "usage: run.sh --bin DIR [AREA…]" >&2; exit 2; }
bin="$(cd "$2" && pwd)"
shift 2
[ "$(id -u)" = 0 ] || exec sudo -E "$0" --bin "$bin" "$@"
trap 'stop_stack' EXIT

kubectls="$("$here/fetch.sh" --offline)"
wanted=("$@")
is_wanted() { [ ${#wanted[@]} = 0 ] || [[ " ${wanted[*]} " == *" $1 "* ]]; }

# Each area is a file that defines `area_NAME`, run in a namespace of its own with $version set.
run_areas() {
  local file name
  for file in "$here"/areas/*.sh; do
    name="$(basename "$file" .sh)"
    is_wanted "$name" || continue
    # shellcheck source=/dev/null
    . "$file"
    for version in 1.20 1.32; do
      if [ ! -x "$kubectls/kubectl-$version" ]; then
        chapter "$name, kubectl $version: SKIPPED, it could not be fetched (tests/conformance/kubectl/fetch.sh)"
        continue
      fi
      chapter "$name, kubectl $version"
      export HOME="$work/home-$version"  # its discovery cache
      ns="$name-${version/./-}"
      made "{apiVersion: v1, kind: Namespace, metadata: {name: $ns}}"
      "area_$name"
    done
  done
}

run_scripts() {
  local script name
  for script in "$here"/scripts/*.py; do
    name="$(basename "$script" .py)"
    is_wanted "$name" || continue
    chapter "$name"
    PYTHONPATH="$here" PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$script" --server "$(ctl_server)" --ca "$work/gantryd/ca.pem" \
      --kubeconfig "$KUBECONFIG" || die "$name"
  done
}

chapter "PostgreSQL, a lab in memory, gantryd"
start_database
start_lab memory
start_daemon
ctl apply -f "$work/cluster.yaml"
ctl apply -f "$root/deploy/examples/hello/1-machineclass.yaml"
run_areas
run_scripts
chapter "all of it went well: $steps steps"
