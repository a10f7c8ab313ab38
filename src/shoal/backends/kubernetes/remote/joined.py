"""A command in a pod joined to this process's own standard streams and terminal."""

import asyncio
import os
import sys
from collections.abc import Coroutine
from contextlib import ExitStack, nullcontext, suppress
from typing import Any

from shoal.backends.kubernetes.remote.errors import ConnectionCut
from shoal.backends.kubernetes.remote.execute import STDERR, Command, Ended
from shoal.backends.kubernetes.remote.portal import Portal
from shoal.backends.kubernetes.remote.terminal import keys, on_resize, raw, show


def run_here(portal: Portal, start: Coroutine[Any, Any, Command], stdin: bool, tty: bool) -> int:
    """Start it and carry bytes both ways until it has ended; its exit code.

    stdin: pass standard input on. tty: it has a terminal; this side's, if there is one, then passes every key on.
    """
    given = sys.stdin.fileno() if stdin else None
    running = portal.call(start)
    with ExitStack() as stack:
        stack.callback(lambda: portal.call(running.__aexit__(None, None, None)))
        if tty:
            stack.enter_context(raw(given) if given is not None and os.isatty(given) else nullcontext())
            stack.enter_context(on_resize(lambda columns, rows: _begin(portal, running.resize(columns, rows))))
        return portal.call(_carry(running, given))


def _begin(portal: Portal, work: Coroutine[Any, Any, None]) -> None:
    portal.start(work)


async def _carry(running: Command, stdin: int | None) -> int:
    sending = None if stdin is None else asyncio.ensure_future(_send(running, stdin))
    try:
        while (piece := await running.output()) is not None:
            channel, data = piece
            await asyncio.to_thread(show, channel == STDERR, data)
    finally:
        if sending is not None:
            sending.cancel()
            with suppress(asyncio.CancelledError, ConnectionCut, Ended):
                await sending
    return running.exit_code or 0


async def _send(running: Command, stdin: int) -> None:
    async for data in keys(stdin):
        await running.write(data)
    await running.end_input()
