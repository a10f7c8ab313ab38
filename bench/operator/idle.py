"""When a machine has nothing left to do."""

import asyncio
import os
from pathlib import Path

BUSY = 0.2
"""The share of all cores above which a machine is at work."""
QUIET_S = 3.0
PATIENCE_S = 300.0
POLL_S = 0.5
TICKS = os.sysconf("SC_CLK_TCK")


async def until_idle() -> None:
    """Wait until this machine has been nearly idle for QUIET_S. Raises TimeoutError after PATIENCE_S."""
    async with asyncio.timeout(PATIENCE_S):
        quiet_s = 0.0
        busy_s, all_s = _spent_s()
        while quiet_s < QUIET_S:
            await asyncio.sleep(POLL_S)
            before_busy_s, before_all_s = busy_s, all_s
            busy_s, all_s = _spent_s()
            is_quiet = busy_s - before_busy_s < BUSY * (all_s - before_all_s)
            quiet_s = quiet_s + POLL_S if is_quiet else 0.0


def _spent_s() -> tuple[float, float]:
    """Of all cores together since the machine started: what was not idle, and all."""
    spent = [int(ticks) / TICKS for ticks in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(spent) - sum(spent[3:5]), sum(spent)
