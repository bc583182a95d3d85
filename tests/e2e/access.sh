#!/usr/bin/env bash
# Who may what, end to end: real PostgreSQL, real gantryd, real kubectl; tokens, certificates, roles,
# the audit log, and Secrets that the database never sees.
#
#   access.sh --bin DIR
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
# shellcheck source=deploy/demo/stack.sh
. "$root/deploy/demo/stack.sh"
[ "${1:-}" = --bin ] && [ $# = 2 ] || { echo "usage: access.sh --bin DIR" >&2; exit 2; }
bin="$(cd "$2" && pwd)"
[ "$(id -u)" = 0 ] || exec sudo -E "$0" --bin "$bin"
trap 'stop_stack' EXIT

planted=plover-5521-unheard

# PATTERN COMMAND…: what it prints, on either stream, has the pattern, whatever its exit code.
says() {
  local pattern=$1 said; shift
  said=$("$@" 2>&1) || true
  grep -qF -- "$pattern" <<<"$said" || die "'$*' should say '$pattern', not: $said"
}
fails() { ! "$@" >"$work/said" 2>&1 || die "'$*' should have been refused: $(cat "$work/said")"; }
works() { "$@" >"$work/said" 2>&1 || die "'$*' failed: $(cat "$work/said")"; }

# TOKEN ARGS…: kubectl with nothing but that token.
kubectl_as() {
  local token=$1; shift
  kubectl --kubeconfig /dev/null --server "$(ctl_server)" \
    --certificate-authority "$work/gantryd/ca.pem" --token "$token" "$@"
}

# What `kubectl create ARGS…` would make, made as JSON: an old kubectl sends some kinds as protobuf.
make() { kubectl create "$@" --dry-run=client -o yaml >"$work/made" && kubectl apply -f "$work/made"; }
make_as() {
  local user=$1; shift
  kubectl create "$@" --dry-run=client -o yaml >"$work/made" &&
    kubectl apply -f "$work/made" --as "$user"
}

# USER PLURAL KIND SPEC: what the API answers to that review.
review() {
  jq -nc --arg kind "$3" --argjson spec "$4" \
    '{apiVersion: "authorization.k8s.io/v1", kind: $kind, spec: $spec}' |
    kubectl create --as "$1" --raw "/apis/authorization.k8s.io/v1/$2" -f -
}
may() {  # USER VERB GROUP RESOURCE
  review "$1" selfsubjectaccessreviews SelfSubjectAccessReview "$(jq -nc --arg verb "$2" \
    --arg group "$3" --arg resource "$4" '{resourceAttributes: {namespace: "default", verb: $verb,
      group: $group, resource: $resource}}')"
}

roles_and_tokens() {
  chapter "kubectl: roles, bindings, service accounts, --as, can-i"
  works make role reader --verb=get,list,watch --resource=apps.gantry.dev
  works make rolebinding readers --role=reader --user=dev
  works make serviceaccount robot
  works make clusterrole metrics --verb=get --non-resource-url=/metrics
  works make clusterrolebinding robots --clusterrole=metrics \
    --serviceaccount=default:robot
  says '"allowed":true' may dev list gantry.dev apps
  says '"allowed":false' may dev list "" secrets
  says '"resources":["apps"]' review dev selfsubjectrulesreviews SelfSubjectRulesReview \
    '{"namespace": "default"}'
  says 'cannot list resource "secrets" in API group "" in the namespace "default"' \
    kubectl get secrets --as dev
  local token; token=$(ctl token create dev --user dev)
  works kubectl_as "$token" get apps
  says 'User "dev" cannot list resource "machines" in API group "gantry.dev"' \
    kubectl_as "$token" get machines
  says 'User "dev" cannot impersonate resource "users"' kubectl_as "$token" get apps --as admin
  says 'cannot get resource "roles"' make_as dev role more --verb=delete --resource=apps.gantry.dev
  says dev ctl token list
  works ctl token revoke dev
  says Unauthorized kubectl_as "$token" get apps
}

nobody_grants_more() {
  chapter "nobody grants more than he holds"
  works make rolebinding boss --clusterrole=admin --user=boss
  works make_as boss role small --verb=get --resource=apps.gantry.dev
  says "attempting to grant RBAC permissions not currently held" \
    make_as boss rolebinding root --clusterrole=cluster-admin --user=boss
  says 'cannot get resource "clusterrolebindings"' \
    make_as boss clusterrolebinding root --clusterrole=cluster-admin --user=boss
}

