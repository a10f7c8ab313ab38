"""One operator process, from its options to its end."""

import asyncio
import contextlib
import gc
import logging
import signal
from collections.abc import AsyncIterator

import uvloop
from msgspec.structs import replace

from shoal import __version__
from shoal.backends.kubernetes.cache import EVERYWHERE
from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.consent import is_policy_bound
from shoal.backends.kubernetes.discovery import serves
from shoal.backends.kubernetes.kubeconfig import access
from shoal.backends.kubernetes.operators import Announced, keeper, notes
from shoal.backends.kubernetes.resources import ROUTES
from shoal.backends.kubernetes.transport import Transport
from shoal.backends.kubernetes.transports import transport_to
from shoal.desired.kubernetes.settings import Settings
from shoal.engine.gcs_async import GcsCalls
from shoal.install.admission import policy_name
from shoal.operator.election import Election, Fenced
from shoal.operator.health import serve
from shoal.operator.logs import log_to_stderr
from shoal.operator.operator import Operator, utc_now
from shoal.operator.options import Options
from shoal.runtime.clock import SystemClock

log = logging.getLogger(__name__)

FIRST_COLLECTION = 50_000
"""Allocations between two searches for cycles: nearly all that lives are cached objects, which are in none."""


def main(options: Options) -> None:
    """Run until SIGTERM or SIGINT. Raises LeaseLost, OSError when a port is taken, and what connecting raises."""
    log_to_stderr(options.log_level)
    gc.freeze()
    gc.set_threshold(FIRST_COLLECTION, 20, 50)
    uvloop.run(_connected(options))


async def _connected(options: Options) -> None:
    where = access(options.kubeconfig, options.context)
    async with transport_to(where, connections=options.requests) as transport, transport_to(where) as aside:
        await run(transport, GcsCalls(), options, aside)


async def run(transport: Transport, gcs: GcsCalls, options: Options, aside: Transport | None = None) -> None:
    """Run one operator on ``transport``.

    aside: another way to the API server, for the Lease: its renewal must not wait behind slow requests, as where a
    webhook holds up every pod.
    """
    clock = SystemClock()
    options = replace(options, settings=await _found_out(Client(transport), options))
    told = Announced(__version__, options.namespaces, options.settings)
    where = options.settings.operator_namespace
    election = Election(Client(aside or transport), where, options.named(), clock, utc_now, notes(told))
    operator = Operator(Fenced(transport, election, clock) if options.election else transport, gcs, options)
    async with _probed(operator, options):
        following = asyncio.create_task(operator.follow())
        working = asyncio.create_task(_work(operator, election if options.election else None))
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, working.cancel)
        await _until_one_ends(working, following)
    log.info("asked to end; what was under way is finished")


async def _found_out(client: Client, options: Options) -> Settings:
    """The settings, with what the API server itself has and does."""
    policy = policy_name(options.settings.operator_namespace, everywhere=options.namespaces == EVERYWHERE)
    is_judged = options.settings.secure and await is_policy_bound(client, policy)
    has_routes = await serves(client, ROUTES)
    return replace(options.settings, has_routes=has_routes, is_judged=is_judged, keeper=keeper())


async def _work(operator: Operator, election: Election | None) -> None:
    """Work, as long as the Lease is ours where there is one. What is under way is finished before it is given back."""
    if election is None:
        await operator.work()
        return
    await election.wait_for_turn()
    try:
        await _until_one_ends(asyncio.create_task(operator.work()), asyncio.create_task(election.keep()))
    finally:
        await election.let_go()


async def _until_one_ends(*tasks: asyncio.Task[None]) -> None:
    """Wait until one of them ends, then end the others, the first one first. Raises what any of them did."""
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
            await asyncio.wait((task,))
    for task in tasks:
        if not task.cancelled():
            task.result()


@contextlib.asynccontextmanager
async def _probed(operator: Operator, options: Options) -> AsyncIterator[None]:
    probes = {"/healthz": operator.healthz, "/readyz": operator.readyz}
    async with contextlib.AsyncExitStack() as stack:
        for pages, port in ((probes, options.probes_port), ({"/metrics": operator.metrics}, options.metrics_port)):
            await stack.enter_async_context(await serve(pages, options.host, port))
        yield
