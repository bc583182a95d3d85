"""The API as plain HTTP, for the scripts beside it."""
import argparse, http.client, json, re, ssl, urllib.parse

APPS = "/apis/gantry.dev/v1alpha1/namespaces/default/apps"


class Api:
    def __init__(self, server, ca, kubeconfig):
        self.address = urllib.parse.urlparse(server).netloc
        self.context = ssl.create_default_context(cafile=ca)
        self.token = re.search(r'^ *token: *"?([^"\n]+)', open(kubeconfig).read(), re.M)[1]

    def open(self, method, path, body=None, **headers):
        connection = http.client.HTTPSConnection(self.address, context=self.context, timeout=30)
        head = {"Authorization": f"Bearer {self.token}"}
        head.update({name.replace("_", "-"): value for name, value in headers.items()})
        if isinstance(body, (dict, list)):
            head.setdefault("Content-Type", "application/json")
            body = json.dumps(body)
        connection.request(method, path, body=body, headers=head)
        return connection.getresponse()

    def __call__(self, *arguments, **headers):
        answer = self.open(*arguments, **headers)
        text = answer.read()
        is_json = "json" in (answer.getheader("Content-Type") or "")
        return answer.status, json.loads(text) if is_json and text else text, answer


def app(name, **labels):
    return {"apiVersion": "gantry.dev/v1alpha1", "kind": "App",
            "metadata": {"name": name, "labels": labels},
            "spec": {"machineClassName": "nowhere", "replicas": 1,
                     "workload": {"service": {"unit": "a.service"}}}}


def api_of_arguments():
    parser = argparse.ArgumentParser()
    for name in "--server", "--ca", "--kubeconfig":
        parser.add_argument(name, required=True)
    return Api(**vars(parser.parse_args()))
