"""A spec that an API server keeps: no text, so there is no line to point at, and reading it is quicker."""

from functools import lru_cache
from typing import Any

import msgspec

from shoal.findings import Finding, Mark
from shoal.spec.checks import check
from shoal.spec.kinds import Spec, read_spec
from shoal.spec.node import Node

NOWHERE = Mark(0, 0)
KEYS_KEPT = 512
"""Keys of which there is one Node for all specs: these have the same few again and again."""


def from_json(value: Any) -> tuple[Spec | None, tuple[Finding, ...]]:
    """The spec in ``value``, plain JSON, and everything wrong with it: what ``shoal.spec.parse`` finds in its text.

    A part with an error is left at its default. Raises nothing.
    """
    node = _node(value)
    spec, findings = read_spec(node)
    return spec, findings if spec is None else (*findings, *check(spec, node))


def _node(value: Any) -> Node:
    if isinstance(value, dict):
        return Node("mapping", NOWHERE, 0, 0, pairs=tuple((_key(key), _node(child)) for key, child in value.items()))
    if isinstance(value, list):
        return Node("sequence", NOWHERE, 0, 0, items=tuple(_node(child) for child in value))
    return Node("scalar", NOWHERE, 0, 0, value, msgspec.json.encode(value).decode())


@lru_cache(maxsize=KEYS_KEPT)
def _key(key: str) -> Node:
    return Node("scalar", NOWHERE, 0, 0, key, key)
