"""A path, as a person gave it -> the one cluster that it means."""

import sys
from pathlib import Path

import msgspec

from shoal.desired.cluster import DesiredCluster
from shoal.desired.derive import desired
from shoal.errors import InputError, SpecInvalid
from shoal.lint.run import lint
from shoal.runtime.host import facts
from shoal.spec.clusterfile import ClusterFile
from shoal.spec.other import Other
from shoal.spec.parse import Document, Parsed, clusters, parse
from shoal.spec.raycluster import RayCluster

MOST_READ_BYTES = 32 * 1024**2  # enough to say of a file that it is no spec


class FileUnreadable(InputError):
    """The file can't be read: it is not there, is a folder, or is not yours to read.

    A spec is one YAML file of at most 1 MiB; `-` reads it from standard input.
    """

    code = "E110"


class NoCluster(InputError):
    """The file is sound YAML and there is no cluster in it that this verb could use.

    Clusters are RayCluster manifests (`kind: RayCluster`) and Ray's cluster.yaml (`cluster_name:`, `provider:`). Jobs
    and services that carry a cluster within them are linted by `shoal check`, and can't be started on this machine yet.
    """

    code = "E111"


class SeveralClusters(InputError):
    """The file holds more than one cluster and the command works on one.

    Name it: `--cluster NAME`. Nothing was done to any of them.
    """

    code = "E112"


class ClusterSpec(msgspec.Struct, frozen=True):
    """One cluster of a file: as written, as read, and what it asks for."""

    parsed: Parsed
    document: Document
    desired: DesiredCluster


def read(path: str) -> Parsed:
    """Parse the file at ``path`` (``-``: standard input). Raises FileUnreadable; what is wrong inside is a finding."""
    return parse(_bytes(path), "<stdin>" if path == "-" else path)


def cluster_in(path: str, name: str = "") -> ClusterSpec:
    """The cluster in the file at ``path``; ``name`` where it holds several.

    Raises FileUnreadable, SpecInvalid, NoCluster, SeveralClusters.
    """
    parsed = read(path)
    errors = tuple(finding for finding in parsed.findings + lint(parsed, facts()) if finding.fatal)
    if errors:
        raise SpecInvalid(parsed.source, parsed.text, errors)
    found = [document for document in clusters(parsed) if not name or cluster_name(document) == name]
    if not found:
        raise _nothing(parsed, name)
    if len(found) > 1:
        names = ", ".join(cluster_name(document) for document in found)
        raise SeveralClusters(
            f"it holds {len(found)} clusters: {names}", where=parsed.source, next_step="name one: --cluster NAME"
        )
    spec = found[0].spec
    assert isinstance(spec, RayCluster | ClusterFile)  # noqa: S101 - what clusters() gives
    return ClusterSpec(parsed, found[0], desired(spec))


def cluster_name(document: Document) -> str:
    """The name of the cluster that a document describes."""
    if isinstance(document.spec, ClusterFile):
        return document.spec.cluster_name
    return document.spec.metadata.name if isinstance(document.spec, RayCluster) else ""


def _bytes(path: str) -> bytes:
    if path == "-":
        return sys.stdin.buffer.read(MOST_READ_BYTES + 1)
    file = Path(path)
    if not file.exists():
        raise FileUnreadable("no such file", where=path, next_step=_nearby(file))
    if file.is_dir():
        raise FileUnreadable("it is a folder", where=path, next_step="name a file in it" + _examples(file))
    try:
        with file.open("rb") as stream:
            return stream.read(MOST_READ_BYTES + 1)
    except PermissionError:
        raise FileUnreadable("you may not read it", where=path, next_step=f"`ls -l {path}` shows who may") from None


def _nearby(file: Path) -> str:
    if not file.parent.is_dir():
        return f"the folder {file.parent} does not exist either"
    from difflib import get_close_matches

    near = get_close_matches(file.name, [entry.name for entry in file.parent.iterdir()], n=1)
    return f"did you mean {file.parent / near[0]}?" if near else "check the path"


def _examples(folder: Path) -> str:
    found = sorted(entry.name for entry in folder.iterdir() if entry.suffix in (".yaml", ".yml"))[:3]
    return ": " + ", ".join(found) if found else ""


def _kind(document: Document) -> str:
    return document.spec.kind if isinstance(document.spec, Other) else type(document.spec).__name__


def _nothing(parsed: Parsed, name: str) -> NoCluster:
    names = [cluster_name(document) for document in clusters(parsed)]
    if names:
        return NoCluster(f"no cluster {name!r} in it", where=parsed.source, next_step=f"it holds {', '.join(names)}")
    kinds = sorted({_kind(document) for document in parsed.documents})
    said = f"it holds {', '.join(kinds)}" if kinds else "it holds nothing"
    return NoCluster(
        f"no cluster in it; {said}", where=parsed.source, next_step="name a RayCluster or cluster.yaml file"
    )
