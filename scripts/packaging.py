"""Writes what the program itself decides about its installation: deploy/install.yaml, and the files of the Helm chart.

``--check`` writes nothing and fails when a file is out of date.
"""

import sys
from pathlib import Path
from typing import Any

from shoal.cli.documents import documents
from shoal.install.admission import policies
from shoal.install.manifests import definitions, operator
from shoal.install.options import Options
from shoal.install.permissions import OF_CLUSTERS, OF_ITSELF, rules

ROOT = Path(__file__).parent.parent
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


def main() -> int:
    """Write the files, or with --check compare them; 1 when one is out of date."""
    stale = []
    for path, text in files().items():
        if path.exists() and path.read_text() == text:
            continue
        stale.append(str(path.relative_to(ROOT)))
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    if stale and "--check" in sys.argv:
        print(f"out of date: {', '.join(stale)}. Run `make packaging` and commit it.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
