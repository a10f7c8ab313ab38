"""The verbs of the Kubernetes API, typed: bytes are decoded straight into the type that the caller names."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any, Generic, TypeAlias, TypeVar, cast

import msgspec

from shoal.backends.kubernetes.errors import (
    AnswerGarbled,
    Gone,
    ServerFault,
    ServerUntrusted,
    Status,
    TooManyRequests,
    error_of,
    error_of_status,
)
from shoal.backends.kubernetes.resources import Resource
from shoal.backends.kubernetes.transport import ApiUnreachable, Request, Response, Transport
from shoal.spec.wire import Wire

T = TypeVar("T")
Manifest: TypeAlias = Mapping[str, Any]

FIELD_MANAGER = "shoal"
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
PAGE = 200
ATTEMPTS = 5
LONGEST_WAIT_S = 30.0
FIRST_BACKOFF_S = 0.1


class Ignored(Wire, frozen=True):
    """What to decode an answer into that nobody reads."""


class Listed(msgspec.Struct, Generic[T], frozen=True):
    """Objects as they were together at ``version``, from which a watch goes on."""

    items: list[T]
    version: str


class Event(msgspec.Struct, Generic[T], frozen=True):
    """Something happened to an object. type: ADDED, MODIFIED or DELETED; object: as it is since, or was at its end."""

    type: str
    object: T


class Bookmark(msgspec.Struct, frozen=True):
    """Everything up to ``version`` has been told."""

    version: str


class _ListMeta(Wire, frozen=True):
    resource_version: str = ""
    go_on: str = msgspec.field(default="", name="continue")


class _Page(Wire, Generic[T], frozen=True):
    metadata: _ListMeta = _ListMeta()
    items: list[T] | None = None


class _Marked(Wire, frozen=True):
    metadata: _ListMeta = _ListMeta()


class _Envelope(Wire, frozen=True):
    type: str
    object: msgspec.Raw


class Client:
    """The API server behind ``transport``.

    Every verb raises ApiUnreachable, AnswerGarbled, and the ApiError that the server's answer is. None is tried again,
    but for two cases: the server asks to wait (429 and 503 with Retry-After), and reads that changed nothing.

    sleep, jitter: how to wait, and a number from 0 to 1 that spreads the waits.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.transport = transport
        self._sleep = sleep
        self._jitter = jitter
        self._decoders: dict[Any, msgspec.json.Decoder[Any]] = {}

    async def get(self, resource: Resource, namespace: str, name: str, type_: type[T]) -> T:
        """One object. Raises NotFound."""
        return await self._ask(Request("GET", resource.path(namespace, name)), type_)

    async def list(
        self, resource: Resource, type_: type[T], *, namespace: str = "", labels: str = "", fields: str = ""
    ) -> Listed[T]:
        """All objects of a kind, as they are now; of all namespaces when ``namespace`` is "".

        labels, fields: selectors. Comes in pages; should the server forget between two, all are asked for at once.
        """
        selected = _selected(labels, fields)
        try:
            return await self._list(resource.collection(namespace), type_, {**selected, "limit": str(PAGE)})
        except Gone:
            return await self._list(resource.collection(namespace), type_, selected)

    async def create(self, resource: Resource, namespace: str, body: Manifest, type_: type[T]) -> T:
        """Create an object. Raises AlreadyExists, Invalid, Forbidden."""
        query = {"fieldManager": FIELD_MANAGER}
        return await self._ask(Request("POST", resource.collection(namespace), query, _encode(body)), type_)

    async def apply(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        body: Manifest,
        type_: type[T],
        *,
        force: bool = True,
        subresource: str = "",
        dry_run: bool = False,
    ) -> T:
        """Bring an object to what ``body`` says of it, creating it if need be: server-side apply.

        force: take fields over that others have set; without it that raises Conflict. dry_run: only say what would be.
        """
        query = {"fieldManager": FIELD_MANAGER, "force": "true" if force else "false"}
        query |= {"dryRun": "All"} if dry_run else {}
        path = resource.path(namespace, name, subresource)
        return await self._ask(Request("PATCH", path, query, _encode(body), APPLY), type_)

    async def replace(
        self, resource: Resource, namespace: str, name: str, body: Manifest, type_: type[T], *, subresource: str = ""
    ) -> T:
        """Put ``body`` in the place of an object. Raises Conflict when it has changed since the version in ``body``."""
        query = {"fieldManager": FIELD_MANAGER}
        path = resource.path(namespace, name, subresource)
        return await self._ask(Request("PUT", path, query, _encode(body)), type_)

    async def merge(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        patch: Manifest,
        type_: type[T],
        *,
        subresource: str = "",
        dry_run: bool = False,
    ) -> T:
        """Change the fields in ``patch`` and no others; None removes one. With a resourceVersion it raises Conflict.

        dry_run: only say what would be.
        """
        query = {"fieldManager": FIELD_MANAGER} | ({"dryRun": "All"} if dry_run else {})
        path = resource.path(namespace, name, subresource)
        return await self._ask(Request("PATCH", path, query, _encode(patch), MERGE), type_)

    async def delete(
        self, resource: Resource, namespace: str, name: str, *, uid: str = "", grace_s: int | None = None
    ) -> None:
        """Delete an object, and what it owns after it. Raises NotFound.

        uid: delete only this life of it; raises Conflict if another has its name. grace_s: given to a pod to end.
        """
        options: dict[str, Any] = {"propagationPolicy": "Background"}
        if uid:
            options["preconditions"] = {"uid": uid}
        if grace_s is not None:
            options["gracePeriodSeconds"] = grace_s
        await self._send(Request("DELETE", resource.path(namespace, name), {}, _encode(options)))

    async def read(self, path: str, type_: type[T], query: Mapping[str, str] | None = None) -> T:
        """Whatever JSON is at ``path``, as ``/version``."""
        return await self._ask(Request("GET", path, dict(query or {})), type_)

    async def read_bytes(self, path: str, query: Mapping[str, str] | None = None, *, accept: str = "*/*") -> bytes:
        """Whatever is at ``path``, as it came: a log."""
        return (await self._send(Request("GET", path, dict(query or {}), accept=accept))).body

    async def watch(
        self,
        resource: Resource,
        type_: type[T],
        version: str,
        *,
        namespace: str = "",
        labels: str = "",
        fields: str = "",
        timeout_s: int = 0,
    ) -> AsyncGenerator[Event[T] | Bookmark, None]:
        """What happens to objects after ``version``, until the server ends it, after ``timeout_s`` if that is not 0.

        Raises Gone, before or between events, when ``version`` is too old. Close it (``contextlib.aclosing``) when
        leaving early.
        """
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            **_selected(labels, fields),
        }
        if timeout_s:
            query["timeoutSeconds"] = str(timeout_s)
        request = Request("GET", resource.collection(namespace), query)
        decoder = self._decoder(Event[type_])  # type: ignore[valid-type]
        async with self.transport.stream(request) as (response, lines):
            if response.status >= 400:
                raise error_of(response, _where(request))
            async for line in lines:
                yield _event(decoder, line, _where(request))

    async def _list(self, path: str, type_: type[T], query: dict[str, str]) -> Listed[T]:
        items: list[T] = []
        go_on: dict[str, str] = {}
        while True:
            page: _Page[T] = await self._ask(Request("GET", path, {**query, **go_on}), _Page[type_])  # type: ignore[valid-type]
            items += page.items or []
            if not page.metadata.go_on:
                return Listed(items, page.metadata.resource_version)
            go_on = {"continue": page.metadata.go_on}

    async def _ask(self, request: Request, type_: type[T]) -> T:
        response = await self._send(request)
        try:
            return cast("T", self._decoder(type_).decode(response.body))
        except msgspec.DecodeError as error:
            raise AnswerGarbled(
                f"the answer is not what Kubernetes sends: {error}",
                where=_where(request),
                next_step="see what answers at the server's address in the kubeconfig",
            ) from error

    async def _send(self, request: Request) -> Response:
        """Send, and send again where that can do no harm and may help."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                response = await self.transport.send(request)
                if response.status < 400:
                    return response
                raise error_of(response, _where(request))
            except (TooManyRequests, ServerFault, ApiUnreachable) as error:
                wait_s = self._wait_s(request, error, attempt)
                if wait_s is None or attempt == ATTEMPTS:
                    raise
            await self._sleep(wait_s)
        raise AssertionError("the last attempt returns or raises")

    def _wait_s(
        self, request: Request, error: TooManyRequests | ServerFault | ApiUnreachable, attempt: int
    ) -> float | None:
        """Seconds until the same request may be sent again; None: not at all."""
        if isinstance(error, TooManyRequests | ServerFault) and error.status in (429, 503) and error.retry_after_s:
            return min(error.retry_after_s, LONGEST_WAIT_S) * (1 + self._jitter() / 4)
        if request.method == "GET" and not isinstance(error, ServerUntrusted):
            return FIRST_BACKOFF_S * 2.0 ** (attempt - 1) * (0.5 + self._jitter())
        return None

    def _decoder(self, type_: Any) -> msgspec.json.Decoder[Any]:
        decoder = self._decoders.get(type_)
        if decoder is None:
            decoder = self._decoders[type_] = msgspec.json.Decoder(type_)
        return decoder


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_STATUS = msgspec.json.Decoder(Status)
_MARKED = msgspec.json.Decoder(_Marked)


def _event(decoder: msgspec.json.Decoder[Event[T]], line: bytes, where: str) -> Event[T] | Bookmark:
    """One line of a watch. Bookmarks and errors hold an object of another shape, and are rare."""
    unfit = None
    try:
        event = decoder.decode(line)
        if event.type not in ("BOOKMARK", "ERROR"):
            return event
    except msgspec.DecodeError as error:
        unfit = error
    try:
        envelope = _ENVELOPE.decode(line)
        if envelope.type == "BOOKMARK":
            return Bookmark(_MARKED.decode(envelope.object).metadata.resource_version)
        if envelope.type == "ERROR":
            status = _STATUS.decode(envelope.object)
            raise error_of_status(status.code, status, where)
    except msgspec.DecodeError as error:
        unfit = error
    raise AnswerGarbled(f"an event of a watch is not what Kubernetes sends: {unfit}", where=where)


def _selected(labels: str, fields: str) -> dict[str, str]:
    return {key: value for key, value in (("labelSelector", labels), ("fieldSelector", fields)) if value}


def _encode(body: Manifest) -> bytes:
    return msgspec.json.encode(body)


def _where(request: Request) -> str:
    return f"{request.method} {request.path}"
