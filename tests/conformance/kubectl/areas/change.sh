# shellcheck shell=bash
# edit, every type of patch, label, annotate, scale.
area_change() {
  k apply -f <(app web) >"$work/said"
  expect 'patched' k patch app web --type=merge -p '{"spec":{"replicas":2}}'
  prints 2 field web .spec.replicas
  expect 'patched' k patch app web --type=json -p '[{"op":"replace","path":"/spec/replicas","value":3}]'
  prints 3 field web .spec.replicas
  refuses 'test|patch' k patch app web --type=json -p '[{"op":"test","path":"/spec/replicas","value":9}]'
  strategic
  expect 'labeled' k label app web tier=front
  expect '^app.gantry.dev/web$' k get apps -l tier=front -o name
  refuses 'already has a value' k label app web tier=back
  expect 'labeled|unlabeled' k label app web tier-
  prints '' field web .metadata.labels.tier
  expect 'annotated' k annotate app web note=hello
  prints hello field web .metadata.annotations.note
  expect 'scaled' k scale app web --replicas=4
  prints 4 field web .spec.replicas
  refuses 'replicas' k scale app web --replicas=7 --current-replicas=9
  edited
}

# The default type of `kubectl patch`, which custom resources refuse.
strategic() {
  expect 'patched' k patch app web -p '{"spec":{"ports":[{"name":"admin","port":81}]}}'
  prints '81 80' sh -c "'$kubectls/kubectl-$version' -n $ns get app web \
    -o 'jsonpath={.spec.ports[?(@.name==\"admin\")].port} {.spec.ports[?(@.name==\"http\")].port}'"
  expect 'patched' k patch app web -p '{"spec":{"ports":[{"name":"admin","$patch":"delete"}]}}'
  prints 'http' field web '.spec.ports[*].name'
}

edited() {
  printf '#!/bin/sh\nsed -i "s/replicas: 4/replicas: 6/" "$1"\n' >"$work/editor"
  chmod +x "$work/editor"
  expect 'web edited' env EDITOR="$work/editor" KUBE_EDITOR="$work/editor" \
    "$kubectls/kubectl-$version" -n "$ns" edit app web
  prints 6 field web .spec.replicas
}
