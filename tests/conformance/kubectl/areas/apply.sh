# shellcheck shell=bash
# apply, apply --server-side, diff, replace, dry runs.
area_apply() {
  app web >"$work/web.yaml"
  expect 'web created \(server dry run\)' k apply --dry-run=server -f "$work/web.yaml"
  refuses 'not found' k get app web
  expect 'app.gantry.dev/web created' k apply -f "$work/web.yaml"
  expect 'app.gantry.dev/web unchanged' k apply -f "$work/web.yaml"
  app web 2 >"$work/web.yaml"
  diff_shows_the_change
  expect 'web configured' k apply -f "$work/web.yaml"
  prints 2 field web .spec.replicas
  expect 'app.gantry.dev/web replaced' k replace -f <(app web 3)
  prints 3 field web .spec.replicas
  refuses 'not found' k replace -f <(app nobody)
  mistakes_are_named
  server_side
}

diff_shows_the_change() {
  local said code=0
  said=$(k diff -f "$work/web.yaml" 2>&1) || code=$?
  { [ $code = 1 ] && grep -qE '^\+ +replicas: 2' <<<"$said"; } || unexpected "a diff" $code "$said"
  steps=$((steps + 1))
}

mistakes_are_named() {
  refuses 'replicaz' k apply -f <(app typo | sed 's/replicas/replicaz/')
  refuses 'spec.replicas' k apply -f <(app typo -1)
  refuses 'spec.workload|workload' k create --validate=false -f <(app typo | sed '/workload/d')
  refuses 'not found' k get app typo
}

server_side() {
  expect 'serverside-applied|server-side applied' k apply --server-side -f <(app ssa)
  expect 'serverside-applied|server-side applied' k apply --server-side -f <(app ssa)
  local rv; rv=$(field ssa .metadata.resourceVersion)
  k apply --server-side -f <(app ssa) >"$work/said"
  prints "$rv" field ssa .metadata.resourceVersion
  refuses 'conflict.*spec.replicas|replicas' \
    k apply --server-side --field-manager=other -f <(app ssa 5)
  expect 'applied' k apply --server-side --field-manager=other --force-conflicts -f <(app ssa 5)
  prints 5 field ssa .spec.replicas
  # What client-side apply set moves over to server-side apply.
  expect 'applied' k apply --server-side --force-conflicts -f "$work/web.yaml"
  prints 2 field web .spec.replicas
}
