"""What lets requests from outside in: Contour, which reads Ingresses and the routes of a Gateway, and its Envoy.

Both run beside the node's kubelet. Ports 80 and 443 of the node lead to Envoy, as those of a load balancer would.
"""

import http.client
import json
from pathlib import Path, PurePath
from typing import Any

from lab.api import apply, get
from lab.build import build, program
from lab.certificates import make_server_certificate
from lab.containers import state_of
from lab.envoy import envoy
from lab.errors import LabError
from lab.folders import Run
from lab.link import start_inside
from lab.modules import CONTOUR, KUBERNETES
from lab.network import Network, network_of
from lab.processes import Process, check_alive, running
from lab.shell import need_root, run, say
from lab.waiting import wait_until

NAME = "contour"
"""Of the classes of Ingresses and Gateways."""
NAMESPACE, GATEWAY, DOMAIN = "entrance", "web", "*.example.com"
PORTS = {"http": (80, 8080), "https": (443, 8443)}
"""Those of the node, and those that Contour has Envoy listen on for them."""
STATE_PORT = 8002
READY_S = 60.0
GATEWAY_API = "gateway.networking.k8s.io/v1"


def start(lab: Run) -> None:
    """Let requests in to a lab with a real node, and wait until Envoy knows where they go. Root.

    Three minutes the first time, in which Contour is built.
    """
    need_root("entrance")
    if running(lab, "kubelet") is None:
        raise LabError("this lab has no real node", "run, as root: python -m lab up && python -m lab node")
    build((CONTOUR,))
    network = network_of(lab)
    _define_kinds(lab)
    _make_classes(lab)
    _make_gateway(lab)
    _open_ports(lab, network)
    _start_contour(lab, network)
    server = _start_envoy(lab, network)

    def is_ready() -> bool:
        check_alive(lab, server)
        return _answers(network.node)

    wait_until(is_ready, READY_S, "Envoy knows where requests go", lab.log("envoy"))
    say(f"{network.node} lets requests in: Ingresses of class {NAME}, routes of the Gateway {NAMESPACE}/{GATEWAY}")


def _define_kinds(lab: Run) -> None:
    kubectl: list[str | Path] = [program(KUBERNETES, "kubectl"), "--kubeconfig", lab.kubeconfig]
    files = [part for each in CONTOUR.copied for part in ("-f", program(CONTOUR, PurePath(each).name))]
    run([*kubectl, "apply", "--server-side", *files])
    run([*kubectl, "wait", "--for=condition=Established", f"--timeout={READY_S:.0f}s", "crd", "--all"])
    # Only a moment after that are they served.
    wait_until(
        lambda: get(lab, f"/apis/{GATEWAY_API}") is not None, READY_S, "Gateways are known", lab.log("apiserver")
    )


def _make_classes(lab: Run) -> None:
    networking = "networking.k8s.io/v1"
    _apply(lab, networking, "ingressclasses", "IngressClass", NAME, {"controller": "projectcontour.io/ingress"})
    _apply(lab, GATEWAY_API, "gatewayclasses", "GatewayClass", NAME, {"controllerName": "projectcontour.io/gateway"})


def _make_gateway(lab: Run) -> None:
    """With a listener for each protocol, and a certificate by the lab's own authority."""
    _apply(lab, "v1", "namespaces", "Namespace", NAMESPACE, {})
    make_server_certificate(lab.folder, [], [DOMAIN], "entrance")
    pair = {f"tls.{each}": (lab.folder / f"entrance.{each}").read_text() for each in ("crt", "key")}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": GATEWAY}, "type": "kubernetes.io/tls"}
    apply(lab, f"/api/v1/namespaces/{NAMESPACE}/secrets/{GATEWAY}", secret | {"stringData": pair})
    common = {"hostname": DOMAIN, "allowedRoutes": {"namespaces": {"from": "All"}}}
    tls = {"mode": "Terminate", "certificateRefs": [{"name": GATEWAY}]}
    listeners = [
        {"name": "http", "protocol": "HTTP", "port": PORTS["http"][0], **common},
        {"name": "https", "protocol": "HTTPS", "port": PORTS["https"][0], "tls": tls, **common},
    ]
    gateways = f"namespaces/{NAMESPACE}/gateways"
    _apply(lab, GATEWAY_API, gateways, "Gateway", GATEWAY, {"gatewayClassName": NAME, "listeners": listeners})


def _open_ports(lab: Run, network: Network) -> None:
    """kube-proxy leads the ports of the node to Envoy, which can't be a pod: there is no image of it."""
    ports = [{"name": name, "port": port, "protocol": "TCP"} for name, (port, _) in PORTS.items()]
    services, slices = (f"namespaces/{NAMESPACE}/{kind}" for kind in ("services", "endpointslices"))
    _apply(lab, "v1", services, "Service", "envoy", {"externalIPs": [network.node], "ports": ports})
    body = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "envoy-lab", "labels": {"kubernetes.io/service-name": "envoy"}},
        "addressType": "IPv4",
        "ports": [{"name": name, "port": at, "protocol": "TCP"} for name, (_, at) in PORTS.items()],
        "endpoints": [{"addresses": [network.node]}],
    }
    apply(lab, f"/apis/discovery.k8s.io/v1/{slices}/envoy-lab", body)


def _start_contour(lab: Run, network: Network) -> Process:
    config = lab.folder / "contour.json"  # JSON is YAML, too
    config.write_text(json.dumps({"gateway": {"gatewayRef": {"name": GATEWAY, "namespace": NAMESPACE}}}))
    flags = [f"--config-path={config}", f"--kubeconfig={lab.node_kubeconfig}", f"--ingress-class-name={NAME}"]
    # Nobody else is on the node's loopback, by which Envoy asks it.
    alone = ["--insecure", "--disable-leader-election", f"--ingress-status-address={network.node}"]
    return start_inside(lab, network, "contour", [program(CONTOUR, "contour"), "serve", *flags, *alone])


def _start_envoy(lab: Run, network: Network) -> Process:
    config = lab.folder / "envoy.json"
    socket = state_of(network) / "envoy.sock"
    contour = program(CONTOUR, "contour")
    run([contour, "bootstrap", config, f"--admin-address={socket}"])
    names = ["--service-cluster", NAMESPACE, "--service-node", "node1"]
    flags = ["--config-path", str(config), "--disable-hot-restart", "--log-level", "warning", *names]
    return start_inside(lab, network, "envoy", [envoy(), *flags])


def _answers(address: str) -> bool:
    """Whether Envoy says that it is ready, which it does at a place that it has from Contour."""
    link = http.client.HTTPConnection(address, STATE_PORT, timeout=2)
    try:
        link.request("GET", "/ready")
        return link.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        link.close()


def _apply(lab: Run, api: str, resource: str, kind: str, name: str, spec: dict[str, Any]) -> None:
    root = "api" if api == "v1" else "apis"
    body = {"apiVersion": api, "kind": kind, "metadata": {"name": name}, "spec": spec}
    apply(lab, f"/{root}/{api}/{resource}/{name}", body)
