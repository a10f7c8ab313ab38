"""What `up` and `down` say while they work: one line a change, never the same twice, fit for a log."""

from shoal.cli.console import Console
from shoal.plan.actions import Plan, Stage, StartNode
from shoal.plan.render import describe
from shoal.runtime.clock import Clock
from shoal.status.conditions import ClusterStatus


class Progress:
    """A Reporter that speaks to a person, with the seconds since it began."""

    def __init__(self, console: Console, clock: Clock) -> None:
        self._console = console
        self._clock = clock
        self._began = clock.monotonic()
        self._said: dict[str, str] = {}

    def planned(self, plan: Plan) -> None:
        """The plan was shown before it was agreed to."""

    def applied(self, stage: Stage) -> None:
        """Say what is done; a node that was started is talked of when Ray sees it."""
        for action in stage:
            if not isinstance(action, StartNode):
                self._line(f"done: {describe(action)}")

    def saw(self, status: ClusterStatus) -> None:
        """Say of each node that it changed."""
        for node in status.nodes:
            message = f"{node.name}: {node.message}"
            if self._said.get(node.name) != message:
                self._said[node.name] = message
                self._line(message, style="green" if node.ready else "")

    def _line(self, text: str, style: str = "") -> None:
        self._console.say(f"{self._clock.monotonic() - self._began:6.1f}s  {text}", style=style)
