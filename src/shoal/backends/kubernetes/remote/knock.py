"""How a cluster's dashboard answers somebody who brings no token: the only proof that it asks for one."""

import asyncio

from shoal.backends.kubernetes.remote.forward import HERE, Forward
from shoal.backends.kubernetes.remote.head import RayPod
from shoal.backends.kubernetes.remote.websocket import Sockets
from shoal.engine.http_json import Dashboard
from shoal.engine.jobs_errors import DashboardUnreachable, Unauthorized
from shoal.world.kubernetes import CLUSTER

REFUSED = 401
JOBS = "/api/jobs/"
"""Whoever may read there may send jobs, too. The pages themselves are shown to anybody."""
PATIENCE_S = 10.0


async def knock(sockets: Sockets, head: RayPod) -> int:
    """The status of the answer; REFUSED for one that wants a token. Raises DashboardUnreachable."""
    said: list[str] = []

    async def there() -> tuple[str, str]:
        return head.metadata.namespace, head.metadata.name

    forward = Forward(sockets, there, head.port("dashboard"), said.append)
    try:
        return await asyncio.to_thread(_status, f"http://{HERE}:{await forward.listen()}")
    except DashboardUnreachable as error:
        name = head.metadata.labels[CLUSTER]
        raise DashboardUnreachable(
            f"whether its dashboard asks for a token could not be tried: {said[0] if said else error.what}",
            where=name,
            next_step=f"`shoal status {name}` says how its head is",
        ) from error
    finally:
        await forward.close()


def _status(address: str) -> int:
    dashboard = Dashboard(address, "", timeout_s=PATIENCE_S)
    try:
        return dashboard.request("GET", JOBS).status
    except Unauthorized:
        return REFUSED
    finally:
        dashboard.close()
