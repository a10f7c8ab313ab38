"""Where Shoal keeps what it must not forget, under XDG_STATE_HOME, for its user's eyes alone."""

import os
from pathlib import Path

from shoal.errors import InputError


class HomeUnknown(InputError):
    """Shoal does not know where to keep the state of clusters.

    It goes to $XDG_STATE_HOME/shoal, by default ~/.local/state/shoal. The user has no home folder, as happens in
    containers that run under any user id. Set HOME or XDG_STATE_HOME to a folder that you may write to.
    """

    code = "E115"


def state_home() -> Path:
    """``$XDG_STATE_HOME/shoal``, by default ``~/.local/state/shoal``."""
    base = os.environ.get("XDG_STATE_HOME", "")
    if os.path.isabs(base):  # noqa: PTH117 - the XDG specification: a relative path is to be ignored
        return Path(base) / "shoal"
    try:
        return Path.home() / ".local" / "state" / "shoal"
    except RuntimeError:
        raise HomeUnknown("this user has no home folder", next_step="set HOME, or XDG_STATE_HOME") from None


def make_private(folder: Path) -> None:
    """Make ``folder``, and those of its parents that are missing, for this user alone.

    Raises PermissionError if it is there and someone else's: in /tmp anyone could have made it first.
    """
    if not folder.parent.is_dir():
        make_private(folder.parent)  # mkdir(parents=True) would leave these open to others
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.getuid() or folder.is_symlink():
        raise PermissionError(f"{folder} belongs to another user")
    if found.st_mode & 0o077:
        folder.chmod(0o700)


def write_private(path: Path, text: str) -> None:
    """Write ``text`` to a new file of mode 0600, whole or not at all."""
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    draft.rename(path)
