"""How every object of a cluster begins: its kind, name and labels."""

from collections.abc import Mapping
from typing import Any

from shoal.desired.cluster import DesiredObject


def manifest(
    kind: str,
    name: str,
    labels: Mapping[str, str],
    parts: Mapping[str, Any],
    *,
    api: str = "v1",
    annotations: Mapping[str, str] | None = None,
    generated: tuple[str, ...] = (),
    kept: bool = False,
) -> DesiredObject:
    """An object of a cluster. parts: what stands beside ``metadata``, as ``{"spec": ...}``."""
    metadata: dict[str, Any] = {"name": name, "labels": dict(labels)}
    if annotations:
        metadata["annotations"] = dict(annotations)
    body = {"apiVersion": api, "kind": kind, "metadata": metadata, **parts}
    return DesiredObject.of(kind, name, body, generated, kept=kept)
