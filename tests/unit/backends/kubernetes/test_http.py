"""The real transports, against a server on loopback."""

import asyncio
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import pytest
from aiohttp import WSMsgType, web

from shoal.backends.kubernetes.direct import DirectTransport
from shoal.backends.kubernetes.errors import BadRequest, CredentialsMissing, ServerUntrusted, Unauthorized
from shoal.backends.kubernetes.http import HttpTransport
from shoal.backends.kubernetes.kubeconfig import Access
from shoal.backends.kubernetes.transport import ApiUnreachable, Request, Response, Transport

T = TypeVar("T")
Kind: TypeAlias = type[DirectTransport] | type[HttpTransport]
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
GET = Request("GET", "/api/v1/pods", {"labelSelector": "a in (b,c)", "watch": "true"})


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server that answers with ``handler``; its URL."""
    runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        port = runner.addresses[0][1]
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


@pytest.fixture(params=[DirectTransport, HttpTransport])
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each transport."""
    made: Kind = request.param
    return made


def against(kind: Kind, handler: Handler, use: Callable[[Any], Coroutine[Any, Any, T]], **access: Any) -> T:
    """What ``use`` gives, of a transport to a server that answers with ``handler``."""

    async def run() -> T:
        async with serving(handler) as url, kind(Access(url, **access)) as transport:
            return await use(transport)

    return asyncio.run(run())


async def echo(request: web.BaseRequest) -> web.Response:
    """What came, in lines."""
    names = ("Authorization", "Content-Type", "Accept", "Accept-Encoding", "Impersonate-Group")
    headers = [f"{name}: {value}" for name in names for value in request.headers.getall(name, [])]
    return web.Response(text="\n".join([f"{request.method} {request.raw_path}", *headers, await request.text()]))


def test_a_request_arrives_as_it_was_meant(kind: Kind) -> None:
    request = Request(
        "PATCH", "/api/v1/a%2Fb", {"force": "true", "x": "a in (b)"}, b"{}", "application/merge-patch+json"
    )
    groups = (("Impersonate-Group", "one"), ("Impersonate-Group", "two"))
    answer = against(kind, echo, lambda transport: transport.send(request), token="secret", headers=groups)
    assert answer.body.decode().splitlines() == [
        "PATCH /api/v1/a%2Fb?force=true&x=a+in+%28b%29",
        "Authorization: Bearer secret",
        "Content-Type: application/merge-patch+json",
        "Accept: application/json",
        "Accept-Encoding: identity",
        "Impersonate-Group: one",
        "Impersonate-Group: two",
        "{}",
    ]


def test_an_answer_is_given_whatever_its_status(kind: Kind) -> None:
    async def refuse(_: web.BaseRequest) -> web.Response:
        return web.Response(status=429, text="later", headers={"Retry-After": "7"})

    assert against(kind, refuse, lambda transport: transport.send(GET)) == Response(429, b"later", 7.0)


@pytest.mark.parametrize("words", ["", "Wed, 21 Oct 2026 07:28:00 GMT", "-1", "1e9"])
def test_a_wait_that_is_not_in_seconds_is_none(kind: Kind, words: str) -> None:
    async def refuse(_: web.BaseRequest) -> web.Response:
        return web.Response(status=503, headers={"Retry-After": words})

    assert against(kind, refuse, lambda transport: transport.send(GET)).retry_after_s == 0


def test_a_redirect_is_not_followed_since_it_could_lead_the_token_away(kind: Kind) -> None:
    async def away(_: web.BaseRequest) -> web.Response:
        return web.Response(status=302, headers={"Location": "http://127.0.0.1:9/"})

    assert against(kind, away, lambda transport: transport.send(GET), token="secret").status == 302


def test_connections_are_kept_for_the_next_request_and_no_more_than_so_many_are_open(kind: Kind) -> None:
    peers = set()

    async def note(request: web.BaseRequest) -> web.Response:
        assert request.transport is not None
        peers.add(request.transport.get_extra_info("peername"))
        await asyncio.sleep(0)
        return web.Response()

    async def run() -> None:
        async with serving(note) as url, kind(Access(url), connections=3) as transport:
            await asyncio.gather(*(transport.send(GET) for _ in range(30)))

    asyncio.run(run())
    assert len(peers) == 3


