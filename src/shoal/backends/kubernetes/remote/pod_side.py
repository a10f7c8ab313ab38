"""What runs in the Ray container when files are listed, read or copied: sent there as text, for Ray's own Python.

It imports nothing but the standard library and works from Python 3.8 on. The side of the laptop imports it too, so that
packing and unpacking are one piece of code. A tar stream is read as if an attacker had written it: nothing is written
outside of its target, and no link is followed or made before every file is in its place.
"""

# Old Pythons, so old words: typing of today stands in annotations only, which nobody evaluates.
from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import sys
import tarfile
from typing import IO, Any

CHUNK = 64 * 1024


class Refused(Exception):
    """Copying can't go on. where: the path that it is about."""

    def __init__(self, why: str, where: str) -> None:
        super().__init__(why)
        self.why = why
        self.where = where


class Outside(Refused):
    """What was to be unpacked would go somewhere else than its target."""


def names_contents(source: str) -> bool:
    """Whether a path means what is in a folder rather than the folder."""
    return source.rpartition("/")[2] in ("", ".", "..")


def destination(is_dir: bool, contents: bool, name: str, target: str, base: str) -> str:
    """Where a copy goes, as rsync would have it. name: of the file or folder; base: where a relative target starts."""
    goal = os.path.join(base, target)
    if is_dir:
        return goal if contents else os.path.join(goal, name)
    return os.path.join(goal, name) if target.endswith("/") or os.path.isdir(goal) else goal


