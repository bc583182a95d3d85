# shellcheck shell=bash
# get in every form, -w, describe, wait.
area_read() {
  k apply -f <(app one; echo ---; app two) >"$work/said"
  expect '^NAME +READY +WANTED' k get apps
  expect '^NAMESPACE +NAME +READY' k get apps -A
  expect '^one +.*REASON|^NAME' k get apps -o wide
  prints 'one two' k get apps -o 'jsonpath={.items[*].metadata.name}'
  expect '^  machineClassName: nowhere' k get app one -o yaml
  expect '"kind": "App"' k get app one -o json
  prints 'app.gantry.dev/two' k get apps -o name --field-selector=metadata.name=two
  prints 'app.gantry.dev/one' k get apps -o name -l 'app in (one),app!=two'
  expect '^two' k get apps --sort-by=.metadata.name
  expect '^NAME +CLASS' k get apps -o custom-columns=NAME:.metadata.name,CLASS:.spec.machineClassName
  expect 'Machine Class Name: +nowhere' k describe app one
  expect 'Conditions:' k describe app one
  refuses 'apps.gantry.dev "nobody" not found' k get app nobody
  refuses 'field label not supported: spec.nothing|spec.nothing' \
    k get apps --field-selector=spec.nothing=1
  watched
  waited
}

watched() {
  k get apps -w --output-watch-events >"$work/watched" 2>&1 &
  local watch=$!
  children+=("$watch")
  within 10 "the first event of a watch" grep -q 'ADDED *one' "$work/watched"
  k label app one seen=yes >"$work/said"
  within 10 "the change in kubectl get -w" grep -q 'MODIFIED *one' "$work/watched"
  k delete app two --wait=false >"$work/said"
  within 20 "the deletion in kubectl get -w" grep -q 'DELETED *two' "$work/watched"
  end_process "$watch" 1
  steps=$((steps + 3))
}

waited() {
  refuses 'timed out' k wait app/one --for=condition=Ready --timeout=1s
  expect 'condition met' k wait app/one --for=condition=Ready=false --timeout=20s
  expect 'condition met' k wait proxmoxcluster/lab --for=condition=Ready --timeout=30s
  k delete app one --wait=false >"$work/said"
  if is_at_least 1.32; then
    k wait app/one --for=delete --timeout=20s >"$work/said" || die "kubectl wait --for=delete"
    steps=$((steps + 1))
  fi
}