def test_a_refused_token_is_got_again_and_the_request_sent_once_more(kind: Kind, tmp_path: Path) -> None:
    token, seen = tmp_path / "token", []
    token.write_text("old")

    async def only_new(request: web.BaseRequest) -> web.Response:
        seen.append(request.headers["Authorization"])
        token.write_text("new")
        return web.Response(status=200 if seen[-1] == "Bearer new" else 401)

    assert against(kind, only_new, lambda transport: transport.send(GET), token_file=str(token)).status == 200
    assert seen == ["Bearer old", "Bearer new"]


def test_a_token_that_stays_refused_is_not_sent_twice(kind: Kind) -> None:
    seen = []

    async def refuse(request: web.BaseRequest) -> web.Response:
        seen.append(request.headers["Authorization"])
        return web.Response(status=401)

    assert against(kind, refuse, lambda transport: transport.send(GET), token="wrong").status == 401
    assert seen == ["Bearer wrong"]


async def lines_of(transport: Transport) -> tuple[Response, list[bytes]]:
    async with transport.stream(GET) as (response, lines):
        return response, [line async for line in lines]


def test_lines_are_whole_however_they_were_cut(kind: Kind) -> None:
    parts = [b"one\ntw", b"o\n", b"", b"x" * 300_000, b"\nla", b"st"]

    async def drip(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for part in parts:
            await response.write(part)
        return response

    response, lines = against(kind, drip, lines_of)
    assert response == Response(200, b"")
    assert lines == b"".join(parts).split(b"\n")


def test_a_stream_that_is_refused_says_why(kind: Kind) -> None:
    async def gone(_: web.BaseRequest) -> web.Response:
        return web.Response(status=410, text="too old")

    assert against(kind, gone, lines_of) == (Response(410, b"too old"), [])


def test_a_stream_that_breaks_says_so(kind: Kind) -> None:
    async def cut(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"one\n")
        assert request.transport is not None
        request.transport.abort()
        return response

    with pytest.raises(ApiUnreachable, match="connection broke"):
        against(kind, cut, lines_of)


def test_a_stream_that_is_left_is_closed_at_the_server_too(kind: Kind) -> None:
    async def run() -> None:
        left = asyncio.Event()

        async def endless(request: web.BaseRequest) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            try:
                while True:
                    await response.write(b"line\n")
                    await asyncio.sleep(0.001)
            finally:
                left.set()

        async with serving(endless) as url, kind(Access(url)) as transport:
            async with transport.stream(GET) as (_, lines):
                assert await anext(lines) == b"line"
            await asyncio.wait_for(left.wait(), 5)

    asyncio.run(run())


def test_nobody_there_means_that_nothing_was_sent(kind: Kind) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        access = Access(f"http://127.0.0.1:{closed.getsockname()[1]}", context="dev")

        async def run() -> None:
            async with kind(access) as transport:
                await transport.send(GET)

        with pytest.raises(ApiUnreachable, match=r"can't connect.*kubectl --context dev version") as caught:
            asyncio.run(run())
    assert not caught.value.sent


def test_an_answer_that_does_not_come_may_have_been_done(kind: Kind) -> None:
    async def drop(request: web.BaseRequest) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    with pytest.raises(ApiUnreachable) as caught:
        against(kind, drop, lambda transport: transport.send(Request("POST", "/api/v1/pods", {}, b"{}")))
    assert caught.value.sent


async def say(request: web.BaseRequest) -> web.WebSocketResponse:
    """Sends back what it is sent, after the words of the query."""
    socket_ = web.WebSocketResponse(protocols=["v5.channel.k8s.io"])
    await socket_.prepare(request)
    await socket_.send_str(" ".join(request.query.getall("command")))
    async for message in socket_:
        await socket_.send_bytes(message.data)
    return socket_


def test_a_websocket_is_opened_with_every_word_of_a_command() -> None:
    async def talk(transport: HttpTransport) -> tuple[str | None, Any, Any]:
        query = [("command", "ls"), ("command", "-l")]
        async with transport.websocket("/exec", query, ["v5.channel.k8s.io", "v4.channel.k8s.io"]) as opened:
            words = await opened.receive_str()
            await opened.send_bytes(b"\x00hello")
            back = await opened.receive()
            assert back.type is WSMsgType.BINARY
            return opened.protocol, words, back.data

    assert against(HttpTransport, say, talk) == ("v5.channel.k8s.io", "ls -l", b"\x00hello")


async def open_socket(transport: HttpTransport) -> None:
    async with transport.websocket("/exec", [], ["v5.channel.k8s.io"]):
        raise AssertionError("it opened")


def test_a_websocket_that_is_refused_says_why() -> None:
    async def refuse(_: web.BaseRequest) -> web.Response:
        return web.json_response({"kind": "Status", "message": "container not found", "code": 400}, status=400)

    with pytest.raises(BadRequest, match="container not found"):
        against(HttpTransport, refuse, open_socket)


def test_a_websocket_is_opened_again_with_a_new_token(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("old")

    async def only_new(request: web.BaseRequest) -> web.StreamResponse:
        token.write_text("new")
        return await say(request) if request.headers["Authorization"] == "Bearer new" else web.Response(status=401)

    async def talk(transport: HttpTransport) -> str:
        async with transport.websocket("/exec", [("command", "ls")], ["v5.channel.k8s.io"]) as opened:
            return str(await opened.receive_str())

    assert against(HttpTransport, only_new, talk, token_file=str(token)) == "ls"
    with pytest.raises(Unauthorized):
        against(HttpTransport, only_new, open_socket, token="wrong")


def test_something_that_is_no_websocket_is_unreachable() -> None:
    with pytest.raises(ApiUnreachable):
        against(HttpTransport, echo, open_socket)


def authority(folder: Path, name: str) -> tuple[str, ssl.SSLContext]:
    """A certificate of its own for 127.0.0.1, and a server's context with it."""
    pem, key = folder / f"{name}.pem", folder / f"{name}.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "1", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1,DNS:inside"]
    subprocess.run([*command, "-keyout", key, "-out", pem], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    return pem.read_text(), context


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
class TestTls:
    """With certificates made on the spot."""

    @staticmethod
    async def status(kind: Kind, tls: ssl.SSLContext, handler: Handler = echo, **access: Any) -> int:
        async with serving(handler, tls) as url, kind(Access(url, **access)) as transport:
            return (await transport.send(GET)).status

    def test_a_server_is_trusted_that_the_kubeconfig_vouches_for(self, kind: Kind, tmp_path: Path) -> None:
        pem, tls = authority(tmp_path, "server")
        assert asyncio.run(self.status(kind, tls, authority=pem)) == 200
        assert asyncio.run(self.status(kind, tls, authority=pem, server_name="inside")) == 200

    def test_no_other_server_gets_a_request(self, kind: Kind, tmp_path: Path) -> None:
        _, tls = authority(tmp_path, "server")
        pem, _ = authority(tmp_path, "other")
        vouched: tuple[dict[str, Any], ...] = ({"authority": pem}, {})
        for access in vouched:
            with pytest.raises(ServerUntrusted, match="certificate") as caught:
                asyncio.run(self.status(kind, tls, **access))
            assert not caught.value.sent

    def test_a_server_under_another_name_is_not_trusted(self, kind: Kind, tmp_path: Path) -> None:
        pem, tls = authority(tmp_path, "server")
        with pytest.raises(ServerUntrusted):
            asyncio.run(self.status(kind, tls, authority=pem, server_name="elsewhere"))

    def test_a_server_is_not_checked_when_the_kubeconfig_says_so(self, kind: Kind, tmp_path: Path) -> None:
        _, tls = authority(tmp_path, "server")
        assert asyncio.run(self.status(kind, tls, insecure=True)) == 200

    def test_a_client_certificate_is_shown(self, kind: Kind, tmp_path: Path) -> None:
        pem, tls = authority(tmp_path, "server")
        client, _ = authority(tmp_path, "client")
        tls.load_verify_locations(cadata=client)
        tls.verify_mode = ssl.CERT_REQUIRED
        seen = []

        async def note(request: web.BaseRequest) -> web.Response:
            assert request.transport is not None
            seen.append(request.transport.get_extra_info("peercert")["subject"])
            return web.Response()

        key = (tmp_path / "client.key").read_text()
        assert asyncio.run(self.status(kind, tls, note, authority=pem, certificate=client, key=key)) == 200
        assert seen == [((("commonName", "client"),),)]

    def test_a_certificate_that_can_not_be_used_is_told(self, kind: Kind, tmp_path: Path) -> None:
        pem, tls = authority(tmp_path, "server")
        with pytest.raises(CredentialsMissing, match="can't be used"):
            asyncio.run(self.status(kind, tls, authority="no certificate"))
        with pytest.raises(CredentialsMissing, match="can't be used"):
            asyncio.run(self.status(kind, tls, authority=pem, certificate=pem, key="no key"))
