"""What people are told of a pod that does not run."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from shoal.world.blockers import Blocker, why_not_running
from shoal.world.kubernetes import Pod

CASES = yaml.safe_load((Path(__file__).parents[2] / "cases/kubernetes/blockers.yaml").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_people_are_told(case: dict[str, Any]) -> None:
    said = {"metadata": {"name": "the-pod"}, "spec": case.get("spec", {}), "status": case["status"]}
    pod = msgspec.convert(said, Pod)
    assert why_not_running(pod) == Blocker(case["reason"], case["message"], case.get("next_step", ""))
