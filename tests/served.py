"""A fake Kubernetes behind a real socket: FakeApi for objects, and for exec, port-forward and logs what a kubelet does.

Commands that are run in a pod run as processes of this machine, in a folder that stands for the pod's files.
"""

import asyncio
import copy
import os
import threading
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from shoal.backends.kubernetes.transport import Request
from shoal.testing.fakeapi import FakeApi
from shoal.testing.fakeapi.server import Server

V5, V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"
JSON = "application/json"
NAMESPACE = "team"
CONTEXT = "there"


class Served:
    """folder: the working directory of commands. ports: of a pod, to the port of this machine that stands for it.

    forbidden: subresources that nobody may use. protocols: of exec, that are spoken. cut: end every command at once.
    printed: what containers have printed, by pod. commands: that were run. sizes: of terminals that were told.
    beside: what is read at paths that FakeApi doesn't know; None is refused to everybody.
    """

    def __init__(self, folder: Path) -> None:
        self.api = FakeApi(namespaces=("default", NAMESPACE))
        self.folder = folder
        self.ports: dict[int, int] = {}
        self.forbidden: set[str] = set()
        self.protocols: tuple[str, ...] = (V5, V4)
        self.cut = False
        self.printed: dict[str, bytes] = {}
        self.commands: list[list[str]] = []
        self.sizes: list[dict[str, int]] = []
        self.beside: dict[str, Any] = {}
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._running: set[asyncio.Task[web.StreamResponse]] = set()
        self._runner: web.ServerRunner | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        """Listen on a free port."""
        self._thread.start()
        self._wait(self._listen())

    def stop(self) -> None:
        """End, with all that is open."""
        self._wait(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def kubeconfig(self, path: Path) -> None:
        """Write one with the context ``there``, whose namespace is ``team``."""
        path.write_text(
            f"current-context: {CONTEXT}\n"
            f"contexts: [{{name: {CONTEXT}, context: {{cluster: c, user: u, namespace: {NAMESPACE}}}}}]\n"
            f"clusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{self.port}'}}}}]\n"
            "users: [{name: u, user: {token: of-this-user}}]\n"
        )

    def do(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """A request of somebody else."""
        data = msgspec.json.encode(body) if body is not None else b""
        kind = "application/merge-patch+json" if method == "PATCH" else JSON
        response = asyncio.run(self.api.send(Request(method, path, {}, data, kind)))
        assert response.status < 300, response
        answer: dict[str, Any] = msgspec.json.decode(response.body)
        return answer

    def _wait(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _listen(self) -> None:
        self._runner = web.ServerRunner(web.Server(self._answer), shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]

    async def _end(self) -> None:
        if self._running:
            await asyncio.wait(self._running, timeout=10)
        assert self._runner is not None
        await self._runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        *_, pod, last = request.path.split("/")
        if last in self.forbidden:
            what = f'pods "{pod}" is forbidden: User "u" cannot create resource "pods/{last}"'
            return _status(403, "Forbidden", what)
        if last == "exec":
            running = asyncio.ensure_future(self._exec(request))
            self._running.add(running)
            running.add_done_callback(self._running.discard)
            return await asyncio.shield(running)
        if last == "portforward":
            return await self._forward(request)
        if last == "log":
            before = ".previous" if request.query.get("previous") else ""
            return web.Response(body=self.printed.get(pod + before, b""))
        if request.path in self.beside:
            found = self.beside[request.path]
            if found is None:
                return _status(403, "Forbidden", f'User "u" cannot get {request.path}')
            return web.Response(body=_said(found), content_type=JSON)
        body = await request.read()
        asked = Request(
            request.method,
            request.path,
            dict(request.query),
            body,
            request.headers.get("Content-Type", JSON),
            request.headers.get("Accept", JSON),
        )
        if request.query.get("dryRun") == "All":
            response = Server(copy.deepcopy(self.api.server.state)).handle(asked, self.api.now())
        else:
            response = await self.api.send(asked)
        return web.Response(status=response.status, body=response.body, content_type=JSON)

    async def _exec(self, request: web.BaseRequest) -> web.StreamResponse:
        command = request.query.getall("command")
        self.commands.append(command)
        socket = web.WebSocketResponse(protocols=self.protocols)
        await socket.prepare(request)
        if self.cut:
            await socket.close(code=1011, message=b"the node is gone")
            return socket
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=self.folder,
                env={"PATH": os.environ["PATH"], "RAY_CLUSTER_NAME": "demo"},
                stdin=asyncio.subprocess.PIPE if request.query["stdin"] == "true" else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE if request.query["stderr"] == "true" else asyncio.subprocess.STDOUT,
            )
        except FileNotFoundError:
            what = f'failed to exec in container: exec: "{command[0]}": executable file not found in $PATH: unknown'
            await socket.send_bytes(b"\3" + _said({"status": "Failure", "reason": "InternalError", "message": what}))
            await socket.close()
            return socket
        feeding = asyncio.ensure_future(self._feed(socket, process))
        try:
            with suppress(ConnectionError):  # whoever asked may have gone
                await asyncio.gather(_pass_on(process.stdout, socket, b"\1"), _pass_on(process.stderr, socket, b"\2"))
                await socket.send_bytes(b"\3" + _said(_verdict(await process.wait())))
                await socket.close()
        finally:
            feeding.cancel()
            if process.returncode is None:
                process.kill()
            await process.wait()
            process._transport.close()  # type: ignore[attr-defined]
        return socket

    async def _feed(self, socket: web.WebSocketResponse, process: asyncio.subprocess.Process) -> None:
        async for message in socket:
            if message.type is not WSMsgType.BINARY:
                continue
            if message.data[0] == 4:
                self.sizes.append(msgspec.json.decode(message.data[1:]))
            elif process.stdin is not None and message.data[0] == 0:
                process.stdin.write(message.data[1:])
                with suppress(ConnectionError):
                    await process.stdin.drain()
            elif process.stdin is not None and message.data == b"\xff\0":
                process.stdin.close()
        if process.stdin is not None:
            process.stdin.close()

    async def _forward(self, request: web.BaseRequest) -> web.StreamResponse:
        port = int(request.query["ports"])
        socket = web.WebSocketResponse(protocols=(V4,))
        await socket.prepare(request)
        for channel in (b"\0", b"\1"):
            await socket.send_bytes(channel + port.to_bytes(2, "little"))
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.ports.get(port, 1))
        except OSError:
            await socket.send_bytes(b"\1failed to connect to localhost: dial tcp4: connect: connection refused")
            await socket.close()
            return socket
        feeding = asyncio.ensure_future(_write_all(socket, writer))
        await _pass_on(reader, socket, b"\0")
        await socket.close()
        feeding.cancel()
        writer.close()
        return socket


def _said(value: Any) -> bytes:
    return msgspec.json.encode(value)


def _status(code: int, reason: str, message: str) -> web.Response:
    body = _said({"kind": "Status", "status": "Failure", "reason": reason, "message": message, "code": code})
    return web.Response(status=code, body=body, content_type=JSON)


def _verdict(code: int) -> dict[str, Any]:
    if code == 0:
        return {"status": "Success"}
    causes = [{"reason": "ExitCode", "message": str(code)}]
    return {"status": "Failure", "reason": "NonZeroExitCode", "message": "ended", "details": {"causes": causes}}


async def _pass_on(stream: asyncio.StreamReader | None, socket: web.WebSocketResponse, channel: bytes) -> None:
    if stream is None:
        return
    with suppress(ConnectionError):
        while data := await stream.read(16 * 1024):
            await socket.send_bytes(channel + data)


async def _write_all(socket: web.WebSocketResponse, writer: asyncio.StreamWriter) -> None:
    async for message in socket:
        if message.type is WSMsgType.BINARY and message.data[0] == 0:
            writer.write(message.data[1:])
            await writer.drain()
    writer.close()
