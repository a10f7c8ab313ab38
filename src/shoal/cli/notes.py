"""What a plan doesn't show: what a backend can't honour of a spec, and what its operator does besides."""

from typing import TYPE_CHECKING

from shoal.cli.console import Console

if TYPE_CHECKING:
    from shoal.backends.base import Backend
    from shoal.plan.actions import Forecast
    from shoal.runtime.spec_file import ClusterSpec


def say_unhonoured(console: Console, spec: "ClusterSpec", backend: "Backend") -> None:
    """One line a kind of thing that processes on this machine can't honour."""
    for finding in spec.passed_on:
        where = (
            f"{spec.parsed.source}:{finding.mark.line}:{finding.mark.column}" if finding.mark else spec.parsed.source
        )
        console.say(f"{where}: note[{finding.code}] {finding.message}; it is passed on", style="bright_black")
    if backend.kind != "local":
        return
    from shoal.lint.local import crowd, unhonoured
    from shoal.runtime.host import facts

    for finding in unhonoured(spec.document) + crowd(len(spec.desired.nodes), facts()):
        line = f"{finding.mark.line}: " if finding.mark else " "
        console.say(f"{spec.parsed.source}:{line}note[{finding.code}] {finding.message}", style="bright_black")


def say_notes(console: Console, forecast: "Forecast | None") -> None:
    """What the operator's next step doesn't show."""
    for note in forecast.notes if forecast else ():
        console.say(f"note: {note}")
