"""What runs beside Ray in a pod, and keeps its logs: every few seconds what was added to them, and the rest at the end.

It is sent as text and run by the Python of the Ray image, 3.8 or later: nothing but the standard library, and pyarrow
where logs go to a bucket. What it reads was written by code that anybody may have sent, so no link is followed.
"""

# Old Pythons, so old words: typing of today stands in annotations only, which nobody evaluates.
from __future__ import annotations

import json
import os
import signal
import stat
import sys
import time
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PIECE = 4 * 1024 * 1024
HEAD = 128
OLD = ".old"
NAMES = ".names.json"
EVERY_S = {"folder": 2.0, "bucket": 10.0}


class Folder:
    """Logs are kept on a mounted volume, as files of the names that they have here.

    A file that Ray rotates is renamed there too, so the volume holds no more than Ray keeps. ``names``, by the identity
    of the file here, is on the volume as well: a collector that starts anew goes on where the last one was cut off.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        os.makedirs(root, exist_ok=True)
        self.names: dict[str, str] = {}
        self._sizes: dict[str, int] = {}
        try:
            with open(os.path.join(root, NAMES)) as file:
                self.names = json.load(file)
        except (FileNotFoundError, ValueError):
            pass
        for draft in self._drafts():
            os.replace(self._path(draft), self._path(self.names.get(draft[1:], draft[1:])))

    def known(self) -> Iterable[str]:
        """Identities of what is kept."""
        return self.names

    def size(self, identity: str) -> int:
        """How much of a file is kept."""
        if identity not in self._sizes:
            try:
                self._sizes[identity] = os.stat(self._path(self.names[identity])).st_size
            except (KeyError, FileNotFoundError):
                return 0
        return self._sizes[identity]

    def settle(self, found: dict[str, str]) -> None:
        """Files that are here now, name by identity, are to have these names there."""
        moved = [known for known in found if known in self.names and self.names[known] != found[known]]
        for known in moved:  # all out of the way first: a takes b's name when b takes c's
            self._replace(self.names[known], "." + known)
        for known in found:
            if known not in self.names and os.path.exists(self._path(found[known])) and self._is_taken(found[known]):
                self._replace(found[known], found[known] + OLD)
        if moved or any(known not in self.names for known in found):
            self.names = {known: name for known, name in self.names.items() if name not in found.values()}
            self.names.update(found)
            self._note()
        for known in moved:
            self._replace("." + known, found[known])

    def add(self, identity: str, offset: int, data: bytes) -> None:
        """Append ``data``, which begins at ``offset`` here."""
        path = self._path(self.names[identity])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "ab") as file:
            file.write(data)
        self._sizes[identity] = offset + len(data)

    def forget(self, identity: str) -> None:
        """What is here is another file now, of the same identity."""
        name = self.names.pop(identity)
        self._sizes.pop(identity, None)
        self._replace(name, name + OLD)

    def _is_taken(self, name: str) -> bool:
        """Whether what is kept under a name is of a file that is not here any more."""
        return name in self.names.values()

    def _note(self) -> None:
        draft = self._path(NAMES + ".new")
        with open(draft, "w") as file:
            json.dump(self.names, file)
        os.replace(draft, self._path(NAMES))

    def _replace(self, old: str, new: str) -> None:
        try:
            os.makedirs(os.path.dirname(self._path(new)), exist_ok=True)
            os.replace(self._path(old), self._path(new))
        except FileNotFoundError:
            pass

    def _drafts(self) -> list[str]:
        return [name for name in os.listdir(self._root) if name.startswith(".") and not name.startswith(NAMES)]

    def _path(self, name: str) -> str:
        return os.path.join(self._root, name)


class Bucket:
    """Logs are kept in a bucket, as objects ``NAME/SINCE-IDENTITY/OFFSET`` with what was added since the one before.

    What is there is never touched again. SINCE is when a file was first seen, so the last one of a name is the newest.
    """

    def __init__(self, files: Any, root: str) -> None:
        self._files = files
        self._root = root
        self._lives: dict[str, str] = {}
        self._sizes: dict[str, int] = {}
        for path, life, offset, size, _ in sorted(parts(files, root), key=lambda part: part[1:3]):
            identity = life.partition("-")[2]
            self._lives[identity] = path + "/" + life
            self._sizes[identity] = offset + size

    def known(self) -> Iterable[str]:
        """Identities of what is kept."""
        return self._lives

    def size(self, identity: str) -> int:
        """How much of a file is kept."""
        return self._sizes.get(identity, 0)

    def settle(self, found: dict[str, str]) -> None:
        """A file keeps the name under which it was first seen: objects can't be renamed."""
        for identity, name in found.items():
            if identity not in self._lives:
                self._lives[identity] = f"{name}/{int(time.time() * 1000):013d}-{identity}"

    def add(self, identity: str, offset: int, data: bytes) -> None:
        """Store ``data``, which begins at ``offset`` here."""
        path = f"{self._root}/{self._lives[identity]}/{offset:015d}"
        with self._files.open_output_stream(path) as stream:
            stream.write(data)
        self._sizes[identity] = offset + len(data)

    def forget(self, identity: str) -> None:
        """What is here is another file now, of the same identity."""
        del self._lives[identity]
        self._sizes.pop(identity, None)


def parts(files: Any, root: str) -> Iterator[tuple[str, str, int, int, float]]:
    """(name, life, offset, size, modified) of every object of logs below ``root`` of a bucket."""
    from pyarrow.fs import FileSelector, FileType

    for info in files.get_file_info(FileSelector(root, allow_not_found=True, recursive=True)):
        if info.type is FileType.File:
            name, life, offset = info.path[len(root) + 1 :].rsplit("/", 2)
            yield name, life, int(offset), info.size, info.mtime.timestamp()


