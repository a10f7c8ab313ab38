"""The way in that is asked for, what was found on the spot, and what can't be promised of it."""

from collections.abc import Iterator

import msgspec

from shoal.desired.kubernetes.controllers import GKE_CLASSES, known_as
from shoal.desired.kubernetes.gateways import Gateway


class Entrance(msgspec.Struct, frozen=True):
    """What is asked for.

    host: under which the dashboard answers. serve_host: under which Ray Serve does; "" leaves it closed.
    tls_secret, ingress_class: of an Ingress; the class "" is the default one. gateway: takes the Ingress's place.
    """

    host: str
    serve_host: str = ""
    tls_secret: str = ""
    ingress_class: str = ""
    gateway: Gateway | None = None


class Seen(msgspec.Struct, frozen=True):
    """What was found of the cluster, and of what an entrance names. None: that may not be read.

    asks_for_token: whether its pods do, as they run. ray_version: theirs, "" if not known. is_closed: whether a
    NetworkPolicy keeps strangers out. controller: of the Ingress's class; "" where there is no such class. has_secret:
    whether the certificate's Secret is there. has_timeouts: whether HTTPRoutes can say how long an answer may take.
    """

    asks_for_token: bool
    ray_version: str = ""
    is_closed: bool = False
    controller: str | None = None
    has_secret: bool | None = None
    has_timeouts: bool = True


def doubts(entrance: Entrance, seen: Seen) -> Iterator[str]:
    """What a person should look at, because nothing here can vouch for it: a line each."""
    if entrance.gateway is not None:
        if not seen.has_timeouts:
            yield (
                "the Gateway API here knows no timeouts of an HTTPRoute (v1.2 does): how long a log can be followed is "
                "up to the Gateway's controller"
            )
        return
    if entrance.ingress_class not in GKE_CLASSES:
        yield from _of_class(entrance, seen.controller)
    # A load balancer of AWS takes its certificate from AWS.
    if seen.has_secret is False and "alb" not in known_as(entrance.ingress_class, seen.controller or ""):
        yield (
            f"there is no Secret {entrance.tls_secret!r} in the cluster's namespace: until it is made, as by `kubectl "
            "create secret tls`, the host has another certificate or none"
        )


def _of_class(entrance: Entrance, controller: str | None) -> Iterator[str]:
    name = entrance.ingress_class
    look = f"once it is made, see that `curl -i http://{entrance.host}/` shows no dashboard"
    if controller is None:
        taken = f"is taken for {' and '.join(known_as(name, ''))} by its name" if known_as(name, "") else "may be any"
        subject = f"the controller of class {name}" if name else "the default class's controller"
        yield f"{subject} {taken}, as you may not read IngressClasses: {look}"
    elif not controller and name:
        yield f"there is no IngressClass {name!r}, so maybe no controller takes it up: see `kubectl get ingressclasses`"
    elif not controller:
        yield f"no IngressClass is the default one: unless a controller here needs none, give --class; {look}"
    elif not known_as(name, controller):
        yield f"the controller {controller} isn't known here, so it may serve {entrance.host} without TLS: {look}"
