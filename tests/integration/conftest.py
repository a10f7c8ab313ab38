"""A real Kubernetes for the tests, in three sizes, each started when the first test asks for it.

Whoever has one running names its kubeconfig: SHOAL_KUBECONFIG, SHOAL_NODE_KUBECONFIG, SHOAL_KWOK_KUBECONFIG. Where none
can be had the tests are skipped, with the reason.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kube import Cluster, Lab, given, run_lab

FAKE_NODES = 50
OPERATOR_IMAGE = "docker.io/local/shoal-operator:test"


def cluster_of(variable: str, *verbs: str) -> Iterator[Cluster]:
    """The cluster that a variable names, or a lab of our own, made by ``verbs`` and gone afterwards."""
    if running := given(variable):
        yield running
        return
    folder = Path(tempfile.mkdtemp(prefix="shoal-test-"))
    lab = Lab(folder)
    try:
        yield lab.start(*verbs)
    finally:
        lab.end()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def kube() -> Iterator[Cluster]:
    """An API server with its controllers, and no nodes. Mark: ``kube``."""
    yield from cluster_of("SHOAL_KUBECONFIG", "build", "up")


@pytest.fixture(scope="session")
def node() -> Iterator[Cluster]:
    """A cluster with a real node, and the image of Ray. Mark: ``node``."""
    yield from cluster_of("SHOAL_NODE_KUBECONFIG", "build", "up", "node", "ray-image")


@pytest.fixture(scope="session")
def entrance(node: Cluster) -> Cluster:
    """The same, which lets requests from outside in."""
    run_lab("--run", str(node.kubeconfig.parent), "entrance")
    return node


@pytest.fixture(scope="session")
def operator_image(node: Cluster) -> str:
    """The operator as it is in this folder, known to the node."""
    run_lab("--run", str(node.kubeconfig.parent), "operator-image", OPERATOR_IMAGE)
    return OPERATOR_IMAGE


@pytest.fixture(scope="module")
def module_operator(node: Cluster, operator_image: str) -> Iterator[tuple[str, str]]:
    """An operator in its own pod: the namespace where it runs, and the one that it watches."""
    with node.new_namespace() as watched, node.operator(operator_image, watched) as space:
        yield space, watched


@pytest.fixture(scope="session")
def kwok() -> Iterator[Cluster]:
    """A cluster with fake nodes, labelled ``type=kwok``. Mark: ``kwok``."""
    yield from cluster_of("SHOAL_KWOK_KUBECONFIG", "build", "up", f"kwok {FAKE_NODES}")


@pytest.fixture
def namespace(request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of the test's own in the cluster of its mark."""
    marks = [name for name in ("kube", "node", "kwok") if request.node.get_closest_marker(name)]
    cluster: Cluster = request.getfixturevalue(marks[0])
    with cluster.new_namespace() as name:
        yield name
