"""What controllers of Ingresses have to be told for a dashboard of Ray: they say it in annotations, each in its own."""

from fnmatch import fnmatchcase

LONGEST_UPLOAD = "512m"
LONGEST_SILENCE_S = "3600"
FOR_NGINX = {
    "nginx.ingress.kubernetes.io/force-ssl-redirect": "true",
    # A job's working_dir is sent as one body, and logs are followed over one long request.
    "nginx.ingress.kubernetes.io/proxy-body-size": LONGEST_UPLOAD,
    "nginx.ingress.kubernetes.io/proxy-read-timeout": LONGEST_SILENCE_S,
}
FOR_TRAEFIK = {
    "traefik.ingress.kubernetes.io/router.entrypoints": "websecure",
    # The entry point is only a port: without this, one that has no TLS of its own speaks plain HTTP on it.
    "traefik.ingress.kubernetes.io/router.tls": "true",
}
FOR_CONTOUR = {
    "ingress.kubernetes.io/force-ssl-redirect": "true",
    # A log is followed over a web socket, which Contour lets through by itself only where it has a Gateway; and an
    # answer has 15 seconds.
    "projectcontour.io/websocket-routes": "/",
    "projectcontour.io/response-timeout": "infinity",
}
FOR_ALB = {
    "alb.ingress.kubernetes.io/listen-ports": '[{"HTTPS":443}]',
    # Its other way leads through ports of the nodes, and the Service has none.
    "alb.ingress.kubernetes.io/target-type": "ip",
}
FOR_GKE = {"kubernetes.io/ingress.allow-http": "false"}
FOR_KONG = {"konghq.com/protocols": "https"}
FOR_CLASSES = {
    "nginx": FOR_NGINX,
    "traefik": FOR_TRAEFIK,
    "contour": FOR_CONTOUR,
    "alb": FOR_ALB,
    "gce": FOR_GKE,
    "kong": FOR_KONG,
}
"""By a word of the class's name. Each controller passes over what is said to the others."""
CONTROLLERS = {
    "k8s.io/*ingress-nginx*": "nginx",
    "traefik.io/ingress-controller": "traefik",
    "projectcontour.io/*": "contour",
    "ingress.k8s.aws/alb": "alb",
    "ingress-controllers.konghq.com/kong": "kong",
}
"""By ``spec.controller`` of an IngressClass. GKE's has no such object."""
CLASS_ANNOTATION = "kubernetes.io/ingress.class"
GKE_CLASSES = ("gce", "gce-internal")
"""GKE's controller goes by the annotation, and leaves an Ingress alone whose ``ingressClassName`` is set."""


def known_as(ingress_class: str, controller: str) -> tuple[str, ...]:
    """Which of FOR_CLASSES a class is of, nothing if of none. controller: its own, which is sure; "" if not known."""
    if controller:
        return tuple(word for pattern, word in CONTROLLERS.items() if fnmatchcase(controller, pattern))
    return tuple(word for word in FOR_CLASSES if word in ingress_class)


def annotations_for(ingress_class: str, controller: str = "") -> dict[str, str]:
    """What the controller of a class has to be told; one that isn't known is told what each would be.

    Left untold, some would serve the host without TLS as well.
    """
    named = [FOR_CLASSES[word] for word in known_as(ingress_class, controller)]
    own = {CLASS_ANNOTATION: ingress_class} if ingress_class in GKE_CLASSES else {}
    return own | {key: value for said in named or FOR_CLASSES.values() for key, value in said.items()}
