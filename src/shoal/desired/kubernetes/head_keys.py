"""Where the head of a cluster has its token and its certificate from: the operator gets in to its GCS with the same."""

from collections.abc import Mapping
from typing import Any

from shoal.desired.kubernetes.certificates import AUTHORITY_VOLUME

TOKEN_VARIABLE = "RAY_AUTH_TOKEN"  # noqa: S105


def token_source(head: Mapping[str, Any]) -> tuple[str, str] | None:
    """The Secret, and its key, from which the head's own container has its token; None where it has none.

    head: its pod's manifest.
    """
    containers: list[dict[str, Any]] = head["spec"]["containers"]
    for variable in containers[0].get("env") or ():
        source = (variable.get("valueFrom") or {}).get("secretKeyRef")
        if variable.get("name") == TOKEN_VARIABLE and source:
            return source["name"], source["key"]
    return None


def authority_source(head: Mapping[str, Any]) -> str:
    """The Secret with the authority that the head's own certificate comes from; "" where it has none."""
    volumes: list[dict[str, Any]] = head["spec"].get("volumes") or []
    return next((volume["secret"]["secretName"] for volume in volumes if volume["name"] == AUTHORITY_VOLUME), "")
