"""The comparison of two operators' objects: what it leaves out says nothing, and what it finds has to be reviewed."""

import pytest

from unit.desired.kubernetes.alike import Reviewed, differences, reviewed, unexplained
from unit.desired.kubernetes.fields import Json, fields


def pod(container: Json, **spec: object) -> Json:
    """A pod of one container."""
    ray = {"name": "ray", "image": "ray:1", **container}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [ray], **spec}}


def found(one: Json, other: Json) -> list[str]:
    """The paths at which two objects differ."""
    return [each.path for each in differences("m", {"Pod/p": fields(one)}, {"Pod/p": fields(other)})]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"resources": {"limits": {"cpu": "1000m"}}}, {"resources": {"limits": {"cpu": 1}, "requests": {"cpu": "1"}}}),
        (
            {"ports": [{"name": "a", "containerPort": 1, "protocol": "TCP"}]},
            {"ports": [{"name": "a", "containerPort": 1}]},
        ),
        ({"imagePullPolicy": "IfNotPresent"}, {}),
        ({"args": ["ray start  --head "]}, {"args": ["ray start --head"]}),
        ({"volumeMounts": [{"name": "kube-api-access-x2z", "mountPath": "/t"}]}, {}),
    ],
)
def test_what_the_api_server_fills_in_is_no_difference(one: Json, other: Json) -> None:
    assert found(pod(one), pod(other)) == []


@pytest.mark.parametrize(
    ("one", "other", "path"),
    [
        ({"env": [{"name": "A", "value": "1"}]}, {"env": [{"name": "A", "value": "2"}]}, "env.A"),
        ({"resources": {"limits": {"cpu": "1"}}}, {"resources": {"requests": {"cpu": "1"}}}, "resources.limits.cpu"),
        ({"image": "ray:latest", "imagePullPolicy": "Never"}, {"image": "ray:latest"}, "imagePullPolicy"),
        ({"securityContext": {"privileged": True}}, {}, "securityContext.privileged"),
    ],
)
def test_a_field_that_is_otherwise_is_found(one: Json, other: Json, path: str) -> None:
    assert found(pod(one), pod(other)) == [f"spec.containers.ray.{path}"]


def test_an_order_is_compared_where_both_have_the_names() -> None:
    first, second = ({"env": [{"name": name} for name in names]} for names in ("ABC", "CA"))
    assert found(pod(first), pod(second)) == ["spec.containers.ray.env.B", "spec.containers.ray.env.order"]


def test_an_object_that_one_alone_makes_is_found() -> None:
    (only,) = differences("m", {}, {"Secret/s": {"kind": "Secret"}})
    assert (only.of, only.path, only.kuberay, only.ours) == ("Secret/s", "", None, "made")


def test_a_difference_needs_an_entry_and_an_entry_a_difference() -> None:
    (one,) = differences("m", {"Pod/p": {"a": "1"}}, {"Pod/p": {"a": "2"}})
    fits, other = Reviewed("why", "a", kuberay="1"), Reviewed("why", "a", kuberay="3")
    assert unexplained([one], [fits, other]) == ([], [other])
    assert unexplained([one], [other]) == ([one], [other])


@pytest.mark.parametrize("profile", ["compat", "secure"])
def test_every_entry_has_a_reason(profile: str) -> None:
    assert all(entry.because for entry in reviewed(profile))
