"""Fixtures of the local backend's tests."""

from collections.abc import Iterator

import pytest

from shoal.backends.local import observe, paths
from shoal.backends.local.paths import known_clusters
from shoal.engine import launch
from unit.backends.sleepers import Sleepers, seen_by_ray


@pytest.fixture
def sleepers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sleepers]:
    """A local backend of sleeping processes; all of them gone afterwards."""
    monkeypatch.setattr(launch, "ray_command", lambda: ("sh", "-c", "exec sleep 300"))
    monkeypatch.setattr(observe, "known_nodes", seen_by_ray)
    made = Sleepers()
    yield made
    for name in known_clusters():
        made.take(name, None)
    assert not list(paths.clusters_home().glob("*"))
