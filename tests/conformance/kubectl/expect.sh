# shellcheck shell=bash
# What the areas are written in. Sourced; needs stack.sh, $kubectls, $version and $ns.

steps=0
version=
ns=

# This version's kubectl, in this area's namespace.
k() { "$kubectls/kubectl-$version" -n "$ns" "$@"; }
is_at_least() { [ "$(printf '%s\n' "$1" "$version" | sort -V | head -1)" = "$1" ]; }

unexpected() {  # WHAT CODE SAID
  die "kubectl $version: expected $1; it ended with $2 and said:
$3"
}

# PATTERN COMMAND…: succeeds, and a line of what it prints has the pattern.
expect() {
  local pattern=$1 said code=0; shift
  said=$("$@" 2>&1) || code=$?
  { [ $code = 0 ] && grep -qE -- "$pattern" <<<"$said"; } ||
    unexpected "\"$pattern\" from: $*" $code "$said"
  steps=$((steps + 1))
}

# PATTERN COMMAND…: fails, and says so with the pattern.
refuses() {
  local pattern=$1 said code=0; shift
  said=$("$@" 2>&1) || code=$?
  { [ $code != 0 ] && grep -qE -- "$pattern" <<<"$said"; } ||
    unexpected "a failure with \"$pattern\" from: $*" $code "$said"
  steps=$((steps + 1))
}

# VALUE COMMAND…: prints exactly that.
prints() {
  local wanted=$1 said code=0; shift
  said=$("$@" 2>&1) || code=$?
  { [ $code = 0 ] && [ "$said" = "$wanted" ]; } || unexpected "\"$wanted\" from: $*" $code "$said"
  steps=$((steps + 1))
}

# An App of this area that nothing is made of: its class does not exist.
app() {  # NAME [REPLICAS]
  cat <<END
apiVersion: gantry.dev/v1alpha1
kind: App
metadata: {name: $1, labels: {app: $1}}
spec:
  machineClassName: nowhere
  replicas: ${2:-1}
  workload: {service: {unit: $1.service}}
  ports:
  - {name: http, port: 80}
END
}
# What was given as YAML is there. The dashes: kubectl takes a leading brace for JSON.
made() { printf -- '---\n%s\n' "$1" | k apply -f - >"$work/said" || die "apply: $1"; }
field() { k get app "$1" -o "jsonpath={$2}"; }  # NAME PATH
