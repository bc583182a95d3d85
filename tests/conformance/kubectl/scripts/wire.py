#!/usr/bin/env python3
"""The wire formats that clients depend on, spoken as plain HTTP: one check a fact."""
import http.client, json, re, sys, urllib.parse

from api import APPS, api_of_arguments, app

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
PARTIAL = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
PROTOBUF = "application/vnd.kubernetes.protobuf"


def is_status(answer, code, reason, message):
    status, body, _ = answer
    assert status == code, (status, body)
    assert (body["kind"], body["apiVersion"], body["status"]) == ("Status", "v1", "Failure"), body
    assert body["code"] == code and body["reason"] == reason, body
    assert re.search(message, body["message"]), body["message"]
    return body


def check_errors(api):
    body = is_status(api("GET", APPS + "/nope"), 404, "NotFound", r'^apps.gantry.dev "nope" not found$')
    assert body["details"] == {"name": "nope", "group": "gantry.dev", "kind": "apps"}, body
    api("POST", APPS, app("twice"))
    is_status(api("POST", APPS, app("twice")), 409, "AlreadyExists", 'apps.gantry.dev "twice" already exists')
    stale = app("twice")
    stale["metadata"]["resourceVersion"] = "1"
    is_status(api("PUT", APPS + "/twice", stale), 409, "Conflict", "^Operation cannot be fulfilled on apps.gantry.dev")
    wrong = app("wrong")
    wrong["spec"]["replicas"] = -1
    body = is_status(api("POST", APPS, wrong), 422, "Invalid", r'App.gantry.dev "wrong" is invalid: spec.replicas')
    assert body["details"]["causes"][0]["field"] == "spec.replicas", body
    is_status(api("POST", APPS, "{", Content_Type="application/json"), 400, "BadRequest", "line 1")
    is_status(api("POST", APPS, "x", Content_Type="text/csv"), 415, "UnsupportedMediaType", "accepted media types")
    is_status(api("GET", APPS, Accept="text/csv"), 406, "NotAcceptable", "")
    is_status(api("GET", APPS + "?fieldSelector=spec.image%3Dx"), 400, "BadRequest", "field label not supported: spec.image")
    status, text, answer = api("GET", "/apis/gantry.dev/v1alpha1/nothing")
    assert status == 404 and text.strip() == b"404 page not found", (status, text)
    assert answer.getheader("Content-Type").startswith("text/plain")
    connection = http.client.HTTPSConnection(api.address, context=api.context)
    connection.request("GET", APPS)
    assert connection.getresponse().status in (401, 403)


def check_discovery(api):
    accept = ("application/json;g=apidiscovery.k8s.io;v={0};as=APIGroupDiscoveryList,"
              "application/json")
    for version in "v2", "v2beta1":
        status, body, answer = api("GET", "/apis", Accept=accept.format(version))
        assert body["kind"] == "APIGroupDiscoveryList", body
        assert body["apiVersion"] == "apidiscovery.k8s.io/" + version
        assert f"v={version}" in answer.getheader("Content-Type")
        group = next(item for item in body["items"] if item["metadata"]["name"] == "gantry.dev")
        apps = next(r for r in group["versions"][0]["resources"] if r["resource"] == "apps")
        assert apps["scope"] == "Namespaced" and apps["singularResource"] == "app", apps
        assert "gantry" in apps["categories"], apps
        scale = next(s for s in apps["subresources"] if s["subresource"] == "scale")
        assert scale["responseKind"] == {"group": "autoscaling", "version": "v1", "kind": "Scale"}, scale
        etag = answer.getheader("ETag")
        assert api("GET", "/apis", Accept=accept.format(version), If_None_Match=etag)[0] == 304
    assert api("GET", "/api")[1]["versions"] == ["v1"]
    legacy = {r["name"]: r for r in api("GET", "/apis/gantry.dev/v1alpha1")[1]["resources"]}
    assert legacy["apps/scale"]["kind"] == "Scale" and legacy["apps/scale"]["group"] == "autoscaling"
    assert legacy["apps/status"]["verbs"] == ["get", "patch", "update"]
    assert legacy["machines"]["shortNames"] == ["m"]
    assert api("GET", "/version/")[1]["gitVersion"].startswith("v1.")


def check_openapi(api):
    index = api("GET", "/openapi/v3")[1]["paths"]
    url = index["apis/gantry.dev/v1alpha1"]["serverRelativeURL"]
    document = api("GET", url)[1]
    patch = document["paths"][APPS.replace("default", "{namespace}") + "/{name}"]["patch"]
    names = {parameter["name"] for parameter in patch["parameters"]}
    assert names >= {"dryRun", "fieldManager", "fieldValidation", "force"}, names
    assert "application/strategic-merge-patch+json" in patch["requestBody"]["content"]
    accept = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
    status, document, answer = api("GET", "/openapi/v2", Accept=accept)
    assert status == 200 and document.startswith(b"\x0a\x032.0"), document[:20]
    assert answer.getheader("Content-Type").endswith("+protobuf")
    assert api("GET", "/openapi/v2")[1]["swagger"] == "2.0"


