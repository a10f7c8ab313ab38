"""An HTTPS server with answers made in advance, shaped as a Kubernetes API server's, for bench/kube_clients.py.

It costs almost nothing to answer, so what is measured is the client.
"""

import asyncio
import gzip
import json
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

PAGE = 500
TIME = "2026-01-01T00:00:00Z"
CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]
DISCOVERY = {
    "/version": {"major": "1", "minor": "34", "gitVersion": "v1.34.4"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "groups": []},
    "/api/v1": {
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [
            {"name": name, "singularName": kind.lower(), "namespaced": True, "kind": kind, "verbs": VERBS}
            for name, kind in (("pods", "Pod"), ("configmaps", "ConfigMap"))
        ],
    },
}


def fields_of(value: Any) -> Any:
    """What ``managedFields`` has of an object: each of its keys once more."""
    if isinstance(value, dict):
        return {f"f:{key}": fields_of(entry) for key, entry in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return {f'k:{{"name":"{entry.get("name")}"}}': {".": {}, **fields_of(entry)} for entry in value}
    return {}


def pod(number: int) -> dict[str, Any]:
    """A pod as an API server gives those of Ray clusters: 7.6 kB, half of it managedFields."""
    meta = {
        "name": f"pod-{number}",
        "namespace": "bench",
        "uid": f"8a1f7a0e-0000-4000-8000-{number:012}",
        "resourceVersion": str(1000 + number),
        "generation": 1,
        "creationTimestamp": TIME,
        "labels": {"ray.io/cluster": f"cluster-{number // 4}", "ray.io/group": "workers", "ray.io/node-type": "worker"},
    }
    spec = {
        "containers": [container()],
        "dnsPolicy": "ClusterFirst",
        "enableServiceLinks": True,
        "nodeName": f"node-{number % 100}",
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
        "volumes": [{"name": "shm", "emptyDir": {"medium": "Memory"}}],
    }
    status = {
        "phase": "Running",
        "podIP": "10.0.0.1",
        "startTime": TIME,
        "conditions": [{"type": kind, "status": "True", "lastTransitionTime": TIME} for kind in CONDITIONS],
        "containerStatuses": [
            {
                "name": "ray-worker",
                "ready": True,
                "restartCount": 0,
                "image": "rayproject/ray:2.60.0",
                "imageID": "",
                "state": {"running": {"startedAt": TIME}},
                "lastState": {},
            }
        ],
    }
    managers = {"shoal": {"metadata": meta, "spec": spec}, "kubelet": {"status": status}}
    managed = [
        {"manager": name, "operation": "Update", "apiVersion": "v1", "time": TIME, "fieldsType": "FieldsV1"}
        | {"fieldsV1": fields_of(owned)}
        for name, owned in managers.items()
    ]
    whole = {**meta, "managedFields": managed}
    return {"kind": "Pod", "apiVersion": "v1", "metadata": whole, "spec": spec, "status": status}


def container() -> dict[str, Any]:
    """The container of a Ray worker."""
    probe = {
        "exec": {"command": ["bash", "-c", "curl -sf http://localhost:52365/api/local_raylet_healthz"]},
        "failureThreshold": 3,
        "periodSeconds": 10,
        "successThreshold": 1,
        "timeoutSeconds": 1,
    }
    return {
        "name": "ray-worker",
        "image": "rayproject/ray:2.60.0",
        "imagePullPolicy": "IfNotPresent",
        "command": ["/bin/bash", "-c", "--"],
        "args": ["ulimit -n 65536; ray start --address=raycluster-head-svc.default.svc.cluster.local:6379 --block"],
        "env": [{"name": f"RAY_SETTING_{index}", "value": "x" * 40} for index in range(25)],
        "ports": [{"containerPort": 8080, "name": "metrics", "protocol": "TCP"}],
        "resources": {"limits": {"cpu": "1", "memory": "2Gi"}, "requests": {"cpu": "1", "memory": "2Gi"}},
        "livenessProbe": probe,
        "readinessProbe": probe,
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "volumeMounts": [{"name": "shm", "mountPath": "/dev/shm"}],
    }


class Canned:
    """Answers, all bytes, to whatever the clients of the bench ask."""

    def __init__(self, pods: int) -> None:
        self.pods = {f"pod-{number}": dump(pod(number)) for number in range(pods)}
        bare = list(self.pods.values())
        starts = range(0, pods, PAGE)
        self.pages = {str(at): page(bare[at : at + PAGE], at + PAGE if at + PAGE < pods else 0) for at in starts}
        self.zipped = {at: gzip.compress(body, 1) for at, body in self.pages.items()}
        self.events = [b'{"type":"ADDED","object":' + body + b"}\n" for body in bare]
        self.made = dump({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "made", "namespace": "bench"}})

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                method, target, _ = head.split(" ", 2)
                headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:-2])
                await reader.readexactly(int(headers.get("content-length", 0)))
                url = urlsplit(target)
                query = {key: values[0] for key, values in parse_qs(url.query).items()}
                if query.get("watch") in ("true", "True", "1"):
                    await self.watch(writer)
                else:
                    answer(writer, *self.answer(method, url.path, query, "gzip" in headers.get("accept-encoding", "")))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def watch(self, writer: asyncio.StreamWriter) -> None:
        """Every pod as an event."""
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        for event in self.events:
            writer.write(b"%x\r\n%b\r\n" % (len(event), event))
            await writer.drain()

    def answer(self, method: str, path: str, query: dict[str, str], zipped: bool) -> tuple[int, bytes, bool]:
        """Status, body, and whether it is zipped."""
        path = path.rstrip("/")
        if path in DISCOVERY:
            return 200, dump(DISCOVERY[path]), False
        if method == "POST":
            return 201, self.made, False
        selected = query.get("fieldSelector", "").partition(",")[0]
        name = selected.removeprefix("metadata.name=") or path.rpartition("/")[2]
        if name in self.pods:
            return 200, page([self.pods[name]], 0) if "fieldSelector" in query else self.pods[name], False
        at = query.get("continue", "0")
        return 200, (self.zipped if zipped else self.pages)[at], zipped


