"""The one seam to an API server: requests out, bytes back. http.py is the real one, testing.FakeApi another."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import msgspec

from shoal.errors import ActionFailed

JSON = "application/json"


class Request(msgspec.Struct, frozen=True):
    """One request. path: absolute, without the server, as ``/api/v1/namespaces/default/pods``; query: decoded."""

    method: str
    path: str
    query: dict[str, str] = {}
    body: bytes = b""
    content_type: str = JSON
    accept: str = JSON


class Response(msgspec.Struct, frozen=True):
    """One answer, whatever its status. retry_after_s: what the server asks to wait, 0 if it says nothing."""

    status: int
    body: bytes
    retry_after_s: float = 0


class ApiUnreachable(ActionFailed):
    """The Kubernetes API server did not answer.

    `kubectl --context CONTEXT version` fails in the same way when the server is down, the kubeconfig names another
    address, or a VPN is off. Nothing that Shoal runs was changed; run the same command again.
    """

    code = "E701"

    def __init__(self, what: str, *, where: str = "", next_step: str = "", sent: bool = True) -> None:
        super().__init__(what, where=where, next_step=next_step)
        self.sent = sent
        """Whether the server may have got the request, and done it."""


class Transport(Protocol):
    """Carries requests to one API server."""

    async def send(self, request: Request) -> Response:
        """Send one request and read the whole answer. Raises ApiUnreachable when there is none in time."""
        ...

    def stream(self, request: Request) -> AbstractAsyncContextManager[tuple[Response, AsyncIterator[bytes]]]:
        """Open an answer that goes on: the Response (its body only if the status is an error) and its lines.

        The lines end when the server ends them. Raises ApiUnreachable, also from the iterator.
        """
        ...
