"""Which connections are kept for the next request, and what becomes of those that break."""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from shoal.backends.kubernetes import pool
from shoal.backends.kubernetes.direct import DirectTransport
from shoal.backends.kubernetes.errors import CredentialsMissing
from shoal.backends.kubernetes.http11 import MOST_UNREAD
from shoal.backends.kubernetes.kubeconfig import Access
from shoal.backends.kubernetes.transport import ApiUnreachable, Request
from unit.backends.kubernetes.peers import EMPTY, GET, Peer, asking, get, get_cut_off, saying, silent, speaking

pytestmark = pytest.mark.usefixtures("either_loop")


async def get_twice(transport: DirectTransport) -> None:
    for _ in range(2):
        assert (await get(transport)).status == 200
        await asyncio.sleep(0.05)  # for the server to do what it does on an idle connection


@pytest.mark.parametrize(
    ("answers", "connections"),
    [
        ((EMPTY, EMPTY), 1),
        ((EMPTY,), 2),  # closed while idle
        ((EMPTY[:-2] + b"Connection: close\r\n\r\n", EMPTY), 2),
        ((EMPTY + b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", EMPTY), 2),  # an answer that nobody asked for
    ],
)
def test_a_connection_is_used_again_only_if_it_is_as_it_should_be(answers: Sequence[bytes], connections: int) -> None:
    peer, asked = saying(*answers)
    asking(peer, get_twice)
    assert len(asked) == connections


def test_a_connection_that_was_idle_for_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "KEEP_S", 0.02)
    peer, asked = saying(EMPTY, EMPTY)
    asking(peer, get_twice)
    assert len(asked) == 2


def vanishing() -> tuple[Peer, list[bytes]]:
    """A server that answers the first request of its first connection, and closes that on the second."""
    asked: list[bytes] = []

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            while True:
                asked.append((await reader.readuntil(b"\r\n\r\n")).partition(b" ")[0])
                if len(asked) == 2:
                    break
                writer.write(EMPTY)
        writer.close()

    return peer, asked


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_what_does_no_harm_twice_is_sent_again_when_a_kept_connection_was_just_closed(method: str) -> None:
    peer, asked = vanishing()

    async def use(transport: DirectTransport) -> int:
        await get(transport)
        return (await transport.send(Request(method, "/api/v1/pods/a"))).status

    assert asking(peer, use) == 200
    assert asked == [b"GET", method.encode(), method.encode()]


def test_a_creation_is_never_sent_again() -> None:
    peer, asked = vanishing()

    async def use(transport: DirectTransport) -> None:
        await get(transport)
        await transport.send(Request("POST", "/api/v1/pods", {}, b"{}"))

    with pytest.raises(ApiUnreachable, match="connection broke") as caught:
        asking(peer, use)
    assert caught.value.sent
    assert asked == [b"GET", b"POST"]


def test_a_stream_that_is_left_does_not_hold_up_the_next_request() -> None:
    size = MOST_UNREAD + 200_000
    peer, _ = saying(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\nx\n" % size + b"x" * (size - 2), EMPTY)

    async def use(transport: DirectTransport) -> int:
        async with transport.stream(GET) as (_, lines):
            await anext(lines)
            await asyncio.sleep(0.1)  # for all of it to come
        return (await get(transport)).status

    assert asking(peer, use) == 200


def test_a_connection_has_one_request_at_a_time_after_a_token_that_could_not_be_sent(tmp_path: Path) -> None:
    token, connections, now_s = tmp_path / "token", 0, 0.0
    token.write_text("old")

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        with suppress(asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await asyncio.sleep(0.02)  # so that both of the last two are under way
                writer.write(EMPTY if b"Bearer good" in head else EMPTY.replace(b"200 OK", b"401 No"))
                token.write_text("un\x07sendable")
        writer.close()

    async def run() -> list[int]:
        nonlocal now_s
        async with speaking(peer) as plain:
            access = Access(plain.access.server, token_file=str(token))
            async with DirectTransport(access, now=lambda: now_s) as transport:
                with pytest.raises(CredentialsMissing):
                    async with transport.stream(GET):
                        pass
                token.write_text("good")
                now_s += 100.0  # the file is read again
                return [answer.status for answer in await asyncio.gather(get(transport), get(transport))]

    assert asyncio.run(run()) == [200, 200]
    assert connections == 2


def test_an_answer_without_length_that_is_cut_off_here_is_not_whole() -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\npart")
        await silent(reader, writer)

    asking(peer, get_cut_off)


def test_an_address_that_leads_nowhere_is_not_the_last_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """192.0.2.1 is nobody's, RFC 5737."""
    peer, _ = saying(EMPTY)

    async def run() -> int:
        async with speaking(peer) as transport:
            port = int(transport.access.server.rpartition(":")[2])
            places = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in ("192.0.2.1", "127.0.0.1")]

            async def two(*_: object, **__: object) -> object:
                return places

            monkeypatch.setattr(pool, "addresses_of", two)
            return (await get(transport)).status

    assert asyncio.run(run()) == 200


def test_an_idle_connection_is_closed_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "KEEP_S", 0.02)
    closed = asyncio.Event()

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(EMPTY)
        with suppress(ConnectionError):
            await reader.read()
        closed.set()

    async def use(transport: DirectTransport) -> None:
        await get(transport)
        await closed.wait()

    asking(peer, use)


def test_a_request_that_is_given_up_gives_its_connection_up() -> None:
    left = asyncio.Event()

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await silent(reader, writer)
        left.set()

    async def use(transport: DirectTransport) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await get(transport)
        await left.wait()

    asking(peer, use)


def test_what_is_under_way_on_a_kept_connection_fails_as_well_when_all_is_closed() -> None:
    connections = 0

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(EMPTY)
        await silent(reader, writer)

    async def use(transport: DirectTransport) -> None:
        await get(transport)
        await get_cut_off(transport)

    asking(peer, use)
    assert connections == 1


def test_what_is_under_way_fails_when_all_is_closed_and_a_later_request_is_answered() -> None:
    peers = iter([silent, saying(EMPTY)[0]])

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await next(peers)(reader, writer)

    async def use(transport: DirectTransport) -> int:
        await get_cut_off(transport)
        return (await get(transport)).status

    assert asking(peer, use) == 200
