"""`shoal operator crds`."""

from typing import Any

import click

from shoal.cli.console import Console

KINDS = ("RayCluster", "RayJob", "RayService", "RayCronJob")


@click.group("operator")
def command() -> None:
    """What Kubernetes needs to run Ray clusters."""


@command.command("crds")
@click.option("-o", "--output", type=click.Choice(("yaml", "json")), default="yaml", show_default=True)
@click.option("--kind", "kinds", type=click.Choice(KINDS), multiple=True, help="Only this kind; may be repeated.")
@click.pass_obj
def crds(console: Console, output: str, kinds: tuple[str, ...]) -> int:
    """Print the CustomResourceDefinitions of Ray's kinds, for `kubectl apply -f -`.

    Needs neither Ray nor a Kubernetes cluster.
    """
    from shoal.crds.definitions import definition

    wanted = [definition(kind) for kind in KINDS if not kinds or kind in kinds]
    console.emit(_yaml(wanted) if output == "yaml" else _json(wanted))
    return 0


def _yaml(documents: list[dict[str, Any]]) -> str:
    import yaml

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump_all(documents, Dumper=dumper, sort_keys=False, allow_unicode=True, width=120)
    return text.rstrip("\n")


def _json(documents: list[dict[str, Any]]) -> str:
    import msgspec

    plain = documents[0] if len(documents) == 1 else {"apiVersion": "v1", "kind": "List", "items": documents}
    return msgspec.json.format(msgspec.json.encode(plain), indent=2).decode()
