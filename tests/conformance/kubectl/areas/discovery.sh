# shellcheck shell=bash
# What is there: versions, resources, names, documentation.
area_discovery() {
  expect 'v1\.32\.0\+gantry' k version
  expect '^apps +.*gantry.dev/v1alpha1 +true +App' k api-resources
  expect '^machines +m +gantry.dev/v1alpha1 +true +Machine' k api-resources --api-group=gantry.dev
  expect '^gantry.dev/v1alpha1$' k api-versions
  expect '^v1$' k api-versions
  # The short names and the category.
  k apply -f <(app web) >"$work/said"
  expect '^proxmoxcluster.gantry.dev/lab|^lab ' k get pc
  expect '^small ' k get mc
  expect 'app.gantry.dev/web' k get gantry
  expect "Kubernetes (control plane|master).* is running at" k cluster-info
  k delete app web >"$work/said"
  explain_reads_like_documentation
}

explain_reads_like_documentation() {
  expect 'KIND: +App' k explain app
  expect 'VERSION: +(gantry.dev/)?v1alpha1' k explain app
  expect 'machineClassName.*-required-' k explain app.spec
  expect 'FIELD: +replicas <integer>' k explain app.spec.replicas
  expect '^ +workload|FIELD: +workload|RESOURCE: workload' k explain app.spec.workload --recursive
  expect '^ +service.*<Object>' k explain app.spec.workload --recursive
  expect '^ +packages.*<\[\]string>' k explain app.spec.workload --recursive
  expect 'KIND: +Machine' k explain m
  expect 'KIND: +Secret' k explain secret
}
