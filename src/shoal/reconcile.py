"""The river for one RayCluster on Kubernetes, without any I/O: what is known -> what is done, and what is said."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec
from msgspec.structs import replace

from shoal.desired.cluster import DesiredCluster
from shoal.desired.kubernetes.derive import kubernetes_cluster
from shoal.desired.kubernetes.powers import asked_for as powers_asked_for
from shoal.desired.kubernetes.powers import explained, refused
from shoal.desired.kubernetes.settings import Settings
from shoal.findings import Finding
from shoal.lint.refused import refusals
from shoal.plan.actions import Plan, StartNode
from shoal.plan.diff import WAITS_FOR_OBJECTS, diff
from shoal.plan.ending import ending
from shoal.plan.farewell import waits_until
from shoal.plan.pauses import pause_end, paused
from shoal.plan.seats import LATE_S, seated
from shoal.plan.tell import Notice
from shoal.spec.complaints import place
from shoal.spec.from_json import from_json
from shoal.spec.powers import Power
from shoal.spec.raycluster import RayCluster
from shoal.status.conditions import ClusterStatus, status_of
from shoal.status.kubernetes_conditions import PROVISIONED, blocking, stored
from shoal.status.raycluster import asked_for, is_settled, kuberay_state, raycluster_status, rejected_status
from shoal.world.blockers import NOT_PREPARED
from shoal.world.from_kubernetes import is_adopted, seconds, world_of
from shoal.world.kubernetes import FINALIZERS, Meta, Observed
from shoal.world.snapshot import Phase, World

OURS = ("", "ray.io/kuberay-operator")
"""Values of ``managedBy`` of a RayCluster that this operator acts on."""
CONSENT_S = 30.0
"""Until a namespace that has not allowed what a cluster asks for is asked again: nothing tells of its change."""
PATIENCE_S = 10.0
ON_ITS_WAY = (
    "NodeMissing",
    "Pending",
    "ContainersNotReady",
    NOT_PREPARED,
    "RayNotAsked",
    "WaitingForRay",
    "RayDoesNotSeeIt",
    "GcsUnreachable",
)
UNPREPARED_S = 30.0
"""Until a pod is looked at again that lacks a volume or a Secret: its machine tells of no change."""
ON_ITS_WAY_OUT = ("NodeNotWanted", "Stopping")
TOLD_AT_ONCE = 3
"""Errors of a spec that its status names."""
SPECS_KEPT = 2048
"""What is derived of a spec takes 8 KB, or 1 ms at each look. Clusters are looked at in turn: with one more than are
kept, each would be derived anew every time."""
WHOLE_KEPT = 16
"""Those looked at last, whose pods are being made: with what pods are made from, each takes twice the memory."""


class Outcome(msgspec.Struct, frozen=True):
    """What a look at one RayCluster leads to.

    desired: what the plan's actions refer to; None when there is nothing to do.
    status: the whole status to be stored, None when the stored one is right or a better one is about to come.
    held: whether there is a status that need not be told yet.
    notices: what is worth an Event, beside what is done of the plan.
    look_again_s: when something is due without any change, None for never.
    needs_consent: nothing can be decided before its namespace was asked.
    """

    plan: Plan
    desired: DesiredCluster | None = None
    status: dict[str, Any] | None = None
    held: bool = False
    notices: tuple[Notice, ...] = ()
    look_again_s: float | None = None
    needs_consent: bool = False

    @property
    def is_settled(self) -> bool:
        """Nothing is to be done or told, and nothing will be unless something changes."""
        waits = self.held or self.needs_consent or self.look_again_s is not None
        return not (self.plan or self.notices or waits or self.status is not None)


def reconcile(observed: Observed, settings: Settings, now: str, patience_s: float = PATIENCE_S) -> Outcome:
    """Decide about one RayCluster.

    now: RFC 3339, whole seconds. patience_s: how long a cluster that makes its way as expected is no news; then its
    status is written all the same.
    """
    resource = observed.resource
    nothing = Plan(resource.metadata.name)
    if resource.metadata.deletion_timestamp is not None and set(FINALIZERS).isdisjoint(resource.metadata.finalizers):
        return Outcome(nothing)  # what it owns goes with it
    meta = resource.metadata
    adopted = is_adopted(observed)
    if adopted:
        # Half of a cluster can't ask for tokens that the other half doesn't know. What is made now says so too: it may
        # outlive the pods that were taken over.
        settings = replace(settings, profile="compat")
    source = bytes(resource.spec), _told_of(meta), settings
    spec = read_spec(*source)
    if not isinstance(spec, str) and spec.managed_by not in OURS:
        return Outcome(nothing)
    if meta.deletion_timestamp is not None:
        return _ending(observed, None if isinstance(spec, str) else spec.desired, meta.deletion_timestamp, now)
    if isinstance(spec, str):
        return _rejected(observed, spec, now)
    if spec.powers:
        if observed.consent is None:
            return Outcome(nothing, needs_consent=True)
        if found := refused(spec.powers, observed.consent.labels, observed.consent.annotations):
            return replace(_rejected(observed, explained(found), now, "PowersNotAllowed"), look_again_s=CONSENT_S)
    moment = seconds(now)
    before = msgspec.json.decode(resource.status)
    world = world_of(observed, spec.desired)
    if spec.desired.lifecycle.head_once:
        world = replace(world, had_its_head=stored(before, PROVISIONED).get("status") == "True")
    desired = replace(seated(spec.desired, world, moment), adopted=adopted)
    plan = diff(desired, world, moment)
    if any(isinstance(action, StartNode) for action in plan.actions):
        desired = replace(desired, templates=_templates(*source))
    status = status_of(desired, world)
    after = raycluster_status(spec.asked, desired, observed, world, status, before, now)
    told = seconds(before.get("lastUpdateTime", ""))
    is_news = observed.failure is not None or _is_news(plan, status, kuberay_state(desired, world))
    wait = 0.0 if is_news else _quiet_until(plan, world, told, moment, patience_s) - moment
    held = after != before and wait > 0
    return Outcome(
        plan,
        desired,
        status=after if after != before and not held else None,
        held=held,
        notices=tuple(_trouble(status, before, after, held=held)),
        look_again_s=_soonest(wait if held else None, _due(world, moment)),
    )


def _ending(observed: Observed, wanted: DesiredCluster | None, asked: str, now: str) -> Outcome:
    """What is left to do for a RayCluster that is being deleted and that a finalizer of ours holds."""
    desired = wanted or DesiredCluster(observed.resource.metadata.name, "", ())
    step = ending(wanted, world_of(observed, desired), seconds(asked), seconds(now))
    wait = None if step.until is None else max(0.1, step.until - seconds(now))
    return Outcome(step.plan, replace(desired, nodes=()), notices=step.notices, look_again_s=wait)


class Read(msgspec.Struct, frozen=True):
    """A RayCluster as it is understood. asked: what its status says of the spec, whatever runs.
    powers: what its namespace has to allow."""

    managed_by: str
    asked: dict[str, Any]
    desired: DesiredCluster
    powers: tuple[Power, ...] = ()


@lru_cache(maxsize=SPECS_KEPT)
def read_spec(spec: bytes, metadata: bytes, settings: Settings) -> Read | str:
    """The RayCluster and what must exist for it, or in words what is wrong with it. spec, metadata: JSON.

    Without the templates of its pods, which take more than all the rest and are needed only while pods are made.
    """
    whole = read_whole(spec, metadata, settings)
    return whole if isinstance(whole, str) else replace(whole, desired=replace(whole.desired, templates={}))


@lru_cache(maxsize=WHOLE_KEPT)
def read_whole(spec: bytes, metadata: bytes, settings: Settings) -> Read | str:
    """The same with the templates."""
    raw = msgspec.json.decode(spec)
    cluster, findings = from_json(
        {"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": msgspec.json.decode(metadata), "spec": raw}
    )
    errors = [finding for finding in findings if finding.fatal]
    if not errors and isinstance(cluster, RayCluster):
        errors = list(refusals(cluster))
    if errors or not isinstance(cluster, RayCluster):
        return "; ".join(_in_words(finding) for finding in errors[:TOLD_AT_ONCE])
    return Read(
        cluster.spec.managed_by or "",
        asked_for(cluster),
        kubernetes_cluster(cluster, raw, settings),
        powers_asked_for(raw, cluster.metadata.annotations) if settings.secure and not settings.is_judged else (),
    )


def _templates(spec: bytes, metadata: bytes, settings: Settings) -> dict[str, bytes]:
    whole = read_whole(spec, metadata, settings)
    return {} if isinstance(whole, str) else whole.desired.templates


def _told_of(meta: Meta) -> bytes:
    """What of a RayCluster's metadata may decide something, as JSON: without what changes at every write."""
    kept = {
        "name": meta.name,
        "namespace": meta.namespace,
        "uid": meta.uid,
        "labels": meta.labels,
        "annotations": meta.annotations,
        "ownerReferences": meta.owner_references,
    }
    return msgspec.json.encode(kept, order="deterministic")


