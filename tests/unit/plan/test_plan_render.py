"""A plan in words and as data."""

from shoal.plan.actions import Plan, PrepareCluster, Reason, RecordSpec, RemoveCluster, StartNode, StopNode
from shoal.plan.render import data, lines
from shoal.testing.specs import cluster_of

SPEC = cluster_of("c", {"w": 1})
WHY = Reason("NodeDied", "its processes have ended")
PLAN = Plan("c", ((StopNode("w-0", WHY),), (StartNode(SPEC.nodes[1], Reason("NodeReplaced", "it takes its place")),)))


def test_an_empty_plan_says_so() -> None:
    assert lines(Plan("c")) == ["c: nothing to do"]
    assert not Plan("c")


def test_each_action_is_a_line_with_its_reason() -> None:
    assert lines(PLAN) == [
        "- stop w-0   NodeDied: its processes have ended",
        "+ start w-0  NodeReplaced: it takes its place  [num-cpus=1]",
    ]


def test_every_kind_of_action_can_be_said() -> None:
    actions = (PrepareCluster(SPEC, WHY), RecordSpec(SPEC, WHY), RemoveCluster("c", WHY))
    said = [line.split("  ")[0] for line in lines(Plan("c", (actions,)))]
    assert said == ["+ prepare c", "~ record the spec of c", "- remove c"]


def test_as_data_it_names_each_action_and_target() -> None:
    assert data(PLAN) == {
        "cluster": "c",
        "stages": [
            [
                {
                    "action": "StopNode",
                    "target": "w-0",
                    "reason": "NodeDied",
                    "message": "its processes have ended",
                }
            ],
            [{"action": "StartNode", "target": "w-0", "reason": "NodeReplaced", "message": "it takes its place"}],
        ],
    }
