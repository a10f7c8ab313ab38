"""Which changes of a pod can wait until it is ready, and which are looked at at once."""

from typing import Any

import msgspec
import pytest

from shoal.world.from_kubernetes import came_nearer
from shoal.world.kubernetes import Pod

READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
UNREADY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]}
SCHEDULED = {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "True"}]}


def pod(status: dict[str, Any], **metadata: str) -> Pod:
    return msgspec.convert({"metadata": {"name": "p", **metadata}, "status": status}, Pod)


def waits(reason: str) -> dict[str, Any]:
    state = {"waiting": {"reason": reason}}
    return SCHEDULED | {"containerStatuses": [{"name": "ray", "state": state}]}


def ended(exit_code: int, restarts: int) -> dict[str, Any]:
    status = {"name": "ray", "restartCount": restarts, "state": {"terminated": {"exitCode": exit_code}}}
    return UNREADY | {"containerStatuses": [status]}


@pytest.mark.parametrize("after", [SCHEDULED, waits("ContainerCreating"), UNREADY, READY])
def test_a_pod_on_its_way_came_nearer(after: dict[str, Any]) -> None:
    assert came_nearer(pod({"phase": "Pending"}), pod(after))


@pytest.mark.parametrize(
    "after",
    [
        {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]},
        {"phase": "Failed"},
        waits("ImagePullBackOff"),
        waits("CrashLoopBackOff"),
        ended(1, restarts=1),
    ],
)
def test_a_pod_that_something_stops_did_not(after: dict[str, Any]) -> None:
    assert not came_nearer(pod(SCHEDULED), pod(after))


def test_neither_did_one_that_was_ready_or_leaves_or_is_new_or_gone() -> None:
    assert not came_nearer(pod(READY), pod(UNREADY))
    assert not came_nearer(pod(READY), pod(READY, deletionTimestamp="2026-11-01T00:00:00Z"))
    assert not came_nearer(None, pod(READY))
    assert not came_nearer(pod(SCHEDULED), None)
