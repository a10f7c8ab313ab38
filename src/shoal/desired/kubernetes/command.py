"""What the Ray container runs: ``ray start``, generated from the manifest as KubeRay does."""

import json
from collections.abc import Mapping
from typing import Any

from shoal.desired import resources
from shoal.desired.from_raycluster import pod_of
from shoal.desired.kubernetes import fault_tolerance
from shoal.desired.kubernetes.group import PodGroup
from shoal.desired.kubernetes.own_command import has_own_command, own_words

SHELL = ["/bin/bash", "-c", "--"]
OPEN_FILES = "ulimit -n ${RAY_START_ULIMIT_OPEN_FILES:-65536}"
AGENT_PORT, DASHBOARD_PORT, METRICS_PORT = 52365, 8265, 8080
TAKE_A_BOOLEAN = frozenset(("log-color", "include-dashboard", "include-log-monitor"))
"""Options for which ``false`` is a value; all others are switches, left out when false."""


def start_params(group: PodGroup) -> dict[str, str]:
    """All options of ``ray start``, as they stand in a shell: a value may be quoted, or refer to a variable."""
    given = group.spec.ray_start_params
    detected = _detected(group)
    if "resources" in given and "resources" in detected:
        detected["resources"] = _both(given["resources"], detected["resources"])
        given = {name: value for name, value in given.items() if name != "resources"}
    placing = {
        "metrics-export-port": str(METRICS_PORT),
        "dashboard-agent-listen-port": str(AGENT_PORT),
        **({"dashboard-host": "0.0.0.0"} if group.is_head else {"address": f"{group.head_domain}:{group.gcs_port}"}),  # noqa: S104
    }
    no_monitor = group.is_head and group.cluster.spec.enable_in_tree_autoscaling
    imposed = {"block": "true"} | ({"no-monitor": "true"} if no_monitor else {})
    return placing | detected | given | fault_tolerance.start_params(group) | imposed


def port_of(params: Mapping[str, str], option: str, usual: int) -> int:
    """The port that an option gives, or the usual one."""
    value = params.get(option, "")
    return int(value) if value.isdecimal() else usual


def start_command(group: PodGroup, params: Mapping[str, str]) -> str:
    """``ray start`` with its options in the order of the alphabet."""
    words = ["ray start"] + (["--head"] if group.is_head else [])
    for name, value in sorted(params.items()):
        if value.lower() in ("true", "false") and name not in TAKE_A_BOOLEAN:
            words += [f"--{name}"] if value.lower() == "true" else []
        else:
            words.append(f"--{name}={value}")
    return " ".join(words)


def run(group: PodGroup, generated: str) -> dict[str, Any]:
    """``command`` and ``args`` of the Ray container, {} where they stay as they are. The manifest's own run first."""
    if has_own_command(group.cluster, group.spec):
        return {}
    own = own_words(group.spec)
    first = f"{own} && " if own else ""
    return {"command": SHELL, "args": [f"{first}{OPEN_FILES}; {generated}"]}


def _detected(group: PodGroup) -> dict[str, str]:
    """From the pod and the group's own fields. Ray itself decides about its object store, by what memory it finds."""
    found = resources.start_params(pod_of(group.spec.template), {}, group.spec.resources, group.spec.labels)
    found.pop("object-store-memory", None)
    if "resources" in found:
        found["resources"] = f"'{_compact(json.loads(found['resources']))}'"
    return found


def _both(given: str, detected: str) -> str:
    """Ray's custom resources that the manifest says, and those of accelerators that it leaves out."""
    try:
        said = json.loads(given.strip("'\"` "))
    except ValueError:
        return given
    found = json.loads(detected.strip("'"))
    if not isinstance(said, dict) or not found.keys() - said.keys():
        return given
    return f"'{_compact(found | said)}'"


def _compact(amounts: dict[str, float]) -> str:
    whole = {name: int(value) if value == int(value) else value for name, value in sorted(amounts.items())}
    return json.dumps(whole, separators=(",", ":"))
