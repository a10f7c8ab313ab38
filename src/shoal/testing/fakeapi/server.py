"""What the server does with one request: a step of a state machine, without I/O."""

import contextlib
from collections.abc import Callable
from typing import Any

import msgspec

from shoal.backends.kubernetes.transport import Request, Response
from shoal.testing.fakeapi import refusals
from shoal.testing.fakeapi.create import create
from shoal.testing.fakeapi.defaults import defaulted
from shoal.testing.fakeapi.delete import delete, is_rehearsed, options_of
from shoal.testing.fakeapi.discovery import discovered
from shoal.testing.fakeapi.empties import empty
from shoal.testing.fakeapi.kinds import CRDS, RAY_KINDS
from shoal.testing.fakeapi.meta import tidy
from shoal.testing.fakeapi.owners import Write, applied, owners_of
from shoal.testing.fakeapi.patches import APPLY_PATCH, patched
from shoal.testing.fakeapi.read import page_of
from shoal.testing.fakeapi.refusals import PathUnknown, Refused
from shoal.testing.fakeapi.rights import REVIEWS, Allowed, asked_by, refused, reviewed
from shoal.testing.fakeapi.routes import TRUE, Route, route_of
from shoal.testing.fakeapi.schemas import type_of
from shoal.testing.fakeapi.state import State, with_meta
from shoal.testing.fakeapi.store import Obj
from shoal.testing.fakeapi.update import update
from shoal.testing.fakeapi.views import view_of
from shoal.testing.fakeapi.watch import Watch

Answer = tuple[int, Any]
ANYONE = "unknown"


