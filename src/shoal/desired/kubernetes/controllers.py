"""What controllers of Ingresses have to be told for a dashboard of Ray: they say it in annotations, each in its own."""

LONGEST_UPLOAD = "512m"
LONGEST_SILENCE_S = "3600"
FOR_NGINX = {
    "nginx.ingress.kubernetes.io/force-ssl-redirect": "true",
    # A job's working_dir is sent as one body, and logs are followed over one long request.
    "nginx.ingress.kubernetes.io/proxy-body-size": LONGEST_UPLOAD,
    "nginx.ingress.kubernetes.io/proxy-read-timeout": LONGEST_SILENCE_S,
}
FOR_TRAEFIK = {"traefik.ingress.kubernetes.io/router.entrypoints": "websecure"}
FOR_CONTOUR = {
    "ingress.kubernetes.io/force-ssl-redirect": "true",
    # A log is followed over a web socket, which Contour lets through by itself only where it has a Gateway; and an
    # answer has 15 seconds.
    "projectcontour.io/websocket-routes": "/",
    "projectcontour.io/response-timeout": "infinity",
}
FOR_CLASSES = {"nginx": FOR_NGINX, "traefik": FOR_TRAEFIK, "contour": FOR_CONTOUR}
"""By a word of the class's name. Each controller passes over what is said to the others."""


def annotations_for(ingress_class: str) -> dict[str, str]:
    """What the controller of a class has to be told; one whose name says nothing could be any of them.

    Left untold, some would serve the host without TLS as well.
    """
    named = [said for word, said in FOR_CLASSES.items() if word in ingress_class]
    return {key: value for said in named or FOR_CLASSES.values() for key, value in said.items()}
