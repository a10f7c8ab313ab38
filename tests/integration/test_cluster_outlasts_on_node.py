"""What outlasts pods on a real node, and what keeps others out: TLS, the GCS's state, logs, and the end of it all.

Two clusters share an operator: ``kept`` has TLS, its GCS on a volume and its logs on another; ``lean`` has its GCS in
Redis, its logs in a bucket, and ends when nobody uses it. In the order of their lives.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from integration.operators_on_node import no_operator
from kube import Cluster
from raynode import IMAGE, RayOnNode, template, until

pytestmark = [pytest.mark.node, pytest.mark.slow, pytest.mark.ray]

KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
BUCKET = "logs"
IDLE_S = 30
GRACE_S = 30
"""What a pod that doesn't end by itself is given, by default."""
TWELVE = str([12] * 12)
COUNT = """
import ray
ray.init(address="auto", namespace="kept", logging_level="ERROR", log_to_driver=False)

@ray.remote(num_cpus=1)
class Counter:
    def __init__(self):
        self.number = 0
    def add(self):
        self.number += 1
        return self.number

counter = Counter.options(name="counter", lifetime="detached", get_if_exists=True).remote()
print("count", ray.get(counter.add.remote()))
"""

KNOCK = """
import os, socket, ssl
HELLO = b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
SETTINGS = 4  # the frame with which every GCS begins
GCS = (socket.gethostbyname(socket.gethostname()), 6379)

def knock(name, wrap):
    answer = b""
    try:
        with socket.create_connection(GCS, 10) as plain, wrap(plain) as line:
            line.sendall(HELLO)
            answer = line.recv(9)
    except OSError:
        pass
    print(f"{name}:{'open' if answer[3:4] == bytes([SETTINGS]) else 'closed'}")

def tls(certificate):
    context = ssl.create_default_context(cafile=os.environ["RAY_TLS_CA_CERT"])
    context.set_alpn_protocols(["h2"])
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if certificate:
        context.load_cert_chain(os.environ["RAY_TLS_SERVER_CERT"], os.environ["RAY_TLS_SERVER_KEY"])
    return lambda plain: context.wrap_socket(plain, server_hostname="localhost")

knock("plain", lambda plain: plain)
knock("encrypted", tls(False))
knock("known", tls(True))
"""


def raycluster(name: str, logs: str, cpus: str, workers: int, **spec: Any) -> dict[str, Any]:
    """A RayCluster that keeps its logs; cpus: of the head, as Ray is told."""
    group = {"groupName": "w", "replicas": workers, "minReplicas": 0, "maxReplicas": 3, "rayStartParams": {}}
    body = {
        "rayVersion": "2.60.0",
        "headGroupSpec": {"rayStartParams": {"num-cpus": cpus}, "template": template()},
        "workerGroupSpecs": [group | {"template": template()}] if workers else [],
    }
    meta = {"name": name, "annotations": {"shoal.dev/logs-to": logs}}
    return {"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": meta, "spec": body | spec}


def apply(node: Cluster, namespace: str, *objects: dict[str, Any]) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": objects}
    node.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(listed))


@pytest.fixture(scope="module")
def volumes(node: Cluster, module_operator: tuple[str, str], module_home: Path) -> Iterator[str]:
    """Two folders of the node as volumes, each of a storage class of its name, ``NAMESPACE-logs`` and ``-gcs``, and a
    claim for the first; the namespace."""
    namespace = module_operator[1]
    machine = {"key": "kubernetes.io/hostname", "operator": "In", "values": ["node1"]}
    names = [f"{namespace}-logs", f"{namespace}-gcs"]
    for name in names:
        (module_home / name).mkdir()
        spec = {
            "capacity": {"storage": "5Gi"},
            "accessModes": ["ReadWriteMany", "ReadWriteOnce"],
            "storageClassName": name,
            "local": {"path": str(module_home / name)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [machine]}]}},
        }
        apply(
            node, namespace, {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec}
        )
    claim = {
        "accessModes": ["ReadWriteMany"],
        "storageClassName": names[0],
        "resources": {"requests": {"storage": "1Gi"}},
    }
    kept = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "ray-logs"}, "spec": claim}
    apply(node, namespace, kept)
    yield namespace
    node.kubectl("delete", "persistentvolume", *names, "--wait=false")


@pytest.fixture(scope="module")
def bucket(node: Cluster) -> Iterator[str]:
    """A server of S3's kind on this machine, where pods reach it, with a bucket; its URL."""
    moto: Any = pytest.importorskip("moto.server")
    machine = node.machine()
    server = moto.ThreadedMotoServer(ip_address=machine, port=0, verbose=False)
    server.start()
    url = f"http://{machine}:{server.get_host_and_port()[1]}"
    urlopen(Request(f"{url}/{BUCKET}", method="PUT"))
    yield url
    server.stop()