def check_lists(api):
    for name in "l1", "l2", "l3":
        api("POST", APPS, app(name, of="lists"))
    chosen = APPS + "?labelSelector=of%3Dlists"
    body = api("GET", chosen)[1]
    assert body["kind"] == "AppList" and body["apiVersion"] == "gantry.dev/v1alpha1", body["kind"]
    assert re.fullmatch(r"[1-9][0-9]*", body["metadata"]["resourceVersion"])
    table = api("GET", chosen, Accept=TABLE)[1]
    assert table["kind"] == "Table" and table["apiVersion"] == "meta.k8s.io/v1"
    assert table["columnDefinitions"][0]["name"] == "Name" and len(table["rows"]) == 3
    assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    partial = api("GET", chosen, Accept=PARTIAL)[1]
    assert partial["kind"] == "PartialObjectMetadataList" and "spec" not in partial["items"][0]
    page = api("GET", chosen + "&limit=2")[1]
    assert len(page["items"]) == 2 and page["metadata"]["continue"], page["metadata"]
    rest = api("GET", chosen + "&limit=2&continue=" + urllib.parse.quote(page["metadata"]["continue"]))[1]
    assert len(rest["items"]) == 1 and not rest["metadata"].get("continue"), rest["metadata"]
    dropped = api("GET", APPS + "/l1", Accept="application/json;drop=metadata.managedFields")[1]
    assert "managedFields" not in dropped["metadata"]
    assert b"\nspec:" in api("GET", APPS + "/l1", Accept="application/yaml")[1]
    is_status(api("GET", APPS + "?limit=2&continue=nonsense"), 400, "BadRequest", "continue")


def events_of(answer, count):
    """The next events, but for MODIFIED: controllers write the status meanwhile."""
    events = []
    while len(events) < count:
        event = json.loads(answer.readline())
        if event["type"] != "MODIFIED":
            events.append(event)
    return events


def check_watches(api):
    api("POST", APPS, app("w1", of="watches"))
    chosen = APPS + "?watch=true&labelSelector=of%3Dwatches"
    answer = api.open("GET", chosen + "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                      "&allowWatchBookmarks=true&timeoutSeconds=20")
    assert answer.status == 200 and answer.getheader("Transfer-Encoding") == "chunked"
    added, bookmark = events_of(answer, 2)
    assert added["type"] == "ADDED" and added["object"]["metadata"]["name"] == "w1", added
    metadata = bookmark["object"]["metadata"]
    assert bookmark["type"] == "BOOKMARK" and bookmark["object"]["kind"] == "App", bookmark
    assert metadata["annotations"] == {"k8s.io/initial-events-end": "true"}, bookmark
    # An object that leaves the selection is DELETED, one that enters is ADDED.
    api("PATCH", APPS + "/w1", {"metadata": {"labels": {"of": "other"}}}, Content_Type="application/merge-patch+json")
    left, = events_of(answer, 1)
    assert left["type"] == "DELETED", left
    api("PATCH", APPS + "/w1", {"metadata": {"labels": {"of": "watches"}}}, Content_Type="application/merge-patch+json")
    entered, = events_of(answer, 1)
    assert entered["type"] == "ADDED", entered
    answer.close()
    resumed = api.open("GET", chosen + f"&timeoutSeconds=5&resourceVersion={metadata['resourceVersion']}")
    types = [event["type"] for event in events_of(resumed, 2)]
    assert types == ["DELETED", "ADDED"], types
    resumed.close()
    is_status(api("GET", APPS + "?watch=true&sendInitialEvents=true"), 422, "Invalid", "resourceVersionMatch: Forbidden")
    table = api.open("GET", chosen + "&timeoutSeconds=5", Accept=TABLE)
    first, = events_of(table, 1)
    assert first["object"]["kind"] == "Table" and first["object"]["columnDefinitions"], first
    table.close()


def text(number, value):
    value = value if isinstance(value, bytes) else value.encode()
    return bytes([number << 3 | 2]) + varint(len(value)) + value


def varint(value):
    out = b""
    while value >= 0x80:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def envelope(api_version, kind, raw):
    return b"k8s\0" + text(1, text(1, api_version) + text(2, kind)) + text(2, raw)


def check_protobuf(api):
    metadata = text(1, "by-protobuf")
    entry = text(1, "key") + text(2, "value")
    body = envelope("v1", "ConfigMap", text(1, metadata) + text(2, entry))
    maps = "/api/v1/namespaces/default/configmaps"
    status, made, answer = api("POST", maps, body, Content_Type=PROTOBUF, Accept=PROTOBUF + ",application/json")
    assert status == 201 and made["data"] == {"key": "value"}, (status, made)
    assert answer.getheader("Content-Type").startswith("application/json")
    is_status(api("POST", maps, body[:-3], Content_Type=PROTOBUF), 400, "BadRequest", r"byte \d+: ")
    is_status(api("POST", APPS, envelope("gantry.dev/v1alpha1", "App", b""), Content_Type=PROTOBUF),
              415, "UnsupportedMediaType", "Kind=App is not accepted as protobuf")
    options = envelope("v1", "DeleteOptions", text(4, "Background"))
    status, gone, _ = api("DELETE", maps + "/by-protobuf", options, Content_Type=PROTOBUF)
    assert status == 200 and gone["status"] == "Success", (status, gone)


def main():
    api = api_of_arguments()
    failed = 0
    for name, check in sorted(globals().items()):
        if not name.startswith("check_"):
            continue
        try:
            check(api)
            print(f"   {name[6:]}: as clients expect it")
        except (AssertionError, KeyError, StopIteration, ValueError, OSError) as error:
            failed += 1
            line = error.__traceback__.tb_next.tb_lineno
            print(f"   {name[6:]}: FAILED at line {line}: {type(error).__name__}: {error}")
    sys.exit(1 if failed else 0)


main()