certificates() {
  chapter "client certificates"
  works "$bin/gantryctl" certificate issue alice --group gantry:viewers \
    --authority "$work/gantryd" --out "$work"
  local with=(kubectl --kubeconfig /dev/null --server "$(ctl_server)"
    --certificate-authority "$work/gantryd/ca.pem"
    --client-certificate "$work/alice.crt" --client-key "$work/alice.key")
  works "${with[@]}" get machines
  says 'User "alice" cannot list resource "secrets"' "${with[@]}" get secrets
  works ctl certificate revoke "$work/alice.crt"
  says Unauthorized "${with[@]}" get machines
}

account_tokens() {
  chapter "a token of a service account"
  local token; token=$(kubectl create --raw /api/v1/namespaces/default/serviceaccounts/robot/token \
    -f - <<<'{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest"}' |
    jq -r .status.token)
  works kubectl_as "$token" get --raw /metrics
  fails kubectl_as "$token" get apps
  printf '%s' "$token" >"$work/robot.token"
  works kubectl delete serviceaccount robot
  says Unauthorized kubectl_as "$token" get --raw /metrics
}

secrets_at_rest() {
  chapter "Secrets in the database, rotated keys, a lost key"
  works make secret generic db --from-literal=password="$planted"
  [ "$(kubectl get secret db -o json | jq -r .data.password | base64 -d)" = "$planted" ] ||
    die "the Secret does not come back"
  sql checkpoint >/dev/null
  local encoded; encoded=$(printf %s "$planted" | base64)
  for secret in "$planted" "$encoded"; do
    ! grep -rqF -- "$secret" "$work/postgres/data" || die "a Secret is in the database's files"
    ! "$(postgres_bin)/pg_dump" -h "$work/postgres" -U gantry gantry | grep -qF -- "$secret" ||
      die "a Secret is in the dump"
  done
  works "$bin/gantryctl" key --file "$work/gantryd/secrets.key" rotate
  end_process "$daemon_pid" 10
  start_daemon
  says key-2 grep sealed "$work/gantryd.log"
  [ "$(sql "select count(*) from gantry.objects where resource = 'secrets' and body not like 'sealed:v1:key-2:%'")" = 0 ] ||
    die "a Secret was not sealed anew"
  [ "$(kubectl get secret db -o json | jq -r .data.password | base64 -d)" = "$planted" ] ||
    die "the Secret does not come back after the rotation"
  end_process "$daemon_pid" 10
  mv "$work/gantryd/secrets.key" "$work/away.key"
  local before; before=$(sql "select md5(string_agg(body, '' order by revision)) from gantry.objects")
  says "the key file is missing" timeout 20 "$bin/gantryd" --data "$work/gantryd" \
    --listen 127.0.0.1:0 --database "host=$work/postgres user=gantry dbname=gantry"
  [ ! -e "$work/gantryd/secrets.key" ] || die "a new key was made"
  [ "$before" = "$(sql "select md5(string_agg(body, '' order by revision)) from gantry.objects")" ] ||
    die "something was written"
  mv "$work/away.key" "$work/gantryd/secrets.key"
  start_daemon
  works kubectl get secret db
}

nothing_leaks() {
  chapter "the audit log says who, and no secret is anywhere"
  within 5 "an audit line" grep -q '"user":"alice"' "$work/audit.log"
  jq -es 'map(select(.user == "dev" and .code == 403)) | length > 0' "$work/audit.log" >/dev/null ||
    die "no refusal of dev in the audit log"
  jq -es 'map(select(.impersonatedBy == "admin" and .user == "boss")) | length > 0' \
    "$work/audit.log" >/dev/null || die "nobody acts as boss in the audit log"
  local secret
  for secret in "$planted" "$(printf %s "$planted" | base64)" "$(cat "$work/robot.token")" \
    "$(sed -n 's/^ *token: *//p' "$KUBECONFIG" | tr -d '"')"; do
    ! grep -qF -- "$secret" "$work/audit.log" "$work"/gantryd*.log ||
      die "a secret is in a log"
  done
}

chapter "PostgreSQL, gantryd"
start_database
start_daemon
roles_and_tokens
nobody_grants_more
certificates
account_tokens
secrets_at_rest
nothing_leaks
stop_stack
chapter "all of it went well"
