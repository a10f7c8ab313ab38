"""What may go wrong between a client and the server, and what requests there were."""

from collections.abc import Callable

import msgspec

from shoal.backends.kubernetes.transport import ApiUnreachable, Request, Response
from shoal.testing.fakeapi.refusals import Refused

_REASONS = {
    400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 410: "Expired",
    422: "Invalid", 429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout",
}  # fmt: skip


class Fault(msgspec.Struct, frozen=True):
    """How one request goes wrong.

    status: what the client is told, 0 when it hears nothing. applied: whether the server did it all the same.
    sent: whether the client must fear that it did, when it hears nothing. crash: ends the client's process, before
    the request is done or, with ``applied``, after.
    """

    status: int = 0
    applied: bool = False
    sent: bool = True
    reason: str = ""
    retry_after_s: float = 0
    crash: BaseException | None = None

    def outcome(self) -> Response:
        """What the client gets. Raises what it meets instead."""
        if self.crash is not None:
            raise self.crash
        if self.status == 0:
            raise ApiUnreachable("the API server did not answer", sent=self.sent)
        reason = self.reason or _REASONS.get(self.status, "")
        return Refused(self.status, reason, f"made to fail: {reason}", {}, self.retry_after_s).response()


NEVER_SENT = Fault(sent=False)
"""The server can't be reached."""
NOT_DONE = Fault()
"""The client waits in vain; nothing was done."""
DONE_UNHEARD = Fault(applied=True)
"""The client waits in vain, and what it asked for was done."""


class Seen(msgspec.Struct, frozen=True):
    """One request, as RBAC speaks of it. resource: PLURAL.GROUP, with /SUBRESOURCE. status: 0 if no answer came."""

    verb: str
    resource: str
    namespace: str
    name: str
    status: int
    request: Request

    @property
    def writes(self) -> bool:
        """Whether it asks for a change."""
        return self.verb not in ("get", "list", "watch")


Chooser = Callable[[Request, int], Fault | None]
"""Which fault, if any, a request meets; the number counts all requests, from 0."""


def at(faults: dict[int, Fault]) -> Chooser:
    """Faults by the number of the request."""
    return lambda request, number: faults.get(number)
