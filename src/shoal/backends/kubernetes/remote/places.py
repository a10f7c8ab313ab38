"""Where clusters on Kubernetes live: one small file a cluster, so that its name alone is enough later on."""

import hashlib
import shlex
from collections.abc import Iterator
from pathlib import Path

import msgspec

from shoal.backends.state import make_private, state_home, write_private


class Place(msgspec.Struct, frozen=True, order=True):
    """A namespace of a Kubernetes cluster, as this user reaches it.

    kubeconfig: path of the file, or several as in KUBECONFIG; "" for the usual one. context: of that file; "" for the
    cluster that this process runs in.
    """

    kubeconfig: str
    context: str
    namespace: str

    def __str__(self) -> str:
        return f"context {self.context or 'in-cluster'}, namespace {self.namespace}"

    @property
    def listing(self) -> str:
        """The command that shows the names of the clusters there."""
        context = ["--context", self.context] if self.context else []
        return shlex.join(["shoal", "list", *context, "--namespace", self.namespace])


class _Note(msgspec.Struct, frozen=True):
    name: str
    place: Place


def remember(name: str, place: Place) -> None:
    """From now on the cluster is found by its name."""
    path = _path(name, place)
    if not path.exists():
        make_private(path.parent)
        write_private(path, msgspec.json.encode(_Note(name, place)).decode())


def forget(name: str, place: Place) -> None:
    """It is gone."""
    _path(name, place).unlink(missing_ok=True)


def places_of(name: str) -> tuple[Place, ...]:
    """Where clusters of this name are remembered."""
    return tuple(sorted(note.place for note in _notes() if note.name == name))


def remembered() -> tuple[tuple[str, Place], ...]:
    """Name and place of every cluster that is remembered, sorted."""
    return tuple(sorted((note.name, note.place) for note in _notes()))


def _notes() -> Iterator[_Note]:
    for path in _home().glob("*.json"):
        try:
            yield msgspec.json.decode(path.read_bytes(), type=_Note)
        except (msgspec.DecodeError, UnicodeDecodeError):
            path.unlink(missing_ok=True)  # no more than a note: what it was about can be named again
        except FileNotFoundError:
            continue


def _home() -> Path:
    return state_home() / "kubernetes"


def _path(name: str, place: Place) -> Path:
    whole = "\0".join((name, place.kubeconfig, place.context, place.namespace))
    return _home() / f"{hashlib.sha256(whole.encode()).hexdigest()[:24]}.json"