class Seen:
    """Which file is which: a number of the file system, which is soon given to another file, and how the file begins.

    known: identities of files that were kept before, ``NUMBER-LENGTH-CHECKSUM`` with the latter two of the beginning.
    """

    def __init__(self, known: list[str]) -> None:
        self._files = {identity.rsplit("-", 2)[0]: (identity, "", 0) for identity in known}

    def identity(self, folder: int, name: str, path: str, status: os.stat_result) -> str:
        """Of a file of an open folder. Raises OSError when it has gone."""
        number = f"{status.st_dev}-{status.st_ino}"
        identity, before, size = self._files.get(number, ("", "", 0))
        if before != path or status.st_size < size:
            head = _head(folder, name)
            _, length, check = (identity or "0-0-").rsplit("-", 2)
            if len(head) < int(length) or str(zlib.crc32(head[: int(length)])) != check:
                identity = f"{number}-{len(head)}-{zlib.crc32(head)}"
        self._files[number] = (identity, path, status.st_size)
        return identity


def look(source: str, seen: Seen) -> Iterator[tuple[int, dict[str, tuple[str, int, str]]]]:
    """Of each folder of logs a descriptor, and by identity its files: name below ``source``, size, and plain name."""
    for session in sorted(os.listdir(source)):
        top = os.path.join(source, session, "logs")
        if not session.startswith("session_") or os.path.islink(os.path.join(source, session)) or os.path.islink(top):
            continue
        for parent, _, names, folder in os.fwalk(top):
            found = {}
            for name in names:
                path = os.path.normpath(os.path.join(session, os.path.relpath(parent, top), name))
                try:
                    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
                    if stat.S_ISREG(status.st_mode) and status.st_size:
                        found[seen.identity(folder, name, path, status)] = (path, status.st_size, name)
                except OSError:  # it was rotated this moment; the next round finds it by its new name
                    continue
            yield folder, found


def ship(source: str, store: Any, seen: Seen) -> None:
    """One round: bring what is kept up to what is here."""
    for folder, found in look(source, seen):
        for identity, (_, size, _) in found.items():
            if size < store.size(identity):
                store.forget(identity)
        store.settle({identity: path for identity, (path, _, _) in found.items()})
        for identity, (_, size, name) in found.items():
            kept = store.size(identity)
            if size > kept:
                _add(store, folder, name, identity, kept, size)


def _open(folder: int, name: str) -> int:
    return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)


def _head(folder: int, name: str) -> bytes:
    file = _open(folder, name)
    try:
        return os.pread(file, HEAD, 0)
    finally:
        os.close(file)


def _add(store: Any, folder: int, name: str, identity: str, kept: int, size: int) -> None:
    try:
        file = _open(folder, name)
    except OSError:  # as above
        return
    try:
        status = os.fstat(file)
        if not identity.startswith(f"{status.st_dev}-{status.st_ino}-"):
            return
        while kept < size:
            data = os.pread(file, min(PIECE, size - kept), kept)
            if not data:
                return
            store.add(identity, kept, data)
            kept += len(data)
    finally:
        os.close(file)


def opened(environ: Any) -> tuple[Any, float]:
    """The store that the environment names, and how often it is written to, in seconds."""
    target = environ["SHOAL_LOGS_TO"]
    if environ["SHOAL_LOGS_KIND"] == "folder":
        return Folder(target), EVERY_S["folder"]
    return Bucket(bucket(environ), target), EVERY_S["bucket"]


def bucket(environ: Any) -> Any:
    """The file system of the bucket that the environment names; credentials as the AWS SDK looks for them."""
    from pyarrow.fs import S3FileSystem

    scheme, _, place = environ.get("SHOAL_S3_ENDPOINT", "").rpartition("://")
    options = {"endpoint_override": place, "scheme": scheme} if place else {}
    if environ.get("SHOAL_S3_REGION"):
        options["region"] = environ["SHOAL_S3_REGION"]
    return S3FileSystem(**options)


def fetch(files: Any, root: str, target: str) -> None:
    """Put what a bucket has below ``root`` into a folder, of several files of one name the older ones as ``NAME.1``."""
    found = sorted(parts(files, root))
    lives = {(name, life) for name, life, _, _, _ in found}
    for name, life, offset, _, modified in found:
        newer = sum(other == name and since > life for other, since in lives)
        path = os.path.join(target, name + (f".{newer}" if newer else ""))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with files.open_input_stream(f"{root}/{name}/{life}/{offset:015d}") as stream, open(path, "ab") as file:
            while data := stream.read(PIECE):
                file.write(data)
        os.utime(path, (modified, modified))


def main(environ: Any) -> None:
    """Ship until SIGTERM, and once more then: Kubernetes sends it when Ray has ended."""
    # Held back and asked for: a handler that sets an event hangs where the signal comes while the event is waited for.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    source, said, last = environ["SHOAL_LOGS_FROM"], "", False
    store: Any = None
    seen = Seen([])
    every_s = 1.0
    while True:
        try:
            if store is None:
                store, every_s = opened(environ)
                seen = Seen(list(store.known()))
            ship(source, store, seen)
            said = ""
        except (OSError, ImportError) as error:  # a full volume may get room, a bucket may answer again
            if str(error) != said:
                said = str(error)
                sys.stderr.write("logs are not kept: " + said + "\n")
                sys.stderr.flush()
            store = None
        if last:
            sys.exit(1 if said else 0)
        last = signal.sigtimedwait({signal.SIGTERM}, every_s) is not None


if __name__ == "__main__":
    if os.environ.get("SHOAL_FETCH"):
        fetch(bucket(os.environ), os.environ["SHOAL_LOGS_FROM"], os.environ["SHOAL_LOGS_TO"])
    else:
        main(os.environ)
