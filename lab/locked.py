"""Packages of PyPI as uv.lock has them."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile

from lab.ray_image import REPOSITORY, find_uv
from lab.shell import download, run

LOCK = REPOSITORY / "uv.lock"


def install_locked(chosen: Sequence[str], target: Path, *how: str) -> None:
    """Install into a folder, hashes checked. chosen: options of `uv export`; how: further ones of `uv pip install`."""
    export = [find_uv(), "export", "--quiet", "--locked", *chosen, "--project", REPOSITORY]
    with NamedTemporaryFile("w", suffix=".txt") as wanted:
        wanted.write(run(export))
        wanted.flush()
        into = ["--target", str(target), "--only-binary", ":all:", *how]
        download([find_uv(), "pip", "install", "--quiet", "--require-hashes", *into, "-r", wanted.name])
