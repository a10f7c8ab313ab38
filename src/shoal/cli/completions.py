"""Arguments that complete themselves with the names of live clusters."""

from collections.abc import Callable
from typing import Any

import click


def _names(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from shoal.runtime.backend_for import known_clusters

    return [name for name in known_clusters() if name.startswith(incomplete)]


cluster_argument: Callable[[Any], Any] = click.argument("name", metavar="NAME", shell_complete=_names)
