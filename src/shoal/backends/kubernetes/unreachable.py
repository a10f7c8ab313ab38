"""What is told of an API server that did not answer."""

from shoal.backends.kubernetes.errors import ServerUntrusted
from shoal.backends.kubernetes.kubeconfig import Access
from shoal.backends.kubernetes.transport import WHOLE_S, ApiUnreachable


def untrusted(access: Access, reason: object) -> ServerUntrusted:
    """Its certificate is not to be trusted: nothing was sent."""
    what = f"its certificate is not to be trusted: {reason}"
    return ServerUntrusted(what, where=access.server, next_step=_step(access), sent=False)


def unconnected(access: Access, reason: Exception | str) -> ApiUnreachable:
    """There was no connection: nothing was sent."""
    return ApiUnreachable(
        f"can't connect to it: {_said(reason)}", where=access.server, next_step=_step(access), sent=False
    )


def silent(access: Access) -> ApiUnreachable:
    """It may have done what it was asked for."""
    return ApiUnreachable(f"no answer within {WHOLE_S:g} s", where=access.server, next_step=_step(access))


def broken(access: Access, error: Exception) -> ApiUnreachable:
    """It may have done what it was asked for."""
    what = f"the connection broke: {_said(error)}"
    return ApiUnreachable(what, where=access.server, next_step=_step(access))


def _step(access: Access) -> str:
    context = f" --context {access.context}" if access.context else ""
    return f"see whether `kubectl{context} version` gets an answer"


def _said(reason: Exception | str) -> str:
    return str(reason) or type(reason).__name__