class Server:
    """One API server's state, and all that can be done to it.

    lag: lists and watches show the state this many versions ago. user_agent: who writes, where a request names no
    field manager. allowed: what the asker, ``user``, may do. logs: of pods, by (namespace, name).
    """

    def __init__(self, state: State, user_agent: str = ANYONE) -> None:
        self.state = state
        self.allowed: Allowed = lambda asked: True
        self.user = "system:serviceaccount:shoal-system:shoal-operator"
        self.lag = 0
        self.user_agent = user_agent
        self.logs: dict[tuple[str, str], str] = {}
        self._watches: list[Watch] = []

    @property
    def shown(self) -> int:
        """The version that lists and watches show."""
        return max(self.state.store.version - self.lag, self.state.store.compacted, 1)

    def handle(self, request: Request, now: float) -> Response:
        """Answer anything but a watch. now: seconds since 1970."""
        self.state.now = now
        before = self.state.store.version
        try:
            with self.state.rehearsal() if is_rehearsed(request) else contextlib.nullcontext():
                status, body = self._answer(request)
        except (Refused, PathUnknown) as refused:
            return refused.response()
        finally:
            if self.state.store.version != before:
                self.wake()
        return Response(status, body if isinstance(body, bytes) else msgspec.json.encode(body))

    def watch(self, request: Request, now: float) -> Watch | Response:
        """Open a watch, or say why not."""
        self.state.now = now
        try:
            route = self._permitted(request)
            if route.verb != "watch":
                return self.handle(request, now)
            view = view_of(route.kind, route.version, request.accept)
            opened = Watch(self.state, route, request.query, view, self.shown)
        except (Refused, PathUnknown) as refused:
            return refused.response()
        self._watches.append(opened)
        return opened

    def close(self, watch: Watch) -> None:
        """The watcher has gone."""
        if watch in self._watches:
            self._watches.remove(watch)

    def wake(self) -> None:
        """Tell every watch of what was written."""
        for watch in self._watches:
            watch.note()

    @property
    def watches(self) -> tuple[Watch, ...]:
        """Those that are open."""
        return tuple(self._watches)

    def route(self, request: Request) -> Route:
        """Where the request goes. Raises PathUnknown, Refused."""
        route = route_of(request)
        if route.kind in RAY_KINDS and not self._is_served(route):
            raise PathUnknown
        return route

    def _permitted(self, request: Request) -> Route:
        route = self.route(request)
        if not self.allowed(asked_by(route)):
            raise refused(route, self.user)
        return route

    def _is_served(self, route: Route) -> bool:
        name = f"{route.kind.plural}.{route.kind.group}"
        return self.state.crds or self.state.find(CRDS, "", name) is not None

    def _answer(self, request: Request) -> Answer:
        found = discovered(request, self.state)
        if found is not None:
            return 200, found
        if request.path.endswith(REVIEWS):
            return 201, reviewed(msgspec.json.decode(request.body), self.allowed)
        route = self._permitted(request)
        verbs: dict[str, Callable[[Route, Request], Answer]] = {
            "get": self._get,
            "list": self._list,
            "create": self._create,
            "update": self._update,
            "patch": self._patch,
            "delete": self._delete,
            "deletecollection": self._delete_all,
        }
        return verbs[route.verb](route, request)

    def _found(self, route: Route) -> Obj:
        found = self.state.find(route.kind, route.namespace, route.name)
        if found is None:
            raise refusals.not_found(route.kind.group, route.kind.plural, route.name)
        return found

    def _shown(self, route: Route, request: Request, item: Obj) -> Obj:
        return view_of(route.kind, route.version, request.accept).one(item)

    def _get(self, route: Route, request: Request) -> Answer:
        if route.subresource == "log":
            self._found(route)
            return 200, self.logs.get((route.namespace, route.name), "").encode()
        return 200, self._shown(route, request, self._found(route))

    def _list(self, route: Route, request: Request) -> Answer:
        page = page_of(self.state, route, request.query, self.shown)
        return 200, view_of(route.kind, route.version, request.accept).listed(page)

    def _create(self, route: Route, request: Request) -> Answer:
        item = self._body(route, request)
        if item["metadata"].get("resourceVersion"):
            raise Refused(500, "", "resourceVersion should not be set on objects to be created")
        made = create(self.state, route.kind, item, self._write(route, request))
        return 201, self._shown(route, request, made)

    def _update(self, route: Route, request: Request) -> Answer:
        item = self._body(route, request)
        self._check_name(route, item)
        write = self._write(route, request)
        old = self.state.find(route.kind, route.namespace, route.name)
        if old is None:
            if not route.kind.made_by_update:
                raise refusals.not_found(route.kind.group, route.kind.plural, route.name)
            self._check_uid(route, "", item)
            return 201, self._shown(route, request, create(self.state, route.kind, item, write))
        self._check_uid(route, old["metadata"]["uid"], item)
        return 200, self._shown(route, request, update(self.state, route.kind, old, item, write))

    def _patch(self, route: Route, request: Request) -> Answer:
        if request.content_type == APPLY_PATCH:
            return self._apply(route, request)
        old = self._found(route)
        item = patched(self._shown(route, Request("GET", request.path), old), request.content_type, request.body)
        item = defaulted(route.kind, tidy(item, route.kind))
        new = update(self.state, route.kind, old, item, self._write(route, request))
        return 200, self._shown(route, request, new)

    def _apply(self, route: Route, request: Request) -> Answer:
        write = self._write(route, request)
        if not request.query.get("fieldManager"):
            fault = refusals.Fault("fieldManager", "Required value", detail="is required for apply patch")
            raise refusals.invalid("meta.k8s.io", "PatchOptions", "", [fault])
        config = decoded(request.body)
        kind = type_of(route.kind)
        config = self._placed(route, config)
        old = self.state.find(route.kind, route.namespace, route.name)
        if old is None:
            if route.subresource and not route.kind.made_by_update:
                raise refusals.not_found(route.kind.group, route.kind.plural, route.name)
            new, owners = applied({"metadata": {}}, config, {"metadata": {}}, kind, {}, write)
            new = defaulted(route.kind, tidy(new, route.kind))
            made = create(self.state, route.kind, new, write, owners)
            empties = [name for name in ("labels", "annotations") if not config["metadata"].get(name, True)]
            if empties and route.kind.custom and route.version == route.kind.versions[0]:
                self.state.unsettled.add(made["metadata"]["uid"])  # as nothing is converted they are stored
            return 201, self._shown(route, request, made)
        live = self._shown(route, Request("GET", request.path), old)
        new, owners = applied(live, config, empty(route.kind), kind, owners_of(old), write)
        new = defaulted(route.kind, tidy(new, route.kind))
        return 200, self._shown(route, request, update(self.state, route.kind, old, new, write, owners))

    def _delete(self, route: Route, request: Request) -> Answer:
        options = options_of(request.body, request.query)
        item = self._found(route)
        left, gone = delete(self.state, route.kind, item, options)
        if not gone or route.kind.returned:
            return 200, self._shown(route, request, left)
        details = {
            "name": route.name,
            "group": route.kind.group,
            "kind": route.kind.plural,
            "uid": left["metadata"]["uid"],
        }
        details = {name: value for name, value in details.items() if value}
        return 200, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}

    def _delete_all(self, route: Route, request: Request) -> Answer:
        options = options_of(request.body, request.query)
        page = page_of(self.state, route, request.query, self.state.store.version)
        for item in page.items:
            delete(self.state, route.kind, item, options)
        return 200, view_of(route.kind, route.version, request.accept).listed(page)

    def _body(self, route: Route, request: Request) -> Obj:
        """The request's object, tidied and with defaults. Raises Refused."""
        return defaulted(route.kind, self._placed(route, tidy(decoded(request.body), route.kind)))

    def _placed(self, route: Route, item: Obj) -> Obj:
        if route.kind.custom and not (item.get("kind") and item.get("apiVersion")):
            missing = "apiVersion" if item.get("kind") else "Kind"
            raise refusals.bad_request(
                f"the object provided is unrecognized (must be of type {route.kind.kind}): '{missing}' is missing"
            )
        wanted = route.kind.api_version(route.version)
        given = item.get("apiVersion", wanted)
        if given != wanted:
            message = f"the API version in the data ({given}) does not match the expected API version ({wanted})"
            raise refusals.bad_request(message)
        if item.get("kind", route.kind.kind) != route.kind.kind:
            if route.kind.custom:
                fault = refusals.Fault("kind", "Invalid value", f'"{item["kind"]}"', f"must be {route.kind.kind}")
                raise refusals.invalid(route.kind.group, item["kind"], item["metadata"].get("name", ""), [fault])
            raise refusals.bad_request(
                f'{route.kind.kind} in version "{route.version}" cannot be handled as a {route.kind.kind}:'
                f" converting ({item['kind']}) to ({route.kind.kind}): unknown conversion"
            )
        item = {**item, "apiVersion": wanted, "kind": route.kind.kind}
        if not route.kind.namespaced:
            return with_meta(item, namespace=None)
        if item["metadata"].get("namespace", route.namespace) != route.namespace:
            message = "the namespace of the provided object does not match the namespace sent on the request"
            raise refusals.bad_request(message)
        return with_meta(item, namespace=route.namespace)

    def _check_name(self, route: Route, item: Obj) -> None:
        name = item["metadata"].get("name", "")
        if name != route.name:
            message = f"the name of the object ({name}) does not match the name on the URL ({route.name})"
            raise refusals.bad_request(message)

    def _check_uid(self, route: Route, uid: str, item: Obj) -> None:
        given = item["metadata"].get("uid")
        if given and given != uid:
            why = f"StorageError: invalid object, Code: 4, Key: /registry/{route.kind.plural}/{route.namespace}/"
            why += f"{route.name}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition:"
            why += f" {given}, UID in object meta: {uid}"
            raise refusals.conflict(route.kind.group, route.kind.plural, route.name, why)

    def _write(self, route: Route, request: Request) -> Write:
        name = request.query.get("fieldManager") or self.user_agent.partition("/")[0]
        force = request.query.get("force", "").lower() in TRUE
        reset: tuple[tuple[str, ...], ...] = ()
        if route.kind.has_status:
            reset = (("f:spec",),) if route.subresource == "status" else (("f:status",),)
        version = route.kind.api_version(route.version)
        return Write(name, version, self.state.time(), route.subresource, reset, force)


def decoded(body: bytes) -> Obj:
    """A request's object. Raises Refused."""
    try:
        item: Obj = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise refusals.bad_request(f"the body of the request is not a JSON object: {error}") from error
    return {**item, "metadata": item.get("metadata") or {}}
