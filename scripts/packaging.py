"""Writes what the program itself decides about its installation: deploy/install.yaml, and the files of the Helm chart.

``--check`` writes nothing and fails when a file is out of date.
"""

import sys
from pathlib import Path
from typing import Any

from generated import ROOT, write_or_check

from shoal.cli.documents import documents
from shoal.install.admission import policies
from shoal.install.manifests import definitions, operator
from shoal.install.options import Options
from shoal.install.permissions import OF_CLUSTERS, OF_ITSELF, rules

CHART = ROOT / "charts/shoal-operator/files"
KEEP = {"helm.sh/resource-policy": "keep"}
NOTE = "# Written by `make packaging`; changes made here are lost.\n"


def files() -> dict[Path, str]:
    """Every file, with its text."""
    policy = policies(Options())[0]["spec"]
    texts = {
        ROOT / "deploy/install.yaml": documents([*definitions(), *operator(Options())], "yaml"),
        CHART / "rules.yaml": documents([rules(OF_CLUSTERS)], "yaml"),  # type: ignore[list-item]
        CHART / "rules-of-lease.yaml": documents([rules(OF_ITSELF)], "yaml"),  # type: ignore[list-item]
        CHART / "policy.yaml": documents([policy], "yaml"),
    }
    for definition in definitions():
        name = definition["metadata"]["name"].partition(".")[0]
        texts[CHART / f"definitions/{name}.yaml"] = documents([_kept(definition)], "yaml")
    return {path: f"{NOTE}{text}\n" for path, text in texts.items()}


def _kept(definition: dict[str, Any]) -> dict[str, Any]:
    """A definition that stays when the release goes: every cluster would go with it."""
    meta = definition["metadata"]
    return definition | {"metadata": meta | {"annotations": meta["annotations"] | KEEP}}


if __name__ == "__main__":
    sys.exit(write_or_check(files(), "packaging"))
