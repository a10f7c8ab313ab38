"""What the verbs around an installation of the operator have in common: options, and the way to the API server."""

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from shoal.backends.kubernetes.client import Client
    from shoal.install.check import Check
    from shoal.install.facts import Facts
    from shoal.install.options import Options

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

NAME_OF_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def checked_namespaces(ctx: click.Context, option: click.Parameter, value: Any) -> Any:
    """Refuse what can be no namespace, as the list with commas that KubeRay's operator takes."""
    for name in [value] if isinstance(value, str) else value:
        if not NAME_OF_NAMESPACE.fullmatch(name):
            step = "name one, and repeat the option" if "," in name else "a-z, 0-9 and -, 63 at most"
            raise click.BadParameter(f"{name!r} is no name of a namespace: {step}", ctx, option)
    return value


def server_options(verb: F) -> F:
    """Which API server is meant, and which namespace of it."""
    for option in (
        click.option("--context", default="", help="Of the kubeconfig, instead of the current one."),
        click.option("--kubeconfig", type=click.Path(), default="", help="Instead of the one that kubectl takes."),
        click.option(
            "--namespace",
            default="shoal-system",
            show_default=True,
            callback=checked_namespaces,
            help="Where the operator itself runs.",
        ),
    ):
        verb = option(verb)
    return verb


def installation_options(verb: F) -> F:
    """What the installation is to be."""
    for option in (
        click.option(
            "--replicas", type=click.IntRange(1, 5), default=1, show_default=True, help="One works at a time."
        ),
        click.option("--image", default="", help="Of the operator, instead of the one of this version."),
        click.option(
            "--watch-namespace",
            "watch",
            multiple=True,
            callback=checked_namespaces,
            help="Only clusters there; may be repeated.",
        ),
        click.option(
            "--profile",
            type=click.Choice(("secure", "compat")),
            default="secure",
            show_default=True,
            help="compat leaves clusters as open as KubeRay does.",
        ),
    ):
        verb = option(verb)
    return server_options(verb)


def options_from(given: dict[str, Any]) -> "Options":
    """The installation that the options ask for."""
    from shoal.install.options import IMAGE, Options

    watch = tuple(sorted(set(given["watch"])))
    image = given["image"] or IMAGE
    return Options(given["namespace"], given["profile"], watch, image, given["replicas"])


def with_client(given: dict[str, Any], work: "Callable[[Client], Awaitable[T]]") -> T:
    """Do ``work`` with the API server that the options name. Raises what it raises, and errors of the kubeconfig."""
    from shoal.backends.kubernetes.client import Client
    from shoal.backends.kubernetes.http import HttpTransport
    from shoal.backends.kubernetes.kubeconfig import access
    from shoal.runtime.blocking import finish

    reached = access(given["kubeconfig"], given["context"])

    async def connected() -> T:
        async with HttpTransport(reached) as transport:
            return await work(Client(transport))

    return finish(connected())


async def checked(client: "Client", options: "Options") -> "tuple[Facts, tuple[Check, ...]]":
    """What is there, and what it means for the installation."""
    from datetime import UTC, datetime

    from shoal.install.preflight import checks
    from shoal.runtime.installation.reviews import with_permissions
    from shoal.runtime.installation.survey import survey

    facts = await survey(client, options, datetime.now(UTC).isoformat())
    if not facts.unreachable:
        facts = await with_permissions(client, options, facts)
    return facts, checks(facts, options)
