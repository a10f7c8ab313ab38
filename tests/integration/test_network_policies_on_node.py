"""Who gets through to a RayCluster on a node that keeps NetworkPolicies, and to whom its pods get.

``closed`` says nothing of policies, and profile ``secure`` closes it; ``sealed`` asks for one itself, and lets nothing
out either. Strangers are pods that listen at ``DOOR`` and knock elsewhere.
"""

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from integration.operators_on_node import GCS, no_operator, this_machine_let_in
from kube import Cluster
from raynode import IMAGE, RayOnNode, template, until

pytestmark = [pytest.mark.node, pytest.mark.slow, pytest.mark.ray]

DOOR = 9000
SOON_S = 30.0
"""What a change of a policy may take until it is in force."""
DASHBOARD, CLIENT, METRICS = 8265, 10001, 8080
LISTEN = f"""
import socketserver
class Quiet(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
Quiet(("", {DOOR}), socketserver.BaseRequestHandler).serve_forever()
"""
KNOCK = """
import socket, sys
from concurrent.futures import ThreadPoolExecutor
def is_open(port):
    try:
        socket.create_connection((sys.argv[1], port), 3).close()
    except OSError:
        return False
    return True
ports = [int(port) for port in sys.argv[2:]]
with ThreadPoolExecutor(8) as pool:
    print(*(port for port, opened in zip(ports, pool.map(is_open, ports)) if opened))
"""
LISTENING = "0A"
LOOPBACK = ("0100007F", "00000000000000000000000001000000")
"""127.0.0.1 and ::1 as the kernel writes them."""


def apply(node: Cluster, namespace: str, *objects: dict[str, Any]) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": objects}
    node.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(listed))


def raycluster(name: str, **spec: Any) -> dict[str, Any]:
    """A head and a worker."""
    group = {"groupName": "w", "replicas": 1, "minReplicas": 0, "maxReplicas": 1, "rayStartParams": {"num-cpus": "1"}}
    body = {
        "rayVersion": "2.60.0",
        "headGroupSpec": {"rayStartParams": {"num-cpus": "1"}, "template": template()},
        "workerGroupSpecs": [group | {"template": template()}],
    }
    return {"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": {"name": name}, "spec": body | spec}


class Pod:
    """A running pod with Python."""

    def __init__(self, node: Cluster, namespace: str, name: str) -> None:
        self._where = ["-n", namespace, "exec", name, "--"]
        self._node = node
        self.address = node.kubectl("-n", namespace, "get", "pod", name, "-o", "jsonpath={.status.podIP}")

    def reaches(self, other: "Pod", *ports: int) -> set[int]:
        """Those of the ports at which the other one is reached from here."""
        return {int(port) for port in self._run("python3", "-c", KNOCK, other.address, *map(str, ports)).split()}

    def listening(self) -> set[int]:
        """The ports at which it can be reached by others, if they get through."""
        table = self._run("cat", "/proc/net/tcp", "/proc/net/tcp6").splitlines()
        sockets = [(line.split()[1].split(":"), line.split()[3]) for line in table if "local_address" not in line]
        return {int(port, 16) for (at, port), state in sockets if state == LISTENING and at not in LOOPBACK}

    def _run(self, *command: str) -> str:
        return self._node.kubectl(*self._where, *command)


def stranger(node: Cluster, namespace: str, name: str = "stranger") -> Pod:
    container = {"name": "a", "image": IMAGE, "imagePullPolicy": "Never", "command": ["python", "-c", LISTEN]}
    probe = {"tcpSocket": {"port": DOOR}, "periodSeconds": 1}
    spec = {"containers": [container | {"readinessProbe": probe}], "terminationGracePeriodSeconds": 0}
    apply(node, namespace, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})
    node.kubectl("-n", namespace, "wait", "--for=condition=Ready", f"pod/{name}", "--timeout=120s")
    return Pod(node, namespace, name)


@pytest.fixture(scope="module")
def closed(node: Cluster, module_operator: tuple[str, str]) -> RayOnNode:
    apply(node, module_operator[1], raycluster("closed"))
    made = RayOnNode(node, module_operator[1], "closed")
    made.wait_until_ready(pods=2)
    return made


@pytest.fixture(scope="module")
def sealed(closed: RayOnNode) -> RayOnNode:
    """Made under a policy from its first moment."""
    apply(closed.node, closed.namespace, raycluster("sealed", networkPolicy={"mode": "DenyAll"}))
    made = RayOnNode(closed.node, closed.namespace, "sealed")
    made.wait_until_ready(pods=2)
    return made


@pytest.fixture(scope="module")
def strangers(node: Cluster, module_operator: tuple[str, str]) -> Iterator[list[Pod]]:
    """One in the clusters' namespace, one in another."""
    with node.new_namespace() as elsewhere:
        yield [stranger(node, namespace) for namespace in (module_operator[1], elsewhere)]


def pods_of(cluster: RayOnNode) -> list[Pod]:
    """Head and worker."""
    return [Pod(cluster.node, cluster.namespace, name) for name in cluster.pods()]


def of_ray(cluster: RayOnNode, pod: Pod) -> set[int]:
    """Where Ray's own processes of a pod are asked by others."""
    (found,) = (each for each in cluster.nodes() if each["NodeManagerAddress"] == pod.address)
    return {found["NodeManagerPort"], found["ObjectManagerPort"]}


def operator_of(cluster: RayOnNode, space: str) -> Pod:
    name = cluster.node.kubectl("-n", space, "get", "pods", "-o", "jsonpath={.items[0].metadata.name}")
    return Pod(cluster.node, space, name)


