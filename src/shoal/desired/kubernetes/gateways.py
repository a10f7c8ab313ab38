"""A Gateway, as far as a route of ours depends on it, and which of its listeners takes that up."""

import msgspec

from shoal.errors import InputError
from shoal.spec.kubernetes.meta import ObjectMeta
from shoal.spec.wire import Wire


class DashboardUnencrypted(InputError):
    """Without TLS the token can be read on its way, and whoever has it runs code in the cluster; so it is not exposed.

    Give a Secret of type kubernetes.io/tls in the cluster's namespace (`--tls SECRET`; `kubectl create secret tls`, or
    cert-manager makes one), or a Gateway with an HTTPS listener for that host.
    """

    code = "E749"


class GatewayClosed(InputError):
    """The Gateway's listener with TLS takes routes of its own namespace alone, as by default. Another would
    stay without effect, so none is made.

    Whoever keeps the Gateway can let it in: `allowedRoutes: {namespaces: {from: All}}` on that listener, or a selector
    of namespaces.
    """

    code = "E747"


class RouteNamespaces(Wire, frozen=True):
    from_: str = msgspec.field(default="Same", name="from")


class AllowedRoutes(Wire, frozen=True):
    namespaces: RouteNamespaces = RouteNamespaces()


class Listener(Wire, frozen=True):
    name: str
    protocol: str
    port: int = 0
    hostname: str = ""
    allowed_routes: AllowedRoutes = AllowedRoutes()


class GatewaySpec(Wire, frozen=True):
    listeners: tuple[Listener, ...] = ()


class Gateway(Wire, frozen=True):
    """Of a Gateway what an exposure depends on."""

    metadata: ObjectMeta
    spec: GatewaySpec


def listener_for(gateway: Gateway, host: str, namespace: str) -> Listener:
    """The HTTPS listener for a host of a cluster in that namespace; the most particular one wins.

    Raises DashboardUnencrypted, GatewayClosed.
    """
    fit = [item for item in gateway.spec.listeners if item.protocol == "HTTPS" and _covers(item.hostname, host)]
    where = f"{gateway.metadata.namespace}/{gateway.metadata.name}"
    if not fit:
        raise DashboardUnencrypted(
            f"the Gateway {where} has no HTTPS listener for {host}", next_step="add one, or give --tls and an Ingress"
        )
    found = max(fit, key=lambda item: len(item.hostname))
    if found.allowed_routes.namespaces.from_ == "Same" and namespace != gateway.metadata.namespace:
        raise GatewayClosed(
            f"listener {found.name} of the Gateway {where} takes no routes of other namespaces",
            next_step=f"have its allowedRoutes let in those of {namespace}, or give --tls and an Ingress",
        )
    return found


def _covers(pattern: str, host: str) -> bool:
    if pattern.startswith("*."):
        return host.endswith(pattern[1:])
    return pattern in ("", host)
