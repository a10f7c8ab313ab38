"""The loop that takes one cluster to its spec: observe, plan, apply, and wait for Ray itself to agree."""

from collections.abc import Callable
from typing import Protocol

from shoal.backends.base import Backend
from shoal.desired.cluster import DesiredCluster
from shoal.errors import ActionFailed, DeadlineExceeded
from shoal.plan.actions import Plan, Stage
from shoal.runtime.clock import Clock
from shoal.status.conditions import ClusterStatus, State


class Reporter(Protocol):
    """Told of what happens, as it happens. It decides nothing."""

    def planned(self, plan: Plan) -> None:
        """The plan is about to be executed."""

    def applied(self, stage: Stage) -> None:
        """A stage of it is done."""

    def saw(self, status: ClusterStatus) -> None:
        """The cluster looked like this while it was waited for."""


class Silent:
    """A Reporter that says nothing."""

    def planned(self, plan: Plan) -> None:
        """Nothing."""

    def applied(self, stage: Stage) -> None:
        """Nothing."""

    def saw(self, status: ClusterStatus) -> None:
        """Nothing."""


class NodeFailed(ActionFailed):
    """A node ended while it was started.

    Its own last words are in the message; all of its output is in `shoal logs NAME --node NODE`. The other nodes were
    left running. `shoal up` with the same file tries the failed one again; `shoal down NAME` removes everything.
    """

    code = "E306"


class PlanOutdated(ActionFailed):
    """The cluster changed between the moment its plan was shown and the moment it was agreed to.

    What would be done now is not what you said yes to, so nothing was done. Run the command again to see the new plan.
    """

    code = "E307"


async def converge(
    backend: Backend,
    cluster: str,
    desired: DesiredCluster | None,
    clock: Clock,
    reporter: Reporter,
    timeout_s: float,
    agreed: Plan | None = None,
) -> ClusterStatus:
    """Take ``cluster`` to ``desired`` and wait until Ray sees every node, or until nothing of it is left.

    agreed: the only plan that may be executed, None for whatever is needed. Raises PlanOutdated if another one is
    needed, NodeFailed, DeadlineExceeded after ``timeout_s``, ClusterBusy, and what the backend's actions raise.
    """
    with backend.changing(cluster):
        plan = await backend.plan(cluster, desired)
        if agreed is not None and plan != agreed:
            raise PlanOutdated("it changed since its plan was shown", where=cluster, next_step="run the command again")
        backend.check(plan)
        reporter.planned(plan)
        for stage in plan.stages:
            await backend.apply(cluster, stage)
            reporter.applied(stage)
        finished = _gone if desired is None else _all_ready
        return await _wait(backend, cluster, desired, finished, clock, reporter, timeout_s)


async def _wait(
    backend: Backend,
    cluster: str,
    desired: DesiredCluster | None,
    finished: Callable[[ClusterStatus], bool],
    clock: Clock,
    reporter: Reporter,
    timeout_s: float,
) -> ClusterStatus:
    deadline = clock.monotonic() + timeout_s
    while True:
        status = await backend.progress(cluster, desired)
        reporter.saw(status)
        if finished(status):
            return status
        if clock.monotonic() > deadline:
            raise DeadlineExceeded(
                f"not ready after {timeout_s:g} s: {status.message}",
                where=cluster,
                next_step=f"`shoal status {cluster}` names what blocks it; the same command again goes on waiting",
            )
        await clock.sleep(backend.look_again_s)


def _all_ready(status: ClusterStatus) -> bool:
    """Whether there is nothing left to wait for. Raises NodeFailed for a node that will not come any more."""
    failed = next((node for node in status.nodes if node.reason == "NodeDied"), None)
    if failed is not None:
        step = f"`shoal logs {status.name} --node {failed.name}` shows all of its output"
        raise NodeFailed(failed.message, where=f"{status.name}/{failed.name}", next_step=step)
    return status.state in (State.READY, State.SUSPENDED)


def _gone(status: ClusterStatus) -> bool:
    return status.state is State.ABSENT
