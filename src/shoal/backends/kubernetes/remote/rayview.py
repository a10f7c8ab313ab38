"""What Ray's GCS says of a cluster, asked as its operator does, but through the API server."""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from shoal.backends.kubernetes.remote.certificate import FILES, certificate_of
from shoal.backends.kubernetes.remote.connection import Connection
from shoal.backends.kubernetes.remote.forward import HERE, Forward
from shoal.backends.kubernetes.remote.head import RayPod, head_of, token_of
from shoal.backends.kubernetes.remote.private_files import private_files
from shoal.backends.kubernetes.tls import trusting
from shoal.engine.gcs_async import GcsAt, GcsCalls
from shoal.errors import HeadNotRunning, ShoalError
from shoal.world.kubernetes import RayView

PATIENCE_S = 5.0


async def ray_view(connection: Connection, namespace: str, cluster: str) -> RayView | None:
    """Who is alive, or in ``error`` why that can't be known; None where no head runs that can be asked."""
    try:
        head = await head_of(connection.client, namespace, cluster)
    except HeadNotRunning:
        return None
    said: list[str] = []
    try:
        token = await token_of(connection.client, head, await connection.token())
        tls = _context(await certificate_of(connection.sockets, head))
        async with _gcs(connection, head, said) as address:
            nodes = await GcsCalls().alive_nodes(GcsAt(address, token, PATIENCE_S, tls))
    except ShoalError as error:
        return RayView(error=said[0] if said else error.what)
    return RayView({node.instance_id: node.node_id for node in nodes if node.instance_id})


@asynccontextmanager
async def _gcs(connection: Connection, head: RayPod, said: list[str]) -> AsyncIterator[str]:
    """An address here that leads to it. said: filled with what goes wrong on the way."""

    async def there() -> tuple[str, str]:
        return head.metadata.namespace, head.metadata.name

    forward = Forward(connection.sockets, there, head.port("gcs"), said.append)
    try:
        yield f"{HERE}:{await forward.listen()}"
    finally:
        await forward.close()


def _context(certificate: Mapping[str, str]) -> ssl.SSLContext | None:
    if not certificate:
        return None
    authority, own, key = FILES
    context = trusting(certificate[authority])
    with private_files(certificate) as files:
        context.load_cert_chain(files[own], files[key])
    return context
