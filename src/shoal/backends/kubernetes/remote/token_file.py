"""A token on disk for as long as somebody needs it there."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shoal.backends.state import make_private, state_home


@contextmanager
def token_file(token: str) -> Iterator[str]:
    """Path of a file with ``token``, mode 0600, removed at the end; "" for no token."""
    if not token:
        yield ""
        return
    folder = state_home() / "kubernetes" / "tokens"
    make_private(folder)
    descriptor, path = tempfile.mkstemp(prefix="token-", dir=folder)  # mode 0600
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(token)
        yield path
    finally:
        Path(path).unlink(missing_ok=True)
