"""What our operator makes of a RayCluster is what KubeRay's makes of it, field by field, but for reviewed differences.

Both run, one after the other, on a real API server. Needs KubeRay's operator (`python -m lab build --kuberay`). Besides
manifests of our own it takes those of a folder: `make compare-kuberay SAMPLES=FOLDER/samples`. What KubeRay's makes of
ours is kept, so that tests which need neither compare with it; RECORD=1 keeps it anew.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from integration.operators_at_work import KUBERAYS, kuberay, made_by, shoal
from kube import Cluster
from unit.desired.kubernetes.alike import Made, differences, reviewed, unexplained
from unit.desired.kubernetes.recorded import OURS, keep, recorded
from unit.desired.kubernetes.samples import rayclusters

Json = dict[str, Any]
FOLDER = os.environ.get("SHOAL_KUBERAY_DIR")
RECORD = bool(os.environ.get("SHOAL_RECORD"))
pytestmark = [
    pytest.mark.kube,
    pytest.mark.skipif(not KUBERAYS.exists(), reason="KubeRay's operator is not built (python -m lab build --kuberay)"),
]


@pytest.fixture(scope="module")
def server(kube: Cluster) -> Cluster:
    """The API server with our definitions, as who swaps the operator has them."""
    kube.define_kinds()
    return kube


@pytest.fixture(scope="module")
def manifests() -> dict[str, Json]:
    return rayclusters(OURS) | (rayclusters(Path(FOLDER) / "samples") if FOLDER else {})


@pytest.fixture(scope="module")
def kuberays(server: Cluster, manifests: dict[str, Json]) -> Mapping[str, Made]:
    """What KubeRay's operator makes."""
    with server.new_namespace() as space:
        return made_by(kuberay(server, space), server, space, manifests)


def test_what_was_kept_is_what_kuberay_makes(kuberays: Mapping[str, Made]) -> None:
    ours = {name: kuberays[name] for name in rayclusters(OURS)}
    if RECORD:
        keep(ours)
    found = [one for name, made in ours.items() for one in differences(name, made, recorded(name))]
    left, _ = unexplained(found, reviewed("chance"))
    assert not left, "\n".join(map(str, left))


@pytest.mark.parametrize("profile", ["compat", "secure"])
def test_every_difference_to_kuberay_was_reviewed(
    server: Cluster, manifests: dict[str, Json], kuberays: Mapping[str, Made], profile: str
) -> None:
    with server.new_namespace() as space:
        server.kubectl("label", "namespace", space, "shoal.dev/allow-powers=true")
        ours = made_by(shoal(server, space, profile), server, space, manifests)
    found = [one for name in manifests for one in differences(name, kuberays[name], ours[name])]
    left, unused = unexplained(found, reviewed(profile))
    assert not left, f"{len(left)} of {len(found)} differences are not reviewed:\n" + "\n".join(map(str, left))
    assert not FOLDER or not unused, f"these entries explain no difference any more: {unused}"
