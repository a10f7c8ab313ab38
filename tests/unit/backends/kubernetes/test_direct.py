"""What a server may do on a connection, to the letter: answers as bytes, from a server that knows no HTTP."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeAlias, TypeVar

import pytest
import uvloop

from shoal.backends.kubernetes import direct, pool
from shoal.backends.kubernetes.direct import DirectTransport
from shoal.backends.kubernetes.errors import CredentialsMissing, KubeconfigInvalid
from shoal.backends.kubernetes.http11 import MOST_UNREAD
from shoal.backends.kubernetes.kubeconfig import Access
from shoal.backends.kubernetes.kubeconfig_file import Exec
from shoal.backends.kubernetes.transport import ApiUnreachable, Request, Response

T = TypeVar("T")
Peer: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
GET = Request("GET", "/api/v1/pods")
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
PATIENCE_S = 5.0


@asynccontextmanager
async def speaking(peer: Peer, **access: Any) -> AsyncIterator[DirectTransport]:
    """A transport to a server each of whose connections is ``peer``."""
    server = await asyncio.start_server(peer, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with asyncio.timeout(PATIENCE_S), DirectTransport(Access(url, **access)) as transport:
            yield transport


def saying(*answers: bytes) -> tuple[Peer, list[list[bytes]]]:
    """A server that gives these answers on each connection, one a request, and closes it; what it was asked on each."""
    asked: list[list[bytes]] = []

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads: list[bytes] = []
        asked.append(heads)
        for answer in answers:
            head = await reader.readuntil(b"\r\n\r\n")
            heads.append(head)
            writer.write(answer)
        writer.close()

    return peer, asked


@pytest.fixture(params=[asyncio.run, uvloop.run], autouse=True)
def _loop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test on Python's own event loop, and on the operator's."""
    monkeypatch.setattr(asyncio, "run", request.param)


def asking(peer: Peer, use: Callable[[DirectTransport], Coroutine[Any, Any, T]], **access: Any) -> T:
    """What ``use`` gives of a transport to that server."""

    async def run() -> T:
        async with speaking(peer, **access) as transport:
            return await use(transport)

    return asyncio.run(run())


async def get(transport: DirectTransport) -> Response:
    return await transport.send(GET)


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none", b"one"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\no\r\n2;x=y\r\nne\r\n0\r\nT: x\r\n\r\n", b"one"),
        (b"HTTP/1.1 200 OK\r\n\r\none", b"one"),  # its end is the connection's
        (b"HTTP/1.0 200 OK\r\n\r\none", b"one"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none", b"one"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
    ],
)
def test_an_answer_is_read_to_its_end(answer: bytes, body: bytes) -> None:
    assert asking(saying(answer)[0], get) == Response(200, body)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\non",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\none!",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
    ],
)
def test_what_is_no_whole_answer_may_have_been_done(answer: bytes) -> None:
    with pytest.raises(ApiUnreachable, match="connection broke") as caught:
        asking(saying(answer)[0], get)
    assert caught.value.sent


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


def test_an_answer_without_length_that_is_cut_off_here_is_not_whole() -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\npart")
        await silent(reader, writer)

    async def use(transport: DirectTransport) -> None:
        asked = asyncio.create_task(get(transport))
        await asyncio.sleep(0.05)
        await transport.close()
        with pytest.raises(ApiUnreachable, match="closed here"):
            await asked

    asking(peer, use)


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


def test_the_time_that_credentials_take_is_not_the_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "WHOLE_S", 0.1)
    said = '{"status": {"token": "t"}}'
    program = Exec(command="sh", args=("-c", f"sleep 0.3; echo '{said}'"), interactive_mode="Never")
    assert asking(saying(EMPTY)[0], get, exec=program).status == 200


def test_a_token_takes_the_place_of_a_password() -> None:
    peer, asked = saying(EMPTY)
    asking(peer, get, token="t", headers=(("Authorization", "Basic eDp5"),))
    assert asked[0][0].count(b"Authorization") == 1
    assert b"Authorization: Bearer t\r\n" in asked[0][0]


