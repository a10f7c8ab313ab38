"""A Plan as Events: one a decision, however many pods it is about."""

from collections import defaultdict
from typing import Literal

import msgspec

from shoal.plan.actions import Action, AdoptNode, DrainNode, EndIdle, Plan, RemoveObject, StartNode, StopNode
from shoal.plan.stops import FILLED_ANEW

_VERBS: dict[type[Action], tuple[str, str]] = {
    StartNode: ("Created", "created"),
    StopNode: ("Deleted", "deleted"),
    DrainNode: ("Drained", "told Ray to drain"),
    AdoptNode: ("Adopted", "took over"),
    RemoveObject: ("DeletedObject", "deleted"),
    EndIdle: ("EndedIdleCluster", "ended"),
}
NAMED = 3
"""Nodes that are told by name; of more, how many."""


class Notice(msgspec.Struct, frozen=True):
    """One Event. reason: CamelCase and stable; message: one sentence, no full stop."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str


def decisions(plan: Plan) -> tuple[Notice, ...]:
    """What ``plan`` does about nodes, each decision once. Objects are only told of when they go."""
    grouped: dict[tuple[type[Action], str, str], list[Action]] = defaultdict(list)
    for action in plan.actions:
        if type(action) in _VERBS:
            grouped[type(action), action.reason.code, action.reason.message].append(action)
    return tuple(_notice(kind, code, message, actions) for (kind, code, message), actions in grouped.items())


def _notice(kind: type[Action], code: str, message: str, actions: list[Action]) -> Notice:
    reason, verb = _VERBS[kind]
    type_: Literal["Normal", "Warning"] = "Warning" if code in ("NodeDied", FILLED_ANEW) else "Normal"
    return Notice(type_, reason, f"{verb} {_targets(actions)}: {message}")


def _targets(actions: list[Action]) -> str:
    names = [_target(action) for action in actions]
    if len(names) <= NAMED:
        return ", ".join(names)
    groups: dict[str, int] = defaultdict(int)
    for action in actions:
        groups[action.node.group if isinstance(action, StartNode) else ""] += 1
    if "" in groups:
        return f"{len(names)} nodes ({', '.join(names[:NAMED])}, ...)"
    return ", ".join(f"{number} of {group}" for group, number in groups.items())


def _target(action: Action) -> str:
    match action:
        case StartNode():
            return action.node.name
        case StopNode() | DrainNode() | AdoptNode():
            return action.node
        case RemoveObject():
            return action.object
        case EndIdle():
            return f"the cluster ({action.policy})"
    raise TypeError(f"no node in {action}")
