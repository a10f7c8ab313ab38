"""What every verb about one cluster takes: its name, which completes itself, and where it lives."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

from shoal.runtime.address import Address

F = TypeVar("F", bound=Callable[..., Any])

CONTEXT_HELP = "Of a kubeconfig: on Kubernetes there. '' for this machine. Needed once; then the name is enough."
NAMESPACE_HELP = "On Kubernetes; by default the context's own."


def _names(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from shoal.runtime.backend_for import known_clusters

    return [name for name in known_clusters() if name.startswith(incomplete)]


def _contexts(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from shoal.backends.kubernetes.kubeconfig import contexts
    from shoal.errors import ShoalError

    try:
        return [name for name in contexts() if name.startswith(incomplete)]
    except ShoalError:  # nothing to complete with; the verb itself will say why
        return []


def where_options(function: F) -> F:
    """``--context`` and ``--namespace``."""
    context = click.option("--context", default=None, metavar="CONTEXT", help=CONTEXT_HELP, shell_complete=_contexts)
    namespace = click.option("-n", "--namespace", default="", metavar="NAMESPACE", help=NAMESPACE_HELP)
    return context(namespace(function))


def cluster_argument(function: Callable[..., Any]) -> Callable[..., Any]:
    """NAME and where it lives; the verb gets them together, as ``cluster: Address``."""

    @wraps(function)
    def verb(*args: Any, name: str, context: str | None, namespace: str, **options: Any) -> Any:
        return function(*args, cluster=Address(name, context, namespace), **options)

    return click.argument("name", metavar="NAME", shell_complete=_names)(where_options(verb))
