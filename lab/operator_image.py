"""The operator's image made on the spot: what deploy/Dockerfile makes, on Debian's Python in place of a fetched one."""

import hashlib
import shutil
import tempfile
from pathlib import Path

from lab.folders import Run, cache_folder, cached
from lab.image import Start, make_image
from lab.locked import LOCK, install_locked
from lab.packages import STEP
from lab.ray_image import PYTHON, REPOSITORY, SITE, SUITE
from lab.shell import FURTHER_FOLDERS, download, find, need_root, run, say

USER = "65532:65532"
START = Start(user=USER, home="/tmp", entrypoint=("/usr/bin/python3", "-m", "shoal"))


def make_operator_image(lab: Run, name: str) -> None:
    """Make the image ``name`` of the sources as they are now, and give it to the lab's containerd. Root.

    A minute the first time, then as long as a copy takes: the packages stay in the cache until uv.lock changes.
    """
    need_root("operator-image")
    base = _base()
    root = Path(tempfile.mkdtemp(prefix=".operatorfs-", dir=cache_folder()))
    try:
        run([find("cp", STEP), "-a", "--reflink=auto", f"{base}/.", root])
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / "src/shoal", root / SITE / "shoal", ignore=ignored)
        _compile(root)
        make_image(lab, name, root, START)
    finally:
        shutil.rmtree(root)


def _base() -> Path:
    """Everything but our own sources, from the cache or made now."""
    return cached(f"operatorfs-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:8]}", _fill_base)


def _fill_base(root: Path) -> None:
    say(f"Debian {SUITE} for the operator's image")
    path = ":".join(["/usr/local/bin", "/usr/bin", "/bin", *FURTHER_FOLDERS])
    options = ["--variant=minbase", "--include=ca-certificates,python3"]
    download([find("debootstrap", STEP), *options, SUITE, root], {"PATH": path})
    shutil.rmtree(root / "var/cache/apt/archives")
    _install_packages(root)


def _install_packages(root: Path) -> None:
    """What uv.lock has for the extra ``kubernetes``, hashes checked."""
    say("the operator's packages")
    chosen = ["--no-dev", "--no-emit-project", "--extra", "kubernetes"]
    install_locked(chosen, root / SITE, "--python-version", PYTHON, "--link-mode", "copy")
    _compile(root)


def _compile(root: Path) -> None:
    """Its user can't write there: without bytecode every start would compile everything anew."""
    run([find("chroot", STEP), root, "/usr/bin/python3", "-m", "compileall", "-q", f"/{SITE}"])
