"""Where things lie: what is built once, and what one lab writes while it runs."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


def cache_folder() -> Path:
    """$SHOAL_KUBE_CACHE, or ~/.cache/shoal/kube: shared by all labs of this person, safe to delete while none runs."""
    if chosen := os.environ.get("SHOAL_KUBE_CACHE"):
        return Path(chosen).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shoal/kube"


def default_run_folder() -> Path:
    """$SHOAL_KUBE_RUN, or ~/.local/state/shoal/kube."""
    if chosen := os.environ.get("SHOAL_KUBE_RUN"):
        return Path(chosen).absolute()
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "shoal/kube"


@dataclass(frozen=True)
class Run:
    """The folder of one lab: its keys, data, logs and records. Two labs have two folders."""

    folder: Path

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.folder / "admin.conf"

    @property
    def node_kubeconfig(self) -> Path:
        """The administrator's, for what runs on the node: it finds the API server by the link, not at 127.0.0.1."""
        return self.folder / "node.conf"

    @property
    def bench_kubeconfig(self) -> Path:
        """The kubeconfig of the user whose requests are in the audit log."""
        return self.folder / "bench.conf"

    @property
    def audit_log(self) -> Path:
        """The requests of ``bench-operator``, one JSON object a line."""
        return self.folder / "audit.log"

    def log(self, name: str) -> Path:
        """What a process of the lab prints."""
        return self.folder / "logs" / f"{name}.log"

    def record(self, name: str) -> Path:
        """Where the process of that name is recorded."""
        return self.folder / "processes" / f"{name}.json"

    def make(self) -> None:
        """Create the folder, for its owner's eyes only: there are keys in it."""
        for each in (self.folder, self.folder / "logs", self.folder / "processes"):
            each.mkdir(parents=True, exist_ok=True, mode=0o700)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder for ourselves: whoever comes second waits."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def cached(name: str, fill: Callable[[Path], None]) -> Path:
    """The folder of that name in the cache, filled now if it isn't there. One that was half filled is never seen."""
    cache = cache_folder()
    target = cache / name
    with locked(cache):
        if target.is_dir():
            return target
        for leftover in cache.glob(f".making-{name}-*"):
            shutil.rmtree(leftover)  # an attempt that was interrupted
        folder = Path(tempfile.mkdtemp(prefix=f".making-{name}-", dir=cache))
        folder.chmod(0o755)
        fill(folder)
        folder.rename(target)
    return target
