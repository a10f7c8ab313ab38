"""A Plan as lines for people, and as plain data for `-o json` and `-o yaml`."""

from typing import Any

from shoal.plan.actions import (
    Action,
    AdoptNode,
    ApplyObject,
    DrainNode,
    EndIdle,
    Forecast,
    HoldCluster,
    Plan,
    PrepareCluster,
    RecordSpec,
    ReleaseCluster,
    RemoveCluster,
    RemoveObject,
    StartNode,
    StopNode,
)


def describe(action: Action) -> str:
    """One action in a few words, as ``start small-group-0``."""
    match action:
        case PrepareCluster():
            return f"prepare {action.cluster.name}"
        case RecordSpec():
            return f"record the spec of {action.cluster.name}"
        case StartNode():
            return f"start {action.node.name}"
        case StopNode():
            return f"stop {action.node}"
        case RemoveCluster():
            return f"remove {action.cluster}"
        case ApplyObject():
            return f"apply {action.object.key}"
        case RemoveObject():
            return f"delete {action.object}"
        case DrainNode():
            return f"drain {action.node}"
        case AdoptNode():
            return f"adopt {action.node}"
        case HoldCluster():
            return f"hold {action.hold}"
        case ReleaseCluster():
            return f"release {','.join(action.holds)}"
        case EndIdle():
            return f"end the idle cluster: {action.policy}"


_SIGNS = {
    PrepareCluster: "+",
    RecordSpec: "~",
    StartNode: "+",
    StopNode: "-",
    RemoveCluster: "-",
    ApplyObject: "+",
    RemoveObject: "-",
    DrainNode: "~",
    AdoptNode: "~",
    HoldCluster: "~",
    ReleaseCluster: "-",
    EndIdle: "-",
}


def lines(plan: Plan) -> list[str]:
    """The plan as aligned lines, one an action: sign, action, options, reason."""
    if not plan:
        return [f"{plan.cluster}: nothing to do"]
    rows = [
        (f"{_SIGNS[type(action)]} {describe(action)}", _reason(action), _options(action)) for action in plan.actions
    ]
    width = max(len(row[0]) for row in rows)
    return [f"{what:<{width}}  {reason}{options}" for what, reason, options in rows]


def foreseen(forecast: Forecast | None) -> list[str]:
    """What the operator would do as such lines, under a heading; none where it has nothing to do."""
    return ["then its operator:", *lines(forecast.plan)] if forecast is not None and forecast.plan else []


def data(plan: Plan) -> dict[str, Any]:
    """The plan as JSON-like data: ``{"cluster", "stages": [[{"action", "target", "reason", "message"}]]}``."""
    return {
        "cluster": plan.cluster,
        "stages": [
            [
                {
                    "action": type(action).__name__,
                    "target": describe(action).rsplit(" ", 1)[-1],
                    "reason": action.reason.code,
                    "message": action.reason.message,
                }
                for action in stage
            ]
            for stage in plan.stages
        ],
    }


def _reason(action: Action) -> str:
    return f"{action.reason.code}: {action.reason.message}"


def _options(action: Action) -> str:
    if not isinstance(action, StartNode) or not action.node.start_params:
        return ""
    return "  [" + " ".join(f"{key}={value}" for key, value in sorted(action.node.start_params.items())) + "]"
