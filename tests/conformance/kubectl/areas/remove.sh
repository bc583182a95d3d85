# shellcheck shell=bash
# delete with each propagation, what lingers, collections.
area_remove() {
  config_map plain
  expect 'configmap "plain" deleted' k delete configmap plain
  refuses 'not found' k delete configmap plain
  expect '' k delete configmap plain --ignore-not-found
  local policy
  for policy in background foreground orphan; do owner_and_dependent $policy; done
  lingers_until_its_finalizer_goes
  config_map one; config_map two
  expect 'configmap "one" deleted' k delete configmaps --all
  prints '' k get configmaps -o name
  config_map dry
  expect 'deleted \(server dry run\)' k delete configmap dry --dry-run=server
  expect dry k get configmap dry
  prints '' k delete -f <(app never) --ignore-not-found=true
}

config_map() {  # NAME [OWNER's name and uid]
  local owners=
  [ $# = 1 ] || owners=", ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: $2, uid: $3}]"
  made "{apiVersion: v1, kind: ConfigMap, metadata: {name: $1$owners}}"
}
gone() { ! k get configmap "$1"; }

owner_and_dependent() {
  config_map owner
  config_map dependent owner "$(k get configmap owner -o 'jsonpath={.metadata.uid}')"
  expect 'configmap "owner" deleted' k delete configmap owner --cascade="$1" --timeout=30s
  if [ "$1" = orphan ]; then
    prints '' k get configmap dependent -o 'jsonpath={.metadata.ownerReferences}'
    k delete configmap dependent >"$work/said"
  else
    within 20 "the dependent's deletion ($1)" gone dependent
    steps=$((steps + 1))
  fi
}

lingers_until_its_finalizer_goes() {
  made '{apiVersion: v1, kind: ConfigMap, metadata: {name: held, finalizers: [example.org/hold]}}'
  expect 'configmap "held" deleted' k delete configmap held --wait=false
  expect 20 k get configmap held -o 'jsonpath={.metadata.deletionTimestamp}'
  k patch configmap held --type=merge -p '{"metadata":{"finalizers":null}}' >"$work/said"
  within 10 "the end of what was held" gone held
}
