"""A lone worker makes do with the CPUs that others leave free."""

from collections.abc import Iterator
from typing import Any

import pytest

from air.bad_cases import train
from air.passengers import passengers
from shoal import air
from shoal.air.cluster import with_free_cpus

pytestmark = [pytest.mark.air, pytest.mark.ray, pytest.mark.usefixtures("ray_here")]


@pytest.fixture
def one_cpu_held() -> Iterator[Any]:
    """One of the two CPUs is somebody else's, as a served model's."""
    import ray

    class Holder:
        def here(self) -> bool:
            return True

    holder = ray.remote(num_cpus=1)(Holder).remote()
    ray.get(holder.here.remote())
    yield holder
    ray.kill(holder)


@pytest.mark.usefixtures("one_cpu_held")
def test_a_lone_worker_takes_what_is_free(capsys: pytest.CaptureFixture[str]) -> None:
    result = train(passengers(50), scaling=air.Scaling())
    told = capsys.readouterr().err
    assert "others hold the rest of the CPUs" in told
    assert "training in one Ray task with 1 CPU\n" in told
    assert "train-logloss" in result.metrics


def test_it_takes_all_where_nobody_holds_any(monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    monkeypatch.setattr(ray, "available_resources", lambda: {"CPU": 2.0})
    assert with_free_cpus({"CPU": 2}) is None


@pytest.mark.parametrize(
    ("free", "nodes", "taken"),
    [
        (1.0, 1, {"CPU": 1, "GPU": 1}),  # it waits
        (0.0, 1, None),  # it has begun, or others hold all
        (0.5, 1, None),
        (1.0, 2, None),  # on which of the nodes, Ray tells no driver
    ],
)
def test_what_is_free_is_known_with_one_node(
    free: float, nodes: int, taken: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ray

    monkeypatch.setattr(ray, "available_resources", lambda: {"CPU": free})
    monkeypatch.setattr(ray, "nodes", lambda: [{"Alive": True}] * nodes + [{"Alive": False}])
    assert with_free_cpus({"CPU": 2, "GPU": 1}) == taken
