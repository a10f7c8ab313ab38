"""The init containers: what makes a certificate, and with what a worker waits for its head."""

from collections.abc import Sequence
from typing import Any

from shoal.desired.kubernetes.certificates import certificate_maker, has_tls
from shoal.desired.kubernetes.command import SHELL
from shoal.desired.kubernetes.environment import Variable, merged
from shoal.desired.kubernetes.group import PodGroup

NAME = "wait-gcs-ready"
RESOURCES = {"cpu": "200m", "memory": "256Mi"}
SCRIPT = r"""at={domain} port={port} tls={tls} told=0
answers() {{
  exec 3<>"/dev/tcp/$at/$port" || return 1
  [[ $tls == 1 ]] && return 0
  printf 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0' >&3 && read -r -t 5 -N 1 -u 3
}}
until (answers) 2>/dev/null; do
  if (( SECONDS >= told + 30 )); then
    echo "waiting for the GCS at $at:$port since $SECONDS s"
    told=$SECONDS
  fi
  sleep 1
done
echo "the GCS at $at:$port answers after $SECONDS s"
"""
"""Says hello as every gRPC client does, and waits for the answer. `ray health-check` would ask no more, but is a Python
that takes 15 s to start on a fifth of a CPU."""


def wait_for_head(group: PodGroup) -> dict[str, Any]:
    """It has the Ray container's image and rights, and nothing that lets it in: it only knocks."""
    ray = group.raw_ray
    encrypted = has_tls(group.cluster) or {"name": "RAY_USE_TLS", "value": "1"} in (ray.get("env") or ())
    inherited: dict[str, Any] = {key: ray[key] for key in ("image", "imagePullPolicy", "securityContext") if key in ray}
    return {
        "name": NAME,
        **inherited,
        "command": SHELL,
        "args": [SCRIPT.format(domain=group.head_domain, port=group.gcs_port, tls=int(encrypted))],
        "resources": {"limits": RESOURCES, "requests": RESOURCES},
    }


def init_containers(group: PodGroup, address: Sequence[Variable]) -> list[dict[str, Any]]:
    """What makes a certificate, the manifest's own, and for a worker what waits; all know where the head is."""
    found: list[dict[str, Any]] = list(group.raw["template"]["spec"].get("initContainers") or ())
    if not group.is_head and all(container["name"] != NAME for container in found):
        found.append(wait_for_head(group))
    if has_tls(group.cluster):
        found.insert(0, certificate_maker(group.raw_ray, _names(group)))
    return [container | {"env": merged(container.get("env") or (), address)} for container in found]


def _names(group: PodGroup) -> list[str]:
    """Under which others find the pods of the group: the head by its service, workers by their addresses alone."""
    if not group.is_head:
        return []
    service, namespace, *_ = group.head_domain.split(".")
    return [service, f"{service}.{namespace}", f"{service}.{namespace}.svc", group.head_domain]