def _in_words(finding: Finding) -> str:
    """What, where and the next step. Messages of the parser name the place themselves."""
    where, above, last = place(finding.path), place(finding.path[:-1]), finding.path[-1:]
    said = f"{finding.message} ({finding.hint})" if finding.hint else finding.message
    is_named = where in said or (above in said and all(repr(step) in said for step in last))
    return said if is_named else f"{where}: {said}"


def _rejected(observed: Observed, message: str, now: str, reason: str = "SpecInvalid") -> Outcome:
    before = msgspec.json.decode(observed.resource.status)
    after = rejected_status(observed, reason, message, before, now)
    told = "InvalidRayClusterSpec" if reason == "SpecInvalid" else reason  # KubeRay's word where it has one
    notices = (Notice("Warning", told, message),) if after != before else ()
    return Outcome(Plan(observed.resource.metadata.name), status=after if after != before else None, notices=notices)


def _is_news(plan: Plan, status: ClusterStatus, state: str) -> bool:
    """Whether there is something to tell at once: it is where it should be, or something is in its way."""
    blocker = blocking(status)
    return not plan and (is_settled(status, state) or (blocker is not None and blocker.reason not in ON_ITS_WAY))


def _quiet_until(plan: Plan, world: World, told: float, now: float, patience_s: float) -> float:
    """Until when the status may stay as it is. told: when it was written."""
    youngest = max((node.created for node in world.nodes), default=0.0)
    return (now if plan else max(youngest, told)) + patience_s


