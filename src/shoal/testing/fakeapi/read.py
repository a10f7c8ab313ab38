"""Lists: selected, in pages, of one version."""

import base64
from typing import Any

import msgspec

from shoal.testing.fakeapi import refusals
from shoal.testing.fakeapi.routes import Route
from shoal.testing.fakeapi.selectors import selection
from shoal.testing.fakeapi.state import State
from shoal.testing.fakeapi.store import Obj

_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without"
    " the continue parameter, or use the continue token in this response to retrieve the remainder of the results."
    " Continuing with the provided token results in an inconsistent list - objects that were created, modified, or"
    " deleted between the time the first chunk was returned and now may show up in the list."
)
_GONE = "The resourceVersion for the provided list is too old."


class Page(msgspec.Struct, frozen=True):
    """Part of a list. version: of the list; following: the token of the next page, or "".

    remaining: items after this page, None where the server doesn't count them.
    """

    items: list[Obj]
    version: int
    following: str = ""
    remaining: int | None = None


class _Token(msgspec.Struct, frozen=True):
    v: str
    rv: int
    start: str


def _token(version: int, start: str) -> str:
    raw = msgspec.json.encode(_Token("meta.k8s.io/v1", version, start))
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _read_token(text: str) -> _Token:
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        token = msgspec.json.decode(raw, type=_Token)
    except (ValueError, msgspec.DecodeError) as error:
        raise refusals.bad_request(f"continue key is not valid: {error}") from error
    if token.v != "meta.k8s.io/v1":
        raise refusals.bad_request(
            f'continue key is not valid: server does not recognize this encoded version "{token.v}"'
        )
    return token


def page_of(state: State, route: Route, query: dict[str, str], newest: int) -> Page:
    """What a list request gets. newest: the version that lists show, older than the newest when views are stale."""
    prefix = f"{route.namespace}/" if route.namespace else ""
    start, version = "", _version(state, query, newest)
    if query.get("continue"):
        token = _read_token(query["continue"])
        version, start = (token.rv if token.rv >= 0 else newest), prefix + token.start
        if version < state.store.compacted:
            refused = refusals.expired(_OLD)
            refused.following = _token(-1, token.start)
            raise refused
    matches = selection(route.kind, query)
    found = state.store.at(route.kind.resource, version)
    keys = sorted(key for key in found if key >= start and key.startswith(prefix))
    chosen = [at for at, key in enumerate(keys) if _fits(route, found[key], matches)]
    limit = int(query.get("limit") or 0) or len(keys)
    last = chosen[limit - 1] if len(chosen) >= limit > 0 else len(keys) - 1
    items = [found[keys[at]] for at in chosen[:limit]]
    left = len(keys) - 1 - last
    if not left:
        return Page(items, version)
    counted = not (query.get("labelSelector") or query.get("fieldSelector"))
    return Page(items, version, _token(version, keys[last][len(prefix) :] + "\0"), left if counted else None)


def _fits(route: Route, item: Obj, matches: Any) -> bool:
    return (not route.name or item["metadata"]["name"] == route.name) and bool(matches(item))


def _version(state: State, query: dict[str, str], newest: int) -> int:
    """The version that the query asks for."""
    said, match = query.get("resourceVersion", ""), query.get("resourceVersionMatch", "")
    if not said or said == "0":
        return newest
    if not said.isdigit():
        raise refusals.bad_request(f'strconv.ParseUint: parsing "{said}": invalid syntax')
    wanted = int(said)
    if wanted > state.store.version:
        message = f"Timeout: Too large resource version: {wanted}, current: {state.store.version}"
        causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
        raise refusals.Refused(504, "Timeout", message, {"causes": causes, "retryAfterSeconds": 1}, 1)
    if match == "Exact":
        if wanted < state.store.compacted:
            raise refusals.expired(_GONE)
        return wanted
    return max(wanted, newest)
