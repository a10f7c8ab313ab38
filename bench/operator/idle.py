"""When a machine has nothing left to do."""

import asyncio
from pathlib import Path

BUSY = 0.2
"""The share of all cores above which a machine is at work."""
QUIET_S = 3.0
PATIENCE_S = 300.0
POLL_S = 0.5


async def until_idle() -> None:
    """Wait until this machine has been nearly idle for QUIET_S. Raises SystemExit after PATIENCE_S."""
    quiet_s = waited_s = 0.0
    busy, everything = _spent()
    while quiet_s < QUIET_S:
        if waited_s > PATIENCE_S:
            raise SystemExit(f"for {PATIENCE_S:g} s this machine had other work: measure when nothing else runs")
        await asyncio.sleep(POLL_S)
        waited_s += POLL_S
        busy_before, everything_before = busy, everything
        busy, everything = _spent()
        is_quiet = busy - busy_before < BUSY * (everything - everything_before)
        quiet_s = quiet_s + POLL_S if is_quiet else 0.0


def _spent() -> tuple[int, int]:
    """Ticks of all cores together since the machine started: what was not idle, and all."""
    spent = [int(ticks) for ticks in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(spent) - sum(spent[3:5]), sum(spent)
