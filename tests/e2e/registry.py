#!/usr/bin/env python3
"""Makes images of this machine's busybox and pushes them to a registry.

registry.py https://ADDRESS:PORT CA.PEM TAG...

`site:TAG` is one image for both services of the story: `db` serves what is in /data, `web` answers
/cgi-bin/page with its own tag and what db says.
"""
import gzip
import hashlib
import io
import json
import ssl
import sys
import tarfile
import urllib.request

PROGRAMS = ["sh", "httpd", "wget", "cat", "mkdir", "echo", "sleep", "ls"]
PAGE = """#!/bin/sh
value=$(wget -q -O - http://db/value) || { printf 'Status: 503 No database\\r\\n\\r\\n'; exit 0; }
printf 'Content-Type: text/plain\\r\\n\\r\\n'
echo "tag $TAG, pass $PASS, db says $value"
"""
START_DB = """#!/bin/sh
mkdir -p /data
[ -e /data/value ] || echo fresh >/data/value
exec httpd -f -p 80 -h /data
"""


def layer():
    """A tar of a root file system, with busybox and the two scripts."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        def add(name, content, mode):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), mode
            tar.addfile(info, io.BytesIO(content))
        with open("/bin/busybox", "rb") as busybox:
            add("bin/busybox", busybox.read(), 0o755)
        for program in PROGRAMS:
            link = tarfile.TarInfo("bin/" + program)
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
        add("www/cgi-bin/page", PAGE.encode(), 0o755)
        add("bin/start-db", START_DB.encode(), 0o755)
    return buffer.getvalue()


class Registry:
    """The distribution API, version 2."""

    def __init__(self, url, ca):
        self.url, self.context = url, ssl.create_default_context(cafile=ca)

    def ask(self, method, url, body=None, kind="application/octet-stream"):
        request = urllib.request.Request(url, body, {"Content-Type": kind}, method=method)
        return urllib.request.urlopen(request, context=self.context, timeout=30)

    def push_blob(self, name, content):
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        place = self.ask("POST", f"{self.url}/v2/{name}/blobs/uploads/").headers["Location"]
        self.ask("PUT", f"{place}{'&' if '?' in place else '?'}digest={digest}", content)
        return {"digest": digest, "size": len(content)}

    def push(self, name, tag, root):
        config = {"architecture": "amd64", "os": "linux",
                  "config": {"Env": ["PATH=/bin", "TAG=" + tag],
                             "Cmd": ["httpd", "-f", "-p", "3000", "-h", "/www"]},
                  "rootfs": {"type": "layers",
                             "diff_ids": ["sha256:" + hashlib.sha256(root).hexdigest()]}}
        prefix = "application/vnd.docker."
        manifest = {"schemaVersion": 2, "mediaType": prefix + "distribution.manifest.v2+json",
                    "config": {"mediaType": prefix + "container.image.v1+json",
                               **self.push_blob(name, json.dumps(config).encode())},
                    "layers": [{"mediaType": prefix + "image.rootfs.diff.tar.gzip",
                                **self.push_blob(name, gzip.compress(root, 1, mtime=0))}]}
        self.ask("PUT", f"{self.url}/v2/{name}/manifests/{tag}", json.dumps(manifest).encode(),
                 manifest["mediaType"])


def main():
    url, ca, tags = sys.argv[1], sys.argv[2], sys.argv[3:]
    registry, root = Registry(url, ca), layer()
    for tag in tags:
        registry.push("site", tag, root)


main()
