"""A folder of files and a manifest with the hash of each: written whole or not at all, believed when they agree."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shoal.air.errors import CheckpointInvalid, SettingInvalid

MANIFEST = "manifest.json"
KIND = "shoal.air checkpoint"
FORMAT = 1
SEAL = "sha256"


@contextmanager
def new(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """A folder to write into, which becomes ``path`` when all went well, and is removed otherwise.

    Raises:
        SettingInvalid: there is something at ``path``; with ``overwrite``, something that is no checkpoint.
    """
    with naming_place(path):
        taken = path.exists()
    if taken and not (overwrite and (path / MANIFEST).is_file()):
        raise SettingInvalid(
            f"there is something at {str(path)!r}",
            next_step="name another folder" if overwrite else "name another folder, or say overwrite=True",
        )
    with naming_place(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        yield partial
        partial.chmod(0o755)
        former = path.rename(partial.with_name(f"{partial.name}.former")) if path.exists() else None
        partial.rename(path)
        if former:
            shutil.rmtree(former)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def naming_place(path: Path) -> Iterator[None]:
    """Make what the block makes, or name the place where that can't be.

    Raises:
        SettingInvalid: the disk, or who may do what there, is against it.
    """
    try:
        yield
    except OSError as error:
        said = f"nothing can be written there: {error.strerror or error}"
        raise SettingInvalid(said, where=str(path), next_step="name another folder") from error


def seal(folder: Path, manifest: dict[str, Any]) -> None:
    """Write the manifest, with the hash and size of every file that is there, and a hash of its own."""
    files = {file.name: _print_of(file) for file in sorted(folder.iterdir())}
    sealed = {"kind": KIND, "format": FORMAT, **manifest, "files": files}
    write_json(folder / MANIFEST, sealed | {SEAL: seal_of(sealed)})


def seal_of(manifest: dict[str, Any]) -> str:
    """The hash of all that a manifest says beside it."""
    said = {name: value for name, value in manifest.items() if name != SEAL}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def open_sealed(folder: Path) -> dict[str, Any]:
    """The manifest of a folder whose files are those that were sealed.

    Raises:
        CheckpointInvalid: it is no checkpoint, is damaged, or is of a later format.
    """
    where = str(folder)
    if not (folder / MANIFEST).is_file():
        raise CheckpointInvalid(
            "this is no checkpoint: there is no manifest.json in it" if folder.is_dir() else "there is no such folder",
            where=where,
            next_step="name the folder that checkpoint.save() made",
        )
    manifest = read_json(folder / MANIFEST)
    if not isinstance(manifest, dict) or manifest.get("kind") != KIND:
        raise CheckpointInvalid("this is no checkpoint of shoal.air: its manifest is another's", where=where)
    form = manifest.get("format")
    if isinstance(form, int) and form > FORMAT:
        raise CheckpointInvalid(
            f"it is of format {form}, and this Shoal reads up to {FORMAT}",
            where=where,
            next_step="pip install -U 'shoal[air]'",
        )
    if manifest.get(SEAL) != seal_of(manifest):
        raise _damaged(MANIFEST, where)
    for name, print_of in manifest["files"].items():
        if Path(name).name != name or not (folder / name).is_file():
            raise CheckpointInvalid(f"its file {name!r} is missing", where=where)
        if _print_of(folder / name) != print_of:
            raise _damaged(name, where)
    return manifest


def _damaged(name: str, where: str) -> CheckpointInvalid:
    what = f"its file {name!r} was changed or damaged since it was saved"
    return CheckpointInvalid(what, where=where, next_step="save it again")


def write_json(path: Path, value: Any) -> None:
    """Write ``value``; NaN and infinities, which JSON has not, are refused."""
    path.write_text(json.dumps(value, indent=1, allow_nan=False) + "\n")


def replace_json(path: Path, value: Any) -> None:
    """Write ``value`` so that there is, whatever happens, the whole of it or what was there before."""
    partial = path.with_name(f".{path.name}.partial")
    write_json(partial, value)
    with partial.open("rb") as written:
        os.fsync(written.fileno())
    partial.replace(path)


def read_json(path: Path) -> Any:
    """
    Raises:
        CheckpointInvalid: it isn't JSON.
    """
    try:
        return json.loads(path.read_text())
    except (ValueError, RecursionError) as error:
        raise CheckpointInvalid(f"its file {path.name!r} is no JSON: {error}", where=str(path.parent)) from error


def _print_of(file: Path) -> dict[str, Any]:
    with file.open("rb") as content:
        return {"sha256": hashlib.file_digest(content, "sha256").hexdigest(), "bytes": file.stat().st_size}
