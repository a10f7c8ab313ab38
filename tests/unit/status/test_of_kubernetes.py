"""What people are told of a RayCluster that an operator elsewhere tends to."""

from typing import Any

import msgspec
import pytest

from shoal.status.conditions import State
from shoal.status.of_kubernetes import status_from
from shoal.world.kubernetes import Meta, Resource

SUSPENDED = {"state": "suspended", "observedGeneration": 2, "conditions": []}


@pytest.mark.parametrize(
    ("spec", "resumed_by"),
    [
        ({"suspend": True}, "`suspend: false`"),
        ({"idleSuspend": True}, "nobody used it for as long as its spec says; `idleSuspend: false`"),
        ({"suspend": True, "idleSuspend": True}, "`suspend: false`"),
    ],
)
def test_a_suspended_cluster_says_what_resumes_it(spec: dict[str, Any], resumed_by: str) -> None:
    raw = [msgspec.Raw(msgspec.json.encode(part)) for part in (spec, SUSPENDED)]
    status = status_from("c", Resource(Meta("c", generation=2), *raw), (), {})
    assert status.state is State.SUSPENDED
    assert resumed_by in status.message
