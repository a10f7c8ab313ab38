"""What `up` and `down` say while they work: one line a change, never the same twice, fit for a log."""

from shoal.cli.console import Console
from shoal.plan.actions import Plan, Stage, StartNode
from shoal.plan.render import describe, lines
from shoal.runtime.clock import Clock
from shoal.status.conditions import ClusterStatus, State

REMIND_S = 15.0


class Progress:
    """A Reporter that speaks to a person, with the seconds since it began."""

    def __init__(self, console: Console, clock: Clock, *, agreed: bool) -> None:
        """agreed: the plan was shown and agreed to before."""
        self._agreed = agreed
        self._console = console
        self._clock = clock
        self._began = clock.monotonic()
        self._ready: set[str] = set()
        self._remind_at = 0.0

    def planned(self, plan: Plan) -> None:
        """Show what is about to be done, unless it was shown before."""
        if plan and not self._agreed:
            for line in lines(plan):
                self._console.say(line)

    def applied(self, stage: Stage) -> None:
        """Say what is done; a node that was started is talked of when Ray sees it."""
        for action in stage:
            if not isinstance(action, StartNode):
                self._line(f"done: {describe(action)}")

    def saw(self, status: ClusterStatus) -> None:
        """Say of each node that it is ready; now and then, what is waited for."""
        for node in status.nodes:
            if node.ready and node.name not in self._ready:
                self._ready.add(node.name)
                self._line(f"{node.name} is ready: {node.message}", style="green")
        waiting = [node for node in status.nodes if not node.ready]
        if waiting and self._elapsed() >= self._remind_at:
            self._remind_at = self._elapsed() + REMIND_S
            self._line(f"waiting for {', '.join(node.name for node in waiting)}: {waiting[0].message}")
        elif not waiting and status.state is State.STARTING and self._elapsed() >= self._remind_at:
            self._remind_at = self._elapsed() + REMIND_S
            self._line(f"waiting: {status.message}")

    def _elapsed(self) -> float:
        return self._clock.monotonic() - self._began

    def _line(self, text: str, style: str = "") -> None:
        self._console.say(f"{self._elapsed():6.1f}s  {text}", style=style)
