"""What a manifest may not ask for unless its namespace says so: tests/cases/kubernetes/powers.yaml."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from shoal.desired.kubernetes.powers import ALLOW, asked_for, dotted, explained, refused
from shoal.install.admission import ASKS
from shoal.spec.powers import JUDGED, Power, powers

CASES = yaml.safe_load((Path(__file__).parents[3] / "cases" / "kubernetes" / "powers.yaml").read_text())
MANY = {"pod": {"serviceAccountName": "trainer", "volumes": [{"name": "b", "hostPath": {"path": "/var/log"}}]}}


def spec_of(case: dict[str, Any]) -> dict[str, Any]:
    container = {"name": "ray-head", "image": "i", **case.get("container", {})}
    template = {"spec": {"containers": [container], **case.get("pod", {})}, **case.get("template", {})}
    return {"headGroupSpec": {"template": template, **case.get("head", {})}, **case.get("spec", {})}


def asked(case: dict[str, Any], labels: dict[str, str], annotations: dict[str, str]) -> tuple[Power, ...]:
    """What of a case a namespace with these labels and annotations refuses."""
    return refused(asked_for(spec_of(case), case.get("annotations", {})), labels, annotations)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["control"])
def test_what_goes_beyond_an_ordinary_pod_is_found(case: dict[str, Any]) -> None:
    expected = [
        (name, subject, where.removeprefix("/") if where.startswith("/") else f"headGroupSpec.template.{where}")
        for name, subject, where in case["found"]
    ]
    found = powers(spec_of(case), case.get("annotations", {}))
    assert [(power.name, power.subject, dotted(power.path)) for power in found] == expected
    assert [power for power in found if power.name in JUDGED] == list(asked(case, {}, {}))


def test_the_api_server_judges_the_same_powers_by_the_same_names() -> None:
    assert frozenset(ASKS) == JUDGED


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
