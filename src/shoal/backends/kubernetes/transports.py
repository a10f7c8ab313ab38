"""Which transport leads an operator to its API server."""

from shoal.backends.kubernetes.direct import DirectTransport
from shoal.backends.kubernetes.kubeconfig import Access
from shoal.backends.kubernetes.transport import CONNECTIONS, OpenTransport


def transport_to(access: Access, *, connections: int = CONNECTIONS) -> OpenTransport:
    """For an operator's requests, an async context manager. connections: so many at a time, others wait."""
    if not access.proxy:
        return DirectTransport(access, connections=connections)
    from shoal.backends.kubernetes.http import HttpTransport  # 9 MB that are for those who need a proxy

    return HttpTransport(access, connections=connections)
