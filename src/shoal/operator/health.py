"""/healthz, /readyz and /metrics, answered by a server that knows nothing but GET."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TypeAlias

Page: TypeAlias = Callable[[], tuple[int, str]]
"""Makes a status and a text."""

LONGEST_REQUEST = 8192
PATIENCE_S = 5.0
SAYS = {200: "OK", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}


async def serve(pages: Mapping[str, Page], host: str, port: int) -> asyncio.Server:
    """Answer GET of each path in ``pages``, on ``host`` ("" for every address) and ``port`` (0: any that is free).

    Raises OSError when the port is taken.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(_response(*_page(pages, head)))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return  # whoever asked has gone, or never spoke HTTP
        finally:
            writer.close()

    return await asyncio.start_server(answer, host or None, port, limit=LONGEST_REQUEST)


def _page(pages: Mapping[str, Page], head: bytes) -> tuple[int, str]:
    method, _, rest = head.partition(b" ")
    path = rest.partition(b" ")[0].partition(b"?")[0].decode("latin-1")
    if path not in pages:
        return 404, "not found\n"
    return pages[path]() if method == b"GET" else (405, "only GET\n")


def _response(status: int, text: str) -> bytes:
    body = text.encode()
    head = (
        f"HTTP/1.1 {status} {SAYS[status]}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