def answer(writer: asyncio.StreamWriter, status: int, body: bytes, zipped: bool) -> None:
    """Write one answer."""
    encoding = b"Content-Encoding: gzip\r\n" if zipped else b""
    head = b"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\n%bContent-Length: %d\r\n\r\n"
    writer.write(head % (status, encoding, len(body)) + body)


def page(bodies: list[bytes], go_on: int) -> bytes:
    """One page of a list."""
    token = b',"continue":"%d"' % go_on if go_on else b""
    head = b'{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"9000"%b},"items":[' % token
    return head + b",".join(bodies) + b"]}"


def dump(value: Any) -> bytes:
    """JSON without spaces, as an API server writes it."""
    return json.dumps(value, separators=(",", ":")).encode()


def certificate(folder: Path) -> Path:
    """A new certificate for 127.0.0.1, and its key, in one file."""
    file = folder / "server.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(file), "-out", str(folder / "ca.pem")]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    file.write_text(file.read_text() + (folder / "ca.pem").read_text())
    return file


async def run(folder: Path, pods: int) -> None:
    """Serve for ever; ``folder`` gets a kubeconfig when it is ready."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate(folder))
    server = await asyncio.start_server(Canned(pods).serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "bench",
        "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench", "namespace": "bench"}}],
        "clusters": [
            {
                "name": "bench",
                "cluster": {"server": f"https://127.0.0.1:{port}", "certificate-authority": str(folder / "ca.pem")},
            }
        ],
        "users": [{"name": "bench", "user": {"token": "bench"}}],
    }
    (folder / "kubeconfig").write_text(json.dumps(config))
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), int(sys.argv[2])))
