"""Kubernetes manifests as text, in the order given."""

from typing import Any


def documents(manifests: list[dict[str, Any]], output: str) -> str:
    """As ``yaml``, one document each, or ``json``, a List if there are several. Without an end of line."""
    return _yaml(manifests) if output == "yaml" else _json(manifests)


def _yaml(manifests: list[dict[str, Any]]) -> str:
    import yaml

    base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    # An object that stands in two places is written in both: kubectl doesn't mind an alias, a reader does.
    dumper = type("NoAlias", (base,), {"ignore_aliases": lambda self, value: True})
    text: str = yaml.dump_all(manifests, Dumper=dumper, sort_keys=False, allow_unicode=True, width=120)
    return text.rstrip("\n")


def _json(manifests: list[dict[str, Any]]) -> str:
    import msgspec

    plain = manifests[0] if len(manifests) == 1 else {"apiVersion": "v1", "kind": "List", "items": manifests}
    return msgspec.json.format(msgspec.json.encode(plain), indent=2).decode()
