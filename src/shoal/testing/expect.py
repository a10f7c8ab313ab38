"""What tests say of plans and statuses, in words that fail readably."""

from shoal.plan.actions import Plan
from shoal.plan.render import describe
from shoal.status.conditions import ClusterStatus


def expect_plan(plan: Plan, *stages: str) -> None:
    """The plan has exactly these stages, each as "start head: NodeMissing, start w-0: NodeMissing"."""
    found = tuple(", ".join(f"{describe(action)}: {action.reason.code}" for action in stage) for stage in plan.stages)
    assert found == stages, "\n".join(["the plan is:", *found, "and should be:", *stages])  # noqa: S101


def expect_nodes(status: ClusterStatus, **reasons: str) -> None:
    """The nodes of the status have exactly these reasons; "_" in a keyword stands for "-"."""
    found = {node.name: node.reason for node in status.nodes}
    assert found == {name.replace("_", "-"): reason for name, reason in reasons.items()}, found  # noqa: S101
