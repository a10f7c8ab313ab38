"""How the types of a spec are declared: snake_case in Python, camelCase on the wire, frozen, absent when default."""

from typing import Annotated, TypeAlias

import msgspec

Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)]
Int32: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
"""A 32-bit number that can't be negative."""
Amount: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""Of a resource: memory is in bytes, so it needs 64 bits."""
Port: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Int64: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
IntOrString: TypeAlias = int | str
Time: TypeAlias = str
"""RFC 3339, as written."""


class Wire(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """Base of every Kubernetes type. A field whose wire name isn't plain camelCase names it."""


class Snake(msgspec.Struct, frozen=True, omit_defaults=True):
    """Base of every type of Ray's cluster.yaml, whose keys are snake_case."""


class OpenKeys(msgspec.Struct, frozen=True):
    """A mapping that Ray leaves open: an unknown key is passed on, so it is a warning and no error."""