@pytest.fixture(scope="module")
def lean(kept: RayOnNode, bucket: str) -> RayOnNode:
    """A head alone, made when the other cluster is ready, and not waited for."""
    node, namespace = kept.node, kept.namespace
    command = ["redis-server", "--bind", "0.0.0.0", "--requirepass", "open", "--save", "", "--dir", "/tmp"]
    redis = {"containers": [{"name": "redis", "image": IMAGE, "command": command}]}
    password = {"valueFrom": {"secretKeyRef": {"name": "redis", "key": "password"}}}
    meta = {"name": "redis", "labels": {"app": "redis"}}
    service = {"selector": {"app": "redis"}, "ports": [{"port": 6379}]}
    secret = {"apiVersion": "v1", "kind": "Secret"}
    apply(
        node,
        namespace,
        {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": redis},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "redis"}, "spec": service},
        secret | {"metadata": {"name": "redis"}, "stringData": {"password": "open"}},
        secret | {"metadata": {"name": "keys"}, "stringData": KEYS},
        raycluster(
            "lean",
            f"s3://{BUCKET}/ray?secret=keys&region=us-east-1&endpoint={bucket}",
            cpus="1",
            workers=0,
            gcsFaultToleranceOptions={"redisAddress": "redis:6379", "redisPassword": password},
            idleTerminationOptions={"timeoutSeconds": IDLE_S, "policy": "Suspend"},
        ),
    )
    return RayOnNode(node, namespace, "lean")


@pytest.fixture(scope="module")
def kept(node: Cluster, volumes: str) -> RayOnNode:
    """A head without CPUs for work, and a worker."""
    storage = {"size": "1Gi", "storageClassName": f"{volumes}-gcs"}
    body = raycluster(
        "kept",
        "pvc://ray-logs",
        cpus="0",
        workers=1,
        tlsOptions={"enabled": True},
        gcsFaultToleranceOptions={"backend": "rocksdb", "storage": storage},
    )
    apply(node, volumes, body)
    made = RayOnNode(node, volumes, "kept")
    made.wait_until_ready(pods=2)
    return made


def succeeded(ended: "subprocess.CompletedProcess[str]") -> str:
    """What it has printed."""
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def secrets(cluster: RayOnNode) -> dict[str, dict[str, str]]:
    """What its Secrets hold, by name."""
    listed = json.loads(cluster.kubectl("get", "secrets", "-l", f"ray.io/cluster={cluster.name}", "-o", "json"))
    return {secret["metadata"]["name"]: secret["data"] for secret in listed["items"]}


def kill(cluster: RayOnNode, pod: str) -> None:
    cluster.kubectl("delete", "pod", pod, "--force", "--grace-period=0")


@pytest.mark.usefixtures("lean")  # from here on nobody uses it
def test_ray_lets_in_who_has_a_certificate_of_the_cluster_and_nobody_else(kept: RayOnNode) -> None:
    assert kept.kubectl("exec", next(iter(kept.pods())), "-c", "ray", "--", "python", "-c", KNOCK).split() == [
        "plain:closed",
        "encrypted:closed",
        "known:open",
    ]


def test_stock_ray_client_connects_with_the_certificate_that_connect_gives_it(kept: RayOnNode) -> None:
    assert TWELVE in succeeded(kept.shoal("connect", "--", sys.executable, "examples/script.py"))


def test_ray_is_asked_over_tls_for_a_plan_too(kept: RayOnNode) -> None:
    _, worker = kept.pods()
    assert kept.planned("workerGroupSpecs/0/replicas", 0) == [("DrainNode", worker)]


def test_actors_and_jobs_outlast_the_head_whose_gcs_is_on_a_volume(kept: RayOnNode) -> None:
    succeeded(kept.shoal("submit", "--working-dir", "examples", "--", "python", "script.py"))
    assert "count 1" in succeeded(kept.shoal("exec", "--", "python", "-c", COUNT))
    head, worker = kept.pods()
    kill(kept, head)
    assert worker in kept.wait_until_ready(pods=2)
    assert "count 2" in succeeded(kept.shoal("exec", "--", "python", "-c", COUNT))
    jobs = json.loads(succeeded(kept.shoal("jobs", "-o", "json")))
    assert [job["status"] for job in jobs if job["entrypoint"] == "python script.py"] == ["SUCCEEDED"]


def test_secrets_that_somebody_deletes_are_made_again_as_they_were_and_a_new_worker_joins(kept: RayOnNode) -> None:
    before, (head, worker) = secrets(kept), kept.pods()
    assert len(before) == 2
    kept.kubectl("delete", "secret", *before)
    kill(kept, worker)
    assert head in kept.wait_until_ready(pods=2)
    assert secrets(kept) == before


def test_a_cluster_whose_secrets_were_lost_while_no_operator_ran_comes_back_with_others(
    kept: RayOnNode, module_operator: tuple[str, str]
) -> None:
    lost, before = secrets(kept), kept.pods()
    with no_operator(kept.node, module_operator[0]):
        kept.kubectl("delete", "secret", *lost)
    until("all pods are made anew", lambda: not {*kept.pods().values()} & {*before.values()})
    head, _ = kept.wait_until_ready(pods=2)
    found = secrets(kept)
    assert found.keys() == lost.keys()
    assert all(found[name] != lost[name] for name in lost)
    assert TWELVE in succeeded(kept.shoal("connect", "--", sys.executable, "examples/script.py"))
    assert "known:open" in kept.kubectl("exec", head, "-c", "ray", "--", "python", "-c", KNOCK)


def test_the_logs_of_pods_that_are_gone_are_read_from_the_volume(kept: RayOnNode) -> None:
    assert "Gcs" in succeeded(kept.shoal("logs", "--dead", "--file", "gcs_server.out"))
    running = set(succeeded(kept.shoal("logs", "--list", "-o", "name")).split())
    gone = set(succeeded(kept.shoal("logs", "--dead", "--list", "-o", "name")).split())
    assert {"gcs_server.out", "raylet.out", "dashboard.log"} <= running & gone


def test_a_dashboard_is_opened_with_token_and_certificate_alone_and_closed_again(kept: RayOnNode) -> None:
    refused = kept.shoal("expose", "--host", "ray.example.com", "-y")
    assert (refused.returncode, "E749" in refused.stderr) == (2, True)
    succeeded(kept.shoal("expose", "--host", "ray.example.com", "--tls", "ray-tls", "--class", "nginx", "-y"))
    (ingress,) = json.loads(kept.kubectl("get", "ingress", "-o", "json"))["items"]
    assert ingress["spec"]["tls"] == [{"hosts": ["ray.example.com"], "secretName": "ray-tls"}]
    assert [owner["name"] for owner in ingress["metadata"]["ownerReferences"]] == ["kept"]
    succeeded(kept.shoal("expose", "--remove"))
    assert kept.kubectl("get", "ingress", "-o", "name") == ""


def test_a_cluster_that_nobody_uses_is_suspended_and_says_so(lean: RayOnNode) -> None:
    until("it is suspended", lambda: "Suspended (" in lean.shoal("status").stdout, IDLE_S + 150)
    assert "`idleSuspend: false` in its spec resumes it" in lean.shoal("status").stdout
    reasons = [reason for reason, _ in lean.events()]
    assert reasons.count("EndedIdleCluster") == 1
    assert "NodeNotWanted" not in reasons


def test_the_logs_of_its_head_are_read_from_the_bucket(lean: RayOnNode) -> None:
    assert "Gcs" in succeeded(lean.shoal("logs", "--dead", "--file", "gcs_server.out"))


def test_a_cluster_that_is_deleted_while_no_operator_runs_leaves_nothing_in_redis(
    lean: RayOnNode, module_operator: tuple[str, str]
) -> None:
    def keys() -> str:
        return lean.kubectl("exec", "redis", "--", "redis-cli", "--no-auth-warning", "-a", "open", "keys", "*").strip()

    assert keys()
    with no_operator(lean.node, module_operator[0]):
        lean.kubectl("delete", "raycluster", "lean", "--wait=false")
        assert lean.kubectl("get", "raycluster", "lean", "-o", "name")
    lean.kubectl("wait", "--for=delete", "raycluster/lean", "--timeout=120s")
    assert keys() == ""


def test_a_head_with_rays_autoscaler_takes_no_longer_to_go_than_one_without(kept: RayOnNode) -> None:
    scaled = RayOnNode(kept.node, kept.namespace, "scaled")
    body = raycluster("scaled", "pvc://ray-logs", cpus="0", workers=0, enableInTreeAutoscaling=True)
    apply(kept.node, kept.namespace, body)
    scaled.wait_until_ready(pods=1)
    scaled.kubectl("delete", "pod", *scaled.pods(), f"--timeout={GRACE_S // 2}s")
    scaled.kubectl("delete", "raycluster", "scaled", "--wait=false")


def test_logs_outlast_the_cluster_itself_and_its_gcs_does_not(kept: RayOnNode) -> None:
    kept.kubectl("delete", "raycluster", "kept", "--timeout=60s")
    until("no pod is left", lambda: kept.pods() == {})
    until(
        "its volume is let go",
        lambda: kept.kubectl("get", "pvc", "-o", "name").split() == ["persistentvolumeclaim/ray-logs"],
    )
    read = kept.shoal("logs", "--dead", "--from", "pvc://ray-logs", "--file", "gcs_server.out")
    assert "Gcs" in succeeded(read)
    assert kept.shoal("logs", "--dead").returncode == 2


@pytest.mark.parametrize("autoscaled", [False, True], ids=["by-the-operator", "by-rays-autoscaler"])
def test_a_cluster_that_nobody_uses_is_deleted_where_its_spec_says_so(kept: RayOnNode, autoscaled: bool) -> None:
    name = f"brief-{'scaled' if autoscaled else 'plain'}"
    ends = {"timeoutSeconds": IDLE_S, "policy": "Delete"}
    body = raycluster(
        name, "pvc://ray-logs", cpus="0", workers=0, enableInTreeAutoscaling=autoscaled, idleTerminationOptions=ends
    )
    apply(kept.node, kept.namespace, body)
    brief = RayOnNode(kept.node, kept.namespace, name)
    brief.wait_until_ready(pods=1)
    brief.kubectl("wait", "--for=delete", f"raycluster/{name}", f"--timeout={IDLE_S + 150}s")
    until("its pods are gone", lambda: not brief.pods(), 60)
