"""The life of one RayCluster on a real node, with the operator in its own pod.

In the order of a cluster's life: made, used in every way, scaled, broken, suspended, changed, deleted.
"""

import contextlib
import re
import signal
import sys
from collections.abc import Iterator

import pytest

from integration.operators_on_node import this_machine_let_in
from kube import ROOT, Cluster
from raynode import RayOnNode, until

pytestmark = [pytest.mark.node, pytest.mark.slow, pytest.mark.ray]

MANIFEST = ROOT / "examples/raycluster-complete.yaml"
NAME = "raycluster-complete"
TWELVE = str([12] * 12)
REPLICAS = "workerGroupSpecs/0/replicas"
WORKER_LABEL = "workerGroupSpecs/0/template/metadata"
DRAINED = (3, 4)
"""Why Ray says that a node died: it had work when it was drained, or none."""
"""Ray's NodeDeathInfo.AUTOSCALER_DRAIN_PREEMPTED: told to go, with a deadline."""
WAYS = {
    "exec": ["exec", "--", "python", "-c", (ROOT / "examples/script.py").read_text()],
    "submit": ["submit", "--working-dir", "examples", "--", "python", "script.py"],
    "connect": ["connect", "--", sys.executable, "examples/script.py"],
}
KINDS = "pods,services,secrets,networkpolicies,jobs,serviceaccounts,roles,rolebindings,persistentvolumeclaims,ingresses"

RIGHTS = ("role", "rolebinding")
"""What the operator itself has in the namespace that it watches."""


@pytest.fixture(scope="module")
def cluster(node: Cluster, module_operator: tuple[str, str]) -> RayOnNode:
    """The example, applied and ready: a head and two workers."""
    made = RayOnNode(node, module_operator[1], NAME)
    made.kubectl("apply", "-f", str(MANIFEST))
    made.wait_until_ready(pods=3)
    return made


@contextlib.contextmanager
def forwarded(cluster: RayOnNode, port: int) -> Iterator[int]:
    """The local port from which kubectl forwards to a port of the head's service."""
    kubectl = cluster.begin("kubectl", "-n", cluster.namespace, "port-forward", f"svc/{NAME}-head-svc", f":{port}")
    try:
        assert kubectl.stdout is not None
        line = kubectl.stdout.readline()
        found = re.search(r"127\.0\.0\.1:(\d+)", line)
        assert found, line
        yield int(found[1])
    finally:
        kubectl.terminate()
        kubectl.communicate(timeout=10)


@pytest.mark.parametrize("way", WAYS)
def test_our_verbs_run_the_script_on_the_whole_cluster(cluster: RayOnNode, way: str) -> None:
    ended = cluster.shoal(*WAYS[way])
    assert ended.returncode == 0, ended.stderr
    assert TWELVE in ended.stdout
    assert "'CPU': 3.0" in ended.stdout


def test_kubectl_exec_runs_the_script(cluster: RayOnNode) -> None:
    script = (ROOT / "examples/script.py").read_text()
    said = cluster.kubectl("exec", "-i", f"svc/{NAME}-head-svc", "--", "python", "-", stdin=script)
    assert TWELVE in said


def test_stock_ray_submits_a_job_through_a_forwarded_port_with_the_token_alone(cluster: RayOnNode) -> None:
    with forwarded(cluster, 8265) as port:
        command = ["ray", "job", "submit", "--address", f"http://127.0.0.1:{port}", "--working-dir", "examples"]
        command += ["--", "python", "script.py"]
        refused = cluster.run(command, RAY_AUTH_MODE="token", RAY_AUTH_TOKEN="0" * 43)
        ended = cluster.run(command, RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=cluster.token())
    assert refused.returncode != 0
    assert TWELVE in ended.stdout, ended.stderr


def test_stock_ray_client_connects_through_a_forwarded_port(cluster: RayOnNode) -> None:
    with forwarded(cluster, 10001) as port:
        variables = {"RAY_ADDRESS": f"ray://127.0.0.1:{port}", "RAY_AUTH_MODE": "token"}
        ended = cluster.run([sys.executable, "examples/script.py"], RAY_AUTH_TOKEN=cluster.token(), **variables)
    assert TWELVE in ended.stdout, ended.stderr + cluster.client_servers()


def test_a_worker_that_is_not_wanted_any_more_is_drained_before_it_goes(cluster: RayOnNode) -> None:
    before = cluster.wait_until_ready(pods=3)
    planned = cluster.planned(REPLICAS, 1)
    cluster.patch(REPLICAS, 1)
    after = cluster.wait_until_ready(pods=2)
    (gone,) = before.keys() - after.keys()
    assert planned == [("DrainNode", gone)]
    (died,) = (node for node in cluster.nodes() if not node["Alive"])
    assert died["DeathReason"] in DRAINED
    said = [reason for reason, message in cluster.events() if gone in message]
    assert sorted(said) == ["Created", "Deleted", "Drained"]


def test_a_worker_comes_when_one_more_is_wanted(cluster: RayOnNode) -> None:
    before = cluster.pods()
    cluster.patch(REPLICAS, 2)
    assert before.items() < cluster.wait_until_ready(pods=3).items()


def test_a_killed_worker_is_replaced_and_nothing_else_is(cluster: RayOnNode) -> None:
    head, killed, other = before = cluster.pods()
    cluster.kubectl("delete", "pod", killed, "--force", "--grace-period=0")
    after = cluster.wait_until_ready(pods=3)
    assert before[killed] not in after.values()
    assert {name: after[name] for name in (head, other)} == {name: before[name] for name in (head, other)}


