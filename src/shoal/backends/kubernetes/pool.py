"""Connections to one API server, kept for the next request."""

import asyncio
import math
import ssl
from urllib.parse import urlsplit

from shoal.backends.kubernetes.credentials import Credentials
from shoal.backends.kubernetes.http11 import Connection
from shoal.backends.kubernetes.kubeconfig import Access
from shoal.backends.kubernetes.server_tls import context_of
from shoal.backends.kubernetes.transport import CONNECT_S, notices_a_silent_peer
from shoal.backends.kubernetes.unreachable import unconnected, untrusted

KEEP_S = 30.0
"""How long an idle connection is kept; load balancers drop theirs after a minute."""


class Pool:
    """Connections to the server that ``access`` names: take one, use it, and give it back."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._url = urlsplit(access.server)
        self._certificate: tuple[str, str] | None = None
        self._tls: ssl.SSLContext | None = None
        self._open: set[Connection] = set()
        self._free: list[tuple[float, Connection]] = []  # since when; the one that waits longest is the first
        self._sweep: asyncio.TimerHandle | None = None

    def show(self, credentials: Credentials) -> None:
        """Connect as these from now on. Another certificate needs other connections. Raises CredentialsMissing."""
        certificate = (credentials.certificate, credentials.key)
        if certificate == self._certificate:
            return
        self._tls = context_of(self._access, credentials) if self._url.scheme == "https" else None
        self._certificate = certificate
        self._drop_free(used_before_s=math.inf)
        self._open.clear()  # those that are in use are closed when they are given back

    async def take(self) -> Connection:
        """One that is free, or a new one. Raises ApiUnreachable, ServerUntrusted."""
        while self._free:
            _, connection = self._free.pop()
            if connection.is_free:
                return connection
            self._open.discard(connection)
        return await self._connect()

    def give_back(self, connection: Connection) -> None:
        """It is kept if its answer was read to the end, and closed if not."""
        if connection.is_free and connection in self._open:
            loop = asyncio.get_running_loop()
            self._free.append((loop.time(), connection))
            self._sweep = self._sweep or loop.call_later(KEEP_S, self._drop_old)
        else:
            connection.close()
            self._open.discard(connection)

    def close(self) -> None:
        """Close them all, those in use as well."""
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        self._free.clear()
        while self._open:
            self._open.pop().close()

    async def _connect(self) -> Connection:
        host, port = self._url.hostname or "", self._url.port or (443 if self._tls else 80)
        name = self._access.server_name or host
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_S):
                transport, connection = await loop.create_connection(
                    Connection, host, port, ssl=self._tls, server_hostname=name if self._tls else None
                )
        except ssl.SSLCertVerificationError as error:
            raise untrusted(self._access, error) from error
        except TimeoutError as error:
            raise unconnected(self._access, f"no answer within {CONNECT_S:g} s") from error
        except OSError as error:
            raise unconnected(self._access, error) from error
        notices_a_silent_peer(transport.get_extra_info("socket"))
        self._open.add(connection)
        return connection

    def _drop_free(self, used_before_s: float) -> None:
        while self._free and self._free[0][0] <= used_before_s:
            _, connection = self._free.pop(0)
            connection.close()
            self._open.discard(connection)

    def _drop_old(self) -> None:
        loop = asyncio.get_running_loop()
        self._drop_free(loop.time() - KEEP_S)
        self._sweep = loop.call_later(KEEP_S, self._drop_old) if self._free else None