def test_strangers_reach_nothing_of_a_closed_cluster_but_its_metrics(closed: RayOnNode, strangers: list[Pod]) -> None:
    for pod in pods_of(closed):
        ports = pod.listening()
        assert of_ray(closed, pod) <= ports
        for each in strangers:
            assert each.reaches(pod, *ports) == ports & {METRICS}


def test_head_and_worker_reach_each_other_and_jobs_run(closed: RayOnNode) -> None:
    head, worker = pods_of(closed)
    assert worker.reaches(head, GCS, DASHBOARD) == {GCS, DASHBOARD}
    assert head.reaches(worker, *of_ray(closed, worker)) == of_ray(closed, worker)
    ended = closed.shoal("submit", "--working-dir", "examples", "--", "python", "script.py")
    assert str([12] * 12) in ended.stdout, ended.stderr


def test_without_the_policy_strangers_reach_it_all_and_with_it_they_are_turned_away_again(
    closed: RayOnNode, strangers: list[Pod], module_operator: tuple[str, str]
) -> None:
    head, worker = pods_of(closed)
    of_head, of_worker = {GCS, DASHBOARD, CLIENT} | of_ray(closed, head), of_ray(closed, worker)

    def got_in() -> list[bool]:
        return [
            each.reaches(pod, *ports) == ports
            for each in strangers
            for pod, ports in ((head, of_head), (worker, of_worker))
        ]

    with no_operator(closed.node, module_operator[0]):
        closed.kubectl("delete", "networkpolicy", "closed")
        until("everybody gets in", lambda: all(got_in()), SOON_S)
    until("nobody gets in", lambda: not any(each.reaches(head, *of_head) for each in strangers))
    assert not any(got_in())


def test_the_operator_reaches_the_gcs_of_the_head_and_nothing_else_of_ray(
    closed: RayOnNode, sealed: RayOnNode, module_operator: tuple[str, str]
) -> None:
    operator = operator_of(closed, module_operator[0])
    for cluster, everyone in ((closed, {METRICS}), (sealed, set())):
        head, worker = pods_of(cluster)
        assert operator.reaches(head, *head.listening()) == {GCS} | everyone & head.listening()
        assert operator.reaches(worker, *worker.listening()) == everyone & worker.listening()


def test_whoever_is_no_pod_gets_in_where_a_policy_of_ones_own_says_so(closed: RayOnNode) -> None:
    head, _ = pods_of(closed)

    def is_open() -> bool:
        try:
            socket.create_connection((head.address, GCS), 3).close()
        except OSError:
            return False
        return True

    assert not is_open()
    with this_machine_let_in(closed):
        until("this machine gets in", is_open, SOON_S)
    until("it is turned away", lambda: not is_open(), SOON_S)


def test_an_exposed_dashboard_is_reached_and_nothing_else(closed: RayOnNode, strangers: list[Pod]) -> None:
    head, worker = pods_of(closed)
    ports = head.listening()
    before = ports & {METRICS}
    exposed = closed.shoal("expose", "--host", "ray.example.com", "--tls", "ray-tls", "--class", "nginx", "-y")
    assert exposed.returncode == 0, exposed.stderr
    until("the dashboard is reached", lambda: all(each.reaches(head, DASHBOARD) for each in strangers), SOON_S)
    for each in strangers:
        assert each.reaches(head, *ports) == {DASHBOARD} | before
        assert not each.reaches(worker, *of_ray(closed, worker))
    assert closed.shoal("expose", "--remove").returncode == 0
    until("it is closed again", lambda: not strangers[0].reaches(head, DASHBOARD), SOON_S)


def test_a_sealed_cluster_lets_nobody_in_and_gets_out_to_nobody(sealed: RayOnNode, strangers: list[Pod]) -> None:
    for pod in pods_of(sealed):
        for each in strangers:
            assert not each.reaches(pod, *pod.listening())
            assert not pod.reaches(each, DOOR)
    ended = sealed.shoal("submit", "--working-dir", "examples", "--", "python", "script.py")
    assert str([12] * 12) in ended.stdout, ended.stderr


def test_only_what_the_head_is_given_goes_out(sealed: RayOnNode, strangers: list[Pod]) -> None:
    near, far = strangers
    head, worker = pods_of(sealed)
    ports = [{"port": DOOR, "protocol": "TCP"}]
    sealed.patch("networkPolicy/head", {"egressRules": [{"to": [{"podSelector": {}}], "ports": ports}]})
    until("the head gets out", lambda: head.reaches(near, DOOR), SOON_S)
    assert not head.reaches(far, DOOR)
    assert not worker.reaches(near, DOOR)
    sealed.patch("networkPolicy/head", None, "remove")


@pytest.mark.parametrize(("mode", "way"), [("DenyAllIngress", "out"), ("DenyAllEgress", "to metrics")])
def test_a_mode_leaves_one_way_as_it_is_without_it(
    sealed: RayOnNode, strangers: list[Pod], mode: str, way: str
) -> None:
    """The way in is closed to strangers by the profile then."""
    before = sealed.pods()
    head, worker = pods_of(sealed)
    ports = {pod: of_ray(sealed, pod) for pod in (head, worker)}

    def open_ways() -> set[str]:
        pairs = [(pod, each) for pod in ports for each in strangers]
        found = {"in" for pod, each in pairs if each.reaches(pod, *ports[pod])}
        found |= {"to metrics" for each in strangers if each.reaches(head, METRICS)}
        return found | {"out" for pod, each in pairs if pod.reaches(each, DOOR)}

    sealed.patch("networkPolicy/mode", mode)
    until(f"the way {way} alone is open", lambda: open_ways() == {way}, SOON_S)
    assert sealed.wait_until_ready(pods=2) == before