def _trouble(status: ClusterStatus, before: dict[str, Any], after: dict[str, Any], *, held: bool) -> Iterator[Notice]:
    """What newly blocks the cluster, told once."""
    blocker = blocking(status)
    if held or blocker is None or blocker.reason in (*ON_ITS_WAY, *ON_ITS_WAY_OUT):
        return
    if stored(before, "Ready").get("reason") != stored(after, "Ready").get("reason"):
        step = f"; {blocker.next_step}" if blocker.next_step else ""
        yield Notice("Warning", blocker.reason, f"{blocker.name}: {blocker.message}{step}")


def _due(world: World, now: float) -> float | None:
    """Seconds until a deadline passes that no event will tell of."""
    pausing = paused(world, now).values()
    moments = [pause_end(node) for node in world.nodes if node.name in pausing]
    if any(node.reason in WAITS_FOR_OBJECTS for node in world.nodes):
        moments.append(now + UNPREPARED_S)
    moments += [
        node.ends + LATE_S + 1 for node in world.nodes if node.phase is Phase.STOPPING and now <= node.ends + LATE_S
    ]
    deadline = waits_until(world)
    if deadline is not None:
        moments.append(deadline)
    return max(0.1, min(moments) - now) if moments else None


def _soonest(*waits: float | None) -> float | None:
    return min((wait for wait in waits if wait is not None), default=None)
