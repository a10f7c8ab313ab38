"""JSON patch and merge patch."""

from typing import Any

import msgspec

from shoal.testing.fakeapi.refusals import Refused, bad_request

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"


def patched(item: Any, content_type: str, body: bytes) -> Any:
    """What the patch makes of ``item``, which stays as it is. Raises Refused."""
    try:
        patch = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise bad_request(f"error decoding patch: {error}") from error
    if content_type == MERGE_PATCH:
        return merge(item, patch)
    if content_type == JSON_PATCH:
        for step in patch:
            item = _step(item, step)
        return item
    raise Refused(415, "UnsupportedMediaType", f"the body of the request was in an unknown format - {content_type}", {})


def merge(item: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    result = dict(item) if isinstance(item, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge(result.get(name), value)
    return result


def _step(item: Any, step: dict[str, Any]) -> Any:
    """One operation of RFC 6902."""
    operation, path = step.get("op"), _pointer(step.get("path", ""))
    if operation in ("move", "copy"):
        source = _pointer(step["from"])
        value = _read(item, source)
        item = _written(item, source, "remove", None) if operation == "move" else item
        return _written(item, path, "add", value)
    if operation == "test":
        if _read(item, path) != step.get("value"):
            raise _failed()
        return item
    if operation not in ("add", "remove", "replace"):
        raise bad_request(f"unexpected operation: {operation}")
    return _written(item, path, operation, step.get("value"))


def _failed() -> Refused:
    return Refused(422, "Invalid", "the server rejected our request due to an error in our request", {})


def _pointer(text: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _read(item: Any, path: list[str]) -> Any:
    for name in path:
        try:
            item = item[int(name)] if isinstance(item, list) else item[name]
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise _failed() from error
    return item


def _written(item: Any, path: list[str], operation: str, value: Any) -> Any:
    if not path:
        return value
    name, rest = path[0], path[1:]
    if isinstance(item, list):
        return _written_list(item, name, rest, operation, value)
    if not isinstance(item, dict) or (name not in item and (rest or operation == "remove")):
        raise _failed()
    if not rest and operation == "remove":
        return {key: inner for key, inner in item.items() if key != name}
    return {**item, name: _written(item.get(name), rest, operation, value) if rest else value}


def _written_list(items: list[Any], name: str, rest: list[str], operation: str, value: Any) -> list[Any]:
    at = len(items) if name == "-" else int(name) if name.isdigit() else -1
    if not 0 <= at < len(items) + (operation == "add" and not rest):
        raise _failed()
    if rest:
        return [*items[:at], _written(items[at], rest, operation, value), *items[at + 1 :]]
    if operation == "add":
        return [*items[:at], value, *items[at:]]
    return [*items[:at], *([value] if operation == "replace" else []), *items[at + 1 :]]