def test_a_killed_head_comes_back_and_takes_work(cluster: RayOnNode) -> None:
    head, uid = next(iter(cluster.pods().items()))
    cluster.kubectl("delete", "pod", head, "--force", "--grace-period=0")
    assert uid not in cluster.wait_until_ready(pods=3).values()
    ended = cluster.shoal(*WAYS["exec"])
    assert TWELVE in ended.stdout, ended.stderr


@pytest.mark.parametrize("resume", ["replace", "remove"])
def test_a_suspended_cluster_has_no_pods_and_comes_back(cluster: RayOnNode, resume: str) -> None:
    cluster.patch("suspend", True)
    until("no pod is left", lambda: cluster.pods() == {})
    cluster.kubectl("wait", f"raycluster/{NAME}", "--for=jsonpath={.status.state}=suspended", "--timeout=60s")
    cluster.kubectl("get", "service", f"{NAME}-head-svc")
    cluster.patch("suspend", False, resume)
    cluster.wait_until_ready(pods=3)


def change(cluster: RayOnNode, strategy: str, value: str) -> None:
    """Another pod template of the workers, with a strategy."""
    cluster.patch("upgradeStrategy", {"type": strategy})
    cluster.patch(WORKER_LABEL, {"annotations": {"example.com/edition": value}})


def test_without_a_strategy_a_change_leaves_running_pods_alone(cluster: RayOnNode) -> None:
    before = cluster.pods()
    change(cluster, "None", "1")
    assert cluster.wait_until_ready(pods=3) == before


def test_rolling_replaces_the_changed_workers_drained_and_one_at_a_time(cluster: RayOnNode) -> None:
    head, *workers = before = cluster.pods()
    change(cluster, "RollingUpdate", "2")
    fewest = len(before)

    def is_rolled() -> bool:
        nonlocal fewest
        now = cluster.pods()
        fewest = min(fewest, len(now))
        return not {before[worker] for worker in workers} & set(now.values())

    until("no worker of before is left", is_rolled)
    after = cluster.wait_until_ready(pods=3)
    assert fewest >= 2
    assert after[head] == before[head]
    drained = " ".join(message for reason, message in cluster.events() if reason == "Drained")
    assert all(worker in drained for worker in workers)


def test_recreate_replaces_all_pods(cluster: RayOnNode) -> None:
    before = cluster.pods()
    change(cluster, "Recreate", "3")
    until("no pod of before is left", lambda: not set(cluster.pods().values()) & set(before.values()))
    cluster.wait_until_ready(pods=3)


def test_workers_that_a_new_head_does_not_let_in_are_made_anew(cluster: RayOnNode) -> None:
    before = cluster.pods()
    cluster.patch("authOptions", {"mode": "disabled"})
    until("no pod of before is left", lambda: not set(cluster.pods().values()) & set(before.values()))
    head, *workers = without_token = cluster.wait_until_ready(pods=3)
    cluster.patch("upgradeStrategy", {"type": "None"})
    cluster.patch("authOptions", {"mode": "token"})
    cluster.kubectl("delete", "pod", head, "--force", "--grace-period=0")
    # They have two minutes to come back, and Ray is asked more and more seldom.
    until("no pod of before is left", lambda: not set(cluster.pods().values()) & set(without_token.values()), 480)
    cluster.wait_until_ready(pods=3)
    told = " ".join(message for _, message in cluster.events() if "its head came later" in message)
    assert all(worker in told for worker in workers)


def test_an_operator_whose_pod_is_killed_while_it_creates_goes_on(
    cluster: RayOnNode, module_operator: tuple[str, str]
) -> None:
    cluster.patch("suspend", True)
    until("no pod is left", lambda: cluster.pods() == {})
    cluster.patch("suspend", False)
    until("its first pod is made", cluster.pods)
    space = module_operator[0]
    cluster.node.kubectl("-n", space, "delete", "pods", "--all", "--force", "--grace-period=0")
    first = cluster.pods()
    assert first.items() <= cluster.wait_until_ready(pods=3).items()


def test_an_operator_on_this_machine_that_is_killed_while_it_creates_goes_on(
    cluster: RayOnNode, module_operator: tuple[str, str]
) -> None:
    space, namespace = module_operator
    cluster.node.kubectl("-n", space, "scale", "deployment/shoal-operator", "--replicas=0")
    where = ["--operator-namespace", space, "--watch-namespace", namespace, "--metrics-port", "0", "--probes-port", "0"]
    command = [sys.executable, "-m", "shoal", "operator", "run", "--kubeconfig", str(cluster.node.kubeconfig), *where]
    cluster.patch("suspend", True)
    first = cluster.begin(*command)
    until("no pod is left", lambda: cluster.pods() == {})
    cluster.patch("suspend", False)
    until("its first pod is made", cluster.pods)
    first.kill()
    first.communicate()
    second = cluster.begin(*command)
    made = cluster.pods()
    # Profile `secure` lets in who asks from the operator's namespace, and this one doesn't.
    until("it has no answer", lambda: "does not answer" in cluster.shoal("status").stdout)
    with this_machine_let_in(cluster):
        assert made.items() <= cluster.wait_until_ready(pods=3).items()
    second.send_signal(signal.SIGTERM)
    second.communicate(timeout=30)
    assert second.returncode == 0
    cluster.node.kubectl("-n", space, "scale", "deployment/shoal-operator", "--replicas=1")


def test_nothing_is_left_of_a_deleted_cluster(cluster: RayOnNode) -> None:
    cluster.kubectl("delete", "raycluster", NAME, "--timeout=60s")
    beside = {"serviceaccount/default", *(f"{kind}.rbac.authorization.k8s.io/shoal-operator" for kind in RIGHTS)}
    until("nothing of it is left", lambda: set(cluster.kubectl("get", KINDS, "-o", "name").split()) == beside, 60)
