# shellcheck shell=bash
# A Machine's container as a Pod: get, top, logs, exec, cp.
area_pods() {
  made '{apiVersion: gantry.dev/v1alpha1, kind: Machine, metadata: {name: box}, spec: {machineClassName: small}}'
  expect 'condition met' k wait machine/box --for=condition=Ready --timeout=60s
  expect '^NAME +READY +STATUS' k get pods
  expect '^box +1/1 +Running' k get po
  expect "^$ns +box +1/1" k get pods -A
  prints Running k get pod box -o 'jsonpath={.status.phase}'
  prints main k get pod box -o 'jsonpath={.spec.containers[*].name}'
  expect 'Controlled By: +Machine/box' k describe pod box
  refuses 'not found' k get pod nobody
  refuses 'does not allow this method' k delete pod box
  measured() { k top pods >"$work/said"; }
  within 30 "kubectl top" measured
  expect '^box +[0-9]+m +[0-9]+Mi' k top pods
  if is_at_least 1.32; then
    inside
  else
    # Proxmox's lists are some seconds behind: until then the container is not seen running.
    told() { { ! k exec box -- true; } >"$work/said" 2>&1 && grep -q 'WebSocket only' "$work/said"; }
    within 20 "the hint at WebSocket" told
    steps=$((steps + 1))
  fi
  k delete machine box --wait=false >"$work/said"
}

inside() {
  # As above.
  reached() { k exec box -- true; }
  within 20 "the first command" reached
  prints hello k exec box -- echo hello
  local code=0
  k exec box -- sh -c 'exit 3' >"$work/said" 2>&1 || code=$?
  [ $code = 3 ] || unexpected "exit code 3" $code "$(cat "$work/said")"
  refuses 'container other is not valid' k exec box -c other -- true
  steps=$((steps + 1))
}
