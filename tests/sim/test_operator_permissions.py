"""What the operator may do, against what it does in every scenario: no request is refused, no permission is idle."""

import asyncio
from functools import cache

from operator_sim.history import Play
from operator_sim.scenarios import SCENARIOS

from shoal.install.permissions import OF_CLUSTERS, Permission

GIVEN_ON = {("delete", "rayclusters.ray.io"), ("patch", "pods/resize")}
"""To Ray's own autoscaler: the operator has to hold them, and makes no use of them."""
NO_REQUEST = {("update", "rayclusters.ray.io/finalizers")}
"""Asked for by an admission plugin, when an owner may block the deletion of what it owns."""
AT_START = {("get", "validatingadmissionpolicybindings.admissionregistration.k8s.io")}
"""By the process, before any cluster is looked at."""
NOT_IN_THE_FAKE = ("routes.route.openshift.io", "routes.route.openshift.io/custom-host")
Use = tuple[str, str]


@cache
def used() -> frozenset[Use]:
    """Verb and resource of every request of every scenario."""
    found: set[Use] = set()
    for scenario in SCENARIOS:
        life = Play()
        asyncio.run(life.play(scenario))
        found |= {(seen.verb, seen.resource) for seen in life.api.requests}
    return frozenset(found)


def uses(one: Permission) -> set[Use]:
    """A permission as the fake notes requests: PLURAL.GROUP/SUBRESOURCE."""
    plural, _, below = one.resource.partition("/")
    resource = f"{plural}.{one.group}" if one.group else plural
    return {(verb, f"{resource}/{below}" if below else resource) for verb in one.verbs}


def granted() -> set[Use]:
    """All of them."""
    return {use for one in OF_CLUSTERS for use in uses(one)}


def test_nothing_is_asked_for_that_is_not_granted() -> None:
    assert used()
    assert used() - granted() == set()


def test_nothing_is_granted_that_is_not_needed() -> None:
    written = {resource for verb, resource in used() if verb in ("create", "patch")}
    listed = {resource for verb, resource in used() if verb == "list"}
    needed = set(used()) | GIVEN_ON | NO_REQUEST | AT_START
    # An apply creates what isn't there. A watch goes on from a list; the scenarios look anew each time instead. What
    # a write was refused for is looked at by its name. What was made for a cluster goes when it isn't wanted any more.
    needed |= {("create", resource) for resource in written}
    needed |= {("watch", resource) for resource in listed}
    needed |= {("get", resource) for resource in listed}
    needed |= {("delete", resource) for resource in written & listed}
    assert {use for use in granted() - needed if use[1] not in NOT_IN_THE_FAKE} == {
        (verb, "persistentvolumeclaims") for verb in ("create", "patch", "delete")
    }, "a GCS store on a volume, which no scenario has"
