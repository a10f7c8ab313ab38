"""What becomes of an action that failed: when it is tried again, and what people are told."""

from collections.abc import Iterable, Sequence

from shoal.backends.kubernetes.apply import Failed
from shoal.backends.kubernetes.errors import BadRequest, Fate, Forbidden, Invalid
from shoal.desired.cluster import Role
from shoal.errors import ActionFailed
from shoal.plan.actions import Action, ApplyObject, RemoveObject, StartNode, StopNode
from shoal.world.kubernetes import Failure

TOLD_AFTER = 3
"""Failures in a row after which even one that may mend itself is told of."""
WAITS_S = {Fate.RETRY: 0.0, Fate.USER: 15.0, Fate.TERMINAL: 120.0}
_GRAVEST = (Fate.RETRY, Fate.TERMINAL, Fate.USER)


def fate_of(error: ActionFailed) -> Fate:
    """What may become of it; an error that does not say may mend itself."""
    fate = getattr(error, "fate", Fate.RETRY)
    return fate if isinstance(fate, Fate) else Fate.RETRY


def wait_s(errors: Iterable[ActionFailed]) -> float:
    """How long it makes no sense to try again, at least: by their fates, and as long as the API server asks."""
    return max((max(WAITS_S[fate_of(error)], getattr(error, "retry_after_s", 0.0)) for error in errors), default=0.0)


def failure_of(failures: Sequence[Failed], in_a_row: int) -> Failure | None:
    """What to tell of a stage that failed; None while it may yet mend itself."""
    told = [failed for failed in failures if in_a_row >= TOLD_AFTER or fate_of(failed.error) is not Fate.RETRY]
    if not told:
        return None
    gravest = max(told, key=lambda failed: _GRAVEST.index(fate_of(failed.error)))
    return Failure(_reason(gravest.action), gravest.error.what, _next_step(gravest.error))


def _next_step(error: ActionFailed) -> str:
    if isinstance(error, Invalid | BadRequest):
        return "correct that field in the RayCluster, from which it comes"
    if isinstance(error, Forbidden):
        return "raise the quota, or give what is missing; it is tried again"
    return error.next_step


def _reason(action: Action) -> str:
    """In KubeRay's words where it has any."""
    match action:
        case StartNode():
            return "FailedCreateHeadPod" if action.node.role is Role.HEAD else "FailedCreateWorkerPod"
        case StopNode():
            return "FailedDeleteWorkerPod"
        case ApplyObject():
            return f"FailedCreate{action.object.kind}"
        case RemoveObject():
            return f"FailedDelete{action.object.partition('/')[0]}"
    return f"Failed{type(action).__name__}"
