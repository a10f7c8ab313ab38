"""Cross-field rules in CEL, judged by the API server before an object is stored.

The API server estimates what a rule may cost at most when it takes a definition, and counts what it does cost. Both
have a limit, so what a rule walks through is bounded.
"""

import msgspec

from shoal.crds.markers import Place
from shoal.spec.raycluster import GcsFaultToleranceOptions, HeadGroupSpec, RayClusterSpec, WorkerGroupSpec
from shoal.spec.rayjob import DeletionCondition, DeletionStrategy, RayJobSpec
from shoal.spec.rayservice import RayServiceSpec


class Rule(msgspec.Struct, frozen=True):
    """rule: a CEL expression that is true of a right object. message: what is wrong, when it isn't."""

    rule: str
    message: str


COMPARED = 250
"""Worker groups up to which their names are compared: at 320 the comparing of long names passes the limit."""
MOST: dict[Place, int] = {(RayClusterSpec, "workerGroupSpecs"): 500}
"""Items at most, of a list that a rule walks through."""
LONGEST: dict[Place, int] = {(WorkerGroupSpec, "groupName"): 63}
"""Characters at most, of a text that a rule compares. A group's name becomes the value of a label, of 63 at most."""
FEWEST: dict[Place, int] = {(DeletionStrategy, "deletionRules"): 1}
"""Items at least."""

_MANAGERS = ("ray.io/kuberay-operator", "kueue.x-k8s.io/multikueue")
_MANAGED_BY = (
    Rule("self == oldSelf", "managedBy can't change after it was set: make a new object"),
    Rule(f"self in {list(_MANAGERS)}", f"managedBy has to be {' or '.join(_MANAGERS)}"),
)
_HAS_CONTAINER = (
    Rule(
        "has(self.spec) && self.spec.containers.size() > 0",
        "the pod template needs a container: the first one runs Ray",
    ),
)

RULES: dict[Place, tuple[Rule, ...]] = {
    (RayClusterSpec, "managedBy"): _MANAGED_BY,
    (RayJobSpec, "managedBy"): _MANAGED_BY,
    (RayServiceSpec, "managedBy"): _MANAGED_BY,
    (GcsFaultToleranceOptions, "backend"): (
        Rule("self == oldSelf", "the backend can't change after it was set: what it stores would be lost"),
    ),
    (HeadGroupSpec, "template"): _HAS_CONTAINER,
    (WorkerGroupSpec, "template"): _HAS_CONTAINER,
    (RayClusterSpec, "workerGroupSpecs"): (
        Rule(
            f"self.size() > {COMPARED} || self.all(a, self.exists_one(b, a.groupName == b.groupName))",
            "two worker groups have the same groupName: give each a name of its own",
        ),
    ),
    (RayJobSpec, ""): (
        Rule(
            "has(self.rayClusterSpec) || (has(self.clusterSelector) && self.clusterSelector.size() > 0)",
            "the job names no cluster to run on: add rayClusterSpec for a cluster of its own, or clusterSelector",
        ),
    ),
    (DeletionStrategy, ""): (
        Rule(
            "!has(self.deletionRules) || !(has(self.onSuccess) || has(self.onFailure))",
            "use deletionRules or the older onSuccess and onFailure, not both",
        ),
        Rule(
            "has(self.deletionRules) || (has(self.onSuccess) && has(self.onFailure))",
            "give deletionRules, or both onSuccess and onFailure",
        ),
    ),
    (DeletionCondition, ""): (
        Rule(
            "has(self.jobStatus) != has(self.jobDeploymentStatus)",
            "a condition names either jobStatus or jobDeploymentStatus",
        ),
    ),
}
"""Rules on a field, or with "" on the whole object."""