def test_a_server_that_can_be_none_is_told() -> None:
    with pytest.raises(KubeconfigInvalid, match="no address"):
        DirectTransport(Access("https://api:99999"))
    for host in ("a..b", f"{'x' * 64}.b"):
        with pytest.raises(ApiUnreachable, match="can't connect"):
            asyncio.run(DirectTransport(Access(f"http://{host}")).send(GET))


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


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that never answers."""
    await reader.read()
    writer.close()


def test_an_answer_that_does_not_come_in_time_may_have_been_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "WHOLE_S", 0.02)
    with pytest.raises(ApiUnreachable, match="no answer within") as caught:
        asking(silent, get)
    assert caught.value.sent


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
        asked = asyncio.create_task(get(transport))
        await asyncio.sleep(0.02)
        await transport.close()
        with pytest.raises(ApiUnreachable, match="closed here"):
            await asked

    asking(peer, use)
    assert connections == 1


def test_what_is_under_way_fails_when_all_is_closed_and_a_later_request_is_answered() -> None:
    peers = iter([silent, saying(EMPTY)[0]])

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await next(peers)(reader, writer)

    async def use(transport: DirectTransport) -> int:
        asked = asyncio.create_task(get(transport))
        await asyncio.sleep(0.02)
        await transport.close()
        with pytest.raises(ApiUnreachable, match="closed here"):
            await asked
        return (await get(transport)).status

    assert asking(peer, use) == 200


def test_a_server_waits_for_whoever_reads_slowly() -> None:
    written = 0

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        line = b"x" * 65_535 + b"\n"
        while written < 64 * MOST_UNREAD:
            writer.write(line)
            await writer.drain()
            written += len(line)
        writer.close()

    async def use(transport: DirectTransport) -> tuple[int, int]:
        async with transport.stream(GET) as (_, lines):
            read = len(await anext(lines)) + 1
            await asyncio.sleep(0.2)
            before = written
            async for line in lines:
                read += len(line) + 1
            return before, read

    before, read = asking(peer, use)
    assert before < 32 * MOST_UNREAD  # the system's own buffers take some
    assert read == 64 * MOST_UNREAD


@pytest.mark.parametrize("path", ["/a b", "/a\r\nX: y", "/\u00e9", "/a\x00"])
def test_a_path_that_is_not_quoted_is_not_sent(path: str) -> None:
    peer, asked = saying(EMPTY)
    with pytest.raises(ValueError, match="not quoted"):
        asking(peer, lambda transport: transport.send(Request("GET", path)))
    assert asked == []


@pytest.mark.parametrize("access", [{"token": "one\r\nX: y"}, {"headers": (("Impersonate-User", "a\nb"),)}])
def test_a_token_that_would_be_more_than_a_header_is_not_sent(access: dict[str, Any]) -> None:
    peer, asked = saying(EMPTY)
    with pytest.raises(CredentialsMissing, match="characters") as caught:
        asking(peer, get, **access)
    assert asked == []
    assert "one" not in str(caught.value)


def test_a_body_has_its_length_whatever_the_method() -> None:
    peer, asked = saying(EMPTY)
    asking(peer, lambda transport: transport.send(Request("GET", "/a", {}, b"{}")))
    assert b"\r\nContent-Length: 2\r\n" in asked[0][0]


def test_a_request_has_its_length_and_the_way_below_a_prefix() -> None:
    peer, asked = saying(EMPTY)

    async def run() -> None:
        async with speaking(peer) as plain, DirectTransport(Access(f"{plain.access.server}/k8s")) as transport:
            await transport.send(Request("DELETE", "/api/v1/pods/a", {"x": "1"}))

    asyncio.run(run())
    assert asked[0][0].startswith(b"DELETE /k8s/api/v1/pods/a?x=1 HTTP/1.1\r\n")
    assert b"\r\nContent-Length: 0\r\n" in asked[0][0]
    assert b"\r\nHost: 127.0.0.1:" in asked[0][0]
