"""What a RayCluster says against itself: tests/cases/kubernetes/contradictions.yaml."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from shoal.spec.contradictions import contradictions
from shoal.spec.raycluster import RayCluster
from unit.desired.kubernetes.pod_view import manifest

CASES = yaml.safe_load((Path(__file__).parents[2] / "cases/kubernetes/contradictions.yaml").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_each_contradiction_is_named_with_a_next_step(case: dict[str, Any]) -> None:
    cluster = msgspec.json.decode(json.dumps(manifest(case)), type=RayCluster)
    said = list(contradictions(cluster.spec, cluster.metadata.annotations))
    assert len(said) == len(case["says"]), said
    for words, beginning in zip(said, case["says"], strict=True):
        assert words.startswith(beginning)
        assert words.endswith(")"), "the next step is in brackets"
        assert "hunter2" not in words