def pack(origin: str, sink: Any) -> None:
    """Write the file or folder ``origin`` to ``sink``, a binary file, as a tar stream whose topmost member is ``.``."""
    with tarfile.open(fileobj=sink, mode="w|", bufsize=CHUNK, format=tarfile.PAX_FORMAT) as tar:

        def plain(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
            tar.inodes.clear()  # type: ignore[attr-defined]  # else files with two names become hard links
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            return member if member.isfile() or member.isdir() or member.issym() else None

        path = os.path.join(origin, "") if os.path.isdir(origin) else origin
        tar.add(path, arcname=".", filter=plain)


def unpack(source: Any, into: str) -> None:
    """Put what ``source``, a binary file with a stream of ``pack``, holds in the place ``into``.

    Raises Refused, OSError, tarfile.TarError.
    """
    links: list[tuple[str, str]] = []
    folders: list[tuple[str, tarfile.TarInfo]] = []
    _make_parents(os.path.dirname(into) or ".")
    with tarfile.open(fileobj=source, mode="r|", bufsize=CHUNK) as tar:
        for member in tar:
            parts = [part for part in member.name.split("/") if part not in ("", ".")]
            if ".." in parts or member.name.startswith("/") or "\0" in member.name:
                raise Outside(f"the archive names a place outside of the target: {member.name!r}", into)
            path = os.path.join(into, *parts)
            if parts:
                _make_way(into, parts[:-1])
            if member.isdir():
                _make_folder(path, top=not parts)
                folders.append((path, member))
            elif member.issym():
                links.append((path, member.linkname))
            elif member.isfile():
                _write(path, tar.extractfile(member), member)
            else:
                raise Outside(f"the archive holds neither a file nor a folder nor a link: {member.name!r}", into)
    for path, goal in links:
        if os.path.isdir(path) and not os.path.islink(path):
            raise Refused("a folder is where a link would have to be", path)
        if os.path.lexists(path):
            os.unlink(path)
        os.symlink(goal, path)
    for path, member in reversed(folders):
        os.chmod(path, member.mode & 0o777)
        os.utime(path, (member.mtime, member.mtime))


def _make_parents(folder: str) -> None:
    try:
        os.makedirs(folder, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise Refused("a file is where a folder would have to be", folder) from None


def _make_way(into: str, parts: list[str]) -> None:
    """Every folder on the way is a real one: a link there, perhaps of an earlier copy, would lead elsewhere."""
    path = into
    _make_folder(path, top=True)
    for part in parts:
        path = os.path.join(path, part)
        _make_folder(path, top=False)


def _make_folder(path: str, top: bool) -> None:
    if os.path.islink(path) and not top:
        os.unlink(path)
    if os.path.lexists(path) and not os.path.isdir(path):
        raise Refused("a file is where a folder would have to be", path)
    if not os.path.isdir(path):
        os.mkdir(path, 0o700)
    elif not os.access(path, os.W_OK | os.X_OK):
        os.chmod(path, 0o700)


def _write(path: str, content: IO[bytes] | None, member: tarfile.TarInfo) -> None:
    """The whole file or none: it takes the name once it is complete, also that of a link, which it replaces."""
    if os.path.isdir(path) and not os.path.islink(path):
        raise Refused("a folder is where a file would have to be", path)
    draft = f"{path}.shoal-{os.getpid()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if content is not None:
                shutil.copyfileobj(content, file, CHUNK)
        os.chmod(draft, member.mode & 0o777)
        os.utime(draft, (member.mtime, member.mtime))
        os.replace(draft, path)
    except BaseException:
        if os.path.lexists(draft):
            os.unlink(draft)
        raise


def entries(folder: str) -> list[tuple[str, int, float, str]]:
    """(name, size, modified, identity) of every regular file below ``folder``; no link is followed."""
    found = []
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            try:
                status = os.lstat(path)
            except OSError:
                continue
            if stat.S_ISREG(status.st_mode):
                found.append((os.path.relpath(path, folder), status.st_size, status.st_mtime, _identity(status)))
    return sorted(found)


def _identity(status: os.stat_result) -> str:
    return f"{status.st_dev}:{status.st_ino}"


def nearby(missing: str) -> dict[str, Any]:
    """What is near a path at which there is nothing, for the error."""
    parent = os.path.dirname(missing)
    try:
        return {"parent": parent, "names": sorted(os.listdir(parent))[:1000]}
    except OSError:
        return {"parent": parent, "names": None}


def _tell(answer: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.flush()


class _Arriving:
    """Standard input as it comes in: the other side keeps it open, and a full block may never come."""

    def read(self, size: int) -> bytes:
        whole: Any = sys.stdin.buffer
        arrived: bytes = whole.read1(size)
        return arrived


def _receive(target: str, is_dir: str, contents: str, name: str) -> None:
    into = destination(is_dir == "1", contents == "1", name, target, os.getcwd())
    unpack(_Arriving(), into)
    _tell({"into": into})


def _send(source: str) -> None:
    origin = os.path.join(os.getcwd(), source)
    if not os.path.exists(origin):
        _tell({"missing": origin, "base": os.getcwd(), **nearby(origin)})
        return
    name = os.path.basename(os.path.abspath(origin))
    _tell({"name": name, "is_dir": os.path.isdir(origin), "contents": names_contents(source)})
    pack(origin, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def _serve(folder: str) -> None:
    """Answer questions about the files below ``folder``, one JSON line each, until standard input ends."""
    descriptors: dict[int, int] = {}
    for line in sys.stdin.buffer:
        asked = json.loads(line.decode())
        if asked["do"] == "list":
            _tell({"files": entries(folder), "folder": os.path.realpath(folder)})
        elif asked["do"] == "open":
            opened = _open(os.path.join(folder, asked["name"]), asked["identity"])
            if opened is None:
                _tell({"handle": None})
            else:
                descriptors[opened] = opened
                _tell({"handle": opened, "size": os.fstat(opened).st_size})
        elif asked["do"] == "read":
            piece = os.pread(descriptors[asked["handle"]], asked["count"], asked["offset"])
            _tell({"count": len(piece), "size": os.fstat(asked["handle"]).st_size})
            sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
        else:
            os.close(descriptors.pop(asked["handle"]))
            _tell({})


def _open(path: str, identity: str) -> int | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP):
            return None
        raise
    if _identity(os.fstat(descriptor)) != identity:
        os.close(descriptor)
        return None
    return descriptor


def main(arguments: list[str]) -> None:
    """Do what the laptop asked for; what goes wrong is said on standard error as one line of JSON."""
    verbs: dict[str, Any] = {"receive": _receive, "send": _send, "serve": _serve}
    try:
        verbs[arguments[0]](*arguments[1:])
    except Refused as error:
        _fail(error.why, error.where)
    except OSError as error:
        _fail(error.strerror or str(error), str(error.filename or ""))
    except tarfile.TarError as error:
        _fail(str(error), "")


def _fail(why: str, where: str) -> None:
    """Say it, and read on: of a program that ends before its input does, Kubernetes may never tell that it has."""
    sys.stderr.write(json.dumps({"why": why, "where": where}) + "\n")
    sys.stderr.flush()
    while _Arriving().read(CHUNK):
        pass
    sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[2:])
