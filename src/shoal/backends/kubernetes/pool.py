"""Connections to one API server, kept for the next request."""

import asyncio
import math
import socket
import ssl
from collections.abc import Sequence
from urllib.parse import urlsplit

from aiohappyeyeballs import AddrInfoType as AddrInfo
from aiohappyeyeballs import start_connection

from shoal.backends.kubernetes.credentials import Credentials
from shoal.backends.kubernetes.errors import KubeconfigInvalid
from shoal.backends.kubernetes.http11 import Connection
from shoal.backends.kubernetes.kubeconfig import Access
from shoal.backends.kubernetes.server_tls import context_of
from shoal.backends.kubernetes.transport import CONNECT_S, KEEP_S, notices_a_silent_peer
from shoal.backends.kubernetes.unreachable import unconnected, untrusted

NEXT_ADDRESS_S = 0.25
"""How long an address may be silent before the next one is tried as well: RFC 8305."""


class Pool:
    """Connections to the server that ``access`` names: take one, use it, and give it back."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._host, self._port, self._is_tls = _place(access)
        self._certificate: tuple[str, str] | None = None
        self._tls: ssl.SSLContext | None = None
        self._open: dict[Connection, int] = {}  # each with the age that it was opened in
        self._age = 0  # another one for each certificate
        self._closed = 0  # how often
        self._free: list[tuple[float, Connection]] = []  # since when; the one that waits longest is the first
        self._sweep: asyncio.TimerHandle | None = None

    def show(self, credentials: Credentials) -> None:
        """Connect as these from now on. Another certificate needs other connections. Raises CredentialsMissing."""
        certificate = (credentials.certificate, credentials.key)
        if certificate == self._certificate:
            return
        self._tls = context_of(self._access, credentials) if self._is_tls else None
        self._certificate = certificate
        self._age += 1  # those that are in use are closed when they are given back
        self._drop_free(used_before_s=math.inf)

    def kept(self) -> Connection | None:
        """One that was used before, if any is free."""
        oldest_s = asyncio.get_running_loop().time() - KEEP_S
        while self._free:
            since_s, connection = self._free.pop()
            if connection.is_free and since_s > oldest_s:
                return connection
            self._drop(connection)
        return None

    async def opened(self) -> Connection:
        """A new one. Raises ApiUnreachable, ServerUntrusted."""
        age, closed = self._age, self._closed
        try:
            async with asyncio.timeout(CONNECT_S):
                connection = await self._connect()
        except ssl.SSLCertVerificationError as error:
            raise untrusted(self._access, error) from error
        except TimeoutError as error:
            raise unconnected(self._access, f"no answer within {CONNECT_S:g} s") from error
        except (OSError, UnicodeError) as error:  # of a host name that can't be one
            raise unconnected(self._access, error) from error
        if closed != self._closed:
            connection.close()
            raise unconnected(self._access, "it was closed here")
        self._open[connection] = age
        return connection

    def give_back(self, connection: Connection) -> None:
        """It is kept if its answer was read to the end, and closed if not."""
        if connection.is_free and self._open.get(connection) == self._age:
            loop = asyncio.get_running_loop()
            self._free.append((loop.time(), connection))
            self._sweep = self._sweep or loop.call_later(KEEP_S, self._drop_old)
        else:
            self._drop(connection)

    def close(self) -> None:
        """Close them all, those in use as well."""
        self._closed += 1
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        self._free.clear()
        for connection in list(self._open):
            self._drop(connection)

    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        # Of several addresses one may lead nowhere: the next is tried meanwhile, as uvloop doesn't by itself.
        addresses = await addresses_of(self._host, self._port)
        made = await start_connection(addresses, happy_eyeballs_delay=NEXT_ADDRESS_S, interleave=1)
        try:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            notices_a_silent_peer(made)
            name = (self._access.server_name or self._host).rstrip(".") if self._tls else None
            _, connection = await loop.create_connection(Connection, sock=made, ssl=self._tls, server_hostname=name)
        except BaseException:
            made.close()
            raise
        return connection

    def _drop(self, connection: Connection) -> None:
        connection.close()
        self._open.pop(connection, None)

    def _drop_free(self, used_before_s: float) -> None:
        while self._free and self._free[0][0] <= used_before_s:
            self._drop(self._free.pop(0)[1])

    def _drop_old(self) -> None:
        loop = asyncio.get_running_loop()
        self._drop_free(loop.time() - KEEP_S)
        self._sweep = loop.call_at(self._free[0][0] + KEEP_S, self._drop_old) if self._free else None


async def addresses_of(host: str, port: int) -> Sequence[AddrInfo]:
    """Where a host is, the best address first. Raises OSError."""
    return await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)


def _place(access: Access) -> tuple[str, int, bool]:
    """Host, port, and whether it is spoken to over TLS."""
    try:
        url = urlsplit(access.server)
        is_tls = url.scheme == "https"
        return url.hostname or "", url.port or (443 if is_tls else 80), is_tls
    except ValueError as error:
        raise KubeconfigInvalid(
            f"the server {access.server!r} is no address: {error}",
            where=access.context,
            next_step="mend `server` of the cluster in the kubeconfig",
        ) from error
