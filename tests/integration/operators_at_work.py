"""Operators at work on a real API server without nodes, and what they make of RayClusters."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from tempfile import TemporaryFile
from typing import IO, Any

from kube import Cluster
from lab.folders import cache_folder
from lab.modules import KUBERAY
from shoal.desired.kubernetes.settings import Settings
from unit.desired.kubernetes import pod_view
from unit.desired.kubernetes.alike import Made
from unit.desired.kubernetes.by_cluster import made, owner

Json = dict[str, Any]
RAY = "apis/ray.io/v1"
KUBERAYS = cache_folder() / KUBERAY.key / "kuberay-operator"
"""Where `python -m lab build --kuberay` puts it."""
PATIENCE_S = 60.0
READY_S = 90.0
POLL_S = 0.5
CORE = ("pods", "services", "serviceaccounts", "secrets", "configmaps", "persistentvolumeclaims")
KINDS = (
    *(f"api/v1/{name}" for name in CORE),
    "apis/rbac.authorization.k8s.io/v1/roles",
    "apis/rbac.authorization.k8s.io/v1/rolebindings",
    "apis/networking.k8s.io/v1/ingresses",
    "apis/networking.k8s.io/v1/networkpolicies",
    "apis/batch/v1/jobs",
)
"""Where each kind of object is, that an operator may make of a RayCluster."""


def kuberay(cluster: Cluster, space: str) -> list[str]:
    """The command of KubeRay's operator, for one namespace."""
    ports = ["--health-probe-bind-address", f"127.0.0.1:{_free_port()}", "--metrics-addr", f"127.0.0.1:{_free_port()}"]
    speed = ["--reconcile-concurrency", "4", "--qps", "200", "--burst", "400"]
    where = ["--kubeconfig", str(cluster.kubeconfig), "--watch-namespace", space]
    return [str(KUBERAYS), "--enable-leader-election=false", *where, *speed, *ports]


def shoal(cluster: Cluster, space: str, profile: str) -> list[str]:
    """The command of ours, likewise."""
    where = ["--kubeconfig", str(cluster.kubeconfig), "--watch-namespace", space]
    ports = ["--probes-port", "0", "--metrics-port", "0"]
    return [
        sys.executable,
        "-m",
        "shoal",
        "operator",
        "run",
        "--no-leader-election",
        "--profile",
        profile,
        *where,
        *ports,
    ]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def made_by(command: list[str], cluster: Cluster, space: str, manifests: Mapping[str, Json]) -> dict[str, Made]:
    """What an operator makes of each RayCluster in an empty namespace: the fields of every object, by kind and name."""
    for account in {name for manifest in manifests.values() for name in _accounts(manifest)}:
        post(cluster, f"api/v1/namespaces/{space}/serviceaccounts", {"metadata": {"name": account}})
    uids = {}
    for name, manifest in manifests.items():
        metadata = manifest["metadata"] | {"namespace": space}
        created = post(cluster, f"{RAY}/namespaces/{space}/rayclusters", manifest | {"metadata": metadata})
        uids[name] = created["metadata"]["uid"]
    wanted = {manifest["metadata"]["name"]: _pod_count(manifest) for manifest in manifests.values()}
    with running(command):
        _wait_for_pods(cluster, space, wanted)
    found = _objects(cluster, space)
    forget(cluster, space, wanted)
    return {
        name: made(found.get(manifest["metadata"]["name"], ()), space, uids[name])
        for name, manifest in manifests.items()
    }


def _accounts(manifest: Json) -> set[str]:
    """Service accounts that the author of a manifest has made beforehand."""
    spec = manifest["spec"]
    groups = (spec["headGroupSpec"], *(spec.get("workerGroupSpecs") or ()))
    return {name for group in groups if (name := group["template"]["spec"].get("serviceAccountName"))}


def _pod_count(manifest: Json) -> int:
    """As many as ours makes: were KubeRay's to make others, waiting would end with a word of it."""
    return len(pod_view.made(manifest, Settings(profile="compat")).nodes)


@contextlib.contextmanager
def running(command: list[str]) -> Iterator[None]:
    """An operator that ends with the block; what it printed is in the error when waiting for it was in vain."""
    with TemporaryFile() as printed:
        process = subprocess.Popen(command, stdout=printed, stderr=subprocess.STDOUT, env=_environment())
        try:
            yield
        except TimeoutError as error:
            raise AssertionError(f"{error}; the operator said:\n{_tail(printed)}") from None
        finally:
            process.terminate()
            process.wait(30)


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("SHOAL_")}


def _tail(printed: IO[bytes]) -> str:
    printed.seek(0)
    return printed.read().decode(errors="replace")[-4000:]


def _wait_for_pods(cluster: Cluster, space: str, wanted: Mapping[str, int]) -> None:
    end = time.monotonic() + PATIENCE_S
    while True:
        pods = [owner(pod) for pod in listed(cluster, f"api/v1/namespaces/{space}/pods")]
        lacking = {name: (pods.count(name), count) for name, count in wanted.items() if pods.count(name) != count}
        if not lacking:
            return
        if time.monotonic() > end:
            raise TimeoutError(f"after {PATIENCE_S:.0f} s these clusters have pods (and want): {lacking}")
        time.sleep(POLL_S)


def _objects(cluster: Cluster, space: str) -> dict[str, list[Json]]:
    """All that was made, by the name of the RayCluster that it is for."""
    found: dict[str, list[Json]] = {}
    for kind in KINDS:
        head, _, resource = kind.rpartition("/")
        for body in listed(cluster, f"{head}/namespaces/{space}/{resource}"):
            found.setdefault(owner(body), []).append(body)
    return found


def listed(cluster: Cluster, path: str) -> list[Json]:
    """All objects of a kind, each with its kind."""
    status, answer = cluster.ask("GET", f"/{path}")
    assert status == 200, answer
    kind = answer["kind"].removesuffix("List")
    return [{**body, "kind": kind, "apiVersion": answer["apiVersion"]} for body in answer["items"]]


def forget(cluster: Cluster, space: str, names: Iterable[str]) -> None:
    """Let the RayClusters go: their finalizers would wait for an operator that has ended."""
    for name in names:
        path = f"/{RAY}/namespaces/{space}/rayclusters/{name}"
        cluster.ask("PATCH", path, {"metadata": {"finalizers": None}}, "application/merge-patch+json")
        cluster.ask("DELETE", path)


def post(cluster: Cluster, path: str, body: Json) -> Any:
    """The object as it was made."""
    status, answer = cluster.ask("POST", f"/{path}", body)
    assert status == 201, answer
    return answer


def uids(cluster: Cluster, space: str, kind: str) -> dict[str, str]:
    """Of what is not about to go, by name."""
    return {
        one["metadata"]["name"]: one["metadata"]["uid"]
        for one in listed(cluster, f"api/v1/namespaces/{space}/{kind}")
        if "deletionTimestamp" not in one["metadata"]
    }


def ready(cluster: Cluster, space: str) -> bool:
    """Whether each cluster's operator says so of the spec as it is now."""
    return all(
        body.get("status", {}).get("state") == "ready"
        and body["status"].get("observedGeneration") == body["metadata"]["generation"]
        for body in listed(cluster, f"{RAY}/namespaces/{space}/rayclusters")
    )


def until(holds: Callable[[], bool]) -> None:
    """Look again and again until it holds. Raises TimeoutError."""
    end = time.monotonic() + READY_S
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError("it did not come to be")
        time.sleep(POLL_S)
