"""The fake as clients see it: a Transport."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

from shoal.backends.kubernetes.transport import Request, Response
from shoal.testing.clock import VirtualClock
from shoal.testing.fakeapi.controllers import Controllers
from shoal.testing.fakeapi.create import create
from shoal.testing.fakeapi.faults import Chooser, Fault, Seen
from shoal.testing.fakeapi.kinds import BY_RESOURCE, NAMESPACES, Kind
from shoal.testing.fakeapi.kubelet import Kubelet
from shoal.testing.fakeapi.owners import Write
from shoal.testing.fakeapi.refusals import PathUnknown, Refused, expired
from shoal.testing.fakeapi.server import ANYONE, Server
from shoal.testing.fakeapi.state import State
from shoal.testing.fakeapi.store import Obj
from shoal.testing.fakeapi.watch import Watch


class FakeApi:
    """A Kubernetes API server in this process, at the Transport seam. It never sleeps, and nothing moves by itself.

    now: seconds since 1970, by default a VirtualClock's. seed: of uids and generated names. namespaces: that exist.
    crds: whether the ray.io kinds are served from the start. user_agent: who writes where a request doesn't say.

    faults: asked at every request. requests: all that came. kubelet, controllers: what would move by itself elsewhere.
    """

    def __init__(
        self,
        now: Callable[[], float] | None = None,
        *,
        seed: int = 0,
        namespaces: Iterable[str] = ("default",),
        crds: bool = True,
        user_agent: str = ANYONE,
    ) -> None:
        self.server = Server(State(seed, crds=crds), user_agent)
        self.now = now or VirtualClock().monotonic
        self.faults: Chooser = lambda request, number: None
        self.requests: list[Seen] = []
        self.deaf = False
        """Whether watches stay open and say nothing."""
        self.kubelet = Kubelet(self.server, self.now)
        self.controllers = Controllers(self.server, self.now)
        for name in namespaces:
            self.add_namespace(name)

    def add_namespace(self, name: str) -> None:
        """Make a namespace, with what every namespace has."""
        self.server.state.now = self.now()
        item = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}, "spec": {}}
        create(self.server.state, NAMESPACES, item, Write("fake", "v1", self.server.state.time()))
        self.controllers.equip_namespaces()

    async def send(self, request: Request) -> Response:
        """Answer, or go wrong as ``faults`` wants."""
        fault = self.faults(request, len(self.requests))
        return self._done(request, fault, lambda: self.server.handle(request, self.now()))

    def _done(self, request: Request, fault: Fault | None, answer: Callable[[], Response]) -> Response:
        if fault is None:
            response = answer()
            self._note(request, response.status)
            return response
        self._note(request, fault.status)
        if fault.applied:
            answer()
        return fault.outcome()

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[tuple[Response, AsyncIterator[bytes]]]:
        """Open a watch; its lines come while the caller's event loop runs."""
        fault = self.faults(request, len(self.requests))
        if fault is not None:
            self._note(request, fault.status)
            yield fault.outcome(), _lines_of(())
            return
        opened = self.server.watch(request, self.now())
        if isinstance(opened, Response):
            self._note(request, opened.status)
            yield opened, _lines_of(opened.body.splitlines() if opened.status == 200 else ())
            return
        self._note(request, 200)
        try:
            yield Response(200, b""), self._lines(opened)
        finally:
            self.server.close(opened)

    async def _lines(self, watch: Watch) -> AsyncIterator[bytes]:
        while True:
            lines = [] if self.deaf else watch.take(self.server.shown)
            for line in lines:
                yield line
            if lines:
                continue  # more may have come while the caller had these
            if watch.ended:
                return
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            watch.woken = lambda waiter=waiter: None if waiter.done() else waiter.set_result(None)  # type: ignore[misc]
            await waiter

    def _note(self, request: Request, status: int) -> None:
        try:
            route = self.server.route(request)
        except (Refused, PathUnknown):
            self.requests.append(Seen(request.method.lower(), request.path, "", "", status, request))
            return
        resource = route.kind.resource + (f"/{route.subresource}" if route.subresource else "")
        self.requests.append(Seen(route.verb, resource, route.namespace, route.name, status, request))

    def stale(self, versions: int) -> None:
        """From now on lists and watches show the state so many versions ago; 0 catches up."""
        self.server.lag = versions
        for watch in self.server.watches:
            watch.woken()

    def compact(self) -> None:
        """Forget all that happened before: a watch or a page from an older version gets 410."""
        self.server.state.store.compact(self.server.state.store.version)

    def end_watches(self) -> None:
        """End every open watch, as servers do from time to time."""
        for watch in self.server.watches:
            watch.end()

    def expire_watches(self) -> None:
        """Fail every open watch with 410."""
        for watch in self.server.watches:
            watch.fail(expired("too old resource version"))

    def bookmark(self) -> None:
        """Send a bookmark to every watch that takes them."""
        for watch in self.server.watches:
            watch.bookmark(self.server.state.store.version)

    def objects(self, resource: str, namespace: str = "") -> list[Obj]:
        """All objects of PLURAL.GROUP now, as stored. Not to be changed."""
        found = self.server.state.store.all(resource)
        return [found[key] for key in sorted(found) if not namespace or key.startswith(f"{namespace}/")]

    def object(self, resource: str, namespace: str, name: str) -> Obj | None:
        """One object now, as stored. Not to be changed."""
        return self.server.state.store.get(resource, namespace, name)

    def settle(self) -> None:
        """Let the kubelet and the controllers act until nothing changes any more."""
        version = -1
        while version != self.server.state.store.version:
            version = self.server.state.store.version
            self.controllers.act()
            self.kubelet.act()

    @property
    def writes(self) -> list[Seen]:
        """The requests that asked for a change."""
        return [seen for seen in self.requests if seen.writes]

    def history(self) -> list[tuple[str, str, str]]:
        """What was made and deleted since the last compaction, in order: ("ADDED"/"DELETED", resource, key)."""
        state = self.server.state
        found = [
            (change.version, change.type, kind.resource, change.key)
            for kind in _kinds(state)
            for change in state.changes(kind, 0)
            if change.type != "MODIFIED"
        ]
        return [(type_, resource, key) for _, type_, resource, key in sorted(found)]


def _kinds(state: State) -> list[Kind]:
    return [BY_RESOURCE[resource] for resource in state.store.resources()]


async def _lines_of(lines: Iterable[bytes]) -> AsyncIterator[bytes]:
    for line in lines:
        yield line
