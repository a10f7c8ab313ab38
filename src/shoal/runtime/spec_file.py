"""A path, as a person gave it -> the one cluster that it means."""

import os
import stat
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from shoal.desired.cluster import DesiredCluster
from shoal.desired.derive import desired
from shoal.errors import InputError, SpecInvalid
from shoal.findings import Finding
from shoal.lint.run import lint
from shoal.runtime.host import facts
from shoal.spec.clusterfile import ClusterFile
from shoal.spec.other import Other
from shoal.spec.parse import clusters, parse
from shoal.spec.parsed import Document, Parsed
from shoal.spec.raycluster import RayCluster

MOST_READ_BYTES = 32 * 1024**2  # enough to say of a file that it is no spec


class FileUnreadable(InputError):
    """The file can't be read: it is not there, is a folder or an idle pipe, or is not yours to read.

    A spec is one YAML file of at most 1 MiB; `-` reads it from standard input, and a pipe is read if something writes
    to it already, as in `shoal plan <(kustomize build)`.
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

    Name it: `--cluster NAME`, or `--cluster NAMESPACE/NAME` where a name is in several namespaces (`default` where the
    file gives none). Nothing was done to any of them.
    """

    code = "E112"


class ClusterNameless(InputError):
    """The manifest has no `metadata.name`, only `metadata.generateName`.

    Kubernetes would make up a new name at each `create`. Shoal finds a cluster again by its name, so that a second
    `up` changes the first one's cluster instead of making another: add `metadata.name`.
    """

    code = "E116"


class ClusterSpec(msgspec.Struct, frozen=True):
    """One cluster of a file: as written, as read, and what it asks for.

    passed_on: of pod templates, what Shoal doesn't know and Kubernetes may.
    """

    parsed: Parsed
    document: Document
    desired: DesiredCluster
    passed_on: tuple[Finding, ...] = ()


def read(path: str) -> Parsed:
    """Parse the file at ``path`` (``-``: standard input). Raises FileUnreadable; what is wrong inside is a finding."""
    return parse(_bytes(path), "<stdin>" if path == "-" else path)


def cluster_in(path: str, name: str = "", passes_on: Callable[[str], bool] = lambda name: False) -> ClusterSpec:
    """The cluster in the file at ``path``; ``name``, which may be NAMESPACE/NAME, where it holds several.

    passes_on: whether the cluster of that name goes where unknown fields of pod templates may be known.
    Raises FileUnreadable, SpecInvalid, NoCluster, SeveralClusters, ClusterNameless.
    """
    parsed = read(path)
    errors = tuple(finding for finding in parsed.findings + lint(parsed, facts()) if finding.fatal)
    unknown = tuple(filter(_is_unknown_in_template, errors))
    if len(unknown) < len(errors):
        raise SpecInvalid(parsed.source, parsed.text, errors)
    found = _one_of(parsed, name)
    if unknown and not passes_on(cluster_name(found)):
        raise SpecInvalid(parsed.source, parsed.text, errors)
    spec = found.spec
    assert isinstance(spec, RayCluster | ClusterFile)  # noqa: S101 - what clusters() gives
    return ClusterSpec(parsed, found, desired(spec), unknown)


def _is_unknown_in_template(finding: Finding) -> bool:
    return finding.code == "S020" and "template" in finding.path


def _one_of(parsed: Parsed, name: str) -> Document:
    found = [document for document in clusters(parsed) if name in ("", cluster_name(document), _full_name(document))]
    if not found:
        raise _nothing(parsed, name)
    if len(found) > 1:
        what = f"it holds {len(found)} clusters: {', '.join(_names(found))}"
        raise SeveralClusters(what, where=parsed.source, next_step=f"name one: --cluster {_names(found)[0]}")
    if not cluster_name(found[0]):
        mark = found[0].node.nearest(("metadata", "generateName")).mark
        where = f"{parsed.source}:{mark.line}:{mark.column}"
        raise ClusterNameless("the cluster has no name of its own", where=where, next_step="add metadata.name")
    return found[0]


def cluster_name(document: Document) -> str:
    """The name of the cluster that a document describes."""
    if isinstance(document.spec, ClusterFile):
        return document.spec.cluster_name
    return document.spec.metadata.name if isinstance(document.spec, RayCluster) else ""


def _full_name(document: Document) -> str:
    namespace = document.spec.metadata.namespace if isinstance(document.spec, RayCluster) else ""
    return f"{namespace or 'default'}/{cluster_name(document)}"


def _names(documents: Sequence[Document]) -> list[str]:
    """What to call each one by, so that it alone is meant."""
    names = [cluster_name(document) for document in documents]
    return [name if names.count(name) == 1 else _full_name(found) for name, found in zip(names, documents, strict=True)]


def _bytes(path: str) -> bytes:
    if path == "-":
        return sys.stdin.buffer.read(MOST_READ_BYTES + 1)
    file = Path(path)
    try:
        with open(file, "rb", opener=_without_waiting) as stream:
            content = stream.read(MOST_READ_BYTES + 1)
            if content or not stat.S_ISFIFO(os.fstat(stream.fileno()).st_mode):
                return content
        what, step = "it is a pipe that nothing writes to", "start the writer first, or use `-`"
    except (FileNotFoundError, NotADirectoryError):
        what, step = "no such file", _nearby(file)
    except IsADirectoryError:
        what, step = "it is a folder", "name a file in it" + _examples(file)
    except PermissionError:
        what, step = "you may not read it", f"`ls -l {path}` shows who may"
    except OSError as error:
        what, step = (error.strerror or str(error)).lower(), "check the path"
    raise FileUnreadable(what, where=path, next_step=step)


def _without_waiting(path: str, flags: int) -> int:
    """Opening a pipe would wait for a writer; reading from one without a writer ends at once."""
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    os.set_blocking(descriptor, True)
    return descriptor


def _nearby(file: Path) -> str:
    if not file.parent.is_dir():
        return f"there is no folder {file.parent}"
    from difflib import get_close_matches

    near = get_close_matches(file.name, [entry.name for entry in file.parent.iterdir() if entry != file], n=1)
    return f"did you mean {file.parent / near[0]}?" if near else "check the path"


def _examples(folder: Path) -> str:
    found = sorted(entry.name for entry in folder.iterdir() if entry.suffix in (".yaml", ".yml"))[:3]
    return ": " + ", ".join(found) if found else ""


def _kind(document: Document) -> str:
    return document.spec.kind if isinstance(document.spec, Other) else type(document.spec).__name__


def _nothing(parsed: Parsed, name: str) -> NoCluster:
    names = _names(clusters(parsed))
    if names:
        return NoCluster(f"no cluster {name!r} in it", where=parsed.source, next_step=f"it holds {', '.join(names)}")
    kinds = sorted({_kind(document) for document in parsed.documents})
    said = f"it holds {', '.join(kinds)}" if kinds else "it holds nothing"
    return NoCluster(
        f"no cluster in it; {said}", where=parsed.source, next_step="name a RayCluster or cluster.yaml file"
    )
