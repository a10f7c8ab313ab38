"""Wait until the operator runs, or until what goes has gone."""

from collections.abc import Awaitable, Callable

from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.errors import NotFound
from shoal.backends.kubernetes.resources import DEPLOYMENTS, PODS, Resource
from shoal.errors import DeadlineExceeded
from shoal.install.facts import Deployment, Named
from shoal.install.options import NAME, SELECTOR, Options
from shoal.runtime.clock import Clock
from shoal.world.blockers import why_not_running
from shoal.world.kubernetes import Pod

LOOK_S = 0.5


class OperatorNotAvailable(DeadlineExceeded):
    """The operator was installed, and doesn't run yet. What was made stays.

    The message says why its pod is not ready. Once that is mended it starts by itself; `shoal operator install` again
    waits for it.
    """

    code = "E751"


class StillThere(DeadlineExceeded):
    """What was deleted is still there: a finalizer of some object waits for somebody.

    RayClusters with a finalizer can go only while an operator runs. The same command again goes on waiting.
    """

    code = "E752"


async def until(look: Callable[[], Awaitable[str]], clock: Clock, *, timeout_s: float) -> str:
    """Look until there is nothing to wait for; what was waited for last, "" once there is nothing."""
    end = clock.monotonic() + timeout_s
    while waits_for := await look():
        if clock.monotonic() >= end:
            return waits_for
        await clock.sleep(LOOK_S)
    return ""


async def until_available(client: Client, options: Options, clock: Clock, *, timeout_s: float) -> None:
    """Wait until as many pods as are wanted run and are ready. Raises OperatorNotAvailable."""

    async def look() -> str:
        found = await client.get(DEPLOYMENTS, options.namespace, NAME, Deployment)
        return "" if found.is_available else await _why(client, found)

    waits_for = await until(look, clock, timeout_s=timeout_s)
    if waits_for:
        step = f"see `kubectl -n {options.namespace} describe pods`, mend it, and run the same command again"
        where = f"{options.namespace}/{NAME}"
        raise OperatorNotAvailable(f"after {timeout_s:g} s: {waits_for}", where=where, next_step=step)


async def until_gone(client: Client, resource: Resource, name: str, clock: Clock, *, timeout_s: float) -> None:
    """Wait until an object without a namespace has gone. Raises StillThere."""

    async def look() -> str:
        try:
            found = await client.get(resource, "", name, Named)
        except NotFound:
            return ""
        return f"{name} waits for {', '.join(found.metadata.finalizers) or 'its end'}"

    waits_for = await until(look, clock, timeout_s=timeout_s)
    if waits_for:
        step = "see `kubectl get rayclusters -A`: what has a deletionTimestamp and a finalizer holds it up"
        raise StillThere(f"after {timeout_s:g} s: {waits_for}", where=resource.kind, next_step=step)


async def _why(client: Client, found: Deployment) -> str:
    """Why a Deployment is not available, in one sentence."""
    for condition in found.status.conditions or ():
        if condition.type == "ReplicaFailure" and condition.status == "True":
            return condition.message
    labels = ",".join(f"{key}={value}" for key, value in SELECTOR.items())
    pods = await client.list(PODS, Pod, namespace=found.metadata.namespace, labels=labels)
    waiting = [pod for pod in pods.items if not _is_ready(pod)]
    return why_not_running(waiting[0]).message if waiting else "its pods are being made"


def _is_ready(pod: Pod) -> bool:
    return any(one.type == "Ready" and one.status == "True" for one in pod.status.conditions or ())
