"""One HTTP/1.1 connection: a request at a time, and its answer as it comes. httptools takes the answers apart."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

MOST_UNREAD = 1 << 20
"""Bytes of a stream that wait for whoever reads it; then the server has to."""


class Connection(asyncio.Protocol):
    """For ``loop.create_connection``. Raises ConnectionError where it broke: it can't be used any more then.

    status: of the answer that is being read, 0 before it comes. retry_after: its header of that name.
    is_answered: whether anything came since it was asked. is_closed: by us.
    """

    def __init__(self) -> None:
        self.status = 0
        self.retry_after = ""
        self.is_answered = False
        self.is_closed = False
        self._parser = HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._unread: list[bytes] = []
        self._waiting: asyncio.Future[None] | None = None
        self._is_asked = False
        self._is_kept = False
        self._has_length = False
        self._is_streamed = False
        self._lost = ""

    @property
    def is_free(self) -> bool:
        """Whether another request can be sent: the answer to the one before was read, and the server keeps it open."""
        return self._is_kept and not self._is_asked and not self._lost

    def close(self) -> None:
        """Drop it, whatever is under way."""
        self.is_closed = True
        self._lost = self._lost or "it was closed here"
        if self._transport is not None:
            self._transport.abort()

    async def ask(self, request: bytes, *, streamed: bool) -> None:
        """Send a request; returns when its answer has begun, as ``status`` and ``retry_after`` say.

        streamed: the server has to wait while nobody takes the next of the ``pieces``.
        """
        self.status, self.retry_after, self._has_length = 0, "", False
        self._unread.clear()
        self._go_on()
        self._is_streamed = streamed
        self._is_asked, self.is_answered, self._is_kept = True, False, False
        if self._transport is not None and not self._lost:
            self._transport.write(request)
        while not self.status:
            await self._news()

    async def whole(self) -> bytes:
        """The body of the answer, once all of it is there."""
        self._is_streamed = False
        self._go_on()
        while self._is_asked:
            await self._news()
        return self._taken()

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body of the answer as it comes."""
        while self._unread or self._is_asked:
            if self._unread:
                yield self._taken()
                self._go_on()
            else:
                await self._news()

    def _taken(self) -> bytes:
        taken, self._unread = b"".join(self._unread), []
        return taken

    def _go_on(self) -> None:
        if self._transport is not None and not self._lost:
            self._transport.resume_reading()

    async def _news(self) -> None:
        if self._lost:
            raise ConnectionError(self._lost)
        self._waiting = asyncio.get_running_loop().create_future()
        await self._waiting

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    # What the event loop tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.is_answered = True
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._lost = f"what came is no answer: {error}"
            self.close()
        if self._is_streamed and self._is_asked and sum(map(len, self._unread)) > MOST_UNREAD:
            cast("asyncio.Transport", self._transport).pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._is_kept = False  # it is closed in one of the next rounds of the event loop

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is None and not self._lost and self.status and not self._has_length:
            self._is_asked = False  # such an answer ends with its connection
        why = "the server closed it" if exc is None else str(exc) or type(exc).__name__
        self._lost = self._lost or why
        self._wake()

    # What the parser tells.

    def on_message_begin(self) -> None:
        if not self._is_asked:
            raise ValueError("nobody has asked")

    def on_header(self, name: bytes, value: bytes) -> None:
        match name.lower():
            case b"content-length" | b"transfer-encoding":
                self._has_length = True
            case b"retry-after":
                self.retry_after = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status >= 200:  # what is below only says that the answer is to come
            self.status = status

    def on_body(self, body: bytes) -> None:
        self._unread.append(body)

    def on_message_complete(self) -> None:
        if self.status:
            self._is_asked, self._is_kept = False, self._parser.should_keep_alive()
