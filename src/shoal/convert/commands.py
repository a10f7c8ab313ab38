"""`ray start` commands of a cluster.yaml <-> rayStartParams."""

import re
import shlex
from collections.abc import Iterable, Mapping

from shoal.spec.ray_start import FLAGS

GCS_PORT = "6379"
OF_RESOURCES = frozenset(("num-cpus", "num-gpus", "memory", "object-store-memory", "resources", "labels"))
"""Options that cluster.yaml says by a node type's own fields."""
OF_PLACE = frozenset(("head", "address", "block", "autoscaling-config", "no-monitor"))
"""Options that follow from what a node is."""
_START = re.compile(r"\bray start\b([^;&|\n]*)")


def extra_options(params: Mapping[str, str]) -> dict[str, str]:
    """The options that only a command can say."""
    return {name: value for name, value in params.items() if name not in OF_RESOURCES | OF_PLACE}


def head_command(options: Mapping[str, str]) -> str:
    """Starts the head and its autoscaler."""
    fixed = {"port": GCS_PORT, "autoscaling-config": "~/ray_bootstrap_config.yaml"}
    return " ".join(["ray start --head", *_written(fixed | dict(options))])


def worker_command(options: Mapping[str, str], port: str = GCS_PORT) -> str:
    """Starts a worker that joins the head."""
    return " ".join([f"ray start --address=$RAY_HEAD_IP:{port}", *_written(options)])


def options_of(commands: Iterable[str]) -> dict[str, str]:
    """The options of every `ray start` among the commands that aren't said otherwise, values as the shell gets them."""
    found: dict[str, str] = {}
    for command in commands:
        for written in _START.findall(command):
            found |= _read(shlex.split(written, posix=False))
    return {name: value for name, value in found.items() if name not in OF_PLACE | {"labels"}}


def is_start(command: str) -> bool:
    """Whether the command starts Ray, or stops what ran before."""
    return _START.search(command) is not None or command.strip() == "ray stop"


def _written(options: Mapping[str, str]) -> list[str]:
    return [
        f"--{name}" if name in FLAGS and value == "true" else f"--{name}={value}" for name, value in options.items()
    ]


def _read(words: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    waiting = ""
    for word in words:
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            found[name] = value if equals else "true"
            waiting = "" if equals or name in FLAGS else name
        elif waiting:
            found[waiting], waiting = word, ""
    return found
