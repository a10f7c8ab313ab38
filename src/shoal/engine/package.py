"""A folder as the zip file that Ray unpacks on the nodes, named by its content.

The same files give the same bytes and so the same URI, wherever and whenever they are packed: entries are sorted,
times are fixed, and of the mode only "may be executed" is kept.
"""

import hashlib
import os
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING

import msgspec

from shoal.engine.jobs_errors import PackageInvalid, PackageTooLarge

if TYPE_CHECKING:
    from pathspec import PathSpec
    from pathspec.pattern import Pattern

MAX_PACKAGE_BYTES = 100 * 1024 * 1024
"""What the dashboard's HTTP server takes in one body; Ray's own limit for its key-value store (512 MiB) is larger."""
IN_MEMORY_BYTES = 8 * 1024 * 1024
_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3


class Package(msgspec.Struct, frozen=True):
    """A file to upload, positioned at its start, and the URI that stands for its content."""

    uri: str
    file: IO[bytes]
    size: int


class _Entry(msgspec.Struct, frozen=True):
    """One file, or one empty folder (its name then ends in a slash)."""

    name: str
    path: Path


class _Ignored(msgspec.Struct, frozen=True):
    """Patterns as in a .gitignore, relative to the folder they were found in."""

    folder: Path
    patterns: "PathSpec[Pattern]"

    def matches(self, path: Path) -> bool:
        return self.patterns.match_file(path.relative_to(self.folder).as_posix())


def pack(
    source: Path,
    excludes: Sequence[str] = (),
    *,
    gitignore: bool = True,
    inside: str = "",
    limit: int = MAX_PACKAGE_BYTES,
) -> Package:
    """Zip a folder (or one file) less what ``excludes``, .rayignore and .gitignore name.

    gitignore: whether .gitignore files count. inside: a folder in the zip that everything goes into.
    limit: bytes. Raises PackageInvalid and PackageTooLarge.
    """
    source = source.absolute()
    try:
        entries = _entries(source, excludes, gitignore) if source.is_dir() else [_Entry(source.name, source)]
        package = _zipped(entries, f"{inside}/" if inside else "", limit)
    except OSError as error:
        raise PackageInvalid(
            f"can't be read: {error.strerror or error}", where=str(error.filename or source), next_step=_EXCLUDE_IT
        ) from error
    if package is None:
        raise _too_large(source, entries, limit)
    return package


_EXCLUDE_IT = "mend it, or name it in .rayignore"


def _zipped(entries: list[_Entry], prefix: str, limit: int) -> Package | None:
    """None as soon as it grows over ``limit``."""
    file = SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for entry in entries:
            _add(archive, entry, prefix)
            if file.tell() > limit:
                return None
    size = file.tell()
    if size > limit:
        return None
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    return Package(f"gcs://_ray_pkg_{digest}.zip", file, size)


def _add(archive: zipfile.ZipFile, entry: _Entry, prefix: str) -> None:
    info = zipfile.ZipInfo(prefix + entry.name, date_time=_EPOCH)
    info.create_system = _UNIX
    if info.is_dir():
        info.external_attr = 0o40755 << 16 | 0x10
        archive.writestr(info, b"")
        return
    with entry.path.open("rb") as content:
        executable = os.fstat(content.fileno()).st_mode & 0o111
        info.external_attr = (0o100755 if executable else 0o100644) << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(info, "w", force_zip64=False) as member:
            while block := content.read(1 << 20):
                member.write(block)


def _entries(root: Path, excludes: Sequence[str], gitignore: bool) -> list[_Entry]:
    from pathspec import PathSpec

    ignored = [_Ignored(root, PathSpec.from_lines("gitignore", excludes))] if excludes else []
    names = (".gitignore", ".rayignore") if gitignore else (".rayignore",)
    found = list(_walk(root, root, ignored, names, (root.resolve(),)))
    return sorted(found, key=lambda entry: entry.name)


def _walk(
    root: Path, folder: Path, ignored: list[_Ignored], ignore_files: Sequence[str], above: tuple[Path, ...]
) -> Iterator[_Entry]:
    """above: the real paths of the folders that lead here, to see links that go in a circle."""
    ignored = [*ignored, *_ignore_files(folder, ignore_files)]
    children = sorted(folder.iterdir())
    if not children and folder != root:
        yield _Entry(_name(folder, root) + "/", folder)
    for child in children:
        if any(rules.matches(child) for rules in ignored):
            continue
        if child.is_symlink() and not _may_follow(child, above):
            continue
        if child.is_dir():
            yield from _walk(root, child, ignored, ignore_files, (*above, child.resolve()))
        elif child.is_file():
            yield _Entry(_name(child, root), child)


def _ignore_files(folder: Path, names: Sequence[str]) -> Iterator[_Ignored]:
    from pathspec import PathSpec

    for name in names:
        if (folder / name).is_file():
            lines = (folder / name).read_text("utf-8", errors="surrogateescape").splitlines()
            yield _Ignored(folder, PathSpec.from_lines("gitignore", lines))


def _may_follow(link: Path, above: tuple[Path, ...]) -> bool:
    """Whether ``link`` leads to something inside the folder; False when it leads nowhere."""
    if not link.exists():
        return False
    target = link.resolve()
    if not target.is_relative_to(above[0]):
        raise PackageInvalid(
            f"the link leads out of the folder, to {target}", where=str(link), next_step="copy it in, or " + _EXCLUDE_IT
        )
    if target in above:
        raise PackageInvalid("the link leads in a circle", where=str(link), next_step=_EXCLUDE_IT)
    return True


def _name(path: Path, root: Path) -> str:
    name = path.relative_to(root).as_posix()
    if "\\" in name or not name.isprintable():
        # Ray drops names with a backslash when it unpacks; a zip can't hold those that are not UTF-8.
        raise PackageInvalid("the file's name can't be carried over", where=repr(str(path)), next_step=_EXCLUDE_IT)
    return name


def _too_large(source: Path, entries: list[_Entry], limit: int) -> PackageTooLarge:
    sizes = sorted(((entry.path.stat().st_size, entry.name) for entry in entries), reverse=True)
    largest = ", ".join(f"{name} ({size / 2**20:.1f} MiB)" for size, name in sizes[:3])
    return PackageTooLarge(
        f"packs to more than {limit / 2**20:.0f} MiB; the largest files are {largest}",
        where=str(source),
        next_step="name in .rayignore what the job doesn't need",
    )
