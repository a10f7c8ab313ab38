"""What the server says when it does not do what it was asked: a Status object, and the HTTP status with it."""

from typing import Any

import msgspec

from shoal.backends.kubernetes.transport import Response


class Refused(Exception):
    """A request that the server refuses. details: of the Status."""

    def __init__(
        self, status: int, reason: str, message: str, details: dict[str, Any] | None = None, retry_after_s: float = 0
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.details = details
        self.retry_after_s = retry_after_s
        self.following = ""
        """A token with which a list may go on all the same."""

    def body(self) -> dict[str, Any]:
        """The Status object."""
        meta = {"continue": self.following} if self.following else {}
        body: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": meta, "status": "Failure"}
        body["message"] = self.message
        if self.reason:
            body["reason"] = self.reason
        if self.details is not None:
            body["details"] = {name: value for name, value in self.details.items() if value}
        return body | {"code": self.status}

    def response(self) -> Response:
        """As the wire carries it."""
        return Response(self.status, msgspec.json.encode(self.body()), self.retry_after_s)


class PathUnknown(Exception):
    """No API is served at the path: the server says so in plain text."""

    def response(self) -> Response:
        """As the wire carries it."""
        return Response(404, b"404 page not found\n")


def _of(group: str, plural: str, name: str) -> dict[str, Any]:
    return {"name": name, "group": group, "kind": plural}


def _qualified(group: str, plural: str) -> str:
    return f"{plural}.{group}" if group else plural


def not_found(group: str, plural: str, name: str) -> Refused:
    return Refused(404, "NotFound", f'{_qualified(group, plural)} "{name}" not found', _of(group, plural, name))


def already_exists(group: str, plural: str, name: str) -> Refused:
    message = f'{_qualified(group, plural)} "{name}" already exists'
    return Refused(409, "AlreadyExists", message, _of(group, plural, name))


def conflict(group: str, plural: str, name: str, why: str) -> Refused:
    message = f'Operation cannot be fulfilled on {_qualified(group, plural)} "{name}": {why}'
    return Refused(409, "Conflict", message, _of(group, plural, name))


def forbidden(group: str, plural: str, name: str, why: str, causes: list[dict[str, str]] | None = None) -> Refused:
    named = f' "{name}"' if name else ""
    message = f"{_qualified(group, plural)}{named} is forbidden: {why}"
    return Refused(403, "Forbidden", message, _of(group, plural, name) | {"causes": causes})


def bad_request(message: str) -> Refused:
    return Refused(400, "BadRequest", message)


def expired(message: str) -> Refused:
    return Refused(410, "Expired", message)


def not_allowed(message: str = "the server does not allow this method on the requested resource") -> Refused:
    return Refused(405, "MethodNotAllowed", message, {})


class Fault(msgspec.Struct, frozen=True):
    """One thing wrong with an object. kind: as ``Required value``; path: as ``metadata.name``."""

    path: str
    kind: str
    value: str = ""
    detail: str = ""

    @property
    def text(self) -> str:
        """What is wrong, without the path."""
        said = f"{self.kind}: {self.value}" if self.value else self.kind
        return f"{said}: {self.detail}" if self.detail else said


_CAUSES = {
    "Required value": "FieldValueRequired",
    "Invalid value": "FieldValueInvalid",
    "Forbidden": "FieldValueForbidden",
    "Duplicate value": "FieldValueDuplicate",
    "Unsupported value": "FieldValueNotSupported",
    "Too long": "FieldValueTooLong",
    "Not found": "FieldValueNotFound",
}


_UNCHECKED = Fault(
    "<nil>",
    "Invalid value",
    "null",
    "some validation rules were not checked because the object was invalid; correct the existing errors to complete"
    " validation",
)
"""Said of kinds whose definition has rules."""


def invalid(group: str, kind: str, name: str, faults: list[Fault]) -> Refused:
    """422, with every fault."""
    qualified = f"{kind}.{group}" if group else kind
    if group == "ray.io" and any(fault.kind == "Required value" for fault in faults):
        faults = [*faults, _UNCHECKED]
    texts = list(dict.fromkeys(f"{fault.path}: {fault.text}" for fault in faults))
    said = texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
    causes = [{"reason": _CAUSES[fault.kind], "message": fault.text, "field": fault.path} for fault in faults]
    details = {"name": name, "group": group, "kind": kind, "causes": causes}
    return Refused(422, "Invalid", f'{qualified} "{name}" is invalid: {said}', details)
