"""What a server may answer, to the letter, and what it is asked: bytes, of a server that knows no HTTP."""

import asyncio
from typing import Any

import pytest

from shoal.backends.kubernetes import direct
from shoal.backends.kubernetes.direct import DirectTransport
from shoal.backends.kubernetes.errors import CredentialsMissing, KubeconfigInvalid
from shoal.backends.kubernetes.http11 import MOST_UNREAD
from shoal.backends.kubernetes.kubeconfig import Access
from shoal.backends.kubernetes.kubeconfig_file import Exec
from shoal.backends.kubernetes.transport import ApiUnreachable, Request, Response
from unit.backends.kubernetes.peers import EMPTY, GET, asking, get, saying, silent, speaking

pytestmark = pytest.mark.usefixtures("either_loop")


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


def test_an_answer_that_does_not_come_in_time_may_have_been_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "WHOLE_S", 0.02)
    with pytest.raises(ApiUnreachable, match="no answer within") as caught:
        asking(silent, get)
    assert caught.value.sent


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
