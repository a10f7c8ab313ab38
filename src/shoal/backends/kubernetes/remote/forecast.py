"""What a cluster's operator would do about a RayCluster: its own decision, on a picture got by reads alone."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeAlias

import msgspec
from msgspec.structs import replace

from shoal import __version__
from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.consent import consent_of
from shoal.backends.kubernetes.errors import Forbidden
from shoal.backends.kubernetes.operators import Announced, at_work, keeper
from shoal.backends.kubernetes.remote.picture import Picture, picture_of, with_secrets
from shoal.backends.kubernetes.resources import NAMESPACES, PODS, SECRETS
from shoal.desired.cluster import DesiredCluster
from shoal.desired.kubernetes.settings import Settings
from shoal.install.leases import OURS
from shoal.plan.actions import Action, ApplyObject, Forecast, Plan
from shoal.plan.later import later
from shoal.plan.left_behind import PATIENCE_S, may_be_behind
from shoal.reconcile import OURS as MANAGERS
from shoal.reconcile import Outcome, reconcile
from shoal.world.from_kubernetes import has_head_to_ask, is_head, world_of
from shoal.world.kubernetes import TEMPLATE, Observed, RayView, Resource, timestamp

Ask: TypeAlias = Callable[[], Awaitable[RayView | None]]
Manifest: TypeAlias = Mapping[str, Any]

UNNAMED = "the last letters of pods' names are drawn from the RayCluster's uid, which it gets when it is made"


async def forecast(client: Client, before: Manifest | None, after: Manifest, ask: Ask, now: datetime) -> Forecast:
    """What follows once the RayCluster is as ``after`` says.

    before: as it is, None if there is none yet. ask: asks Ray itself. now: UTC. What this person may not read is left
    out, and said.
    """
    resource = _resource(after, new=before is None)
    name = resource.metadata.name
    if (manager := after["spec"].get("managedBy", "")) not in MANAGERS:
        return Forecast(Plan(name), (f"spec.managedBy is {manager!r}: the operator leaves it alone",))
    told, notes = await _acting(client, resource.metadata.namespace, now)
    picture = await picture_of(client, resource, routes=told is not None and told.settings.has_routes)
    if PODS.kind in picture.unseen:
        return Forecast(Plan(name), (*notes, "you may not read pods: what the operator would do is left out"))
    settings = told.settings if told else _guessed(before, picture.observed, timestamp(now))
    if told is None:
        notes = (*notes, f"profile {settings.profile} is assumed")
    decided = await _Decision(client, settings, timestamp(now), ask).of(picture)
    if before is None and decided.plan:
        notes = (*notes, UNNAMED)
    return replace(decided, notes=(*notes, *decided.notes))


class _Decision:
    """settings: of the operator. now: RFC 3339."""

    def __init__(self, client: Client, settings: Settings, now: str, ask: Ask) -> None:
        self._client = client
        self._settings = settings
        self._now = now
        self._ask = ask

    async def of(self, picture: Picture) -> Forecast:
        """The decision, with all that is read for it."""
        name = picture.observed.resource.metadata.name
        outcome = self._decide(picture)
        if outcome.needs_consent:
            namespace = picture.observed.resource.metadata.namespace
            try:
                consent = await consent_of(self._client, namespace)
            except Forbidden:
                why = f"you may not read {NAMESPACES.kind} {namespace}, which has to allow what the cluster asks for"
                return Forecast(Plan(name), (f"{why}: what the operator would do is left out",))
            picture = replace(picture, observed=replace(picture.observed, consent=consent))
            outcome = self._decide(picture)
        if outcome.desired is None:
            return Forecast(Plan(name), tuple(f"the operator refuses it: {told.message}" for told in outcome.notices))
        picture = await with_secrets(self._client, picture, outcome.desired)
        ray = await self._ask() if has_head_to_ask(picture.observed.pods) else None
        if ray is not None:
            ray = replace(ray, gone=_gone(picture, outcome.desired))
        picture = replace(picture, observed=replace(picture.observed, ray=ray))
        outcome = self._decide(picture)
        plan = _without(outcome.plan, picture.unseen)
        return Forecast(plan, tuple(_said(picture, outcome, plan)))

    def _decide(self, picture: Picture) -> Outcome:
        return reconcile(picture.observed, self._settings, self._now)


def _gone(picture: Picture, desired: DesiredCluster) -> frozenset[str]:
    """The Secrets that the operator will miss when it asks Ray the next time."""
    if SECRETS.kind in picture.unseen:
        return frozenset()
    return frozenset(
        wanted.name for wanted in desired.objects if wanted.generated and wanted.key not in picture.observed.shared
    )


def _said(picture: Picture, outcome: Outcome, plan: Plan) -> Iterator[str]:
    for plural in picture.unseen.values():
        yield f"you may not read {plural}: what becomes of them is left out"
    ray = picture.observed.ray
    if ray is not None and ray.error:
        yield f"Ray can't be asked ({ray.error}): nodes are shown as stopped that would be drained, and none is rolled"
    if outcome.desired is not None:
        if outcome.desired.lifecycle.idle is not None:
            yield "whether anybody uses the cluster is left out: the operator ends one that is idle"
        world = world_of(picture.observed, outcome.desired)
        if behind := may_be_behind(outcome.desired, world):
            names = ", ".join(node.name for node in behind)
            yield f"what Ray doesn't see within {PATIENCE_S} s, as its head came later, is made anew: {names}"
        yield from later(outcome.desired, world, plan)


def _without(plan: Plan, kinds: Mapping[str, str]) -> Plan:
    """Without what is done about objects of these kinds."""

    def is_known(action: Action) -> bool:
        return not isinstance(action, ApplyObject) or action.object.kind not in kinds

    stages = (tuple(filter(is_known, stage)) for stage in plan.stages)
    return replace(plan, stages=tuple(stage for stage in stages if stage))


async def _acting(client: Client, namespace: str, now: datetime) -> tuple[Announced | None, tuple[str, ...]]:
    """How Shoal's operator runs clusters there, None if that isn't known, and what is to be said of it."""
    try:
        found = await at_work(client, now.timestamp())
    except Forbidden:
        return None, ("you may not read Leases, which say how the operator runs",)
    ours = [one.told for one in found if one.lease == OURS]
    told = next((told for told in ours if told is not None and told.acts_in(namespace)), None)
    if told is None and None in ours:
        return None, ("the operator doesn't say how it runs clusters",)
    if told is None:
        whose = "KubeRay's operator is at work here" if len(found) > len(ours) else "no operator holds a Lease here"
        return None, (f"{whose}: this is what Shoal's would do",)
    if told.version != __version__:
        return told, (f"the operator is Shoal {told.version} and this is {__version__}: it may decide otherwise",)
    return told, ()


def _guessed(before: Manifest | None, observed: Observed, now: str) -> Settings:
    """Those by which the cluster's head was made, if that can be seen."""
    likely = Settings(keeper=keeper())
    heads = (pod.metadata for pod in observed.pods if is_head(pod))
    made = {head.annotations.get(TEMPLATE, "") for head in heads}
    open_ = replace(likely, profile="compat")
    if before is not None and made:
        was = replace(observed, resource=_resource(before, new=False))
        desired = reconcile(was, open_, now).desired
        if desired is not None and desired.head is not None and desired.head.template in made:
            return open_
    return likely


def _resource(body: Manifest, *, new: bool) -> Resource:
    """As the operator reads it, without what was said of it before: what is wrong is said again."""
    metadata = {**body["metadata"], **({"uid": ""} if new else {})}
    return msgspec.json.decode(msgspec.json.encode({**body, "metadata": metadata, "status": {}}), type=Resource)
