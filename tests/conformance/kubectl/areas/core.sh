# shellcheck shell=bash
# Kubernetes' own kinds, which newer kubectls send as protobuf.
area_core() {
  expect 'namespace/.* created' k create namespace "$ns-made"
  expect 'Active' k get namespace "$ns-made"
  expect 'secret/s created' k create secret generic s --from-literal=key=hush
  prints 'aHVzaA==' k get secret s -o 'jsonpath={.data.key}'
  expect 'Opaque +1' k get secret s
  expect 'configmap/c created' k create configmap c --from-literal=key=value
  prints value k get configmap c -o 'jsonpath={.data.key}'
  expect 'deleted' k delete namespace "$ns-made"
  events
}

events() {
  made "{apiVersion: v1, kind: Event, metadata: {name: c.1}, reason: Tried, message: it was tried, type: Normal, count: 3,
 involvedObject: {apiVersion: v1, kind: ConfigMap, name: c, namespace: $ns},
 firstTimestamp: 2026-01-01T00:00:00Z, lastTimestamp: 2026-01-01T00:01:00Z}"
  expect 'Normal +Tried +configmap/c +it was tried' k get events
  prints 'c.1' k get events --field-selector=reason=Tried,involvedObject.name=c \
    -o 'jsonpath={.items[*].metadata.name}'
  if is_at_least 1.32; then expect 'Tried +ConfigMap/c +it was tried' k events --for configmap/c; fi
}
