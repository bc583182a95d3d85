#!/usr/bin/env python3
"""Debian's python3-kubernetes: list, watch, patch, delete; a lease is held by one."""
import argparse, sys

try:
    from kubernetes import client, config, watch
except ImportError:
    print("   SKIPPED: python3-kubernetes is not installed (./dev setup installs it)")
    sys.exit(0)

parser = argparse.ArgumentParser()
for name in "--server", "--ca", "--kubeconfig":
    parser.add_argument(name, required=True)
config.load_kube_config(parser.parse_args().kubeconfig)
core, custom = client.CoreV1Api(), client.CustomObjectsApi()
where = dict(group="gantry.dev", version="v1alpha1", namespace="default", plural="apps")

assert client.VersionApi().get_code().git_version.startswith("v1.")
made = core.create_namespaced_config_map(
    "default", client.V1ConfigMap(metadata=client.V1ObjectMeta(generate_name="py-"), data={"a": "1"}))
name = made.metadata.name
assert name.startswith("py-") and len(name) == 8, name
assert name in [item.metadata.name for item in core.list_namespaced_config_map("default").items]
changed = core.patch_namespaced_config_map(name, "default", {"data": {"b": "2"}})
assert changed.data == {"a": "1", "b": "2"}, changed.data

seen = []
watcher = watch.Watch()
for event in watcher.stream(core.list_namespaced_config_map, "default", timeout_seconds=20,
                            resource_version=made.metadata.resource_version,
                            field_selector="metadata.name=" + name):
    seen.append(event["type"])
    if event["type"] == "MODIFIED":
        core.delete_namespaced_config_map(name, "default")
    if event["type"] == "DELETED":
        watcher.stop()
assert seen == ["MODIFIED", "DELETED"], seen

body = {"apiVersion": "gantry.dev/v1alpha1", "kind": "App", "metadata": {"name": "py"},
        "spec": {"machineClassName": "nowhere", "workload": {"service": {"unit": "a.service"}}}}
custom.create_namespaced_custom_object(body=body, **where)
patched = custom.patch_namespaced_custom_object(name="py", body={"spec": {"replicas": 3}}, **where)
assert patched["spec"]["replicas"] == 3
try:
    custom.get_namespaced_custom_object(name="nobody", **where)
    sys.exit("an object that is not there was found")
except client.ApiException as error:
    assert error.status == 404 and "NotFound" in error.body, error
custom.delete_namespaced_custom_object(name="py", **where)
leases = client.CoordinationV1Api()
lease = leases.create_namespaced_lease("default", client.V1Lease(
    metadata=client.V1ObjectMeta(name="py"), spec=client.V1LeaseSpec(holder_identity="me")))
lease.spec.holder_identity = "you"
assert leases.replace_namespaced_lease("py", "default", lease).spec.holder_identity == "you"
try:
    leases.replace_namespaced_lease("py", "default", lease)
    sys.exit("a lease that another had changed was written")
except client.ApiException as error:
    assert error.status == 409, error
leases.delete_namespaced_lease("py", "default")
print("   list, watch, patch, delete, leases")
