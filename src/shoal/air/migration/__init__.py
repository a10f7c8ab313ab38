"""From Ray AIR 2.2 to `shoal.air`: which names became what, and old scripts rewritten."""

import ast
import tokenize
from io import BytesIO
from pathlib import Path

from shoal.air.errors import NotPython
from shoal.air.migration.findings import Finding, Migration
from shoal.air.migration.review import review

__all__ = ["Finding", "Migration", "migrate"]


def migrate(path: str | Path, *, write: bool = False) -> Migration:
    """What has to change in a script written for Ray AIR 2.2 so that it runs on `shoal.air`.

    write: put the rewritten text in the place of the file, at once or not at all.

    Raises:
        NotPython: the file can't be read as a Python script; it is left as it is.
        OSError: it can't be read or written; it is left as it is.
    """
    from shoal import air

    path = Path(path)
    encoding, text = _read(path)
    try:
        findings, new = review(text, frozenset(air.__all__))
    except SyntaxError as error:
        where = f"{path}:{error.lineno or 1}:{error.offset or 1}"
        raise NotPython(
            f"this is no Python: {error.msg}", where=where, next_step="mend that, then look again"
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise NotPython(f"this is no Python: {error}", where=str(path)) from error
    ast.parse(new)  # never write what isn't Python any more
    changed = write and new != text
    if changed:
        _replace(path, new.encode(encoding))
    return Migration(path, findings, new, written=changed)


def _read(path: Path) -> tuple[str, str]:
    """The encoding that the file declares, and its text with the ends of its lines as they are."""
    if path.suffix == ".ipynb":
        step = f"turn it into one: jupyter nbconvert --to script {path}"
        raise NotPython("this is a notebook, not a script", where=str(path), next_step=step)
    code = path.read_bytes()
    try:
        encoding, _ = tokenize.detect_encoding(BytesIO(code).readline)
        return encoding, code.decode(encoding)
    except (SyntaxError, UnicodeDecodeError) as error:
        raise NotPython(f"this is no text that Python reads: {error}", where=str(path)) from error


def _replace(path: Path, code: bytes) -> None:
    """Put ``code`` in the place of the file at once, so that whatever happens it holds the old text or the new."""
    target = path.resolve()
    draft = target.with_name(f".{target.name}.air-migrate")
    try:
        draft.write_bytes(code)
        draft.chmod(target.stat().st_mode & 0o7777)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
