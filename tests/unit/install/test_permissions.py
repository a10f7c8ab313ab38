"""What the operator may do: least, spelt out, and each with its reason."""

from typing import Any

import msgspec
import pytest

from shoal.backends.kubernetes.cache import SHARED
from shoal.backends.kubernetes.resources import ROUTES
from shoal.desired.kubernetes.objects.access import autoscaler_rights
from shoal.desired.kubernetes.settings import Settings
from shoal.engine.gcs_async import GcsCalls
from shoal.install.permissions import OF_CLUSTERS, OF_ITSELF, Permission, rules
from shoal.operator.operator import Operator
from shoal.operator.options import Options
from shoal.spec.raycluster import RayCluster
from shoal.testing.fakeapi import FakeApi

ALL = (*OF_CLUSTERS, *OF_ITSELF)
NEVER = {"*", "escalate", "bind", "impersonate", "deletecollection", "proxy"}


def allowed(group: str, resource: str) -> set[str]:
    """The verbs that the operator has on every object of a resource."""
    return {
        verb for one in ALL if (one.group, one.resource) == (group, resource) and not one.names for verb in one.verbs
    }


@pytest.mark.parametrize("one", ALL, ids=lambda one: f"{one.resource}-{'-'.join(one.verbs)}")
def test_a_permission_is_narrow_and_has_its_reason(one: Permission) -> None:
    assert one.reason
    assert not set(one.verbs) & NEVER
    assert "*" not in (one.group, one.resource)


def test_no_permission_is_said_twice() -> None:
    each = [(one.group, one.resource, verb, one.names) for one in ALL for verb in one.verbs]
    assert len(each) == len(set(each))


def test_secrets_are_made_and_asked_for_by_name_and_nothing_else() -> None:
    assert allowed("", "secrets") == {"get", "create"}


def test_nothing_is_written_that_belongs_to_the_whole_cluster() -> None:
    assert not {one.resource for one in ALL} & {"nodes", "customresourcedefinitions", "clusterroles"}
    assert allowed("", "namespaces") == {"get"}
    assert {one.verbs for one in ALL if one.group == "admissionregistration.k8s.io"} == {("get",)}


def test_only_its_own_lease_is_changed() -> None:
    changing = [one for one in ALL if one.resource == "leases" and set(one.verbs) - {"create"}]
    assert [one.names for one in changing] == [("shoal-operator",)]


def test_what_is_followed_may_be_listed_and_watched() -> None:
    options = Options(settings=Settings(has_routes=True))
    followed = {feed.resource for feed in Operator(FakeApi(), GcsCalls(), options).feeds}
    assert ROUTES in followed
    for resource in followed:
        assert {"get", "list", "watch"} <= allowed(resource.group, resource.plural), resource.plural


@pytest.mark.parametrize("kind", sorted(set(SHARED) - {"Secret"}))
def test_what_clusters_are_made_of_may_be_applied_and_deleted(kind: str) -> None:
    resource = SHARED[kind]
    assert {"create", "patch", "delete"} <= allowed(resource.group, resource.plural)


def test_rules_name_each_resource_once_with_all_its_verbs() -> None:
    given = (Permission("", "pods", ("get",), "x"), Permission("", "pods", ("list", "get"), "y"))
    assert rules(given) == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]


def test_rules_keep_names_apart() -> None:
    given = (Permission("", "pods", ("get",), "x", ("a",)), Permission("", "pods", ("list",), "y"))
    assert [rule.get("resourceNames") for rule in rules(given)] == [["a"], None]


def test_the_operator_holds_all_that_it_gives_to_an_autoscaler() -> None:
    """Nobody can give what he doesn't hold himself: the API server would refuse the Role."""
    template = {"spec": {"containers": [{"name": "ray", "image": "ray"}]}}
    spec = {
        "enableInTreeAutoscaling": True,
        "idleTerminationOptions": {"timeoutSeconds": 60, "policy": "Delete"},
        "headGroupSpec": {"rayStartParams": {}, "template": template},
    }
    meta = {"name": "a", "namespace": "b", "annotations": {"ray.io/ippr": "{}"}}
    plain = {"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": meta, "spec": spec}
    role = next(one for one in autoscaler_rights(msgspec.convert(plain, RayCluster)) if one.kind == "Role")
    given: list[dict[str, Any]] = role.body["rules"]
    lacking = {
        f"{verb} {resource}"
        for rule in given
        for resource in rule["resources"]
        for verb in set(rule["verbs"]) - allowed(rule["apiGroups"][0], resource)
    }
    assert given
    assert lacking == set()
