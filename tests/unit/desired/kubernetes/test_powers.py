"""What a manifest may not ask for unless its namespace says so: tests/cases/kubernetes/powers.yaml."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from shoal.desired.kubernetes.powers import ALLOW, dotted, explained, refused
from shoal.spec.powers import Power
from shoal.spec.raycluster import RayCluster

CASES = yaml.safe_load((Path(__file__).parents[3] / "cases" / "kubernetes" / "powers.yaml").read_text())
MANY = {"pod": {"serviceAccountName": "trainer", "volumes": [{"name": "b", "hostPath": {"path": "/var/log"}}]}}


def asked(case: dict[str, Any], labels: dict[str, str], annotations: dict[str, str]) -> tuple[Power, ...]:
    """What of a case a namespace with these labels and annotations refuses."""
    container = {"name": "ray-head", "image": "i", **case.get("container", {})}
    template = {"spec": {"containers": [container], **case.get("pod", {})}, **case.get("template", {})}
    spec = {"headGroupSpec": {"template": template, **case.get("head", {})}, **case.get("spec", {})}
    body = {
        "apiVersion": "ray.io/v1",
        "kind": "RayCluster",
        "metadata": {"name": "c", "annotations": case.get("annotations", {})},
        "spec": spec,
    }
    return refused(msgspec.json.decode(json.dumps(body), type=RayCluster), spec, labels, annotations)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["control"])
def test_what_a_namespace_has_not_allowed_is_refused(case: dict[str, Any]) -> None:
    expected = [
        (name, subject, where.removeprefix("/") if where.startswith("/") else f"headGroupSpec.template.{where}")
        for name, subject, where in case["found"]
    ]
    assert [(power.name, power.subject, dotted(power.path)) for power in asked(case, {}, {})] == expected


def test_a_label_allows_everything_and_only_when_it_is_true() -> None:
    assert asked(MANY, {ALLOW: "true"}, {}) == ()
    assert len(asked(MANY, {ALLOW: "false"}, {})) == 2
    assert len(asked(MANY, {}, {ALLOW: "true"})) == 2


@pytest.mark.parametrize(
    ("allowed", "left"),
    [
        ("host-path, service-account", []),
        ("host-path", ["service-account"]),
        ("service-account=trainer", ["host-path"]),
        ("service-account=other,host-path=/var", ["service-account", "host-path"]),
        ("", ["service-account", "host-path"]),
    ],
)
def test_an_annotation_allows_what_it_names(allowed: str, left: list[str]) -> None:
    assert [power.name for power in asked(MANY, {}, {ALLOW: allowed})] == left


def test_a_refusal_says_what_where_and_who_can_allow_it() -> None:
    assert explained(asked(MANY, {}, {})) == (
        "the namespace does not allow service-account=trainer (headGroupSpec.template.spec.serviceAccountName), "
        "host-path=/var/log (headGroupSpec.template.spec.volumes[0].hostPath); whoever may change it can annotate it "
        "with shoal.dev/allow-powers: service-account,host-path"
    )
