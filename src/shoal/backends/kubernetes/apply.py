"""A stage of a plan, as requests. Each action may be repeated: what is there already, or gone already, is done."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from shoal.backends.kubernetes import apply_cluster, apply_objects, apply_pods
from shoal.backends.kubernetes.cache import Cache
from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.errors import ApiError, Fate
from shoal.backends.kubernetes.resources import ROLEBINDINGS
from shoal.backends.kubernetes.store import Key
from shoal.backends.kubernetes.work import Drain, Now, Secrets, Work
from shoal.desired.cluster import DesiredCluster
from shoal.errors import ActionFailed
from shoal.plan.actions import (
    Action,
    AdoptNode,
    ApplyObject,
    DrainNode,
    EndIdle,
    HoldCluster,
    ReleaseCluster,
    RemoveObject,
    Stage,
    StartNode,
    StopNode,
)
from shoal.world.kubernetes import Observed

Turn: TypeAlias = Callable[[Key], AbstractAsyncContextManager[None]]


class Failed(msgspec.Struct, frozen=True):
    """An action that did not work."""

    action: Action
    error: ActionFailed


class Applier:
    """Carries out plans through one client; what the API server answers goes into ``cache`` at once.

    turn: held around each action, so that clusters share what may be under way at once.
    """

    def __init__(
        self,
        client: Client,
        cache: Cache,
        turn: Turn,
        drain: Drain,
        now: Now,
        secrets: Secrets,
    ) -> None:
        self._secrets = secrets
        self._client = client
        self._cache = cache
        self._turn = turn
        self._drain = drain
        self._now = now

    async def apply(self, observed: Observed, desired: DesiredCluster, stage: Stage) -> tuple[Failed, ...]:
        """Do the actions of one stage side by side; those that failed. The others are done nevertheless.

        But for pods of one template: what the API server refuses of one, as by a quota, it is not asked of the others.
        """
        refused: dict[str, ApiError] = {}
        work = Work(self._client, self._cache, observed, desired, self._now, self._secrets)
        failures: list[Failed] = []
        for wave in (
            [action for action in stage if not _names_another(action)],
            [action for action in stage if _names_another(action)],
        ):
            results = await asyncio.gather(*(self._try(work, action, refused) for action in wave))
            failures += [failure for failure in results if failure is not None]
        return tuple(failures)

    async def _try(self, work: Work, action: Action, refused: dict[str, ApiError]) -> Failed | None:
        """refused: by template, filled here."""
        meta = work.observed.resource.metadata
        template = action.node.template if isinstance(action, StartNode) else ""
        try:
            async with self._turn((meta.namespace, meta.name)):
                if template in refused:
                    return Failed(action, refused[template])
                await self._do(work, action)
            if isinstance(action, DrainNode):
                await self._drain_node(work, action)
        except ActionFailed as error:
            if template and isinstance(error, ApiError) and error.fate is not Fate.RETRY:
                refused[template] = error
            return Failed(action, error)
        return None

    async def _drain_node(self, work: Work, action: DrainNode) -> None:
        """Outside of our turn: Ray is asked, which holds nobody up. A node without work has nothing to wait for."""
        is_idle = await self._drain(work.observed, work.desired, action.ray_id, action.deadline_s)
        await apply_pods.announce_drain(work, replace(action, deadline_s=0) if is_idle else action, told=True)

    async def _do(self, work: Work, action: Action) -> None:
        match action:
            case StartNode():
                await apply_pods.start(work, action)
            case StopNode():
                await apply_pods.stop(work, action)
            case DrainNode():
                await apply_pods.announce_drain(work, action)
            case AdoptNode():
                await apply_pods.adopt(work, action)
            case ApplyObject():
                await apply_objects.apply(work, action)
            case RemoveObject():
                await apply_objects.remove(work, action)
            case HoldCluster():
                await apply_cluster.hold(work, action)
            case ReleaseCluster():
                await apply_cluster.release(work, action)
            case EndIdle():
                await apply_cluster.end_idle(work, action)
            case _:
                raise TypeError(f"no such action on Kubernetes: {type(action).__name__}")


def _names_another(action: Action) -> bool:
    """Whether the API server refuses it until another object of the same stage is there: a binding needs its role."""
    return isinstance(action, ApplyObject) and action.object.kind == ROLEBINDINGS.kind
