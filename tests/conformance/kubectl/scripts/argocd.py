#!/usr/bin/env python3
"""What Argo CD's gitops-engine asks of a cluster, in its order: version, discovery, the OpenAPI
document in protobuf, every listable and watchable kind page by page, a watch from the list's
revision, then server-side apply with its tracking annotation."""
import json

from api import APPS, api_of_arguments, app

api = api_of_arguments()
assert api("GET", "/version?timeout=32s")[1]["major"] == "1"
resources = []
for group in ["/api/v1"] + [
        f"/apis/{g['preferredVersion']['groupVersion']}" for g in api("GET", "/apis")[1]["groups"]]:
    for resource in api("GET", group)[1]["resources"]:
        if "/" not in resource["name"] and {"list", "watch"} <= set(resource["verbs"]):
            resources.append(f"{group}/{resource['name']}")
assert "/apis/gantry.dev/v1alpha1/apps" in resources, resources
status, document, _ = api("GET", "/openapi/v2?timeout=32s",
                          Accept="application/com.github.proto-openapi.spec.v2@v1.0+protobuf")
assert status == 200 and len(document) > 10000
for path in resources:
    status, body, _ = api("GET", f"{path}?limit=500")
    assert status == 200 and isinstance(body["items"], list), (path, body)
    revision = body["metadata"]["resourceVersion"]
    watch = api.open("GET", f"{path}?allowWatchBookmarks=true&resourceVersion={revision}&watch=true&timeoutSeconds=1")
    assert watch.status == 200, (path, watch.status)
    for line in watch:
        assert json.loads(line)["type"] in ("ADDED", "MODIFIED", "DELETED", "BOOKMARK"), line
wanted = app("argo")
wanted["metadata"]["annotations"] = {"argocd.argoproj.io/tracking-id": "guestbook:gantry.dev/App:default/argo"}
status, made, _ = api("PATCH", APPS + "/argo?fieldManager=argocd-controller&force=true", wanted,
                      Content_Type="application/apply-patch+yaml")
assert status in (200, 201), made
assert made["metadata"]["annotations"] == wanted["metadata"]["annotations"], made["metadata"]
assert made["status"]["conditions"], "health is judged from the first second on"
status, again, _ = api("PATCH", APPS + "/argo?fieldManager=argocd-controller&force=true&dryRun=All", wanted,
                       Content_Type="application/apply-patch+yaml")
assert again["spec"] == made["spec"], "a second apply differs: Argo CD would show drift for ever"
print(f"   {len(resources)} kinds listed and watched; applied, and no drift")
